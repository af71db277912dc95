"""What a browser must load before it can show anything stays small."""

import gzip
from pathlib import Path

from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "craiyon_site" / "static"


def test_styles_and_scripts_come_to_sixty_kilobytes_at_most() -> None:
    files = [file for kind in ("css", "js") for file in STATIC.rglob(f"*.{kind}")]
    assert len(files) > 10
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 60_000


def test_fonts_come_to_ninety_kilobytes_at_most() -> None:
    fonts = list(STATIC.rglob("*.woff2"))
    assert fonts
    assert sum(font.stat().st_size for font in fonts) <= 90_000
