"""How much of a prompt a checkpoint reads."""

from dataclasses import dataclass
from typing import Any, cast

TOKENIZERS = ("tokenizer_3", "tokenizer_2", "tokenizer")
"""Components by how much of the prompt they read, the most first."""


@dataclass(frozen=True)
class Reader:
    """The tokenizer that reads the most of a prompt."""

    tokenizer: Any
    longest: int
    """Tokens, its own marks included."""

    def cut_at(self, prompt: str) -> int | None:
        """Returns how many characters of the prompt are read; None where all of it is."""
        text, before = self._as_read(prompt)
        whole = self.tokenizer(text)["input_ids"]
        longest = min(self.longest, self.tokenizer.model_max_length)
        if len(whole) <= longest:
            return None
        read = self.tokenizer(
            text, truncation=True, max_length=longest, return_offsets_mapping=True
        )
        end = max(end for _, end in read["offset_mapping"]) - before
        return max(end, 0) if end < len(prompt) else None

    def words(self, text: str) -> tuple[str, ...]:
        """Returns the text as the tokenizer takes it apart."""
        return tuple(self.tokenizer.tokenize(text))

    def _as_read(self, prompt: str) -> tuple[str, int]:
        """The text that the tokenizer gets, and where in it the prompt begins."""
        if not getattr(self.tokenizer, "chat_template", None):
            return prompt, 0
        mark = "\ue000"
        before, after = self._as_message(mark).split(mark)
        return before + prompt + after, len(before)

    def _as_message(self, prompt: str) -> str:
        message = [{"role": "user", "content": prompt}]
        text = self.tokenizer.apply_chat_template(
            message, tokenize=False, add_generation_prompt=True
        )
        return cast("str", text)


def reader_of(pipe: Any, longest: int) -> Reader:
    """Returns who reads prompts in a pipeline."""
    found = next(t for name in TOKENIZERS if (t := getattr(pipe, name, None)))
    return Reader(found, longest)
