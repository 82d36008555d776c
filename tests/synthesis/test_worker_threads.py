"""Jobs over threads: order, failures, Ctrl-C."""

import os
import signal
import threading
import time

import pytest

from errors import UserError
from synthesis.worker_threads import Stopped, StopSign, in_order


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_jobs(workers):
    def work(job, sign):
        time.sleep(0.02 if job == 0 else 0)
        return job * job

    assert in_order(work, [0, 1, 2, 3], workers) == [0, 1, 4, 9]


def test_after_a_failure_running_jobs_tidy_up_and_others_never_begin():
    begun, tidied, both = [], [], threading.Barrier(2, timeout=10)

    def work(job, sign):
        begun.append(job)
        both.wait()
        if job == 1:
            raise UserError("job 1 is damaged")
        try:
            for _ in range(1000):
                sign.check()
                time.sleep(0.005)
        finally:
            tidied.append(job)

    with pytest.raises(UserError, match="job 1 is damaged"):
        in_order(work, [0, 1, 2, 3], 2)
    assert sorted(begun) == [0, 1] and tidied == [0]


def test_ctrl_c_ends_running_jobs():
    seen, both = [], threading.Barrier(2, timeout=10)

    def work(job, sign):
        both.wait()
        if job == 0:
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)
        try:
            for _ in range(1000):
                sign.check()
                time.sleep(0.005)
        except Stopped:
            seen.append(job)
            raise

    with pytest.raises(KeyboardInterrupt):
        in_order(work, [0, 1, 2], 2)
    assert sorted(seen) == [0, 1]


def test_a_sign_that_is_up_ends_a_job():
    sign = StopSign()
    sign.check()
    sign.put_up()
    with pytest.raises(Stopped):
        sign.check()


def test_no_workers_is_an_error():
    with pytest.raises(UserError, match=r"generator\.num_workers: found 0, expected"):
        in_order(lambda job, sign: job, [1], 0)
