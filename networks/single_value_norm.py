"""Batch normalisation that can be trained on one value per channel."""

from torch import Tensor, nn
from torch.nn import functional


class SingleValueBatchNorm(nn.BatchNorm2d):
    """Batch normalisation; a batch with one value per channel is normalised by the running statistics.

    Such a batch has no variance: torch refuses it, and with it a batch of one image wherever a network pools the whole
    image, or has come down to a single pixel.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        if self.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(x)


def allow_single_values(network: nn.Module) -> None:
    """Replace every plain `BatchNorm2d` below `network` by one that takes single values; tensors stay the same objects."""
    for parent in network.modules():
        for name, layer in parent.named_children():
            if type(layer) is nn.BatchNorm2d:
                replacement = SingleValueBatchNorm(
                    layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats
                )
                replacement._parameters = layer._parameters
                replacement._buffers = layer._buffers
                setattr(parent, name, replacement)
