"""Sprites that are quick to make: a disc for every subject, striped as its artist likes."""

import numpy as np
import pytest

from doodle.sprites import ARTISTS, SIDE, Pixels
from doodle.subjects import drawings


@pytest.fixture(scope="session")
def sprites() -> Pixels:
    """(drawings, artists, SIDE, SIDE, 4): discs in colours that tell the subjects apart."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    disc = rows**2 + columns**2 < (0.45 * SIDE) ** 2
    drawn = np.zeros((len(drawings()), len(ARTISTS), SIDE, SIDE, 4), np.uint8)
    colours = np.random.default_rng(0).integers(0, 256, (*drawn.shape[:2], 3))
    drawn[..., :3] = colours[:, :, None, None]
    drawn[..., 3] = 255 * disc
    return drawn
