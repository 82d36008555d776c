from synthesis.toy.derivation.stage import Draws


def first(draws: Draws, index: int | None = None) -> float:
    return (draws.product() if index is None else draws.frame(index)).random()


def test_draws_depend_on_seed_stage_name_and_frame_alone() -> None:
    draws = Draws(3, 1, "a", 30)
    assert first(draws, 5) == first(Draws(3, 1, "a", 10), 5)
    others = {
        first(draws), first(draws, 0), first(draws, 5), first(Draws(4, 1, "a", 30), 5),
        first(Draws(3, 2, "a", 30), 5), first(Draws(3, 1, "b", 30), 5), first(Draws(0, 0, "", 1)),
    }  # fmt: skip
    assert len(others) == 7
