"""Pixels become files that open again, look the same, and are the same bytes every time."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from generation.images.provenance import About
from generation.images.renditions import Format, UnreadableImage, encode, master, opened, thumbnail


@pytest.mark.parametrize(
    ("file_format", "content_type", "extension"),
    [
        (Format.WEBP, "image/webp", "webp"),
        (Format.PNG, "image/png", "png"),
        (Format.JPEG, "image/jpeg", "jpg"),
        (Format.AVIF, "image/avif", "avif"),
    ],
)
def test_a_file_is_what_it_is_called(
    file_format: Format, content_type: str, extension: str, drawing: Image.Image, about: About
) -> None:
    assert file_format.content_type == content_type
    assert file_format.extension == extension
    with Image.open(io.BytesIO(encode(drawing, file_format, about))) as picture:
        assert picture.get_format_mimetype() == content_type
        assert picture.size == drawing.size


@pytest.mark.parametrize("file_format", Format)
def test_an_encoded_picture_looks_like_the_drawn_one(
    file_format: Format, drawing: Image.Image, about: About
) -> None:
    assert _mean_error(opened(encode(drawing, file_format, about)), drawing) < 2.5


@pytest.mark.parametrize("file_format", Format)
def test_the_same_pixels_become_the_same_bytes(
    file_format: Format, drawing: Image.Image, about: About
) -> None:
    again = drawing.copy()
    again.info["comment"] = b"from elsewhere"
    assert encode(drawing, file_format, about) == encode(again, file_format, about)


@pytest.mark.parametrize("file_format", [Format.WEBP, Format.JPEG, Format.AVIF])
def test_less_quality_makes_a_smaller_file(
    file_format: Format, drawing: Image.Image, about: About
) -> None:
    small = encode(drawing, file_format, about, quality=30)
    assert len(small) < len(encode(drawing, file_format, about))


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "1", "CMYK"])
@pytest.mark.parametrize("file_format", Format)
def test_pictures_of_any_kind_are_encoded(
    file_format: Format, mode: str, drawing: Image.Image, about: About
) -> None:
    assert opened(encode(drawing.convert(mode), file_format, about)).mode == "RGB"


def test_a_master_loses_nothing(drawing: Image.Image, about: About) -> None:
    assert opened(master(drawing, about)).tobytes() == drawing.tobytes()


def test_a_thumbnail_fits_its_square_and_keeps_its_shape(drawing: Image.Image) -> None:
    assert thumbnail(drawing, 128).size == (128, 128)
    assert thumbnail(drawing.resize((512, 256)), 128).size == (128, 64)
    assert thumbnail(drawing.resize((60, 40)), 128).size == (60, 40)
    assert drawing.size == (256, 256)


def test_a_thumbnail_looks_like_the_picture(drawing: Image.Image) -> None:
    assert _mean_error(thumbnail(drawing, 128).resize(drawing.size), drawing) < 4


@pytest.mark.parametrize("length", [0, 8, 40, 300, 1500])
def test_a_damaged_master_is_named_as_such(length: int, drawing: Image.Image, about: About) -> None:
    with pytest.raises(UnreadableImage):
        opened(master(drawing, about)[:length])


@pytest.mark.parametrize("content", [b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_is_named_as_such(content: bytes) -> None:
    with pytest.raises(UnreadableImage):
        opened(content)


def test_a_picture_larger_than_any_checkpoint_draws_is_not_decoded(about: About) -> None:
    claims_much = master(Image.new("1", (9000, 8)), about)
    with pytest.raises(UnreadableImage, match="9000"):
        opened(claims_much)


def test_a_picture_that_breaks_while_it_is_encoded_is_named_as_such(
    drawing: Image.Image, about: About
) -> None:
    cut = master(drawing, about)[:-2000]
    with Image.open(io.BytesIO(cut)) as half, pytest.raises(UnreadableImage):
        encode(half, Format.WEBP, about)


def _mean_error(one: Image.Image, other: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(one, other.convert("RGB"))).mean)
