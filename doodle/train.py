"""Train one stage: `python -m doodle.train STAGE --minutes N`.

Every stage resumes from its own state in the state folder (`DOODLE_STATE`) and writes a
sheet of pictures beside it.
"""

import argparse
import importlib
import os

import numpy as np
import torch

from doodle.run import Run
from doodle.sprites import load_sprites

STAGES = ("autoencoder", "denoiser", "polish", "larger", "classifier")


def main() -> None:
    """Run the stage named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=None, help="default: a new one every run")
    options = parser.parse_args()
    torch.set_num_threads(min(torch.get_num_threads(), os.cpu_count() or 1))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    rng = np.random.default_rng(options.seed)
    torch.manual_seed(int(rng.integers(2**31)))
    run = Run(options.stage, options.minutes, device, load_sprites(), rng)
    importlib.import_module(f"doodle.{options.stage}").train(run)


if __name__ == "__main__":
    main()
