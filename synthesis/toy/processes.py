"""Independent jobs spread over processes, which end with this one."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from typing import TypeVar

from errors import UserError

Job = TypeVar("Job")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def do_jobs(
    work: Callable[[Job], object], jobs: Sequence[Job], num_workers: int, done: Callable[[Job], None]
) -> None:
    """Call `work` once for every job, in this process if one is enough.

    After an exception, Ctrl-C included, nothing is waited for: what runs is ended, and half-written files stay for the
    caller to remove.

    Args:
        work: a function of a module, for other processes to import.
        jobs: what it is called with; can be pickled.
        num_workers: processes at most.
        done: is told of every finished job, in this process, in the order in which they finish.

    Raises:
        UserError: what a job raises, or a process that was killed.
    """
    workers = min(num_workers, len(jobs))
    if workers <= 1:
        for job in jobs:
            work(job)
            done(job)
        return
    # Not forked: the progress bar runs in a thread, and a thread's locks do not survive a fork.
    others = active_children()
    with _one_thread_each():
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin_process)
        try:
            with _deaf_to_ctrl_c():
                running = {pool.submit(work, job): job for job in jobs}
            for finished in as_completed(running):
                finished.result()
                done(running[finished])
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in active_children():
                if child not in others:
                    child.terminate()
                    child.join()
                    # The pool's own thread waits for it too: who comes second learns of the end a moment later.
                    while child.is_alive():
                        time.sleep(0.01)
            if isinstance(error, BrokenProcessPool):
                raise UserError(
                    "a process was killed (too little memory?): the same command goes on, with "
                    f"generator.num_workers below {workers} if need be"
                ) from error
            raise
        pool.shutdown()


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin_process() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed cannot end its children."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


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
