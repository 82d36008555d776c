"""What our module and the Trainer cost beside a bare PyTorch loop with the same model and batch.

    uv run python benchmarks/training_overhead.py
    uv run python benchmarks/training_overhead.py --network mbt2018-mean --channels 64 96 --precision bf16-mixed

Both sides do the same arithmetic: forward, loss, backward, clipping, two optimizer steps, a scheduler step.
They take turns within one process; each turn's first steps are not counted. Times are CPU seconds of the
process (wall seconds on a GPU), so other jobs on the machine disturb them little. Target: at most 3 %.

Our module tells the C library to keep freed memory (`lightning_modules.memory`), which is a setting of the
process; so that the overhead is not hidden behind it, the bare loop has it too. `--bare-allocator` runs the
bare loop alone and without, as most scripts do.
"""

import argparse
import functools
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, IterableDataset

from lightning_modules.compression import Compression
from lightning_modules.memory import keep_freed_memory
from lightning_modules.optimization import warmup_cosine
from lightning_modules.rate_distortion_loss import RateDistortionLoss
from networks.compression import build_codec

LMBDA = 0.0067


class OneBatch(IterableDataset):
    """The same batch for ever."""

    def __init__(self, batch: dict[str, Any]) -> None:
        self.batch = batch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            yield self.batch


class Clock(pl.Callback):
    """Notes the time at the end of every training batch."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.times: list[float] = []

    def on_train_batch_end(self, *_arguments: Any) -> None:
        """Note the time."""
        self.times.append(self.now())


def bare_loop(options: argparse.Namespace, batch: dict[str, Any], now: Callable[[], float]) -> list[float]:
    """Times at the end of each step of a plain loop."""
    torch.manual_seed(0)
    network = build_codec(options.network, 3, 3, **widths(options)).to(options.device)
    network = network.to(memory_format=torch.channels_last).train()
    quantiles = [p for name, p in network.named_parameters() if name.endswith("quantiles")]
    main_parameters = [p for name, p in network.named_parameters() if not name.endswith("quantiles")]
    main = torch.optim.Adam(main_parameters, lr=1e-3)
    aux = torch.optim.Adam(quantiles, lr=1e-3)
    scheduler = warmup_cosine(main, options.steps)
    loss = RateDistortionLoss("mse", lmbda=LMBDA)
    image = batch["image"].to(options.device, memory_format=torch.channels_last)
    valid = batch["valid"].to(options.device)
    times = []
    for _ in range(options.steps):
        main.zero_grad()
        aux.zero_grad()
        with torch.autocast(options.device, torch.bfloat16, enabled=options.precision == "bf16-mixed"):
            outputs = network(image)
            terms = loss(image, outputs["x_hat"], outputs["likelihoods"], valid)
        terms["loss"].backward()
        torch.nn.utils.clip_grad_norm_(main_parameters, 1.0)
        main.step()
        network.aux_loss().backward()
        aux.step()
        scheduler.step()
        times.append(now())
    return times


def our_loop(options: argparse.Namespace, batch: dict[str, Any], now: Callable[[], float]) -> list[float]:
    """Times at the end of each step of our module in the Trainer, with its CSV logger."""
    torch.manual_seed(0)
    module = Compression(
        network=options.network,
        quality=3,
        network_options=widths(options),
        lmbda=LMBDA,
        optimizer=functools.partial(torch.optim.Adam, lr=1e-3),
        optimizer_aux=functools.partial(torch.optim.Adam, lr=1e-3),
        scheduler=warmup_cosine,
    )
    clock = Clock(now)
    with tempfile.TemporaryDirectory() as folder:
        trainer = pl.Trainer(
            max_steps=options.steps,
            max_epochs=-1,
            accelerator="gpu" if options.device == "cuda" else "cpu",
            devices=1,
            precision=options.precision,
            logger=pl.loggers.CSVLogger(folder),
            callbacks=[clock],
            default_root_dir=folder,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            log_every_n_steps=10,
        )
        trainer.fit(module, DataLoader(OneBatch(batch), batch_size=None))
    return clock.times


def widths(options: argparse.Namespace) -> dict[str, int]:
    """Channel widths as `build_codec` takes them."""
    return dict(zip(("N", "M"), options.channels, strict=False))


def seconds_per_step(times: list[float], uncounted: int) -> list[float]:
    """Duration of each counted step."""
    return [after - before for before, after in zip(times[uncounted:], times[uncounted + 1 :], strict=False)]


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--network", default="bmshj2018-factorized")
    parser.add_argument("--channels", type=int, nargs="+", default=[128, 192], help="N and M")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--patch", type=int, default=128, help="side in pixels")
    parser.add_argument("--precision", default="32-true", choices=["32-true", "bf16-mixed"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--steps", type=int, default=13, help="steps of a turn")
    parser.add_argument("--uncounted", type=int, default=2, help="first steps of a turn that do not count")
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--bare-allocator", action="store_true", help="bare loop alone, default allocator")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    side = options.patch
    batch = {
        "image": torch.rand(options.batch_size, 3, side, side, generator=generator),
        "valid": torch.ones(options.batch_size, 1, side, side, dtype=torch.bool),
        "id": [str(index) for index in range(options.batch_size)],
    }

    def now() -> float:
        if options.device == "cuda":
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()

    bare: list[float] = []
    ours: list[float] = []
    name = f"{options.network} {widths(options)}, batch {options.batch_size} x {side} px, {options.precision}"
    if options.bare_allocator:
        for _ in range(options.turns):
            bare.extend(seconds_per_step(bare_loop(options, batch, now), options.uncounted))
        print(
            f"{name}, {options.device}: bare, default allocator {statistics.median(bare) * 1e3:.1f} ms a step"
        )
        return
    keep_freed_memory()
    for turn in range(options.turns):
        pairs = [(bare, bare_loop), (ours, our_loop)]
        for durations, loop in pairs if turn % 2 == 0 else reversed(pairs):
            durations.extend(seconds_per_step(loop(options, batch, now), options.uncounted))
    bare_median, our_median = statistics.median(bare), statistics.median(ours)
    print(
        f"{name}, {options.device}, {len(bare)} steps each: bare {bare_median * 1e3:.1f} ms, "
        f"ours {our_median * 1e3:.1f} ms a step (medians), overhead {100 * (our_median / bare_median - 1):+.1f} %; "
        f"of the fastest steps {100 * (min(ours) / min(bare) - 1):+.1f} %"
    )


if __name__ == "__main__":
    main()
