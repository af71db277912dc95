"""The web process never holds what draws: a gigabyte, and a device that is not its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LOAD_THE_WEB = """
import sys
from craiyon_site.asgi import application
from craiyon_site.celery import app
from django.contrib import admin
from django.urls import get_resolver

def views(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns)
        else:
            yield pattern.callback

app.loader.import_default_modules()
assert len(list(views(get_resolver().url_patterns))) > 20
assert len(admin.site._registry) > 5
print(*(name for name in ("torch", "diffusers", "transformers") if name in sys.modules))
"""


def held_by_the_web(folder: Path, first: str = "") -> list[str]:
    """What draws and is loaded once all that the web serves is loaded."""
    done = subprocess.run(
        [sys.executable, "-c", first + LOAD_THE_WEB],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "craiyon_site.settings",
            "CRAIYON_DATA": str(folder),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_the_web_process_never_holds_torch(tmp_path: Path) -> None:
    assert held_by_the_web(tmp_path) == []


def test_a_web_process_that_held_torch_would_be_found(tmp_path: Path) -> None:
    assert "torch" in held_by_the_web(tmp_path, first="import generation.drawing.pipeline\n")
