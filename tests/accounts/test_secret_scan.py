"""The scan for secrets in logs finds them: whoever logs one is caught."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import secret_scan

LEAKY = Path(__file__).with_name("giving_away.py")


def test_whatever_gives_a_secret_away_fails():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(LEAKY)],
        cwd=LEAKY.parents[2], env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    leaky = len(re.findall("^def test_", LEAKY.read_text(), re.MULTILINE))
    assert done.stdout.count("secrets were logged") >= leaky - 1, done.stdout
    assert "secrets were printed" in done.stdout
    assert re.search(rf"{leaky - 1} errors?", done.stdout) or "failed" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    "line",
    ["Authorization: Bearer cry_live_x", "cookie: sessionid=abcdefghijklmnop",
     "cry_test_" + "a" * 38, "whsec_" + "A" * 32, "sk_live_0123456789abc"],
)  # fmt: skip
def test_what_looks_like_a_secret_is_one(line):
    assert secret_scan.leaks(f"before {line} after", set())


def test_an_innocent_line_is_let_be():
    assert not secret_scan.leaks("job.accepted job=018f prefix=cry_live_abcdef", {"another one"})
