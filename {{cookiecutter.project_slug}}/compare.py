"""Train schemes side by side, from equal seeds on equal data, and report what each saves and costs.

python compare.py --task sentiment
python compare.py --task sentiment --schemes thresholds --seeds 5
python compare.py --task translation --schemes top_2 adaptive budget --trainer.max_steps 2000 --data.corpus WMT19

What this program does not know goes to every run of `train.py fit`. Interrupted, the same command goes on.
"""

import argparse
import logging
import sys
from pathlib import Path

import train

from adaptive_moe.cli.errors import refuse
from adaptive_moe.errors import RunError
from adaptive_moe.report import (
    GROUPS,
    SCHEMES,
    TASKS,
    Asked,
    Failed,
    chosen,
    compare,
    write_report,
)


def asked(args: list[str] | None = None) -> Asked:
    """From the command line; `args` stand in for it."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--task", required=True, help=f"a file of configs/tasks: {', '.join(TASKS)}")
    schemes = f"names: {', '.join(SCHEMES)}; or groups: {', '.join(GROUPS)}; standard if not given"
    parser.add_argument("--schemes", nargs="+", default=["standard"], help=schemes)
    parser.add_argument("--seeds", type=int, default=3, help="how many runs of each: 3 if not given")
    target = "the value to reach is top-2's after this part of its steps; 0.75 if not given"
    parser.add_argument("--target", type=float, default=0.75, help=target)
    parser.add_argument("--devices", help="of each run")
    parser.add_argument("--folder", type=Path, help="where runs and report go; comparisons/<task> if not given")
    known, options = parser.parse_known_args(args)
    folder = (known.folder or Path("comparisons", known.task)).absolute()
    options += [f"--trainer.devices={known.devices}"] if known.devices else []
    wanted = chosen(known.schemes)
    return Asked(train.main, Path(train.__file__), known.task, wanted, known.seeds, known.target, options, folder)


def main(args: list[str] | None = None) -> None:
    """Compare."""
    try:
        wanted = asked(args)
        sys.argv[1:] = []  # what Lightning would find there is not for it
        for name in ("lightning.pytorch", "lightning.fabric"):
            logging.getLogger(name).setLevel(logging.WARNING)  # what each run says is in its log
        for results in compare(wanted):
            write_report(results, wanted.folder)
    except RunError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error}; make room there, or choose another --folder")
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on.", flush=True)
        raise SystemExit(130) from None
    print(f"The report: {wanted.folder}/report.html")
    if failed := sum(isinstance(results.runs[name][seed], Failed) for name, seed in wanted.runs()):
        raise SystemExit(f"error: {failed} runs failed; the report says why, and the same command tries them again")


if __name__ == "__main__":
    main()
