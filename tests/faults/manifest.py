"""A manifest of one tiny checkpoint: a real pipeline that draws noise in milliseconds."""

from pathlib import Path

from tests.generation.checkpoints.tiny import made

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
edits = true
samples = ["a fox"]
"""


def tiny_manifest(folder: Path, **others: str) -> Path:
    """Returns the path of the manifest, whose weights are made beside it.

    Args:
        folder: where it is written.
        others: further checkpoints of the same weights by name, and what is different about them.
    """
    made("doodle_like", folder / "tiny")
    path = folder / "checkpoints.toml"
    tiny = MANIFEST.format(folder=folder / "tiny")
    tables = [tiny]
    for name, different in others.items():
        changed = {line.partition(" = ")[0]: line for line in different.splitlines()}
        lines = [changed.pop(line.partition(" = ")[0], line) for line in tiny.splitlines()]
        tables.append("\n".join([*lines, *changed.values()]).replace("[tiny]", f"[{name}]"))
    path.write_text("\n".join(tables))
    return path
