import pytest

from running.help_text import help_text


@pytest.mark.parametrize("verb", ["train", "test", "generate", "predict"])
def test_help_names_command_groups_and_keys(verb):
    text = help_text(verb)
    assert f"python {verb}.py" in text
    assert f"conf/{verb}.yaml" in text


def test_groups_belong_to_their_verb():
    assert "trainer: cpu, ddp, default, gpu" in help_text("train")
    assert "generator: toy_latent" in help_text("generate")
    assert "trainer:" not in help_text("generate")
