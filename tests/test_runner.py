"""What `script/test` says of tests that fail."""

from pathlib import Path

import pytest

from tests import __main__ as runner


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one test that passes."""
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    (tmp_path / "test_sound.py").write_text("def test_sound():\n    pass\n")
    return tmp_path


def outcome(*arguments: str) -> runner.Count:
    return runner.run_tests("not alone", "-p", "no:django", *arguments)


def test_what_fails_is_said_again_at_the_end(project: Path) -> None:
    (project / "test_broken.py").write_text("def test_broken():\n    assert 1 == 2\n")
    count = outcome()
    assert str(count) == "1 passed, 1 failed, 0 skipped"
    (line,) = count.failures
    assert line == "test_broken::test_broken: assert 1 == 2"


def test_what_breaks_off_before_its_tests_fails(project: Path) -> None:
    count = outcome("--no-such-option")
    assert count.failures == ("pytest broke off with 4 before a test could fail",)
