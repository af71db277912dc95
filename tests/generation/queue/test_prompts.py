"""How a prompt is read."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generation.errors import PromptRefused
from generation.models import Job
from generation.prompts import LONGEST_PROMPT, normalised, prompt_of
from tests.generation.queue.cast import a_visitor, ask, now_of

pytestmark = pytest.mark.both_databases

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "prompt",
    ["🦊 under a 🌕", "ثعلب أحمر", "<script>alert(1)</script>", "'; DROP TABLE job; --", "%s {x}"],
)
def test_any_text_is_a_prompt_and_is_kept_as_it_is(prompt: str) -> None:
    assert now_of(ask(a_visitor(), prompt)).prompt == prompt


@pytest.mark.django_db
@pytest.mark.parametrize(
    "prompt",
    ["", "  \n\t ", "\0", "\u202e", "\u200b", "a" * (LONGEST_PROMPT + 1), "a fox \ud83e"],
    ids=["empty", "blank", "NUL", "bidi control", "zero-width", "too long", "lone surrogate"],
)
def test_what_says_nothing_or_too_much_is_refused_with_a_sentence(prompt: str) -> None:
    with pytest.raises(PromptRefused) as refusal:
        ask(a_visitor(), prompt)
    assert refusal.value.message.endswith((".", "most."))
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_the_longest_prompt_fits() -> None:
    prompt = "🦊" * LONGEST_PROMPT
    assert now_of(ask(a_visitor(), prompt)).prompt == prompt


@pytest.mark.django_db
def test_a_negative_prompt_is_read_in_the_same_way() -> None:
    job = ask(a_visitor(), negative_prompt=" blur\0\n text ")
    assert now_of(job).negative_prompt == "blur text"
    with pytest.raises(PromptRefused):
        ask(a_visitor(), negative_prompt="a" * (LONGEST_PROMPT + 1))


@given(texts)
@example("e\u202e\u0301")
@example("a \0 fox")
def test_a_normalised_text_is_one_line_of_nfc_that_normalises_to_itself(text: str) -> None:
    once = normalised(text)
    assert unicodedata.is_normalized("NFC", once)
    assert "  " not in once
    assert once == once.strip()
    assert not any(unicodedata.category(c) == "Cc" for c in once)
    assert normalised(once) == once


@given(texts)
def test_a_prompt_shows_something_or_is_refused(text: str) -> None:
    try:
        prompt = prompt_of(text)
    except PromptRefused:
        return
    assert any(unicodedata.category(c)[0] not in "CZ" for c in prompt)
