"""Write the folder that ships: `python -m doodle.export [FOLDER]`.

It is made of the autoencoder with its polished decoder and the mean weights of the denoiser, with
what they know. The decoder for larger pictures is trained afterwards, for what is in the folder.
`--words` writes only how the folder's weights may be spoken to, after other ways to say a thing
came into the tables: no weight knows the difference.
"""

import argparse
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from doodle.denoiser import Learner, frozen_autoencoder
from doodle.ema import Ema
from doodle.models import assembled, write_folder
from doodle.state import WEIGHTS, load_state
from doodle.tokenizer import new_tokenizer
from doodle.unsaid import write_unsaid
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
    mean = ema.written_to(Learner())
    size = write_folder(assembled(frozen_autoencoder(), mean.text, mean.denoiser), folder)
    write_vocabulary(folder)
    write_unsaid(folder)
    return size


def export_words(folder: Path) -> None:
    """Write the tokenizer and the vocabulary of a folder anew.

    Raises `ValueError` if the tables name other things than its weights have learnt.
    """
    tokenizer = new_tokenizer()
    learnt = PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer").get_vocab()
    if tokenizer.get_vocab() != learnt:
        raise ValueError("the tokens have changed: train the denoiser, and export it whole")
    tokenizer.save_pretrained(folder / "tokenizer")
    write_vocabulary(folder)
    write_unsaid(folder)


def main() -> None:
    """Write the folder named on the command line, or the one that ships."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=WEIGHTS)
    parser.add_argument("--words", action="store_true", help="only the words, not the weights")
    options = parser.parse_args()
    (export_words if options.words else export)(options.folder)


if __name__ == "__main__":
    main()
