import signal

import pytest
import pytorch_lightning as pl
import torch

from callbacks import checkpoint
from callbacks.checkpoint import Checkpoint, TrainingInterrupted
from tests.fakes.line import fit_line


def fit(folder, losses=(3.0, 1.0, 2.0), callbacks=(), mode="min", **arguments):
    keeper = Checkpoint(str(folder), mode=mode, every_n_train_steps=2)
    fit_line([keeper, *callbacks], losses, **arguments)
    return keeper


def step(path):
    return torch.load(path, weights_only=True)["global_step"]


@pytest.mark.parametrize(("mode", "best_step", "best"), [("min", 4, 1.0), ("max", 2, 3.0)])
def test_best_and_last(tmp_path, mode, best_step, best):
    keeper = fit(tmp_path, mode=mode)
    assert keeper.best_value == best
    assert step(keeper.best_path) == best_step
    assert step(keeper.last_path) == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.ckpt", "last.ckpt"]


def test_values_that_are_no_numbers_are_never_best(tmp_path):
    keeper = fit(tmp_path, losses=(float("nan"), 5.0, float("nan")))
    assert keeper.best_value == 5.0
    assert step(keeper.best_path) == 4


class Interrupt(pl.Callback):
    def __init__(self, at, times):
        self.at, self.times = at, times

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step == self.at:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_saves_between_two_batches(tmp_path, times):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(TrainingInterrupted):
        fit(tmp_path, callbacks=[Interrupt(3, times)])
    assert step(tmp_path / "last.ckpt") == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_stops_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "REPEAT_SECONDS", -1.0)
    with pytest.raises(SystemExit):
        fit(tmp_path, callbacks=[Interrupt(3, 2)])
    assert step(tmp_path / "last.ckpt") == 2


def test_a_trial_run_leaves_nothing(tmp_path):
    fit(tmp_path, fast_dev_run=True)
    assert not list(tmp_path.iterdir())
