"""The French catalogue: whole, compiled, and with the signs that French wants."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "craiyon_site" / "locale" / "fr" / "LC_MESSAGES"
CODE = ("accounts", "billing", "craiyon_site", "generation")
GETTEXT = {"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext",
           "pgettext_lazy", "npgettext", "npgettext_lazy"}  # fmt: skip

Key = tuple[str, str]
"""Its context, and its text in English."""


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(FOLDER / "django.po"))


def said_in_code(tree: ast.AST) -> Iterator[Key]:
    """What a module gives to gettext, under whatever name it imported that."""
    names = {name: name for name in GETTEXT}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names |= {a.asname: a.name for a in node.names if a.asname and a.name in GETTEXT}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if (function := names.get(node.func.id)) is None:
                continue
            constants = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            texts = [text for text in constants if isinstance(text, str)]
            context = texts.pop(0) if function.startswith(("p", "np")) and texts else ""
            if texts:
                yield context, texts[0]


CALL = re.compile(r"\b(?:(n?pgettext|n?gettext)\(|_\()")


def said_in_template(source: str) -> Iterator[Key]:
    """What a template gives to gettext, as Django's own extraction finds it."""
    written = templatize(source)
    for call in CALL.finditer(written):
        rest = written[call.start() :]
        end = next(n for n in range(1, len(rest) + 1) if rest[n - 1] == ")" and _parses(rest[:n]))
        yield from said_in_code(ast.parse(rest[:end].replace("_(", "gettext(", 1)
                                          if rest.startswith("_(") else rest[:end]))  # fmt: skip


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def said() -> dict[Key, str]:
    """Everything translatable, with a file that says it."""
    found: dict[Key, str] = {}
    for package in CODE:
        for file in (ROOT / package).rglob("*.py"):
            if "migrations" not in file.parts:
                keys = said_in_code(ast.parse(file.read_text(encoding="utf-8")))
                found |= dict.fromkeys(keys, str(file.relative_to(ROOT)))
    for folder in (ROOT / "templates", *(ROOT / package / "templates" for package in CODE)):
        for file in folder.rglob("*.*"):
            if file.suffix in {".html", ".txt", ".xml"}:
                keys = said_in_template(file.read_text(encoding="utf-8"))
                found |= dict.fromkeys(keys, str(file.relative_to(ROOT)))
    return found


def keys_of(entry: polib.POEntry) -> Key:
    return entry.msgctxt or "", entry.msgid


def texts_of(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_everything_that_is_said_is_said_in_french(catalogue: polib.POFile) -> None:
    known = {keys_of(entry) for entry in catalogue if all(texts_of(entry)) and not entry.fuzzy}
    missing = {key: file for key, file in said().items() if key not in known}
    assert missing == {}, "python manage.py makemessages -l fr, translate, compilemessages"


def test_nothing_is_translated_that_nobody_says(catalogue: polib.POFile) -> None:
    assert {keys_of(entry) for entry in catalogue} - set(said()) == set()


def test_what_is_compiled_is_what_is_written(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(FOLDER / "django.mo"))
    assert {keys_of(e): texts_of(e) for e in compiled} == {
        keys_of(e): texts_of(e) for e in catalogue
    }


HOLDS = re.compile(r"%\(\w+\)[.\d]*[a-z]|%[.\d]*[sdf]|%%")


def test_what_is_filled_in_is_the_same_in_both_languages(catalogue: polib.POFile) -> None:
    for entry in catalogue:
        plurals = [entry.msgid_plural] if entry.msgid_plural else []
        wanted = {held for text in (entry.msgid, *plurals) for held in HOLDS.findall(text)}
        for text in texts_of(entry):
            assert set(HOLDS.findall(text)) <= wanted, entry.msgid
        assert set(HOLDS.findall(texts_of(entry)[-1])) == wanted, entry.msgid


A_HEADER = re.compile(r"(Authorization|Prefer):")
"""Programs write it so in every language."""


def test_french_signs_are_kept_from_the_end_of_a_line(catalogue: polib.POFile) -> None:
    wrong = [
        text
        for entry in catalogue
        for text in texts_of(entry)
        if re.search(
            r"[ \w)%»][;!?»](?!\w)|[ \w)%»]:(?=\s|$)|«[^\u00a0]|\w'\w", A_HEADER.sub("", text)
        )
    ]
    assert wrong == []
