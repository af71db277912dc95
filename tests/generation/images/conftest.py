"""Pictures to render, drawn and never stored, and a place for them to come from."""

from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw

from generation.images.provenance import About


@pytest.fixture
def about() -> About:
    return About(
        prompt="a red fox under a full moon",
        seed=4711,
        checkpoint="doodle",
        revision="2f9c",
        position=3,
        made_at=datetime(2026, 3, 1, 12, 30, 5, 250_000, tzinfo=UTC),
        site="craiyon",
    )


@pytest.fixture
def drawing() -> Image.Image:
    """A scene with edges, flat parts and a gradient, 256 px."""
    scene = Image.linear_gradient("L").convert("RGB")
    canvas = ImageDraw.Draw(scene)
    canvas.ellipse((40, 60, 200, 220), fill="#d93a2b", outline="#1f1a14", width=5)
    canvas.polygon([(60, 90), (90, 20), (110, 80)], fill="#ffc23d")
    return scene


@pytest.fixture
def nine() -> list[Image.Image | None]:
    """Nine pictures of one colour each, so that a grid shows where each went."""
    return [Image.new("RGB", (64, 64), (20 * position + 40, 0, 200)) for position in range(9)]
