"""Independent jobs spread over threads: decoding, warping and compressing all let other threads run meanwhile."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from errors import UserError

Job = TypeVar("Job")
Result = TypeVar("Result")
_LISTEN_S = 0.2


class Stopped(Exception):
    """The job shall end: another one failed, or Ctrl-C was pressed."""


class StopSign:
    """Is put up when jobs shall end early; they look at it between windows."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def put_up(self) -> None:
        """Ask all jobs to end."""
        self._event.set()

    def check(self) -> None:
        """End this job where the sign is up.

        Raises:
            Stopped: it is.
        """
        if self._event.is_set():
            raise Stopped


def in_order(
    work: Callable[[Job, StopSign], Result],
    jobs: Sequence[Job],
    num_workers: int,
    sign: StopSign | None = None,
) -> list[Result]:
    """`[work(job, sign) for job in jobs]`, some at a time.

    After an exception, Ctrl-C included, the jobs that run are asked to end and waited for, so that they remove what is
    half-written; the others never begin. Of several failures that of the first job is raised.

    Args:
        work: does one job; looks at the sign now and then.
        jobs: what it is called with.
        num_workers: threads at most.
        sign: that is handed to the jobs.

    Raises:
        UserError: `num_workers` is not at least 1; and what a job raises.
    """
    if num_workers < 1:
        raise UserError(f"generator.num_workers: found {num_workers}, expected a whole number of at least 1")
    sign = sign or StopSign()
    if min(num_workers, len(jobs)) <= 1:
        return [work(job, sign) for job in jobs]

    def guarded(job: Job) -> Result:
        sign.check()
        try:
            return work(job, sign)
        except BaseException:
            sign.put_up()
            raise

    pool = ThreadPoolExecutor(num_workers)
    try:
        futures = [pool.submit(guarded, job) for job in jobs]
        while wait(futures, _LISTEN_S).not_done:  # a thread that waits without end may not hear Ctrl-C
            pass
        failures = [error for error in (future.exception() for future in futures) if error is not None]
        real = [error for error in failures if not isinstance(error, Stopped)]
        if failures:
            raise (real or failures)[0]
        return [future.result() for future in futures]
    finally:
        sign.put_up()
        pool.shutdown(cancel_futures=True)
