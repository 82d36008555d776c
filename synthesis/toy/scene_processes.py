"""Makes the scenes of a dataset, in this process or spread over several; the files are the same."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from pathlib import Path

from errors import UserError
from synthesis.toy.dataset_plan import DatasetPlan
from synthesis.toy.scene_products import make_scene_products

Advance = Callable[[int], None]
SceneJob = tuple[int, str]  # number and split

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_scenes(
    output: Path, plan: DatasetPlan, scenes: Sequence[SceneJob], num_workers: int, advance: Advance
) -> None:
    """Make these scenes, given by number and split; `advance` is told of every finished product.

    Raises:
        UserError: what a scene raises, or a process that was killed.
    """
    workers = min(num_workers, len(scenes))
    if workers <= 1:
        for number, split in scenes:
            make_scene_products(output, plan, number, split, advance)
        return
    # Not forked: the progress bar runs in a thread, and a thread's locks do not survive a fork.
    others = active_children()
    with _one_thread_each():
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin_worker, (output, plan))
        try:
            for scene in as_completed([pool.submit(_make_in_worker, *scene) for scene in scenes]):
                scene.result()
                advance(len(plan.products))
        except BaseException as error:
            # Neither what runs nor what is queued is waited for.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in active_children():
                if child not in others:
                    child.terminate()
                    child.join()
            _remove_half_written(output, plan, scenes)
            if isinstance(error, BrokenProcessPool):
                raise UserError(
                    f"a process that made scenes of {output} was killed (too little memory?): the same command goes on, "
                    f"with generator.num_workers below {workers} if need be"
                ) from error
            raise
        pool.shutdown()


_worker_job: tuple[Path, DatasetPlan] | None = None


def _begin_worker(output: Path, plan: DatasetPlan) -> None:
    global _worker_job  # noqa: PLW0603
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children
    _worker_job = output, plan


def _make_in_worker(number: int, split: str) -> None:
    assert _worker_job is not None
    make_scene_products(*_worker_job, number, split, lambda _: None)


def _remove_half_written(output: Path, plan: DatasetPlan, scenes: Sequence[SceneJob]) -> None:
    for number, _ in scenes:
        for partial in (output / str(plan.seed + number)).glob("**/.*.partial"):
            partial.unlink()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Children that start meanwhile use one thread for linear algebra: there is a process for every core."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
