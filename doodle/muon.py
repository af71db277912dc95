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


def orthogonalised(matrices: Tensor, steps: int = 4) -> Tensor:
    """The nearest matrices with equal singular values, roughly: enough for directions.

    They are (N, rows, columns), so that matrices of a shape are one piece of work for a GPU.
    All factors are polynomials of the same Gram matrix, so the iteration is one of small square
    matrices, and the wide one is multiplied only at its ends.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram = x @ x.mT
    factor = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device).expand_as(gram)
    for _ in range(steps):
        once = b * gram + c * (gram @ gram)
        once.diagonal(dim1=1, dim2=2).add_(a)
        factor = once @ factor
        gram = once @ gram @ once
    made = factor @ x
    return made.mT if tall else made


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
        directions: dict[tuple[int, int], list[tuple[Parameter, Tensor]]] = {}
        for parameter, buffer in zip(self.matrices, self.buffers, strict=True):
            if parameter.grad is None:
                continue
            buffer.lerp_(parameter.grad, 1 - self.momentum)
            direction = parameter.grad.lerp(buffer, self.momentum).flatten(1)
            alike = directions.setdefault((direction.shape[0], direction.shape[1]), [])
            alike.append((parameter, direction))
            parameter.grad = None
        for shape, alike in directions.items():
            updates = orthogonalised(torch.stack([direction for _, direction in alike]))
            for (parameter, _), update in zip(alike, updates, strict=True):
                step = -rate * 0.2 * max(shape) ** 0.5
                parameter.mul_(1 - rate * self.decay).add_(update.view_as(parameter), alpha=step)

    def state_dict(self) -> dict[str, Any]:
        """Everything `load_state_dict` needs to go on."""
        return {"adam": self.adam.state_dict(), "momentum": self.buffers}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state of the same parameters."""
        self.adam.load_state_dict(state["adam"])
        for buffer, saved in zip(self.buffers, state["momentum"], strict=True):
            buffer.copy_(saved)
