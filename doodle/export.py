"""Write the folder that ships: `python -m doodle.export [FOLDER]`.

It is made of the autoencoder with its polished decoder and the mean weights of the denoiser, with
what they know. The decoder for larger pictures is trained afterwards, for what is in the folder.
"""

import argparse
from pathlib import Path

from doodle.denoiser import Ema, Learner, frozen_autoencoder
from doodle.models import assembled, write_folder
from doodle.state import WEIGHTS, load_state
from doodle.vocabulary import write_vocabulary


def export(folder: Path) -> int:
    """Write the folder from the training state and return its size in bytes.

    Raises `FileNotFoundError` if the denoiser was never trained here.
    """
    saved = load_state("denoiser")
    if saved is None:
        raise FileNotFoundError("train the denoiser first: python -m doodle.train denoiser")
    ema = Ema(Learner())
    ema.weights = saved["ema"]
    mean = ema.learner()
    size = write_folder(assembled(frozen_autoencoder(), mean.text, mean.denoiser), folder)
    write_vocabulary(folder)
    return size


def main() -> None:
    """Write the folder named on the command line, or the one that ships."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=WEIGHTS)
    export(parser.parse_args().folder)


if __name__ == "__main__":
    main()
