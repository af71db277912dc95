"""The mark is there on any picture, legible, in its corner and nowhere else."""

import pytest
from PIL import Image, ImageChops, ImageStat

from generation.images.renditions import watermarked

SIDES = [256, 512, 768, 1024, 2048]


def _backgrounds(size: tuple[int, int]) -> list[Image.Image]:
    noise = [Image.frombytes("L", size, _noise(size[0] * size[1], seed)) for seed in range(3)]
    return [
        Image.new("RGB", size, "white"),
        Image.new("RGB", size, "black"),
        Image.new("RGB", size, "#808080"),
        Image.merge("RGB", noise),
    ]


def _noise(length: int, seed: int) -> bytes:
    # A full period of bytes in scrambled order: the same noise on every run.
    return bytes((index * 167 + (index >> 8) * 89 + seed * 31) & 255 for index in range(length))


def _changed(picture: Image.Image, marked: Image.Image) -> tuple[int, int, int, int]:
    box = ImageChops.difference(picture, marked).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("side", SIDES)
def test_the_mark_changes_only_its_corner(side: int) -> None:
    for picture in _backgrounds((side, side)):
        left, top, right, bottom = _changed(picture, watermarked(picture, "craiyon"))
        assert left > side * 0.7
        assert top > side * 0.85
        assert right < side
        assert bottom < side


@pytest.mark.parametrize("side", SIDES)
def test_the_mark_grows_with_the_picture(side: int) -> None:
    picture = Image.new("RGB", (side, side), "black")
    left, top, right, bottom = _changed(picture, watermarked(picture, "craiyon"))
    assert 0.18 < (right - left) / side < 0.25
    assert 0.07 < (bottom - top) / side < 0.12


def test_the_name_stands_out_on_every_picture() -> None:
    """Ink on paper: at least 7:1, the contrast that WCAG 2.2 asks of small text at level AAA."""
    for picture in _backgrounds((256, 256)):
        marked = watermarked(picture, "craiyon")
        label = marked.crop(_changed(picture, marked)).convert("L")
        paper = ImageStat.Stat(label).median[0]
        ink = min(level for level, count in enumerate(label.histogram()) if count)
        assert _contrast(paper, ink) > 7


def test_another_name_is_another_mark() -> None:
    picture = Image.new("RGB", (256, 256), "white")
    assert watermarked(picture, "craiyon").tobytes() != watermarked(picture, "doodles").tobytes()


def test_the_mark_is_the_same_every_time() -> None:
    picture = Image.new("RGB", (300, 200), "white")
    first = watermarked(picture, "craiyon")
    assert first.tobytes() == watermarked(picture, "craiyon").tobytes()
    assert picture.tobytes() == Image.new("RGB", (300, 200), "white").tobytes()


@pytest.mark.parametrize("size", [(1, 1), (16, 9), (40, 400), (1024, 256), (4096, 64)])
@pytest.mark.parametrize(
    "site", ["craiyon", "a-very-long-name-of-a-site.example.org", "سایت", "", "🦊"]
)
def test_any_name_fits_on_any_picture(size: tuple[int, int], site: str) -> None:
    assert watermarked(Image.new("RGB", size, "black"), site).size == size


def _contrast(light: float, dark: float) -> float:
    def luminance(level: float) -> float:
        return float(((level / 255 + 0.055) / 1.055) ** 2.4)

    return (luminance(light) + 0.05) / (luminance(dark) + 0.05)
