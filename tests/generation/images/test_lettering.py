"""Text of any script comes out as lines that fit, and never as a row of boxes."""

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFont

from generation.images.fonts import (
    DISPLAY,
    TEXT,
    Lettering,
    draw_line,
    faces,
    set_paragraph,
    showable,
    typesetting,
    width,
)
from generation.images.fonts.coverage import characters

LETTERS = Lettering(DISPLAY, 40, "#1f1a14")
SHAPED = pytest.mark.skipif(not faces.SHAPING, reason="this Pillow finds no libfribidi")


@pytest.fixture
def bundled_fonts_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine without any font."""
    _forget()
    monkeypatch.setattr(typesetting, "system", tuple)
    yield
    _forget()


def _forget() -> None:
    typesetting._face_of.cache_clear()
    typesetting.width.cache_clear()


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=120), room=st.integers(60, 900), limit=st.integers(1, 4))
@example(text="\u200dא\u200d ב\u0301" * 20, room=60, limit=4)
@example(text="\ud800\udfff\0\uffff", room=60, limit=1)
@example(text="([{" * 40, room=200, limit=2)
def test_any_text_fits_into_its_lines(text: str, room: int, limit: int) -> None:
    paragraph = set_paragraph(text, LETTERS, room, limit)
    canvas = ImageDraw.Draw(Image.new("RGB", (room, 60)))
    assert len(paragraph.lines) <= limit
    for line in paragraph.lines:
        assert width(line, LETTERS) <= room + 1 or len(typesetting._letters(line)) == 1
        draw_line(canvas, (0, 40), line, LETTERS, rtl=paragraph.rtl)


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=40))
def test_what_is_called_showable_has_a_glyph_for_every_letter(text: str) -> None:
    shown = showable(text, DISPLAY)
    for run in typesetting._runs(shown, DISPLAY, rtl=False):
        assert all(ord(character) in characters(run.face) for character in run.text)


@pytest.mark.parametrize(
    "text",
    [
        "a red fox, 12 €!",
        "Zażółć gęślą jaźń",
        "Đường phố Hà Nội",
        "рыжая лиса ѣ",
        "κόκκινη Ὀδυσσεύς",
        "จิ้งจอกแดง",
        pytest.param("שועל אדום", marks=SHAPED),
        pytest.param("ثعلب أحمر، پارسی", marks=SHAPED),
        pytest.param("पूर्णिमा", marks=SHAPED),
    ],
)
@pytest.mark.parametrize("family", [DISPLAY, TEXT])
@pytest.mark.usefixtures("bundled_fonts_alone")
def test_the_bundled_fonts_show_these_scripts(family: tuple[Path, ...], text: str) -> None:
    assert showable(text, family) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("🦊", "…"),
        ("🦊🌕 🦊 fox", "… fox"),
        ("a 赤い狐 fox", "a … fox"),
        ("👩‍🚀🏽 rides", "… rides"),
        ("\U0010fffd\ue000\ud800", "…"),
        ("𝓪 𝓻𝓮𝓭 ＦＯＸ", "a red FOX"),
        ("tab\tand\r\nline\u2028end\u3000", "tab and line end"),
        ("a\0b\u202ec\ufeffd", "abcd"),
        ("fo\u1ab0x", "fox"),
        ("", ""),
    ],
)
@pytest.mark.usefixtures("bundled_fonts_alone")
def test_what_cannot_be_shown_leaves_one_ellipsis(text: str, shown: str) -> None:
    assert showable(text, DISPLAY) == shown


def test_without_shaping_scripts_that_need_it_leave_an_ellipsis(
    monkeypatch: pytest.MonkeyPatch, bundled_fonts_alone: None
) -> None:
    monkeypatch.setattr(faces, "SHAPING", False)
    monkeypatch.setattr(typesetting, "SHAPING", False)
    assert showable("a שועל ثعلب लोमड़ी лиса", DISPLAY) == "a … лиса"
    canvas = ImageDraw.Draw(Image.new("RGB", (200, 60)))
    draw_line(canvas, (0, 40), "… лиса", LETTERS)


def test_a_tower_of_accents_stays_near_its_line() -> None:
    tower = "o" + "\u0301\u0302\u0303\u0304\u0306\u0307" * 10
    assert len(showable(tower, DISPLAY)) <= 4


def test_a_file_that_is_no_font_has_no_characters(tmp_path: Path) -> None:
    bundled = DISPLAY[0].read_bytes()
    for name, content in {
        "empty.ttf": b"",
        "text.ttf": b"this is a text, not a font at all",
        "cut.woff": bundled[:2000],
        "zeros.otf": bytes(500),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert characters(tmp_path / name) == frozenset()
    assert characters(tmp_path / "missing.ttf") == frozenset()


def test_a_character_whose_glyph_is_the_box_is_not_there(tmp_path: Path) -> None:
    """A to C by offset, B being glyph 0; X to Z by a table, Y being glyph 0."""
    ends, starts, deltas, ranges = (67, 90, 65535), (65, 88, 65535), (-66, 0, 1), (0, 4, 0)
    body = struct.pack(">3HH3H3h3H3H", *ends, 0, *starts, *deltas, *ranges, 7, 0, 9)
    table = struct.pack(">7H", 4, len(body) + 14, 0, 6, 0, 0, 0) + body
    cmap = struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table
    header = struct.pack(">IHHHH4sIII", 0x10000, 1, 0, 0, 0, b"cmap", 0, 28, len(cmap))
    (tmp_path / "tiny.ttf").write_bytes(header + cmap)
    assert characters(tmp_path / "tiny.ttf") == frozenset(map(ord, "ACXZ"))


@pytest.mark.parametrize("face", sorted({*DISPLAY, *TEXT}))
def test_a_character_that_a_bundled_font_has_is_drawn_and_not_boxed(face: Path) -> None:
    letters = faces.font(face, 30)
    box = bytes(letters.getmask("\U0010fffe"))
    for code in sorted(characters(face)):
        if chr(code).isalpha():
            assert bytes(letters.getmask(chr(code))) != box


def test_lines_break_between_words_and_evenly() -> None:
    paragraph = set_paragraph("a red fox and a green bicycle by night", LETTERS, 620, 3)
    assert paragraph.lines == ("a red fox and a green", "bicycle by night")
    assert not paragraph.cut


def test_a_long_text_is_cut_after_a_word() -> None:
    paragraph = set_paragraph("an octopus on a bicycle, " * 9, LETTERS, 500, 2)
    assert paragraph.cut
    assert paragraph.lines == ("an octopus on a bicycle,", "an octopus on a bicycle…")


def test_a_word_longer_than_a_line_is_broken() -> None:
    paragraph = set_paragraph("a" * 100, LETTERS, 400, 9)
    assert "".join(paragraph.lines) == "a" * 100
    assert len(paragraph.lines) > 3


@SHAPED
def test_the_first_strong_letter_decides_the_direction() -> None:
    assert set_paragraph("5 שועל fox", LETTERS, 900, 1).rtl
    assert not set_paragraph("5 fox שועל", LETTERS, 900, 1).rtl


@SHAPED
@pytest.mark.parametrize(
    ("text", "rtl", "order"),
    [
        ("fox שועל moon", False, ["fox", "שועל", "moon"]),
        ("שועל fox ירח", True, ["ירח", "fox", "שועל"]),
        ("שועל 5 (five) foxes", True, ["foxes", ")", "five", "5 (", "שועל"]),
        ("fox שועל 12.5 ירח end", False, ["fox", "ירח", "12.5", "שועל", "end"]),
        ("by שועל, 3 of them", False, ["by", ", 3", "שועל", "of them"]),
    ],
)
def test_mixed_directions_stand_in_reading_order(text: str, rtl: bool, order: list[str]) -> None:
    runs = typesetting._visual(typesetting._runs(text, DISPLAY, rtl=rtl), rtl=rtl)
    assert [run.text.strip() for run in runs if run.text.strip()] == order


@SHAPED
def test_lines_look_as_fribidi_orders_them() -> None:
    """With one font that has all the letters, Pillow can set the whole line: the yardstick."""
    face = next((path for path in faces.system() if path.stem.startswith("DejaVuSans")), None)
    if face is None:
        pytest.skip("no DejaVu Sans on this machine")
    words = ["fox", "שועל", "5", "12", "1.5", "(five)", "(אדום)", "foxes,", "-", "ירח!", "a/b", "&"]
    draw = random.Random(4711)
    for _ in range(150):
        text = " ".join(draw.choices(words, k=draw.randint(1, 6)))
        rtl = typesetting._starts_rtl(text)
        ours, theirs = (Image.new("L", (900, 60), "white") for _ in range(2))
        letters = Lettering((face,), 24, "black")
        draw_line(ImageDraw.Draw(ours), (10, 40), text, letters, rtl=rtl)
        ImageDraw.Draw(theirs).text(
            (10, 40),
            text,
            "black",
            ImageFont.truetype(face, 24),
            anchor="ls",
            direction="rtl" if rtl else "ltr",
        )
        # Edges differ where a run starts between pixels.
        different = ImageChops.difference(ours, theirs).histogram()
        assert sum(different[64:]) < 100, text
