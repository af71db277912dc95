"""Nine pictures of a prompt show different sides of what it leaves open."""

import json

import pytest

from doodle.evaluate import UNSAID
from doodle.state import WEIGHTS
from doodle.tokenizer import new_tokenizer
from doodle.unsaid import NAME, unsaid
from generation.unsaid import completed

TOKENIZER = new_tokenizer()


def nine(prompt: str, negative: str = "") -> list[str]:
    """The tokens that nine pictures of a prompt are drawn from."""
    made = [completed(prompt, negative, seed, UNSAID, TOKENIZER.tokenize) for seed in range(9)]
    return [" ".join(TOKENIZER.tokenize(one)) for one in made]


def but_for_the_hand(prompt: str) -> list[str]:
    """The same without the artist's style that is said behind."""
    return [one.removesuffix(" flat").removesuffix(" 3d") for one in nine(prompt)]


def test_the_file_is_what_the_code_says() -> None:
    assert json.loads((WEIGHTS / NAME).read_text(encoding="utf-8")) == unsaid()


@pytest.mark.parametrize(
    "prompt", ["a cat", "un chat et un chien", "two cats", "a cat, 3d", "a man", ""]
)
def test_a_bare_prompt_gets_nine_backgrounds(prompt: str) -> None:
    drawn = [one.partition("background ") for one in nine(prompt)]
    own = " ".join(TOKENIZER.tokenize(prompt))
    assert len({background for _, _, background in drawn}) == 9
    assert all(one.strip().endswith(own) for one, _, _ in drawn)


@pytest.mark.parametrize("prompt", ["a red fox under a full moon", "a kite in the sky"])
def test_what_is_outdoors_gets_places(prompt: str) -> None:
    own = " ".join(TOKENIZER.tokenize(prompt))
    said = {one.removeprefix(own).split()[0] for one in nine(prompt)}
    assert said == {"meadow", "beach", "mountains", "city", "forest", "snow", "desert"}


def test_a_thing_whose_background_is_told_stands_in_different_spots() -> None:
    assert {one.removeprefix("cat_ snow") for one in but_for_the_hand("a cat in the snow")} == {
        "",
        " left",
        " right",
    }
    told = but_for_the_hand("un chat, fond bleu")
    assert {one.removeprefix("cat_ background blue") for one in told} == {
        "",
        " left",
        " right",
        " top",
        " bottom",
    }


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat and a dog on a blue background, 3d",
        "a cat on the left, blue background, flat",
        "five cats in the snow, cartoon",
        "a cat in front of a house on the beach, pixel art",
        "a cat wearing a hat in the city, drawing",
        "a bird flying over the mountains, sticker",
        "while it snows, a cat, 3d",
    ],
)
def test_nothing_is_added_to_what_leaves_nothing_open(prompt: str) -> None:
    assert set(nine(prompt)) == {" ".join(TOKENIZER.tokenize(prompt))}


@pytest.mark.parametrize(
    ("prompt", "who"), [("a king", "prince_"), ("une femme dans la neige", "woman_")]
)
def test_people_of_whom_nothing_is_told_differ_in_their_skin(prompt: str, who: str) -> None:
    tones = [one.split(f" {who}")[0] for one in nine(prompt)]
    assert sorted(tones) == ["black"] * 3 + ["brown"] * 3 + ["white"] * 3


@pytest.mark.parametrize("prompt", ["a cook", "un cuisinier dans la neige"])
def test_of_people_of_either_gender_two_in_three_are_asked_to_be_men_by_any_artist(
    prompt: str,
) -> None:
    drawn = nine(prompt)
    assert {one.split()[0] for one in drawn} == {"white", "brown", "black"}
    men = [one for one in drawn if " man_ cook_" in one]
    assert len(men) == 6
    assert {one.split()[-1] for one in drawn if one not in men} > {"flat", "3d"}


def test_nobody_is_asked_to_be_a_man_who_must_not_or_is_a_woman() -> None:
    drawn = nine("a woman cook") + nine("une cuisinière") + nine("a cook", "man")
    assert not any("man_" in one.split() for one in drawn)


def test_no_skin_has_a_place_of_its_own() -> None:
    seen = {(one.split()[0], one.split()[-1]) for one in but_for_the_hand("a man in the city")}
    assert len(seen) == 9


def test_of_nine_pictures_of_no_style_three_are_flat_and_three_shaded() -> None:
    for prompt in ("a cat", "two cats in the snow", "un chat sous la lune"):
        last = [one.split()[-1] for one in nine(prompt)]
        assert (last.count("flat"), last.count("3d")) == (3, 3)
    assert not any("3d" in one for one in nine("a cat", "3d"))


def test_what_is_white_beside_somebody_says_nothing_of_their_skin() -> None:
    for prompt in ("une femme sur fond blanc", "a woman wearing a white hat"):
        assert {one.split()[0] for one in nine(prompt)} == {"white", "brown", "black"}
    assert all(one.startswith("man_ black ") for one in nine("a man in black"))


def test_what_lives_in_water_stays_there() -> None:
    drawn = [one.removeprefix("shark_ night ") for one in but_for_the_hand("a shark at night")]
    assert {one.split()[0] for one in drawn} == {"sea", "beach"}
    assert len(set(drawn)) > 4


@pytest.mark.parametrize("prompt", ["a black man on a red background, at the top", "a dog"])
def test_nothing_is_told_of_people_anew_or_of_whom_is_none(prompt: str) -> None:
    own = " ".join(TOKENIZER.tokenize(prompt))
    assert all(one.startswith(own) for one in nine(prompt))


def test_a_thing_does_not_get_its_own_colour_behind_it_nor_one_that_is_unwanted() -> None:
    assert not any("background red" in one for one in nine("a red car"))
    assert not any("background blue" in one for one in nine("a car", "blue background"))
    assert len(set(nine("a red car"))) == 9
