"""The look at every picture before anybody sees it."""

from collections.abc import Callable, Sequence

from django.conf import settings
from django.utils.module_loading import import_string
from PIL.Image import Image as Picture

from generation.checkpoints import Checkpoint
from generation.models import Image

Check = Callable[[Sequence[Picture]], Sequence[bool]]
"""Says of each picture whether it may be shown."""


class CheckUnavailable(Exception):
    """The checkpoint's pictures need a check, and there is none that works."""


def verdicts(
    pictures: Sequence[Picture], checkpoint: Checkpoint, *, edited: bool = False
) -> list[Image.Verdict]:
    """Returns a verdict on each picture. What was made of somebody's own picture needs a check
    whatever the checkpoint has seen.

    Raises:
        CheckUnavailable: a check is needed and cannot be made. Nothing may be delivered then.
    """
    if not checkpoint.needs_check and not edited:
        return [Image.Verdict.UNCHECKED] * len(pictures)
    try:
        check: Check = import_string(settings.IMAGE_CHECK)
        passed = check(pictures)
    except Exception as error:
        raise CheckUnavailable(str(error)) from error
    if len(passed) != len(pictures):
        raise CheckUnavailable("the check did not answer for every picture")
    return [Image.Verdict.PASSED if good else Image.Verdict.BLOCKED for good in passed]
