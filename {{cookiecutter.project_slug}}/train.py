#!/usr/bin/env python
"""Train, validate, test, predict and export.

python train.py fit
python train.py fit --model.gating.threshold 0.2 --trainer.max_steps 1200
python train.py validate --ckpt_path best
python train.py predict --ckpt_path best --data.inputs "Return a list of"
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))  # the project runs where it lies, installed or not

# YAML and the command line name the classes of these rooms bare.
from adaptive_moe import callbacks, data, moe, tasks  # noqa: F401
from adaptive_moe.cli import CLI


def main(args: list[str] | None = None) -> CLI:
    """Run one command; `args` stand in for the command line."""
    return CLI(Path(__file__).parent / "configs" / "default.yaml", args)


if __name__ == "__main__":
    main()
