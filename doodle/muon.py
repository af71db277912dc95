"""Muon for the matrices and convolutions, AdamW for everything else, as one optimiser.

Muon orthogonalises the momentum of each matrix with a Newton-Schulz iteration (Jordan et
al., 2024); the step is scaled to AdamW's usual size (Liu et al., "Muon is scalable for LLM
training", 2025), so that one learning rate serves both.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

NOT_MATRICES = ("embedding", "conv_in", "conv_out", "token", "position")
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalised(matrix: Tensor, steps: int = 4) -> Tensor:
    """The nearest matrix with equal singular values, roughly: enough for a direction.

    All factors are polynomials of the same Gram matrix, so the iteration is one of small square
    matrices, and the wide one is multiplied only at its ends.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    factor = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    for _ in range(steps):
        once = b * gram + c * (gram @ gram)
        once.diagonal().add_(a)
        factor = once @ factor
        gram = once @ gram @ once
    made = factor @ x
    return made.T if tall else made


class Muon:
    """The optimiser of every stage; `state_dict` makes a training resumable."""

    def __init__(self, named: Iterable[tuple[str, Parameter]], decay: float = 0.02) -> None:
        """Split the parameters into matrices for Muon and the rest for AdamW."""
        self.decay, self.momentum = decay, 0.95
        self.matrices: list[Parameter] = []
        rest: list[Parameter] = []
        for name, parameter in named:
            wide = parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) >= 32
            skipped = any(part in name for part in NOT_MATRICES)
            (self.matrices if wide and not skipped else rest).append(parameter)
        self.buffers = [torch.zeros_like(parameter) for parameter in self.matrices]
        self.adam = torch.optim.AdamW(rest, betas=(0.9, 0.99), weight_decay=0.0, fused=True)

    @torch.no_grad()
    def step(self, rate: float, adam_rate: float) -> None:
        """One update from the gradients, which are dropped afterwards."""
        for group in self.adam.param_groups:
            group["lr"] = adam_rate
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        for parameter, buffer in zip(self.matrices, self.buffers, strict=True):
            if parameter.grad is None:
                continue
            buffer.lerp_(parameter.grad, 1 - self.momentum)
            direction = parameter.grad.lerp(buffer, self.momentum).flatten(1)
            update = orthogonalised(direction) * (0.2 * max(direction.shape) ** 0.5)
            parameter.mul_(1 - rate * self.decay).add_(update.view_as(parameter), alpha=-rate)
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Everything `load_state_dict` needs to go on."""
        return {"adam": self.adam.state_dict(), "momentum": self.buffers}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state of the same parameters."""
        self.adam.load_state_dict(state["adam"])
        for buffer, saved in zip(self.buffers, state["momentum"], strict=True):
            buffer.copy_(saved)
