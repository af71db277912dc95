"""How a body becomes data."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 50
"""Lists and objects within each other; what asks for pictures needs three."""


class PlainJSON(JSONParser):
    """JSON that everything behind can say again.

    Nothing so deep that whoever looks into it runs out of stack, and no halves of characters, which
    neither a database nor an answer can hold.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise _too_deep() from None
        if _deeper_than(data, DEEPEST):
            raise _too_deep()
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ParseError(_("The JSON holds half a character, a lone surrogate.")) from None
        return data


def _deeper_than(data: Any, most: int) -> bool:
    level = [data]
    for _number in range(most + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(data: Any) -> list[Any]:
    if isinstance(data, dict):
        return list(data.values())
    return data if isinstance(data, list) else []


def _too_deep() -> ParseError:
    return ParseError(_("The JSON is nested too deeply."))
