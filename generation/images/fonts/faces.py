"""The fonts there are, and which of them shows a character."""

import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont, features

from generation.images.fonts.coverage import characters

Faces = tuple[Path, ...]
"""Font files in the order in which they are asked for a character."""

BUNDLED = Path(__file__).parent

_OTHER_SCRIPTS = tuple(
    BUNDLED / name
    for name in (
        "inter-greek-cyrillic-bold.woff",
        "noto-sans-hebrew-bold.woff",
        "noto-sans-arabic-bold.woff",
        "noto-sans-devanagari-bold.woff",
        "noto-sans-thai-bold.woff",
    )
)
DISPLAY: Faces = (BUNDLED / "bricolage-grotesque-bold.woff", *_OTHER_SCRIPTS)
"""What is said loudly."""
TEXT: Faces = (BUNDLED / "figtree-semibold.woff", *DISPLAY)
"""The rest."""

SHAPING = bool(features.check("raqm"))
"""Whether this Pillow joins letters and orders right-to-left text (it needs libfribidi)."""

_SYSTEM_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
)
_SYSTEM_FAMILIES = ("NotoSans", "NotoEmoji", "DejaVuSans", "DroidSansFallback", "Arial Unicode")
_SYSTEM_STYLES = ("Bold", "Regular", "")

# Left-to-right scripts whose letters change places or shapes: Devanagari to Sinhala, Tibetan and
# Myanmar, Khmer. Thai and Lao get by with their marks a little off.
_SHAPED = (range(0x0900, 0x0E00), range(0x0F00, 0x10A0), range(0x1780, 0x1800))


@lru_cache(maxsize=64)
def font(face: Path, size: int) -> ImageFont.FreeTypeFont:
    """Returns the font with letters of that many pixels to the em."""
    return ImageFont.truetype(face, size)


def shows(face: Path, character: str) -> bool:
    """Returns whether the character comes out right in that font."""
    return ord(character) in characters(face) and (SHAPING or not _needs_shaping(character))


@lru_cache(maxsize=1)
def system() -> Faces:
    """Returns the system's fonts of many scripts, the same order every time; often none."""
    found = (
        path
        for folder in _SYSTEM_FOLDERS
        for path in folder.rglob("*.[ot]t[cf]")
        if path.stem.startswith(_SYSTEM_FAMILIES)
        and path.stem.partition("-")[2] in _SYSTEM_STYLES
        and _loads(path)
    )
    return tuple(sorted(found, key=_preference))


def _preference(path: Path) -> tuple[int, int, str]:
    family = next(i for i, name in enumerate(_SYSTEM_FAMILIES) if path.stem.startswith(name))
    return family, _SYSTEM_STYLES.index(path.stem.partition("-")[2]), str(path)


def _loads(path: Path) -> bool:
    try:
        font(path, 16)
    except OSError:
        return False
    return True


def _needs_shaping(character: str) -> bool:
    return unicodedata.bidirectional(character) in {"R", "AL"} or any(
        ord(character) in script for script in _SHAPED
    )
