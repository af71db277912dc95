"""What `script/test` makes of tests that fail: always, or by chance."""

from pathlib import Path

import pytest

from tests import __main__ as runner

BY_CHANCE = """
from pathlib import Path

def test_by_chance():
    seen = Path({seen!r})
    first = not seen.exists()
    seen.touch()
    assert not first, "the machine was busy"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one test that passes."""
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    (tmp_path / "test_sound.py").write_text("def test_sound():\n    pass\n")
    return tmp_path


def outcome(*arguments: str) -> runner.Count:
    return runner.run_tests("not alone", "-p", "no:django", *arguments)


def test_what_always_fails_fails_the_run_and_says_what(project: Path) -> None:
    (project / "test_broken.py").write_text("def test_broken():\n    assert 1 == 2\n")
    count = outcome()
    assert (count.passed, count.unsteady) == (1, ())
    (line,) = count.failures
    assert line == "test_broken::test_broken: assert 1 == 2"


def test_what_passes_alone_is_named_and_not_failed(project: Path) -> None:
    (project / "test_chance.py").write_text(BY_CHANCE.format(seen=str(project / "seen")))
    count = outcome()
    assert (count.passed, count.failures) == (2, ())
    assert count.unsteady[0].startswith("test_chance::test_by_chance: AssertionError: the machine")
    assert str(count) == "2 passed, 0 failed, 0 skipped, 1 unsteady"


def test_one_that_passes_alone_excuses_no_other(project: Path) -> None:
    (project / "test_chance.py").write_text(BY_CHANCE.format(seen=str(project / "seen")))
    (project / "test_broken.py").write_text("def test_broken():\n    assert False\n")
    assert len(outcome().failures) == 2


def test_where_many_fail_nothing_is_chance(project: Path) -> None:
    for number in range(runner.CHANCE_AT_MOST + 1):
        text = BY_CHANCE.format(seen=str(project / f"seen-{number}"))
        (project / f"test_chance_{number}.py").write_text(text)
    assert len(outcome().failures) == runner.CHANCE_AT_MOST + 1


def test_what_breaks_off_before_its_tests_fails(project: Path) -> None:
    count = outcome("--no-such-option")
    assert count.failures == ("pytest broke off with 4 before a test could fail",)
