"""Independent jobs spread over processes, which end with this one."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import TypeVar

from errors import UserError

Job = TypeVar("Job")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def do_jobs(
    work: Callable[[Job], None], jobs: Sequence[Job], num_workers: int, done: Callable[[Job], None]
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
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _leave_ctrl_c_to_the_parent)
        try:
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
            if isinstance(error, BrokenProcessPool):
                raise UserError(
                    "a process was killed (too little memory?): the same command goes on, with "
                    f"generator.num_workers below {workers} if need be"
                ) from error
            raise
        pool.shutdown()


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
