"""What a prompt leaves open is shared out among the pictures of a grid."""

from generation.seeds import NINE, seed_at
from generation.unsaid import completed, understood

PLACES = understood(
    [
        {
            "where": r"^(?!.*\b(?:sea|desert)\b)",
            "one_of": [f"{{prompt}} on {number} hills" for number in range(NINE)],
        }
    ]
)
COLOURS = understood(
    [{"where": "cat", "one_of": ["{prompt} on red", "{prompt} on blue", "{prompt} on green"]}]
)


def said(prompt: str, *, negative: str = "", seed: int = 0) -> str:
    return completed(prompt, negative, seed, COLOURS, str.split)


def test_nine_pictures_of_a_grid_show_nine_different_things() -> None:
    for seed in (0, 7, 1234567):
        seeds = [seed_at(seed, position) for position in range(NINE)]
        assert len({completed("a cat", "", one, PLACES, str.split) for one in seeds}) == NINE


def test_a_seed_chooses_the_same_again() -> None:
    assert said("a cat", seed=4) == said("a cat", seed=4 + NINE) != said("a cat", seed=5)


def test_where_the_choices_begin_depends_on_the_prompt() -> None:
    prompts = [f"{number} cats" for number in range(20)]
    assert len({said(prompt).removeprefix(prompt) for prompt in prompts}) == 3


def test_what_the_prompt_says_is_left_as_it_is() -> None:
    assert completed("a cat at sea", "", 3, PLACES, str.split) == "a cat at sea"
    assert said("a dog") == "a dog"


def test_nothing_is_added_that_is_said_already_or_is_not_to_be_seen() -> None:
    assert {said("a red cat", seed=seed) for seed in range(9)} == {
        "a red cat on blue",
        "a red cat on green",
    }
    assert {said("a red cat", negative="on blue", seed=seed) for seed in range(9)} == {
        "a red cat on green"
    }


def test_where_nothing_is_left_to_add_the_prompt_stays() -> None:
    assert said("a red and blue cat", negative="green") == "a red and blue cat"


def test_what_was_added_counts_as_said() -> None:
    twice = understood([{"where": "^cat$", "one_of": ["{prompt} asleep", "old {prompt}"]}] * 2)
    assert completed("cat", "", 0, twice, str.split) in {"cat asleep", "old cat"}


def test_it_may_repeat_what_is_said_of_something_else_where_it_is_told_to() -> None:
    fur = [{"where": "^cat", "one_of": ["red {prompt}", "blue {prompt}"]}]
    once, again = (understood([{**fur[0], "even_if_said": even}]) for even in (False, True))
    seeds = range(NINE)
    assert {completed("cat on red", "", seed, once, str.split) for seed in seeds} == {
        "blue cat on red"
    }
    assert len({completed("cat on red", "", seed, again, str.split) for seed in seeds}) == 2


def test_what_one_rule_adds_takes_nothing_from_the_next() -> None:
    rules = understood(
        [
            {"where": "^cat$", "one_of": ["red {prompt}"]},
            {"where": "cat$", "one_of": ["{prompt} on red", "{prompt} on blue"]},
        ]
    )
    assert {completed("cat", "", seed, rules, str.split) for seed in range(NINE)} == {
        "red cat on red",
        "red cat on blue",
    }


def test_braces_that_were_typed_are_no_places_for_a_prompt() -> None:
    assert said("a {prompt} cat").startswith("a {prompt} cat on ")
