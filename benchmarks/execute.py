"""CPU cost of executing DeiT-Tiny's integer programs, in float forward passes of that batch.

The peak of memory is that of a process that does nothing but read a program and execute a batch.

python benchmarks/execute.py [--weights FILE --images DIR] [--json]
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import _deit_tiny as deit_tiny
import numpy as np

from vit2rtl.golden.program.execute import execute
from vit2rtl.lowering.lower import lower
from vit2rtl.lowering.tracing import trace
from vit2rtl.models.images import preprocessing
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

_BATCH = 8
_BITS = (4, 6, 8)
_EXECUTE = """
import sys
import numpy as np
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.reader import read_program
execute(read_program(sys.argv[1]), np.load(sys.argv[2]))
print(open("/proc/self/status").read())
"""


def main():
    options = deit_tiny.timed(__doc__).parse_args()
    network = deit_tiny.model(options)
    images = deit_tiny.images(options, network)
    batch = images[:_BATCH]
    deit_tiny.cpu_seconds(lambda: network(batch), 1)
    forward = deit_tiny.cpu_seconds(lambda: network(batch), options.repeats)
    programs, codes = {}, {}
    for bits in _BITS:
        recipe = Recipe(bits, bits, method="repq")
        quantized = QuantizedViT(deit_tiny.model(options), recipe).calibrate(images)
        for variant in ("hardware", "integer"):
            program = lower(quantized, variant=variant, model="deit_tiny_patch16_224",
                            preprocessing=preprocessing(network), images=batch)
            programs[f"w{bits}a{bits}_{variant}"] = program
            seen = trace(quantized, batch[:1])
            shape = (_BATCH, *program.image.shape)
            codes[bits] = np.broadcast_to(seen["image"].encode(program.image), shape)
            codes[bits] = codes[bits].astype(np.uint8)
    ratios = {}
    for name, program in programs.items():
        x = codes[int(name[1])]
        execute(program, x[:1])
        seconds = deit_tiny.cpu_seconds(
            lambda program=program, x=x: execute(program, x), options.repeats)
        ratios[name] = seconds / forward
    deit_tiny.report(options, {
        "float_forward_cpu_seconds": forward,
        **{f"{name}_over_float": ratio for name, ratio in ratios.items()},
        "execute_over_float": max(ratios.values()),
        "peak_gib": peak_gib(programs, codes),
    })


def peak_gib(programs, codes):
    """Largest resident size of processes that execute one program each (Linux: VmHWM).

    Not by getrusage, which counts for a child what its parent had.
    """
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for name, program in programs.items():
            place, batch = Path(folder, name), Path(folder, f"{name}.npy")
            program.save(place)
            np.save(batch, codes[int(name[1])])
            command = [sys.executable, "-c", _EXECUTE, place, batch]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            peaks.append(int(re.search(r"VmHWM:\s+(\d+) kB", done.stdout)[1]))
    return max(peaks) / 2**20


if __name__ == "__main__":
    main()
