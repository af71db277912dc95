"""Every example of the guide, run as it stands there."""

import os
import subprocess
import sys

import pytest

from generation.api.guide import SECTIONS

pytestmark = pytest.mark.live

SNIPPETS = [
    pytest.param(snippet, id=f"{section.slug}-{snippet.title}")
    for section in SECTIONS
    for snippet in section.snippets
]
COMMANDS = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_an_example_runs(snippet, site, test_key, tmp_path):
    done = subprocess.run(
        [*COMMANDS[snippet.language], snippet.code],
        env={**os.environ, "CRAIYON_URL": site.url, "CRAIYON_KEY": test_key},
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    for picture in tmp_path.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")
