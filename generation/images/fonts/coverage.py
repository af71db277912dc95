"""Which characters a font file has, read from its cmap table.

FreeType draws a box for a character that a font lacks and says nothing, and Pillow passes on no
table that would tell beforehand.
"""

import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=256)
def characters(path: Path) -> frozenset[int]:
    """Returns the code points that the TrueType, OpenType, WOFF or collection file has glyphs for.

    Of a collection the first font counts. A file that cannot be read as a font has none.
    Source: OpenType 1.9.1, tables cmap (formats 4 and 12) and the font file header; WOFF 1.0.
    """
    try:
        return frozenset(_characters(_cmap(path.read_bytes())))
    except (OSError, struct.error, zlib.error, LookupError):
        return frozenset()


def _cmap(font: bytes) -> bytes:
    start = struct.unpack_from(">I", font, 12)[0] if font[:4] == b"ttcf" else 0
    packed = font[:4] == b"wOFF"
    count = struct.unpack_from(">H", font, start + (12 if packed else 4))[0]
    first, entry = (44, ">4sIIII") if packed else (start + 12, ">4sIII")
    for index in range(count):
        tag, *fields = struct.unpack_from(entry, font, first + index * struct.calcsize(entry))
        if tag != b"cmap":
            continue
        if not packed:
            _, offset, length = fields
            return font[offset : offset + length]
        offset, stored, length, _ = fields
        table = font[offset : offset + stored]
        return zlib.decompress(table) if stored < length else table
    raise LookupError("cmap")


def _characters(cmap: bytes) -> Iterator[int]:
    count = struct.unpack_from(">H", cmap, 2)[0]
    offsets = {struct.unpack_from(">I", cmap, 8 + 8 * index)[0] for index in range(count)}
    formats = {struct.unpack_from(">H", cmap, offset)[0]: offset for offset in offsets}
    # A font that has format 12 says there all that it says in format 4.
    if 12 in formats:
        yield from _format_12(cmap, formats[12])
    elif 4 in formats:
        yield from _format_4(cmap, formats[4])


def _format_12(cmap: bytes, offset: int) -> Iterator[int]:
    groups = struct.unpack_from(">I", cmap, offset + 12)[0]
    for index in range(groups):
        first, last, glyph = struct.unpack_from(">III", cmap, offset + 16 + 12 * index)
        # Glyph 0 is the box itself.
        yield from range(first + (glyph == 0), min(last, 0x10FFFF) + 1)


def _format_4(cmap: bytes, offset: int) -> Iterator[int]:
    count = struct.unpack_from(">H", cmap, offset + 6)[0] // 2
    row = f">{count}H"
    ends, starts, deltas, ranges = (
        offset + 14,
        offset + 16 + 2 * count,
        offset + 16 + 4 * count,
        offset + 16 + 6 * count,
    )
    columns = (struct.unpack_from(row, cmap, at) for at in (ends, starts, deltas, ranges))
    for index, (last, first, delta, range_offset) in enumerate(zip(*columns, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if range_offset:
                at = ranges + 2 * index + range_offset + 2 * (code - first)
                glyph = struct.unpack_from(">H", cmap, at)[0]
                if glyph == 0:
                    continue
            if (glyph + delta) & 0xFFFF:
                yield code
