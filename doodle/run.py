"""A run of one training stage: its clock, device, randomness, progress and sheets."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from doodle.paint import Painter
from doodle.state import state_folder

HELD_OUT_SEED = 20_240_607

Pixels = NDArray[np.uint8]


@dataclass
class Run:
    """`minutes` of training; `progress` goes from 0 to 1 over them."""

    stage: str
    minutes: float
    device: torch.device
    sprites: Pixels
    rng: Generator
    keep_every: float = 5.0
    started: float = field(default_factory=time.monotonic)
    pictures: int = 0
    losses: list[Tensor] = field(default_factory=list)

    @property
    def progress(self) -> float:
        """The part of the run's minutes that is over."""
        return min(1.0, (time.monotonic() - self.started) / 60 / self.minutes)

    @cached_property
    def painter(self) -> Painter:
        """Paints on the device."""
        return Painter(self.sprites, self.device)

    def held_out(self) -> Generator:
        """The randomness of the pictures that are only looked at, the same every time."""
        return np.random.default_rng(HELD_OUT_SEED)

    def autocast(self) -> AbstractContextManager[None]:
        """bfloat16 where it is safe and fast."""
        fast = has_bfloat16(self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=fast)

    def steps(self, keep: Callable[[], None]) -> Iterator[int]:
        """Count steps until the minutes are over; `keep` is called every few minutes."""
        self.started = kept = time.monotonic()
        step = 0
        while self.progress < 1:
            step += 1
            yield step
            if step % 100 == 0:
                self._report(step)
            if time.monotonic() - kept > 60 * self.keep_every:
                keep()
                kept = time.monotonic()

    def note(self, pictures: int, loss: Tensor) -> None:
        """Count pictures and remember the loss of a step."""
        self.pictures += pictures
        self.losses.append(loss.detach())

    def _report(self, step: int) -> None:
        seconds = time.monotonic() - self.started
        loss = float(torch.stack(self.losses[-100:]).mean())
        rate = self.pictures / seconds
        self.say(f"{seconds / 60:6.1f} min, step {step}, {rate:.1f} images/s, loss {loss:.4f}")

    def say(self, line: str) -> None:
        """Print a line and add it to the stage's log."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        with (state_folder() / f"{self.stage}.log").open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 itself: emulated, it is five times slower than float."""
    return device.type != "cpu" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def cosine(progress: float, rate: float, warm: float) -> float:
    """A learning rate that warms up while `warm` < 1 and falls to a hundredth at the end."""
    fall = 0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * progress))
    return float(rate * min(1.0, warm) * fall)


def tensor_to_pictures(batch: Tensor) -> list[Image.Image]:
    """Pictures (N, 3, H, W) of -1 to 1 as PIL images."""
    pixels = ((batch.detach().float().clamp(-1, 1) + 1) * 127.5).round().byte()
    return [Image.fromarray(one.permute(1, 2, 0).cpu().numpy()) for one in pixels]


def save_sheet(name: str, batch: Tensor, columns: int) -> None:
    """Write pictures side by side to `name`.png in the state folder."""
    images = tensor_to_pictures(batch)
    side = images[0].width + 4
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * side - 4, rows * side - 4), "white")
    for number, image in enumerate(images):
        sheet.paste(image, (number % columns * side, number // columns * side))
    sheet.save(state_folder() / f"{name}.png")
