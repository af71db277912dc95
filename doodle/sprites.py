"""Sprites: every subject as four artists drew it, fetched with npm and rendered once.

The artwork is open but not part of the repository: Fluent Emoji (MIT, Microsoft) in its
flat and its shaded form, Noto Emoji (Apache-2.0, Google) and Twemoji (CC BY 4.0, Twitter).
"""

import io
import json
import subprocess
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from doodle.state import state_folder
from doodle.subjects import Drawing, drawings

SIDE = 192
TOKEN_SIDE = 128


@dataclass(frozen=True)
class Artist:
    """A set of sprites by one hand.

    `style` is the word that asks for it, `tones` what its names for tones of skin end with.
    """

    pack: str
    style: str
    tones: str = ""

    def named(self, drawing: Drawing) -> str:
        """What the set calls a drawing."""
        return f"{drawing.icon}-{drawing.tone}{self.tones}" if drawing.tone else drawing.icon


ARTISTS = (
    Artist("fluent-emoji-flat", "flat"),
    Artist("fluent-emoji", "3d"),
    Artist("noto", "cartoon", "-skin-tone"),
    Artist("twemoji", "sticker", "-skin-tone"),
)

Pixels = NDArray[np.uint8]


def fetch_packs(folder: Path) -> None:
    """Install the artists' sets with npm into `folder`, unless they are there."""
    missing = [a.pack for a in ARTISTS if not _pack(folder, a).exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        packages = [f"@iconify-json/{pack}" for pack in missing]
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([*command, *packages], check=True)


def _pack(folder: Path, artist: Artist) -> Path:
    return folder / "node_modules" / "@iconify-json" / artist.pack / "icons.json"


def render(pack: dict[str, Any], icon: str, side: int = SIDE) -> Pixels:
    """One icon, trimmed and centred in a square: (side, side, 4) RGBA."""
    return _drawn(_svg(pack, icon), side)


def _svg(pack: dict[str, Any], icon: str) -> str:
    found = pack["icons"].get(icon) or pack["icons"][pack["aliases"][icon]["parent"]]
    width, height = found.get("width", pack["width"]), found.get("height", pack["height"])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}">{found["body"]}</svg>'
    )


def _drawn(svg: str, side: int) -> Pixels:
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=2 * side, height=2 * side))
    return _centred(Image.open(io.BytesIO(png)).convert("RGBA"), side)


def _centred(drawing: Image.Image, side: int) -> Pixels:
    drawing = drawing.crop(drawing.getchannel("A").point(lambda a: 255 * (a > 24)).getbbox())
    scale = side / max(drawing.size)
    size = (max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale)))
    drawing = drawing.resize(size, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side, side))
    square.paste(drawing, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)


def load_sprites() -> Pixels:
    """Every drawing by every artist: (drawings, artists, SIDE, SIDE, 4), rendered once."""
    folder = state_folder()
    path = folder / "sprites.npz"
    wanted = np.array([SIDE, *(a.named(drawing) for a in ARTISTS for _, drawing in drawings())])
    if path.exists():
        stored = np.load(path)
        if np.array_equal(stored["icons"], wanted):
            pixels: Pixels = stored["pixels"]
            return pixels
    fetch_packs(folder / "packs")
    rendered = np.stack([_rendered(folder / "packs", artist, SIDE) for artist in ARTISTS], axis=1)
    np.savez(path, icons=wanted, pixels=rendered)
    return rendered


def large_sprites(artist: Artist, side: int) -> Pixels:
    """Every drawing by one artist, rendered now: (drawings, side, side, 4)."""
    folder = state_folder() / "packs"
    fetch_packs(folder)
    return _rendered(folder, artist, side)


def _rendered(folder: Path, artist: Artist, side: int) -> Pixels:
    """Every drawing by one artist, each processor rendering some: (drawings, side, side, 4)."""
    pack = json.loads(_pack(folder, artist).read_text())
    names = [artist.named(drawing) for _, drawing in drawings()]
    shown = [_svg(pack, name) for name in names]
    with ProcessPoolExecutor() as processors:
        return np.stack(list(processors.map(partial(_drawn, side=side), shown, chunksize=8)))
