"""The shipped tokenizer says in the weights' own words what somebody asked for."""

import json

import pytest
from transformers import PreTrainedTokenizerFast

from doodle.starter import LENGTH, NOUNS, SAMPLES, SUBJECTS, vocabulary
from doodle.state import WEIGHTS


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer that ships."""
    return PreTrainedTokenizerFast.from_pretrained(WEIGHTS / "tokenizer")


def said(tokenizer: PreTrainedTokenizerFast, prompt: str) -> str:
    """What the weights are told of a prompt."""
    return " ".join(tokenizer.tokenize(prompt))


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("a red fox under a full moon", "a fox at night"),
        ("un chat noir sous la lune", "a cat at night"),
        ("A small Fox on the left, in the snow!", "a small fox on the left in the snow"),
        ("three red apples on a blue table", "an apple on a blue background"),
        ("un pingouin sur fond rose", "a penguin on a pink background"),
        ("un chat rose", "a cat"),
        ("une rose", "a rose"),
        ("a cat on a car", "a cat above a car"),
        ("an owl, yellow background", "an owl on a yellow background"),
        ("a cat on red", "a cat on a red background"),
        ("une fusée dans l’espace", "a rocket at night"),
        ("un lion à gauche d'un tigre", "a lion left of a tiger"),
        ("a fire-truck next to an ice cream", "a fire truck next to an ice cream"),
        ("puppies in winter", "a dog in the snow"),
        ("a labradoodle", "a dog"),
        ("a beautiful cat, highly detailed, 4k", "a cat"),
        ("asdf qwer", ""),
        ("\ue000\ue001 cat", "a cat"),
    ],
)
def test_a_prompt_becomes_words_that_the_weights_know(
    tokenizer: PreTrainedTokenizerFast, prompt: str, told: str
) -> None:
    assert said(tokenizer, prompt) == told
    ids = tokenizer(prompt).input_ids
    assert tokenizer.unk_token_id not in ids[1:-1]


def test_every_name_of_a_subject_is_that_subject(tokenizer: PreTrainedTokenizerFast) -> None:
    for subject in vocabulary()["subjects"]:
        for form in (*subject["en"], *subject["fr"]):
            told = said(tokenizer, form)
            assert told.removeprefix("an ").removeprefix("a ") == subject["name"], form


def test_every_form_that_the_site_calls_known_leaves_a_trace(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    alone = {"background", "on"} | {
        w["word"] for w in vocabulary()["words"] if w["kind"] == "colour"
    }
    for form, meaning in vocabulary()["forms"].items():
        assert meaning in alone or said(tokenizer, form), form


def test_a_noun_that_nobody_taught_becomes_the_nearest_subject(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    nearest = json.loads(NOUNS.read_text(encoding="utf-8"))
    for name in set(nearest) & set(SUBJECTS):
        noun = nearest[name][0]
        assert name in said(tokenizer, noun), noun


def test_the_longest_caption_fits(tokenizer: PreTrainedTokenizerFast) -> None:
    prompt = "a small fire truck to the left of a big ice cream on a yellow background"
    assert len(tokenizer(prompt).input_ids) <= LENGTH == tokenizer.model_max_length


def test_the_vocabulary_that_ships_is_what_the_tables_say() -> None:
    shipped = json.loads((WEIGHTS / "vocabulary.json").read_text(encoding="utf-8"))
    assert shipped == vocabulary()


@pytest.mark.parametrize("prompt", [prompt for some in SAMPLES.values() for prompt in some])
def test_every_sample_names_a_subject(tokenizer: PreTrainedTokenizerFast, prompt: str) -> None:
    told = said(tokenizer, prompt)
    assert any(name in told for name in SUBJECTS)
