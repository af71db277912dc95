"""The running mean of a network's weights: what is drawn with, what judges and what ships."""

from collections.abc import Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

MOST = 0.998
"""How much of the mean a step leaves, once many have been taken."""


class Ema:
    """A running mean of a network's weights, and of what it counts beside them."""

    def __init__(self, network: nn.Module) -> None:
        """Start at the network's weights."""
        self.weights = [weight.clone() for weight in _weights(network)]
        self.steps = 0

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        """Move a little towards the network."""
        self.steps += 1
        pace = 1 - min(MOST, (1 + self.steps) / (20 + self.steps))
        torch._foreach_lerp_(self.weights, list(_weights(network)), pace)

    @torch.no_grad()
    def written_to(self, network: Network) -> Network:
        """Give a network of the same kind the mean weights, and return it ready for use."""
        for weight, value in zip(_weights(network), self.weights, strict=True):
            weight.copy_(value)
        network.eval()
        return network


def _weights(network: nn.Module) -> Iterator[Tensor]:
    """All that has a mean: no numbers of rows or steps."""
    return (one.detach() for one in network.state_dict().values() if one.is_floating_point())
