"""Train, validate, test and predict.

python train.py fit
python train.py fit --model.gating.threshold 0.2 --trainer.max_steps 1200
python train.py validate --ckpt_path best
python train.py predict --ckpt_path best --data.prompt "Return a list of"
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "src"))  # the project runs where it lies, installed or not

from adaptive_moe import callbacks, data, moe, tasks  # noqa: E402, F401  YAML names their classes bare
from adaptive_moe.cli import CLI  # noqa: E402


def main(args: list[str] | None = None) -> CLI:
    """Run one command; `args` stand in for the command line."""
    return CLI(HERE / "configs" / "default.yaml", args)


if __name__ == "__main__":
    main()
