"""The file the site reads says what the model knows."""

import json

import pytest

from doodle.noun_lists import GENDERED
from doodle.state import WEIGHTS
from doodle.subjects import subjects
from doodle.tokenizer import YOUNG, new_tokenizer, token
from doodle.vocabulary import NAME, SAMPLES, known_forms, vocabulary


def test_the_file_is_what_the_tables_say() -> None:
    assert json.loads((WEIGHTS / NAME).read_text(encoding="utf-8")) == vocabulary()


def test_a_form_means_what_the_tokenizer_makes_of_it() -> None:
    tokenizer = new_tokenizer(teaching=True)
    named = {subject.name: token(subject) for subject in subjects()}
    gendered = {form for said in GENDERED.values() for form in said}
    for form, meaning in known_forms().items():
        tokens = tokenizer.tokenize(form)
        assert tokens[-1:] == [named.get(meaning, meaning)], form
        assert len(tokens) == (2 if form in gendered else 1), form


def test_words_that_are_not_drawn_yet_are_not_said_to_be_known() -> None:
    known = vocabulary()
    assert not set(YOUNG) & {word["word"] for word in known["words"]}
    assert "tiny" in known_forms()
    assert "tiny" not in known["forms"]


@pytest.mark.parametrize("prompt", [prompt for prompts in SAMPLES.values() for prompt in prompts])
def test_every_sample_prompt_names_a_subject(prompt: str) -> None:
    tokens = set(new_tokenizer().tokenize(prompt))
    assert any(token(subject) in tokens for subject in subjects())
