"""What a finished grid gets at once, and what is made on demand."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from generation.images.card import CARD_SIZE
from generation.images.provenance import About, read, sha256
from generation.images.renditions import (
    STANDARD,
    Format,
    Kind,
    UnreadableImage,
    make,
    master,
    opened,
    standard_set,
    watermarked,
)

Images = list[Image.Image | None]


def test_a_grid_gets_a_full_picture_and_a_thumbnail_a_position_and_one_card(
    nine: Images, about: About
) -> None:
    made = standard_set(nine, about, watermark=False)
    assert [(one.kind, one.position) for one in made] == [
        *((Kind.FULL, position) for position in range(9)),
        *((Kind.THUMB, position) for position in range(9)),
        (Kind.CARD, None),
    ]
    assert {(one.kind, one.format) for one in made} == set(STANDARD)


def test_each_says_its_size_its_hash_and_its_position(nine: Images, about: About) -> None:
    for one in standard_set(nine, about, watermark=True):
        with Image.open(io.BytesIO(one.content)) as picture:
            assert (one.width, one.height) == picture.size
        assert one.sha256 == sha256(one.content)
        assert read(one.content) == replace(about, position=one.position)


def test_pictures_go_to_their_own_position(nine: Images, about: About) -> None:
    for one in standard_set(nine, about, watermark=False):
        if one.position is not None:
            red, _, _ = opened(one.content).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
            assert abs(red - (20 * one.position + 40)) < 8


def test_only_full_pictures_carry_the_mark(drawing: Image.Image, about: About) -> None:
    marked = standard_set([drawing], about, watermark=True)
    clean = standard_set([drawing], about, watermark=False)
    assert [one.watermarked for one in marked] == [True, False, False]
    assert [one.watermarked for one in clean] == [False, False, False]
    assert marked[0].content != clean[0].content
    assert [one.content for one in marked[1:]] == [one.content for one in clean[1:]]


def test_the_mark_on_a_rendition_is_the_watermark(drawing: Image.Image, about: About) -> None:
    made = make(Kind.FULL, Format.PNG, [drawing], about, watermark=True, position=0)
    assert opened(made.content).tobytes() == watermarked(drawing, about.site).tobytes()


def test_a_position_without_an_image_gets_nothing(nine: Images, about: About) -> None:
    nine[2] = None
    made = standard_set(nine, about, watermark=False)
    assert 2 not in {one.position for one in made}
    assert len(made) == 8 + 8 + 1


def test_a_tenth_image_gets_a_picture_and_a_thumbnail(nine: Images, about: About) -> None:
    made = standard_set([*nine, nine[0]], about, watermark=False)
    assert [one.kind for one in made if one.position == 9] == [Kind.FULL, Kind.THUMB]


def test_a_grid_without_images_still_has_its_card(about: About) -> None:
    (made,) = standard_set([None] * 9, about, watermark=False)
    assert (made.kind, made.width, made.height) == (Kind.CARD, *CARD_SIZE)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("file_format", Format)
def test_anything_is_made_on_demand_in_any_format(
    kind: Kind, file_format: Format, nine: Images, about: About
) -> None:
    position = None if kind is Kind.CARD else 7
    made = make(kind, file_format, nine, about, watermark=False, position=position)
    assert (made.kind, made.format, made.position) == (kind, file_format, position)
    assert read(made.content) == replace(about, position=position)


@pytest.mark.parametrize("position", [None, -1, 4, 9])
def test_a_picture_that_is_not_there_cannot_be_made(
    position: int | None, nine: Images, about: About
) -> None:
    nine[4] = None
    with pytest.raises(LookupError):
        make(Kind.FULL, Format.WEBP, nine, about, watermark=False, position=position)


@pytest.mark.parametrize("kind", Kind)
def test_a_damaged_image_is_named_as_such(kind: Kind, drawing: Image.Image, about: About) -> None:
    cut = master(drawing, about)[:-2000]
    with Image.open(io.BytesIO(cut)) as half, pytest.raises(UnreadableImage):
        make(kind, Format.WEBP, [half], about, watermark=True, position=0)


def test_the_same_grid_is_the_same_bytes(nine: Images, about: About) -> None:
    first, second = (standard_set(nine, about, watermark=True) for _ in range(2))
    assert first == second
