"""Makes the scenes of a dataset, in this process or spread over several; the files are the same."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
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
            with _deaf_to_ctrl_c():
                futures = [pool.submit(_make_in_worker, *scene) for scene in scenes]
            for future in as_completed(futures):
                future.result()
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
                    f"a process that made scenes of {output} ended early (killed? too little memory?): the same command goes on, "
                    f"with generator.num_workers below {workers} if need be"
                ) from error
            raise
        pool.shutdown()


_worker_job: tuple[Path, DatasetPlan] | None = None


def _begin_worker(output: Path, plan: DatasetPlan) -> None:
    global _worker_job  # noqa: PLW0603
    _worker_job = output, plan
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed cannot end its children."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _make_in_worker(number: int, split: str) -> None:
    assert _worker_job is not None
    make_scene_products(*_worker_job, number, split, lambda _: None)


def _remove_half_written(output: Path, plan: DatasetPlan, scenes: Sequence[SceneJob]) -> None:
    for number, _ in scenes:
        for partial in (output / str(plan.seed + number)).glob("**/.*.partial"):
            partial.unlink()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Children that start meanwhile leave Ctrl-C, which a terminal sends to all of them, to their parent."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
