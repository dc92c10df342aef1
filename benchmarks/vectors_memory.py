"""Peak memory of `vit2rtl vectors` of a checkpoint, by the number of images.

    python benchmarks/vectors_memory.py [CHECKPOINT --images DIR] [--counts 4 32] [--json]

Without a checkpoint the embedded model is quantized first.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

_PEAK = """
import resource, sys
from vit2rtl import cli
try:
    cli.main(sys.argv[1:])
except SystemExit as stop:
    assert not stop.code, stop.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def call(*arguments: object) -> float:
    """MiB at the peak of one command."""
    done = subprocess.run([sys.executable, "-c", _PEAK, *map(str, arguments)], check=True,
                          capture_output=True, text=True)
    return int(done.stderr.split()[-1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?")
    parser.add_argument("--images", help="image folder of the checkpoint")
    parser.add_argument("--counts", type=int, nargs="+", default=[4, 32])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint, images = given.checkpoint, ["--images", given.images] if given.images else []
        if checkpoint is None:
            checkpoint = Path(scratch) / "model"
            call("quantize", "mnist_vit", "--out", checkpoint)
        peaks = {count: call("vectors", checkpoint, *images, "--count", count,
                             "--out", Path(scratch) / "vectors") for count in given.counts}
    if given.json:
        print(json.dumps({"peak_mib": peaks}))
        return
    for count, peak in peaks.items():
        print(f"{count:4} images  {peak:7.1f} MiB")
    first, *_, last = peaks.values()
    print(f"ratio        {last / first:7.3f}")


if __name__ == "__main__":
    main()
