"""Every check and test of the project, one after the other: ``python -m tests``, or script/test.

The first check that fails ends the run. The tests all run; the last lines say again what failed,
and the very last one adds them up.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
TYPED = [
    "craiyon_site", "generation", "billing", "accounts", "benchmarks", "script/install.py",
    "tests/craiyon_site", *(f"tests/{path.name}" for path in (ROOT / "tests").glob("*.py")),
]  # fmt: skip
"""What must be typed throughout."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

NO_TESTS = 5
"""pytest's exit status when nothing was selected."""


class Failed(Exception):
    """A check did not pass; the message names it."""


@dataclass(frozen=True)
class Count:
    """How many tests ended which way."""

    passed: int = 0
    failures: tuple[str, ...] = ()
    """A line each: which test, and what it said."""
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.passed + other.passed,
            self.failures + other.failures,
            self.skipped + other.skipped,
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {len(self.failures)} failed, {self.skipped} skipped"


def check(name: str, *command: str | Path, **variables: str) -> None:
    """Runs a check quietly.

    Raises:
        Failed: it did not pass; what it printed has been shown.
    """
    say(name)
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        say(done.stdout + done.stderr)
        raise Failed(f"{name}: failed")


def checks() -> None:
    """Style, types, the ways of imports, migrations, and the settings of a real site."""
    python = sys.executable
    check("Style: ruff", PROGRAMS / "ruff", "check", ".")
    check("Form: ruff format", PROGRAMS / "ruff", "format", "--check", ".")
    check("Types: mypy", PROGRAMS / "mypy", *TYPED)
    check("Imports: import-linter", PROGRAMS / "lint-imports", "--no-cache")
    with tempfile.TemporaryDirectory() as folder:
        check(
            "Migrations", python, "manage.py", "makemigrations", "--check", "--dry-run",
            CRAIYON_DATA=folder,
        )  # fmt: skip
        check(
            "Deployment", python, "manage.py", "check", "--deploy", "--fail-level", "WARNING",
            CRAIYON_DATA=folder, DEBUG="0", SITE_URL="https://pictures.example",
            SECRET_KEY="".join(map(chr, range(40, 100))),
        )  # fmt: skip


def run_tests(
    marks: str,
    *arguments: str,
    postgresql: bool = False,
    beside: str | None = None,
    at_once: int = min(4, os.cpu_count() or 1),
) -> Count:
    """Runs the tests that the marks select.

    Args:
        marks: an expression for pytest's -m.
        arguments: more for pytest.
        postgresql: on a fresh PostgreSQL, else on what DATABASE_URL names.
        beside: how they are shared out among several processes; None runs one at a time.
        at_once: how many processes.
    """
    servers = [sys.executable, "-m", "tests.services", "--postgresql"] if postgresql else []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [*servers, sys.executable, "-m", "pytest", "-q", "-m", marks, *arguments]
        command += [f"--junitxml={report}"]
        command += ["-n", str(at_once), "--dist", beside] if beside else []
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        count = _counted(report)
    if code not in {0, NO_TESTS} and not count.failures:
        return count + Count(failures=(f"pytest broke off with {code} before a test could fail",))
    return count


def _counted(report: Path) -> Count:
    if not report.exists():
        return Count()
    total = Count()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        wrong = [*case.iter("failure"), *case.iter("error")]
        lines = tuple(_line(case, found) for found in wrong[:1])
        skipped = case.find("skipped") is not None
        total += Count(int(not wrong and not skipped), lines, int(skipped))
    return total


def _line(case: ElementTree.Element, found: ElementTree.Element) -> str:
    said = " ".join((found.get("message") or "").split())
    return f"{case.get('classname')}::{case.get('name')}: {said[:300]}"


def find_browser() -> None:
    """Installs Chromium where that is allowed.

    Raises:
        Failed: there is none, and it cannot be installed from here.
    """
    if any(shutil.which(name) for name in BROWSERS):
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise Failed(
            "A browser is missing: install Chromium (on Debian: apt install chromium), "
            "or leave its tests out with --no-browser."
        )
    say("Installing Chromium …")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        check(f"apt-get {command[0]}", "apt-get", "-qq", *command, DEBIAN_FRONTEND="noninteractive")


def say(line: str) -> None:
    """Prints a line at once."""
    print(line, flush=True)


def main() -> int:
    """Runs everything; returns 1 if a check or a test failed."""
    parser = argparse.ArgumentParser(prog="script/test", description=__doc__)
    parser.add_argument("--full", action="store_true", help="fault suites at published counts")
    parser.add_argument("--no-browser", action="store_true", help="leave the browser's tests out")
    asked, rest = parser.parse_known_args()
    if asked.full:
        os.environ["CRAIYON_FULL"] = "1"
    left_out = " and not browser" if asked.no_browser else ""
    try:
        if not asked.no_browser:
            find_browser()
        checks()
    except Failed as failure:
        say(str(failure))
        return 1
    say("Tests, several at a time")
    count = run_tests(f"not alone and not live{left_out}", *rest, beside="loadfile")
    if asked.full:
        # At full counts the workers are asked for nearly all that two cores can draw.
        say("Tests that kill and starve, one at a time; each says what it found")
        count += run_tests("fault", "-s", *rest)
        say("Tests of a site that runs, several at a time")
        count += run_tests("live", *rest, beside="loadfile")
    else:
        # Those that kill and starve wait for most of the time.
        say("Tests that kill and starve, and those of a site that runs, several at a time")
        count += run_tests("fault or live", *rest, beside="loadfile", at_once=3)
    say("Tests that measure, load or look at pages, one at a time")
    count += run_tests(f"alone and not fault{left_out}", *rest)
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        say("Tests on PostgreSQL, several at a time")
        count += run_tests(
            "both_databases and not alone", *rest, postgresql=True, beside="loadfile"
        )
        say("Tests on PostgreSQL, one at a time")
        count += run_tests("both_databases and alone", *rest, postgresql=True)
    if asked.no_browser:
        say("The browser's tests were left out.")
    for line in count.failures:
        say(f"Failed: {line}")
    say(f"Tests: {count}")
    return 1 if count.failures or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
