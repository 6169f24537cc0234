"""The pictures of a real run: TensorBoard in a headless Chromium, and the page of the routing analysis.

python docs/pictures.py --runs /tmp/pictures

Trains text completion at its defaults, if that has not been done in the folder; on two CPU cores some minutes. Needs
`chromium` (Debian's package, for one).
"""

import argparse
import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "{{cookiecutter.project_slug}}"
VIEWS = {
    "custom_scalars": ("#custom_scalars", 1400, 1700),
    "images": ("#images", 1400, 900),
    "histograms": ("#histograms", 1400, 900),
    "text": ("#text", 1400, 1000),
}


def main() -> None:
    """Train, serve, look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="where the run goes, or lies")
    runs: Path = parser.parse_args().runs.absolute()
    run = runs / "text_completion" / "version_0"
    if not run.exists():
        options = [f"--trainer.logger.save_dir={runs}", f"--data.cache_dir={runs}/data"]
        subprocess.run([sys.executable, "-B", PROJECT / "train.py", "fit", *options], check=True)
    with served(run.parent) as address:
        for name, (place, *size) in VIEWS.items():
            picture(f"{address}/{place}", name, *size)
    picture((run / "routing.html").as_uri(), "routing", 1100, 1500)


@contextlib.contextmanager
def served(run: Path) -> Iterator[str]:
    """The address of a TensorBoard that has read the run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={run.name}", f"--port={port}", "--load_fast=false"]
    server = subprocess.Popen(command, cwd=run.parent, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(60):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/data/runs") as answer:
                if answer.read().strip() != b"[]":
                    break
            time.sleep(1)
        yield address
    finally:
        server.kill()
        server.wait()


def picture(address: str, name: str, width: int, height: int) -> None:
    """Of a page, after it has had time to draw."""
    path = ROOT / "docs" / "pictures" / f"{name}.png"
    command = ["chromium", "--headless=new", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=20000"]
    command += [f"--window-size={width},{height}", f"--screenshot={path}", address]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    print(path.relative_to(ROOT), f"{path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
