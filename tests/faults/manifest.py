"""A manifest of one tiny checkpoint: a real pipeline that draws noise in milliseconds."""

from pathlib import Path

from tests.generation.checkpoints.tiny import doodle_like

MANIFEST = """
[tiny]
title = "Tiny"
source = {{ folder = "{folder}" }}
pipeline = "StableDiffusionPipeline"
licence = "Apache-2.0"
commercial_ok = true
sizes = [[64, 64], [96, 64]]
steps = 2
guidance = 3.0
dtype = "bfloat16"
batch_size = 9
memory_gib = 0.1
longest_prompt = 16
needs_check = false
samples = ["a fox"]
"""


def tiny_manifest(folder: Path) -> Path:
    """Returns the path of the manifest, whose weights are made beside it."""
    doodle_like(folder / "tiny")
    path = folder / "checkpoints.toml"
    path.write_text(MANIFEST.format(folder=folder / "tiny"))
    return path
