"""The share card shows nine pictures, the prompt in any script, and who drew it."""

from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageColor

from generation.images.card import CARD_SIZE, card
from generation.images.provenance import About
from generation.images.renditions import Format, encode
from generation.images.sketchbook import CRAYONS, INK, PAPER, SUNK

Images = list[Image.Image | None]

CENTRES = [(242 + column * 358, 242 + row * 358) for row in range(3) for column in range(3)]
PROMPT = (0, 1170, 1200, 1385)
MARGIN = 44


def _prompt_area(nine: Images, about: About, prompt: str) -> Image.Image:
    return card(nine, replace(about, prompt=prompt)).crop(PROMPT)


def _inked(area: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(area, Image.new("RGB", area.size, PAPER)).getbbox()


@pytest.mark.parametrize("count", range(10))
def test_each_picture_hangs_in_its_frame_and_the_others_are_empty(
    count: int, nine: Images, about: About
) -> None:
    made = card(nine[:count], about)
    assert made.size == CARD_SIZE
    for position, centre in enumerate(CENTRES):
        expected = (20 * position + 40, 0, 200) if position < count else ImageColor.getrgb(SUNK)
        assert made.getpixel(centre) == expected


def test_a_tenth_picture_is_left_out(nine: Images, about: About) -> None:
    tenth = Image.new("RGB", (64, 64), "lime")
    assert card([*nine, tenth], about).tobytes() == card(nine, about).tobytes()


def test_pictures_have_the_round_corners_of_their_frames(nine: Images, about: About) -> None:
    left, top = (centre - 173 for centre in CENTRES[0])
    assert card(nine, about).getpixel((left, top)) == (255, 255, 255)


def test_a_missing_picture_leaves_its_frame_empty(nine: Images, about: About) -> None:
    nine[4] = None
    made = card(nine, about)
    assert made.getpixel(CENTRES[4]) == ImageColor.getrgb(SUNK)
    assert made.getpixel(CENTRES[5]) == (140, 0, 200)


def test_a_picture_that_is_not_square_is_cropped_to_its_middle(about: About) -> None:
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste("blue", (100, 0, 200, 100))
    made = card([wide], about)
    left, top = CENTRES[0]
    assert {made.getpixel((left + dx, top)) for dx in (-160, 0, 160)} == {(0, 0, 255)}


def test_the_site_signs_with_five_crayons(nine: Images, about: About) -> None:
    stripe = card(nine, about).crop((48, 1446, 400, 1449))
    colours = {colour for _, colour in stripe.getcolors(maxcolors=10_000) or []}
    assert {ImageColor.getrgb(crayon) for crayon in CRAYONS} <= colours


@pytest.mark.parametrize(
    "prompt",
    [
        "fox",
        "a red fox under a full moon",
        "a watercolour of a red fox and a green bicycle under a full moon above a castle",
        "an octopus on a bicycle, highly detailed, " * 20,
        "a" * 1000,
        "W " * 500,
        "рыжая лиса под полной луной",
        "κόκκινη αλεπού",
        "שועל אדום (five) מתחת לירח",
        "ثعلب أحمر تحت البدر " * 9,
        "पूर्णिमा के नीचे एक लाल लोमड़ी",
        "จิ้งจอกแดงใต้พระจันทร์เต็มดวง" * 5,
        "満月の下の赤い狐" * 20,
        "🦊🌕 <b>&amp;</b>",
        "z̷̡̛͓͈̙a̸l̶g̵o" * 30,
    ],
)
def test_any_prompt_stays_between_the_sheet_and_the_signature(
    prompt: str, nine: Images, about: About
) -> None:
    box = _inked(_prompt_area(nine, about, prompt))
    assert box is not None
    left, top, right, bottom = box
    assert left >= MARGIN
    assert right <= 1200 - MARGIN
    assert top > 0
    assert bottom < 1385 - 1170


def test_a_short_prompt_is_said_louder_than_a_long_one(nine: Images, about: About) -> None:
    short = _inked(_prompt_area(nine, about, "red"))
    one_of_many = _inked(_prompt_area(nine, about, "red " * 60).crop((0, 0, 1200, 60)))
    assert short is not None
    assert one_of_many is not None
    assert short[3] - short[1] > 2 * (one_of_many[3] - one_of_many[1])


def test_a_prompt_in_a_right_to_left_script_starts_on_the_right(nine: Images, about: About) -> None:
    box = _inked(_prompt_area(nine, about, "שועל"))
    assert box is not None
    assert box[0] > 600
    assert box[2] > 1140


def test_the_end_of_a_very_long_prompt_does_not_show(nine: Images, about: About) -> None:
    long = "an octopus on a bicycle, " * 20
    one, other = (_prompt_area(nine, about, long + end) for end in ("by night", "by day"))
    assert one.tobytes() == other.tobytes()


def test_without_a_prompt_the_card_is_still_a_card(nine: Images, about: About) -> None:
    assert _inked(_prompt_area(nine, about, " \n")) is None


def test_a_name_that_nothing_can_show_leaves_the_card_whole(nine: Images, about: About) -> None:
    assert card(nine, replace(about, site="\U0010fffd")).size == CARD_SIZE


def test_the_sheet_throws_one_hard_shadow(nine: Images, about: About) -> None:
    made = card(nine, about)
    assert made.getpixel((600, 1160)) == ImageColor.getrgb(INK)
    assert made.getpixel((600, 1166)) == ImageColor.getrgb(PAPER)


def test_the_same_card_is_the_same_bytes(nine: Images, about: About) -> None:
    first, second = (encode(card(nine, about), Format.WEBP, about) for _ in range(2))
    assert first == second
