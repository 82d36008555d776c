"""Makes all products of one scene of a dataset."""

from functools import cache
from pathlib import Path

from synthesis.toy.dataset_plan import DatasetPlan, ProductPlan, latent_folder
from synthesis.toy.derivation.pipeline import DerivedFrames, FrameSource, SceneFrames, derive
from synthesis.toy.latent import draw, write_latent
from synthesis.toy.layout import INDEX
from synthesis.toy.scene import Scene

SceneJob = tuple[int, str]  # number of a scene, from 0, and split whose series it follows


def make_scene_products(output: Path, plan: DatasetPlan, job: SceneJob) -> None:
    """Make the products of a scene that are not complete yet.

    Latents and the inputs of further products are kept in memory, not read from disk: a product does not depend on
    the layout of its input, nor on what an interrupted call has left.

    Args:
        output: folder of the dataset; the scene's folder is named by its seed.
        plan: of the dataset.
        job: which scene.
    """
    number, split = job
    seed = plan.seed + number
    folder = output / str(seed)
    inputs = {product.input for product in plan.products}
    by_name = {product.name: product for product in plan.products}
    frames: dict[str, DerivedFrames] = {}

    @cache
    def latent(name: str) -> Scene:
        recipe = plan.latents[name]
        pool = recipe.pools[split] if recipe.pools else None
        return draw(recipe.of_scene(number), pool, recipe.variant)

    def source_of(product: ProductPlan) -> FrameSource:
        return SceneFrames(latent(product.latent)) if product.input is None else frames_of(product.input)

    def frames_of(name: str) -> DerivedFrames:
        if name not in frames:  # an earlier call has completed it
            stages = by_name[name].stages
            frames[name] = DerivedFrames(
                source_of(by_name[name]), stages, seed=seed, name=name, keep=name in inputs
            )
        return frames[name]

    for name in plan.latents if plan.keep_latents else ():
        place = folder / latent_folder(name)
        if not (place / INDEX).is_file():
            place.mkdir(parents=True, exist_ok=True)
            write_latent(place, latent(name), plan.layout, lambda _: None)
    for name, product in by_name.items():
        if not (folder / name / INDEX).is_file():
            frames[name] = derive(
                source_of(product),
                product.stages,
                seed=seed,
                name=name,
                folder=folder / name,
                layout=plan.layout,
                keep=name in inputs,
            )
