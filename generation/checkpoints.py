"""The manifest of checkpoints: what each is, where its weights are and how to run them.

A manifest is a TOML file with one table a checkpoint; `checkpoints.toml` beside this module is
the one that comes along and shows every field. Paths in it are relative to its own folder.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from generation import manifest_files
from generation.manifest_fields import ManifestError, Table, as_text, as_texts, as_whole
from generation.unsaid import Open

__all__ = [
    "Checkpoint",
    "Folder",
    "Hub",
    "HubFile",
    "LargerDecoder",
    "ManifestError",
    "NoiseScheduler",
    "chosen",
    "load_manifest",
]

DTYPES = ("bfloat16", "float16", "float32")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SIDES = range(64, 4097, 16)
"""Sides of pictures in pixels: every pipeline here wants a multiple of 8 or 16."""


@dataclass(frozen=True)
class Folder:
    """Weights in a folder, as diffusers' `save_pretrained` writes it."""

    path: Path
    revision: str = ""
    """What its present state is called; the empty text means a hash of its files, which takes a
    second for each GB."""


@dataclass(frozen=True)
class Hub:
    """Weights in a repository of the Hugging Face hub, at one commit for good."""

    repository: str
    revision: str
    variant: str = ""
    """Which of several precisions to fetch ("fp16"), where the repository names them."""


@dataclass(frozen=True)
class HubFile:
    """One safetensors file of a hub repository."""

    repository: str
    revision: str
    file: str


@dataclass(frozen=True)
class LargerDecoder:
    """A second decoder, which makes larger pictures of what is drawn in the default size."""

    size: tuple[int, int]
    folder: Path
    """Its weights alone, and the configuration of the whole autoencoder."""


@dataclass(frozen=True)
class NoiseScheduler:
    """A diffusers scheduler to use in place of the checkpoint's, and what to set on it."""

    name: str
    options: Mapping[str, bool | int | float | str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Checkpoint:
    """Weights and how to run them."""

    name: str
    """What jobs and addresses call it."""
    title: str
    """What people call it."""
    source: Folder | Hub
    pipeline: str
    """The class in diffusers."""
    licence: str
    commercial_ok: bool
    sizes: tuple[tuple[int, int], ...]
    """Widths and heights that may be asked for, in pixels, the default first."""
    steps: int
    guidance: float
    dtype: str
    """What it computes in on a GPU. A CPU takes bfloat16 where it has it, else float32."""
    batch_size: int
    """Images in one call of the pipeline, at most."""
    memory_gib: float
    """GPU memory that holds all of it at work; on a smaller GPU its parts take turns."""
    longest_prompt: int
    """Tokens that it reads, the tokenizer's own marks included."""
    needs_check: bool
    """Whether its images must pass the image check before anybody sees them."""
    samples: tuple[str, ...]
    """Prompts to show to somebody who has none."""
    known_words: tuple[str, ...] = ()
    """Every form of every word that it learnt, where they are few; empty means any."""
    vocabulary: Path | None = None
    """The file that has these words by kind, with what they mean."""
    figures: Mapping[str, float] = field(default_factory=dict, hash=False)
    """What an examination of it found, by what was asked; empty where nobody has examined it."""
    nearest_words: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What it draws for words that it never learnt, by the word."""
    unsaid: tuple[Open, ...] = ()
    """What its prompts leave open, and its pictures share out among them."""
    styles: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Prompt templates by the style's name; `{prompt}` stands for what was typed."""
    negative_prompt: bool = False
    """Whether it heeds a negative prompt."""
    edits: bool = False
    """Whether it changes pictures that are there already: its pipeline has a sister in diffusers
    that begins with a picture, and latents that are an image themselves."""
    guidance_parameter: str = "guidance_scale"
    """What its pipeline calls the guidance."""
    unet: Path | HubFile | None = None
    """A safetensors file with the weights of the U-Net, in place of the source's own."""
    scheduler: NoiseScheduler | None = None
    larger_decoder: LargerDecoder | None = None

    @property
    def default_size(self) -> tuple[int, int]:
        """Width and height in pixels where none is asked for."""
        return self.sizes[0]

    @cached_property
    def revision(self) -> str:
        """Twelve hex digits that change whenever the same seed may draw other pixels."""
        parts = {
            "source": _identity(self.source),
            "unet": _identity(self.unet),
            "scheduler": _identity(self.scheduler),
            "pipeline": self.pipeline,
            "dtype": self.dtype,
            "longest_prompt": self.longest_prompt,
        }
        if self.larger_decoder is not None:
            parts["larger_decoder"] = _content_hash(self.larger_decoder.folder)
        if self.unsaid:
            parts["unsaid"] = [
                (one.where.pattern, one.one_of, one.even_if_said) for one in self.unsaid
            ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]

    def styled(self, prompt: str, style: str) -> str:
        """Returns the prompt in one of the styles; the empty style leaves it as it is.

        Raises:
            KeyError: this checkpoint has no such style.
        """
        return self.styles[style].replace("{prompt}", prompt) if style else prompt

    def prompt_begins_at(self, style: str) -> int:
        """Returns how many characters of a styled prompt come before what was typed."""
        return self.styles[style].index("{prompt}") if style else 0

    def nearest(self, word: str) -> str | None:
        """Returns the known thing that it draws for a word it never learnt: a dog, a labradoodle.

        `None` for a word that it knows and for one that it leaves out. Capitals do not matter,
        nor does an English plural.
        """
        said = word.strip().lower()
        if said in self.known_words:
            return None
        near = map(self.nearest_words.get, _singulars(said))
        return next((thing for thing in near if thing in self.known_words), None)


def load_manifest(path: Path) -> Mapping[str, Checkpoint]:
    """Returns the checkpoints of a manifest by name, in its order.

    Raises:
        ManifestError: the file cannot be read, or says something that cannot be run.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: {error}") from error
    return MappingProxyType({name: _checkpoint(path, name, tables[name]) for name in tables})


def chosen(manifest: Mapping[str, Checkpoint], names: Iterable[str]) -> Mapping[str, Checkpoint]:
    """Returns the named checkpoints in that order; the first is the default.

    A name that ends in `.toml` is the path of a further manifest and stands for all it holds.

    Raises:
        ManifestError: a name is unknown or said twice, there is none, or a manifest is broken.
    """
    served: dict[str, Checkpoint] = {}
    for name in names:
        for checkpoint in _named(manifest, name):
            if checkpoint.name in served:
                raise ManifestError(f"two checkpoints are called {checkpoint.name}")
            served[checkpoint.name] = checkpoint
    if not served:
        raise ManifestError(f"no checkpoint is named; there are {', '.join(manifest)}")
    return MappingProxyType(served)


def _named(manifest: Mapping[str, Checkpoint], name: str) -> Iterable[Checkpoint]:
    if name.endswith(".toml"):
        return load_manifest(Path(name)).values()
    if name not in manifest:
        raise ManifestError(f"no checkpoint is called {name}; there are {', '.join(manifest)}")
    return [manifest[name]]


def _identity(part: Folder | Hub | HubFile | Path | NoiseScheduler | None) -> str:
    match part:
        case None:
            return ""
        case Hub(repository, revision, variant):
            return f"{repository}@{revision}/{variant}"
        case HubFile(repository, revision, file):
            return f"{repository}@{revision}/{file}"
        case NoiseScheduler(name, options):
            return f"{name} {sorted(options.items())}"
        case Folder(path, revision):
            return revision or _content_hash(path)
        case path:
            return _content_hash(path)


def _content_hash(path: Path) -> str:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in filter(Path.is_file, files):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        total.update(f"{file.relative_to(path)}\0{digest}\n".encode())
    return total.hexdigest()


def _checkpoint(manifest: Path, name: str, values: object) -> Checkpoint:
    if not NAME.fullmatch(name):
        raise ManifestError(f"{manifest}: {name!r} wants small letters, digits and hyphens")
    table = Table(manifest, name, values)
    vocabulary = manifest_files.vocabulary(table)
    checkpoint = Checkpoint(
        name=name,
        title=table.text("title"),
        source=_source(table),
        pipeline=table.text("pipeline"),
        licence=table.text("licence"),
        commercial_ok=table.flag("commercial_ok"),
        sizes=table.take("sizes", _as_sizes, "pairs of sides, multiples of 16 from 64 to 4096"),
        steps=table.whole("steps"),
        guidance=table.number("guidance"),
        dtype=table.take("dtype", _as_dtype, f"one of {', '.join(DTYPES)}"),
        batch_size=table.whole("batch_size"),
        memory_gib=table.number("memory_gib"),
        longest_prompt=table.whole("longest_prompt"),
        needs_check=table.flag("needs_check"),
        samples=table.take("samples", as_texts, "a list of texts", ()),
        known_words=manifest_files.known_words(vocabulary, table),
        nearest_words=manifest_files.nearest_words(table),
        vocabulary=vocabulary,
        figures=manifest_files.figures(table),
        unsaid=manifest_files.unsaid(table),
        styles=table.take("styles", _as_styles, "templates that hold {prompt}, by name", {}),
        negative_prompt=table.flag("negative_prompt", default=False),
        edits=table.flag("edits", default=False),
        guidance_parameter=table.text("guidance_parameter", "guidance_scale"),
        unet=_unet(table),
        scheduler=_scheduler(table),
        larger_decoder=_larger_decoder(table),
    )
    larger = checkpoint.larger_decoder
    if larger is not None and larger.size not in checkpoint.sizes[1:]:
        raise table.refusal("larger_decoder", "wants one of the sizes that are not the default")
    table.end()
    return checkpoint


def _source(entry: Table) -> Folder | Hub:
    table = entry.table("source")
    if table is None:
        raise entry.refusal("source", "is missing; it wants a folder or a repository")
    source: Folder | Hub
    if table.has("folder"):
        source = Folder(table.path("folder"), table.text("revision", ""))
    else:
        source = Hub(table.text("repository"), table.commit("revision"), table.text("variant", ""))
    table.end()
    return source


def _unet(entry: Table) -> Path | HubFile | None:
    table = entry.table("unet")
    if table is None:
        return None
    unet: Path | HubFile
    if table.has("repository"):
        unet = HubFile(table.text("repository"), table.commit("revision"), table.text("file"))
    else:
        unet = table.path("file")
    table.end()
    return unet


def _scheduler(entry: Table) -> NoiseScheduler | None:
    table = entry.table("scheduler")
    return None if table is None else NoiseScheduler(table.text("name"), table.rest())


def _larger_decoder(entry: Table) -> LargerDecoder | None:
    table = entry.table("larger_decoder")
    if table is None:
        return None
    (size,) = table.take("size", lambda value: _as_sizes([value]), "a width and a height")
    larger = LargerDecoder(size, table.path("folder"))
    table.end()
    return larger


def _singulars(noun: str) -> Iterable[str]:
    """The noun, and what it may be an English plural of."""
    yield noun
    for ending, single in (("ies", "y"), ("es", ""), ("s", "")):
        if noun.endswith(ending):
            yield noun.removesuffix(ending) + single


def _as_sizes(value: Any) -> tuple[tuple[int, int], ...]:
    sizes = tuple((as_whole(width), as_whole(height)) for width, height in value)
    if not sizes or any(side not in SIDES for size in sizes for side in size):
        raise ValueError
    return sizes


def _as_dtype(value: Any) -> str:
    if value not in DTYPES:
        raise ValueError
    return str(value)


def _as_styles(value: Any) -> Mapping[str, str]:
    if any("{prompt}" not in as_text(template) for template in dict(value).values()):
        raise ValueError
    return MappingProxyType(dict(value))
