"""An exploration of the embedded model: CPU seconds, and what mixed precision gains.

python benchmarks/explore.py [--evaluate N] [--jobs N] [--json]

``demo_cpu_seconds``: 25 widths × 4 methods on 500 images, two arrays, report included;
``idle_cpu_seconds``: the same command again, with nothing to do; ``overhead_ms``: of an empty task,
its file included; ``mixed_gain_db``: widths by layer that cost at most what uniform W4A4 costs in
bit operations, over uniform W4A4, RepQ-ViT, mean over images of the SQNR of the logits, on digits
that neither ranked nor chose: ``--unseen`` of them. ``mixed_evaluations``: of 64 images each.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vit2rtl.explore import results
from vit2rtl.explore.accuracy import ratios
from vit2rtl.farm import run as farm
from vit2rtl.farm.store import TRIALS, Store
from vit2rtl.farm.task import Task

SPACE = """
model = "mnist_vit"
evaluate = {evaluate}
[recipe]
weights = {widths}
activations = {widths}
method = ["repq", "closed-form", "fq"]
softmax = ["log-sqrt2", "uniform"]
[hardware]
array = ["8x8", "16x16"]
device = "LFE5U-85F"
mac = ["digit", "native"]
"""
MIXED = """
model = "mnist_vit"
evaluate = {unseen}
[recipe]
method = "repq"
[mixed]
widths = [3, 4, 6, 8]
budgets = [{budget}]
judge = 256
"""
# Of 8/8 everywhere. W4A4 costs 0.2511, as the image comes in 8 bits.
BUDGET = 0.2511239
TASKS = 1000


def options():
    made = argparse.ArgumentParser(description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--evaluate", type=int, default=500, help="images of the space")
    made.add_argument("--unseen", type=int, default=936, help="images that confirm mixed widths")
    made.add_argument("--widths", default="3,4,5,6,8", help="of weights and of activations")
    made.add_argument("--jobs", type=int, default=1)
    made.add_argument("--json", action="store_true")
    return made.parse_args()


def explored(text, folder, jobs):
    """CPU seconds of the command, its workers included; that some trials fail is part of it."""
    folder.mkdir(exist_ok=True)
    (folder / "space.toml").write_text(text)
    before = children()
    done = subprocess.run(
        [sys.executable, "-c", "from vit2rtl.cli import main; main()", "explore", "space.toml",
         "--out", "out", "--jobs", str(jobs)], cwd=folder, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    return children() - before


def children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def nothing(spec):
    """The empty task."""
    return {}


def overhead(folder):
    """CPU milliseconds of an empty task in this process."""
    tasks = [Task(f"{__name__}:nothing", 1, {"n": n}) for n in range(TASKS)]
    started = time.process_time()
    farm.run(tasks, Store(folder))
    return 1000 * (time.process_time() - started) / TASKS


def mixed(folder, unseen, jobs):
    """What widths by layer gain, and how many settings were measured for it."""
    explored(MIXED.format(unseen=unseen, budget=BUDGET), folder, jobs)
    found = results.read(folder / "out")
    uniform, chosen = found["rows"]
    assert chosen["bops"] <= uniform["bops"]
    trials = (json.loads(path.read_text())
              for path in (folder / "out" / TRIALS).glob("*/*.json"))
    measured = sum(one["task"]["function"].endswith(f":{ratios.__name__}") for one in trials)
    return {"mixed_gain_db": chosen["sqnr_db"] - uniform["sqnr_db"],
            "mixed_evaluations": measured, "mixed_cost": chosen["bops"],
            "uniform_cost": uniform["bops"]}


def main():
    given = options()
    text = SPACE.format(evaluate=given.evaluate,
                        widths=[int(width) for width in given.widths.split(",")])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        figures = {
            "demo_cpu_seconds": explored(text, place / "demo", given.jobs),
            "idle_cpu_seconds": explored(text, place / "demo", given.jobs),
            "overhead_ms": overhead(place / "empty"),
            **mixed(place / "mixed", given.unseen, given.jobs),
        }
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<20} {value:,.3f}")


if __name__ == "__main__":
    main()
