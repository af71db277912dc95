"""Where training keeps what it fetched, rendered and learned: outside the repository."""

import os
from pathlib import Path
from typing import Any

import torch

WEIGHTS = Path(__file__).parent / "weights"


def state_folder() -> Path:
    """The folder of the training state: `DOODLE_STATE`, or one in the user's cache."""
    folder = Path(os.environ.get("DOODLE_STATE", Path.home() / ".cache" / "craiyon-doodle"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save_state(name: str, state: dict[str, Any]) -> None:
    """Write a stage's state so that a crash leaves either the old or the new one."""
    path = state_folder() / f"{name}.pt"
    unfinished = path.with_suffix(".unfinished")
    torch.save(state, unfinished)
    unfinished.replace(path)


def load_state(name: str) -> dict[str, Any] | None:
    """The state a stage last saved, on the CPU; `None` if it has never run here."""
    path = state_folder() / f"{name}.pt"
    if not path.exists():
        return None
    loaded: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return loaded
