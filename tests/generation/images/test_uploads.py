"""Pictures that strangers send: read with care, cut to size, and nothing else of them kept."""

import io

import pytest
from PIL import Image

from generation.images import uploads
from generation.images.uploads import UploadRefused, Why


def file_of(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def changed(picture: bytes, mask: bytes | None = None) -> Image.Image:
    return uploads.opened(uploads.to_change(picture, mask, (64, 64)))


RED = Image.new("RGB", (200, 100), "red")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_cut_around_its_middle(form):
    wide = Image.new("RGB", (300, 100), "blue")
    wide.paste("red", (100, 0, 200, 100))
    made = changed(file_of(wide, form, quality=100))
    assert (made.size, made.mode) == ((64, 64), "RGBA")
    assert made.getpixel((32, 32))[0] > 250
    assert not uploads.is_masked(made)


def test_a_photo_stands_as_its_camera_was_held_and_says_no_more_where_it_was():
    photo = Image.new("RGB", (200, 100), "red")
    told = Image.Exif()
    told[0x0112] = 6
    told[0x8825] = {1: "N", 2: (48.0, 51.0, 24.0)}
    file = file_of(photo, "JPEG", exif=told)
    assert uploads.sides_of(file) == (100, 200)
    content = uploads.to_change(file, None, (64, 64))
    assert not Image.open(io.BytesIO(content)).getexif()


def test_what_is_transparent_in_the_mask_is_to_be_drawn():
    mask = Image.new("RGBA", RED.size, "black")
    mask.paste((0, 0, 0, 0), (0, 0, 100, 100))
    made = changed(file_of(RED), file_of(mask))
    assert uploads.is_masked(made)
    assert made.getpixel((5, 32)) == (255, 0, 0, 0)
    assert made.getpixel((60, 32)) == (255, 0, 0, 255)


def test_without_a_mask_the_pictures_own_transparency_counts():
    own = RED.convert("RGBA")
    own.paste((0, 0, 255, 0), (0, 0, 100, 100))
    assert uploads.is_masked(changed(file_of(own)))


@pytest.mark.parametrize(
    ("picture", "mask", "field", "why"),
    [
        (b"", None, "image", Why.UNREADABLE),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, None, "image", Why.UNREADABLE),
        (file_of(RED, "GIF"), None, "image", Why.UNREADABLE),
        (file_of(RED)[:-40], None, "image", Why.UNREADABLE),
        (file_of(RED), b"<svg/>", "mask", Why.UNREADABLE),
        (file_of(RED), file_of(RED), "mask", Why.NOTHING_TRANSPARENT),
        (file_of(RED), file_of(Image.new("RGBA", (10, 10))), "mask", Why.OTHER_SIZE),
        (file_of(Image.new("1", (9000, 9000))), None, "image", Why.TOO_LARGE),
        (b"x" * (uploads.LARGEST_FILE + 1), None, "image", Why.TOO_LARGE),
    ],
)
def test_what_cannot_be_used_says_why(picture, mask, field, why):
    with pytest.raises(UploadRefused) as refused:
        changed(picture, mask)
    assert (refused.value.field, refused.value.why) == (field, why)
