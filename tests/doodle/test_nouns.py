"""Nouns that nobody taught are drawn as what they resemble, and none of them insults anybody."""

import json
from pathlib import Path

import pytest

from doodle.noun_lists import LONERS, UNFIT_NOUNS, UNFIT_WORDS
from doodle.nouns import (
    ENGLISH,
    FRENCH,
    WordNet,
    by_hand,
    coloured,
    fitting,
    homes,
    in_french,
    misread,
    of_one_number,
    read_without,
)
from doodle.subjects import subjects
from doodle.tokenizer import NOUNS, new_tokenizer
from doodle.vocabulary import known_forms

DATA = """\
  1 A licence
00000100 05 n 01 animal 0 000 | a living organism
00000200 05 n 02 dog 0 domestic_dog 0 001 @ 00000100 n 0000 | a member of the genus Canis
00000300 05 n 01 beagle 0 001 @ 00000200 n 0000 | a small short-legged hound
00000400 18 n 01 beagle 1 000 | one who pries
00000500 06 n 01 rifle 0 000 | a shoulder firearm
"""
INDEX = """\
  1 A licence
animal n 1 0 1 0 00000100
dog n 1 1 @ 1 1 00000200
hound n 1 1 @ 1 1 00000300
beagle n 2 1 @ 2 1 00000300 00000400
rifle n 1 0 1 0 00000500
"""


@pytest.fixture(scope="module")
def nearest() -> dict[str, str]:
    """The file that ships: a subject for every noun."""
    nouns: dict[str, list[str]] = json.loads(NOUNS.read_text(encoding="utf-8"))
    return {noun: subject for subject, some in nouns.items() for noun in some}


@pytest.fixture
def wordnet(tmp_path: Path) -> WordNet:
    """A WordNet of five meanings."""
    (tmp_path / "data.noun").write_text(DATA)
    (tmp_path / "index.noun").write_text(INDEX)
    return WordNet(tmp_path)


def test_every_noun_becomes_a_subject_that_is_taught(nearest: dict[str, str]) -> None:
    assert len(nearest) > 10_000
    assert set(nearest.values()) <= {subject.name for subject in subjects()}


def test_no_noun_is_a_word_that_the_model_knows(nearest: dict[str, str]) -> None:
    assert not nearest.keys() & known_forms().keys()


def test_nouns_about_people_faiths_and_weapons_become_nothing(nearest: dict[str, str]) -> None:
    given = by_hand(ENGLISH)
    assert not [noun for noun in nearest if UNFIT_WORDS.search(noun) and noun not in given]
    assert not nearest.keys() & set(UNFIT_NOUNS.split())
    assert not nearest.keys() & {"church", "mosque", "pistol", "nurse", "immigrant", "skin"}


def test_what_only_resembles_a_loner_becomes_nothing_or_something_else(
    nearest: dict[str, str],
) -> None:
    assert {subject.name for subject in subjects()} >= set(LONERS)
    assert nearest["labradoodle"] == "dog"
    assert nearest["timber wolf"] == "wolf"
    assert not {noun: nearest[noun] for noun in ("towel", "motorway") if noun in nearest}


def test_the_tokenizer_reads_a_noun_as_its_subject() -> None:
    tokenizer = new_tokenizer()
    assert tokenizer.tokenize("two labradoodles") == tokenizer.tokenize("two dogs")


def test_what_mostly_is_no_noun_becomes_nothing(nearest: dict[str, str]) -> None:
    assert not {one for one in nearest if misread(one)}
    assert misread("crosse"), "two of them are an English verb"
    assert not misread("rat")
    assert (nearest["scooter"], nearest["casque"]) == ("motorcycle", "hat")
    assert coloured("large white")


@pytest.mark.parametrize(
    ("noun", "subject"),
    [
        ("toucan", "parrot"),
        ("toucans", "parrot"),
        ("porte de garage", "door"),
        ("honey bee", "bee"),
        ("king", "prince"),
        ("sandcastle", "castle"),
        ("siamang", "monkey"),
        ("treasure chest", None),
        ("oscines", None),
        ("swallow", None),
        ("bouquets", None),
    ],
)
def test_a_noun_is_told_by_hand(nearest: dict[str, str], noun: str, subject: str | None) -> None:
    assert nearest.get(noun) == subject


def test_two_of_a_noun_are_no_other_thing() -> None:
    found = {"wader": "bird", "waders": "boot", "binoculars": "glasses", "binocular": "telescope"}
    assert of_one_number(found, {"binoculars"}).keys() == found.keys() - {"waders"}


def test_a_noun_finds_the_subject_that_it_is_a_kind_of(wordnet: WordNet) -> None:
    own = homes(wordnet)
    assert own == {200: "dog"}
    above = wordnet.ancestors(wordnet.offsets["hound"][0])
    assert next(own[offset] for offset in above if offset in own) == "dog"


def test_a_noun_that_may_mean_a_person_does_not_fit(wordnet: WordNet) -> None:
    assert fitting(wordnet, "hound")
    assert not fitting(wordnet, "beagle")
    assert not fitting(wordnet, "rifle")
    assert not fitting(wordnet, "unheard-of")


def test_a_french_noun_becomes_what_its_english_name_does(nearest: dict[str, str]) -> None:
    assert nearest["huître"] == nearest["oyster"] == "shell"
    assert in_french({"oyster": "cat"}).items() >= {"huître": "cat", "huîtres": "cat"}.items()
    assert "huître" not in in_french({})


@pytest.mark.parametrize("table", [ENGLISH, FRENCH])
def test_every_noun_by_hand_is_written_once_and_names_a_subject(table: Path) -> None:
    rows = [line.rpartition(",") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    assert len({noun for noun, _, _ in rows}) == len(rows) == len(by_hand(table)) > 400
    assert {subject for _, _, subject in rows} <= {subject.name for subject in subjects()}


def test_every_english_noun_by_hand_is_read(nearest: dict[str, str]) -> None:
    assert by_hand(ENGLISH).keys() <= nearest.keys()


def test_french_nouns_written_by_hand_name_subjects_in_both_numbers() -> None:
    found = in_french({})
    assert found["suricate"] == found["suricates"] == "squirrel"
    assert set(found.values()) <= {subject.name for subject in subjects()}


@pytest.mark.parametrize(
    ("noun", "subject", "without"),
    [
        ("chat noir", "cat", True),
        ("neige fraîche", "snowflake", True),
        ("ours polaire", "bear", True),
        ("pomme de terre", "bread", False),
        ("suricate", "squirrel", False),
        ("papillon de nuit", "butterfly", False),
        ("tarte aux pommes", "pie", False),
    ],
)
def test_a_noun_whose_words_say_more_is_left_to_them(
    noun: str, subject: str, without: bool
) -> None:
    assert read_without(noun, subject) is without


def test_a_colour_before_a_subject_stays_a_colour(nearest: dict[str, str]) -> None:
    assert coloured("blue cat")
    assert not coloured("black widow")
    assert not coloured("blue")
    assert not coloured("golden retriever")
    assert not [noun for noun in nearest if coloured(noun)]
