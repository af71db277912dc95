"""Scenes and their captions, composed by all processors while the device learns from others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from doodle.captions import caption
from doodle.paint import Layout, layout_of
from doodle.scenes import SINGLES, Mix, random_scene
from doodle.tokenizer import new_tokenizer

SINGLES_UNTIL = 0.12
MIXED_FROM = 0.25
Composed = tuple[Layout, Tensor]
"""Scenes in numbers, and the tokens of their captions (N, LENGTH)."""


def mix_at(progress: float, fresh: bool) -> Mix:
    """Single subjects first, when training from nothing; then everything."""
    if not fresh or progress > MIXED_FROM:
        return Mix()
    if progress < SINGLES_UNTIL:
        return SINGLES
    part, whole = (progress - SINGLES_UNTIL) / (MIXED_FROM - SINGLES_UNTIL), Mix()
    return Mix(
        pair=whole.pair * part,
        count=whole.count * part,
        tint=whole.tint * part,
        wear=whole.wear * part,
        free=whole.free * part,
        weather=whole.weather * part,
        style=whole.style * part,
    )


def _as_composed(composed: Composed) -> Composed:
    return composed


@dataclass
class Lessons(IterableDataset[Composed]):
    """Endlessly `count` scenes at a time; `fresh` training sees single subjects first."""

    count: int
    seed: int
    fresh: bool
    progress: Tensor = field(default_factory=lambda: torch.zeros(1).share_memory_())
    """How much of the training is over, for who composes to read."""

    def __iter__(self) -> Iterator[Composed]:
        """Compose, each worker by its own chance."""
        worker = get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        tokenizer = new_tokenizer(teaching=True)
        while True:
            mix = mix_at(float(self.progress), self.fresh)
            scenes = [random_scene(rng, mix) for _ in range(self.count)]
            captions = [caption(scene, rng) for scene in scenes]
            padded = tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt")
            yield layout_of(scenes), padded.input_ids

    def composed(self, device: torch.device) -> Iterator[Composed]:
        """Them, by nearly all processors if a GPU is to learn, else as they are asked for."""
        workers = max(1, (os.cpu_count() or 3) - 2) if device.type == "cuda" else 0
        ahead = 2 if workers else None
        return iter(
            DataLoader(
                self,
                batch_size=None,
                num_workers=workers,
                prefetch_factor=ahead,
                collate_fn=_as_composed,
            )
        )
