"""What a recurrent model remembers from frame to frame."""

import torch
from torch import nn

from lightning_modules.scene_memory import SceneMemory
from networks.translation import Translator


class Adder(nn.Module):
    """source + memory, in tenths of normalised values, so that one sees what was remembered; notes the sizes of its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(image))
        return image.sum(1, keepdim=True)


def recurrent() -> Translator:
    return Translator(Adder(), in_channels=1, out_channels=1, recurrent=True)


def batch(values: list[float], scenes: list[str], frames: list[int]) -> dict:
    source = 0.5 + 0.05 * torch.tensor(values).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    return {"source": source, "scene": scenes, "frame": torch.tensor(frames)}


def read(prediction: torch.Tensor) -> list[float]:
    return [round(float(value), 4) for value in 20 * prediction[:, 0, 0, 0] - 10]


def test_predictions_of_a_scene_follow_each_other_over_batches():
    memory, network = SceneMemory(), recurrent()
    first = memory.predict(network, batch([1, 2], ["a", "a"], [0, 3]))
    second = memory.predict(network, batch([3, 4, 5], ["a", "b", "b"], [6, 0, 3]))
    assert read(first) == [1, 3]
    assert read(second) == [6, 4, 9]


def test_it_is_forgotten_when_frames_begin_again_and_when_told():
    memory, network = SceneMemory(), recurrent()
    memory.predict(network, batch([1], ["a"], [5]))
    assert read(memory.predict(network, batch([1], ["a"], [5]))) == [1]
    memory.forget()
    assert read(memory.predict(network, batch([1], ["a"], [6]))) == [1]
    assert read(memory.predict(network, batch([1], ["a"], [7]))) == [2]


def test_batches_without_scenes_are_one_scene():
    prediction = SceneMemory().predict(recurrent(), {"source": batch([1, 1, 1], [], [])["source"]})
    assert read(prediction) == [1, 2, 3]


def test_a_model_without_memory_takes_images_together():
    network = Translator(Adder(), in_channels=1, out_channels=1)
    values = batch([1, 2, 3, 4, 5], ["a"] * 5, list(range(5)))
    assert read(SceneMemory().predict(network, values, at_once=2)) == [1, 2, 3, 4, 5]
    assert network.generator.sizes == [2, 2, 1]
    SceneMemory().predict(network, values)
    assert network.generator.sizes[3:] == [5]
