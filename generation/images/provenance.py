"""What a picture says about itself inside its file: that it was made by AI, from what and by what.

Written where readers look: an XMP packet with the properties of the IPTC Photo Metadata Standard
2025.1, EXIF, and PNG's own texts. It is a statement, not a proof: anybody can edit it. Whether a
file is one of ours is known by its hash.
"""

import hashlib
import io
import re
import struct
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from PIL import ExifTags, Image, PngImagePlugin

MADE_BY_AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""The term of IPTC's vocabulary "Digital Source Type" for a picture drawn by a trained model."""

DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow's decoders raise for damaged and for hostile files."""

_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "craiyon": "urn:x-craiyon:generation:1.0:",
}
_FORMATS = ("WEBP", "PNG", "JPEG", "AVIF")
# Everything XML 1.0 (production 2) cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class About:
    """Where a picture comes from."""

    prompt: str
    seed: int
    """The grid's; with the position it fixes the picture."""
    checkpoint: str
    revision: str
    position: int | None
    """0…9; None for a whole grid."""
    made_at: datetime
    """Aware."""
    site: str

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError("made_at has no time zone")

    def sentence(self) -> str:
        """Returns what a person reads in a viewer's field "Description"."""
        return f"Made by AI on {self.site} from the prompt: {self.prompt}"

    def software(self) -> str:
        """Returns the names of the site and of the checkpoint, as one."""
        return f"{self.site} ({self.checkpoint} {self.revision})"


def sha256(content: bytes) -> str:
    """Returns the hash by which a file is known, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def xmp(about: About) -> bytes:
    """Returns an XMP packet in UTF-8; what XML cannot hold becomes U+FFFD."""
    properties = {
        "Iptc4xmpExt:DigitalSourceType": MADE_BY_AI,
        "Iptc4xmpExt:AISystemUsed": about.checkpoint,
        "Iptc4xmpExt:AISystemVersionUsed": about.revision,
        "Iptc4xmpExt:AIPromptInformation": about.prompt,
        "xmp:CreateDate": about.made_at.isoformat(),
        "xmp:CreatorTool": about.site,
        "photoshop:Credit": f"Made by AI on {about.site}",
        "craiyon:Seed": str(about.seed),
    }
    if about.position is not None:
        properties["craiyon:Position"] = str(about.position)
    simple = "".join(f"<{name}>{_xml(text)}</{name}>\n" for name, text in properties.items())
    spaces = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in _NAMESPACES.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {spaces}>'
        f'<rdf:Description rdf:about="">\n{simple}'
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
        f"{_xml(about.sentence())}</rdf:li></rdf:Alt></dc:description>\n"
        '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    ).encode()


def exif(about: About) -> Image.Exif:
    """Returns the same in EXIF's few fields, as UTF-8, which EXIF 3.0 allows and readers expect."""
    tags = Image.Exif()
    tags[ExifTags.Base.ImageDescription] = _storable(about.sentence()).encode()
    tags[ExifTags.Base.Software] = _storable(about.software()).encode()
    tags[ExifTags.Base.DateTime] = about.made_at.strftime("%Y:%m:%d %H:%M:%S")
    return tags


def png_texts(about: About) -> PngImagePlugin.PngInfo:
    """Returns PNG's international texts under its registered keywords, and the XMP packet."""
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", xmp(about).decode())
    texts.add_itxt("Description", _storable(about.sentence()))
    texts.add_itxt("Software", _storable(about.software()))
    texts.add_itxt("Source", "Made by AI")
    texts.add_itxt("Creation Time", about.made_at.isoformat())
    return texts


def read(content: bytes) -> About | None:
    """Returns what a file says about itself, None where it is no picture or does not say it all."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            packet = picture.info.get("xmp")
    except DECODING_ERRORS:
        return None
    return _parsed(packet) if isinstance(packet, bytes) else None


def _parsed(packet: bytes) -> About | None:
    # XMP has no document type, so this refuses nothing but bombs made of entities.
    if b"<!" in packet:
        return None
    try:
        said = _properties(ElementTree.fromstring(packet.strip(b"\0 ")))  # noqa: S314
        if said["Iptc4xmpExt:DigitalSourceType"] != MADE_BY_AI:
            return None
        position = said.get("craiyon:Position")
        return About(
            prompt=said["Iptc4xmpExt:AIPromptInformation"],
            seed=int(said["craiyon:Seed"]),
            checkpoint=said["Iptc4xmpExt:AISystemUsed"],
            revision=said["Iptc4xmpExt:AISystemVersionUsed"],
            position=None if position is None else int(position),
            made_at=datetime.fromisoformat(said["xmp:CreateDate"]),
            site=said["xmp:CreatorTool"],
        )
    except (ElementTree.ParseError, KeyError, ValueError):
        return None


def _properties(packet: ElementTree.Element) -> dict[str, str]:
    """The simple properties by prefixed name: elements or attributes, in one block or several,
    since editors rewrite a packet in any of these ways."""
    said: dict[str, str] = {}
    for description in packet.iterfind("rdf:RDF/rdf:Description", _NAMESPACES):
        said |= description.attrib
        said |= {child.tag: child.text or "" for child in description}
    names = {f"{{{space}}}": f"{prefix}:" for prefix, space in _NAMESPACES.items()}
    return {
        prefix + name.removeprefix(space): text
        for name, text in said.items()
        for space, prefix in names.items()
        if name.startswith(space)
    }


def _xml(text: str) -> str:
    # A bare carriage return would be read back as a line feed (XML 1.0, 2.11).
    return escape(_storable(text), {"\r": "&#13;"})


def _storable(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
