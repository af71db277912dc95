"""Every way to say a thing becomes the same tokens."""

import pytest
from transformers import PreTrainedTokenizerFast

from doodle.subjects import index_of, subjects
from doodle.tokenizer import LENGTH, PARTS, forms, new_tokenizer, parts, words


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer that ships."""
    return new_tokenizer()


def said(tokenizer: PreTrainedTokenizerFast, prompt: str) -> list[str]:
    """The tokens of a prompt, a subject's patches as its name in brackets."""
    tokens = tokenizer.tokenize(prompt)
    starts = {parts(subject)[0]: f"[{subject.name}]" for subject in subjects()}
    patches = {part for subject in subjects() for part in parts(subject)[1:]}
    return [starts.get(token, token) for token in tokens if token not in patches]


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
        ("l’arc-en-ciel", ["[rainbow]"]),
    ],
)
def test_a_prompt_becomes_the_words_of_the_model(
    tokenizer: PreTrainedTokenizerFast, prompt: str, tokens: list[str]
) -> None:
    assert [token for token in said(tokenizer, prompt) if token != "on"] == tokens


def test_words_nobody_taught_it_leave_no_trace(tokenizer: PreTrainedTokenizerFast) -> None:
    plain = tokenizer("a cat").input_ids
    assert tokenizer("a beautiful cat, highly detailed, 4k!!").input_ids == plain
    assert tokenizer("serendipity").input_ids == tokenizer("").input_ids


def test_tokens_written_by_hand_are_not_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize("cat_7") == tokenizer.tokenize("cat 7")


@pytest.mark.parametrize("subject", subjects(), ids=lambda subject: subject.name)
def test_every_name_of_a_subject_becomes_all_its_patches(
    tokenizer: PreTrainedTokenizerFast, subject: object
) -> None:
    row = subjects().index(subject)  # type: ignore[arg-type]
    for form in forms(subjects()[row]):
        assert tokenizer.tokenize(form) == parts(subjects()[row]), form


def test_every_other_word_becomes_itself_in_every_form(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    for word in words():
        for form in (word.word, *word.english, *word.french):
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
    assert f"fox_{PARTS - 1}" in tokenizer.convert_ids_to_tokens(ids)
    assert index_of("fox") == 2
