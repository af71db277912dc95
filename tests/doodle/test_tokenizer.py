"""Every way to say a thing becomes the same tokens."""

import shutil
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from doodle.export import export_words
from doodle.state import WEIGHTS
from doodle.subjects import Subject, index_of, subjects
from doodle.tokenizer import LENGTH, forms, new_tokenizer, token, words


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer that ships."""
    return new_tokenizer()


def said(tokenizer: PreTrainedTokenizerFast, prompt: str) -> list[str]:
    """The tokens of a prompt, subjects as their names in brackets."""
    named = {token(subject): f"[{subject.name}]" for subject in subjects()}
    return [named.get(one, one) for one in tokenizer.tokenize(prompt)]


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        ("a red fox under a full moon", ["red", "[fox]", "under", "[moon]"]),
        ("Un chat noir sous la lune", ["[cat]", "black", "under", "[moon]"]),
        ("two snowmen in the snow", ["two", "[snowman]", "snow"]),
        ("three puppies on a blue background", ["three", "[dog]", "blue", "background"]),
        ("deux bateaux au coucher de soleil", ["two", "[boat]", "sunset"]),
        ("un chat rose", ["[cat]", "pink"]),
        ("une fusée sur fond rose", ["[rocket]", "background", "pink"]),
        ("soft ice on a lake", ["snow", "sea"]),
        ("an orange cat", ["orange", "[cat]"]),
        ("a full moon, a birthday cake", ["[moon]", "[cake]"]),
        ("une etoile", ["[star]"]),
        ("a fox in the woods after dark", ["[fox]", "forest", "night"]),
        ("un canard sur fond bleu canard", ["[duck]", "background", "teal"]),
        ("l’arc-en-ciel", ["[rainbow]"]),
    ],
)
def test_a_prompt_becomes_the_words_of_the_model(
    tokenizer: PreTrainedTokenizerFast, prompt: str, tokens: list[str]
) -> None:
    assert [one for one in said(tokenizer, prompt) if one != "on"] == tokens


def test_words_nobody_taught_it_leave_no_trace(tokenizer: PreTrainedTokenizerFast) -> None:
    plain = tokenizer("a cat").input_ids
    assert tokenizer("a beautiful cat, highly detailed, 4k!!").input_ids == plain
    assert tokenizer("serendipity").input_ids == tokenizer("").input_ids


def test_tokens_written_by_hand_are_not_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize("snow_man_") == tokenizer.tokenize("snow man")


@pytest.mark.parametrize("subject", subjects(), ids=lambda subject: subject.name)
def test_every_name_of_a_subject_becomes_its_token(
    tokenizer: PreTrainedTokenizerFast, subject: Subject
) -> None:
    for form in forms(subject):
        assert tokenizer.tokenize(form) == [token(subject)], form


def test_every_other_word_becomes_itself_in_every_form(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    flowers = {"rose", "roses"}
    for word in words():
        for form in {word.word, *word.english, *word.french} - flowers:
            assert tokenizer.tokenize(form) == [word.word], form


def test_ids_go_back_to_the_tokens_they_came_from(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = tokenizer.tokenize("two foxes in the snow at night")
    ids = tokenizer("two foxes in the snow at night").input_ids
    assert tokenizer.convert_ids_to_tokens(ids)[1:-1] == tokens
    assert tokenizer.decode(ids, skip_special_tokens=True) == " ".join(tokens)


def test_a_saved_tokenizer_reads_prompts_as_before(
    tokenizer: PreTrainedTokenizerFast, tmp_path: object
) -> None:
    tokenizer.save_pretrained(str(tmp_path))
    loaded = PreTrainedTokenizerFast.from_pretrained(str(tmp_path))
    prompt = "un renard rouge sous la pleine lune"
    assert loaded(prompt).input_ids == tokenizer(prompt).input_ids
    assert loaded.model_max_length == LENGTH


def test_two_subjects_fit_into_one_prompt(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = tokenizer("two cats next to a fox in the snow at sunset", truncation=True).input_ids
    assert len(ids) < LENGTH
    assert "fox_" in tokenizer.convert_ids_to_tokens(ids)
    assert index_of("fox") == 2


def test_other_ways_to_say_a_thing_need_no_training(tmp_path: Path) -> None:
    shutil.copytree(WEIGHTS / "tokenizer", tmp_path / "tokenizer")
    export_words(tmp_path)
    assert (tmp_path / "vocabulary.json").read_text() == (WEIGHTS / "vocabulary.json").read_text()
    shipped = (WEIGHTS / "tokenizer" / "tokenizer.json").read_text()
    assert (tmp_path / "tokenizer" / "tokenizer.json").read_text() == shipped


def test_a_thing_that_was_not_learnt_needs_training(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    tokenizer.add_tokens(["labradoodle_"])
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    with pytest.raises(ValueError, match="train the denoiser"):
        export_words(tmp_path)
