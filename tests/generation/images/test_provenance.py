"""A picture says where it comes from, and the reader believes no broken file."""

import io
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from generation.images.provenance import MADE_BY_AI, About, read, sha256, xmp
from generation.images.renditions import Format, encode, master

NASTY = [
    "",
    " a fox ",
    "<script>alert(\"x\")</script> & ]]> <!-- fox --> &amp; 'quoted'",
    "🦊 under a 🌕, 👩‍🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "ثعلب أحمر תחת ירח 赤い狐",
    "two\r\nlines\rand\ttabs\u2028\u0085",
    "z̷̡̛͓͈̙a̸l̶g̵o",
    '?><?xpacket end="w"?></rdf:RDF>',
    "%s {prompt} \\u0041 \\",
    "x" * 1000,
    "<" * 1000,
    "𓂀" * 1000,
]
# All of Unicode that XML 1.0 can hold.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff").filter(
        lambda character: character in "\t\n\r" or character >= " "
    )
)
# The functions under test are pure: a fixture that lives through all examples is no harm.
PURE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)
SMALL = Image.new("RGB", (16, 16), "#d93a2b")


@pytest.mark.parametrize("prompt", NASTY)
@pytest.mark.parametrize("file_format", Format)
def test_every_format_says_where_it_comes_from(
    file_format: Format, prompt: str, about: About
) -> None:
    said = replace(about, prompt=prompt)
    assert read(encode(SMALL, file_format, said)) == said


@PURE
@given(
    prompt=TEXT,
    site=TEXT,
    seed=st.integers(-(2**63), 2**64),
    position=st.none() | st.integers(0, 9),
    made_at=st.datetimes(
        timezones=st.builds(
            lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-839, 839)
        )
    ),
    file_format=st.sampled_from(Format),
)
def test_any_statement_survives_its_file(  # noqa: PLR0917
    prompt: str,
    site: str,
    seed: int,
    position: int | None,
    made_at: datetime,
    file_format: Format,
) -> None:
    said = About(prompt, seed, "doodle", "2f9c", position, made_at, site)
    assert read(encode(SMALL, file_format, said)) == said


@pytest.mark.parametrize("file_format", Format)
def test_what_xml_cannot_hold_becomes_a_replacement_character(
    file_format: Format, about: About
) -> None:
    said = replace(about, prompt="a\0b\x1bc\ud800d\ufffee")
    answer = read(encode(SMALL, file_format, said))
    assert answer is not None
    assert answer.prompt == "a\ufffdb\ufffdc\ufffdd\ufffde"


def test_the_master_says_it_too(about: About) -> None:
    assert read(master(SMALL, about)) == about


@pytest.mark.parametrize("file_format", Format)
def test_other_readers_find_it_in_the_usual_places(file_format: Format, about: About) -> None:
    file = encode(SMALL, file_format, replace(about, prompt="Füchse 🦊"))
    with Image.open(io.BytesIO(file)) as picture:
        packet = picture.getxmp()["xmpmeta"]["RDF"]["Description"]
        tags = picture.getexif()
    assert packet["DigitalSourceType"] == MADE_BY_AI
    assert packet["AIPromptInformation"] == "Füchse 🦊"
    assert "Füchse 🦊" in packet["description"]["Alt"]["li"]["text"]
    description = tags[ExifTags.Base.ImageDescription].encode("latin-1").decode()
    assert description == "Made by AI on craiyon from the prompt: Füchse 🦊"
    assert tags[ExifTags.Base.Software] == "craiyon (doodle 2f9c)"
    assert tags[ExifTags.Base.DateTime] == "2026:03:01 12:30:05"


def test_png_says_it_in_its_own_texts(about: About) -> None:
    file = encode(SMALL, Format.PNG, replace(about, prompt="Füchse 🦊"))
    with Image.open(io.BytesIO(file)) as picture:
        assert picture.info["Description"] == "Made by AI on craiyon from the prompt: Füchse 🦊"
        assert picture.info["Software"] == "craiyon (doodle 2f9c)"
        assert picture.info["Source"] == "Made by AI"


def test_a_new_rendition_says_nothing_that_an_old_file_said(about: About) -> None:
    with Image.open(io.BytesIO(master(SMALL, replace(about, prompt="a secret")))) as stored:
        for file_format in Format:
            assert b"secret" not in encode(stored, file_format, about)


def test_a_packet_that_an_editor_rewrote_is_still_read(about: About) -> None:
    packet = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
      <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about="" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
        e:DigitalSourceType="{MADE_BY_AI}" e:AISystemUsed="doodle" e:AISystemVersionUsed="2f9c"
        e:AIPromptInformation={quoteattr(about.prompt)}/>
      <rdf:Description rdf:about="" xmlns:c="urn:x-craiyon:generation:1.0:" c:Seed="4711">
        <c:Position>3</c:Position></rdf:Description>
      <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
        xmp:CreatorTool="craiyon" xmp:CreateDate="2026-03-01T12:30:05.250+00:00"/>
      </rdf:RDF></x:xmpmeta>"""
    assert read(_with_packet(packet.encode())) == about


def test_a_picture_that_says_nothing_is_not_ours() -> None:
    assert read(_with_packet(b"")) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packet: packet.replace(b"trainedAlgorithmicMedia", b"digitalCapture"),
        lambda packet: packet.replace(b">4711<", b">many<"),
        lambda packet: packet.replace(b"craiyon:Seed", b"craiyon:Sead"),
        lambda packet: packet.replace(b"2026-03-01T12:30:05", b"soon"),
        lambda packet: packet.replace(b"+00:00", b""),
        lambda packet: packet[:300],
        lambda _: b"no XML at all",
        lambda _: b"\xff\xfe\x00",
    ],
)
def test_a_statement_that_does_not_say_it_all_is_none(spoil: object, about: About) -> None:
    assert callable(spoil)
    assert read(_with_packet(xmp(about))) == about
    assert read(_with_packet(spoil(xmp(about)))) is None


def test_a_bomb_of_entities_is_not_opened(about: About) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    packet = xmp(about)
    start = packet.index(b"<x:xmpmeta")
    assert read(_with_packet(packet[:start] + bomb + packet[start:])) is None


def test_bytes_that_are_no_picture_say_nothing() -> None:
    for content in (b"", b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8X"):
        assert read(content) is None


@PURE
@given(data=st.data())
@example(data=None)
def test_a_damaged_file_is_read_or_refused_but_never_raises(
    data: st.DataObject | None, about: About
) -> None:
    for file_format in Format:
        file = bytearray(encode(SMALL, file_format, about))
        if data is None:
            del file[len(file) // 2 :]
        else:
            for at in data.draw(st.lists(st.integers(0, len(file) - 1), max_size=8)):
                file[at] = data.draw(st.integers(0, 255))
        answer = read(bytes(file))
        assert answer is None or isinstance(answer, About)


def test_a_date_without_a_time_zone_is_refused(about: About) -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(about, made_at=datetime(2026, 3, 1))  # noqa: DTZ001


def test_the_hash_is_sha256_in_hexadecimal() -> None:
    assert sha256(b"fox") == "776cb326ab0cd5f0a974c1b9606044d8485201f2db19cf8e3749bdee5f36e200"


def _with_packet(packet: bytes) -> bytes:
    file = io.BytesIO()
    SMALL.save(file, "WEBP", xmp=packet)
    return file.getvalue()
