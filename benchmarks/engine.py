"""DeiT-Tiny by the engine in simulation: cycles an image, slots of the array, CPU seconds.

python benchmarks/engine.py [--weights FILE --images DIR] [--engine deit-tiny] [--program PROGRAM]
[--count N] [--compare all] [--json]

W4A4, method closed-form, variant integer; without options the weights and images of ``../shared/
data`` where they are, else random ones. ``cycles`` is the engine's own counter. A slot is what a
place of the array could multiply in a cycle; used is one that a product of a linear layer or of
q·kᵀ is computed in, once whatever its digits. With ``--compare all`` besides the cycles of each
kind of op, and those that the compiler expects.
"""

import os
import resource
import tempfile
import time
from pathlib import Path

import _deit_tiny as deit_tiny

from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.golden.engine.compiler.cycles import cycles as expected
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.lower import lower
from vit2rtl.lowering.tracing import trace
from vit2rtl.models.images import preprocessing
from vit2rtl.program_images import find
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.sim.model.bench import bench
from vit2rtl.sim.model.run import simulate_model
from vit2rtl.sim.tools import simulators

DATA = Path("../shared/data")
WEIGHTS, IMAGES = DATA / "deit_tiny_patch16_224.safetensors", DATA / "imagenet250"


def options():
    """Of the command line; the real model where it is and nothing else is asked for."""
    made = deit_tiny.parser(__doc__)
    made.add_argument("--engine", choices=[*CONFIGURATIONS], default="deit-tiny")
    made.add_argument("--program", help="a program of variant integer, in place of DeiT-Tiny")
    made.add_argument("--count", type=int, default=1, help="images")
    made.add_argument("--compare", choices=["logits", "all"], default="logits")
    given = made.parse_args()
    if not (given.program or given.weights or given.images) and WEIGHTS.exists():
        given.weights, given.images = str(WEIGHTS), str(IMAGES)
    return given


def program_of(given):
    """(program, codes of images, what they are)"""
    if given.program:
        program = read_program(given.program)
        available = find(given.images, program)
        return program, available.codes(available.draw(given.count, 0)), given.program
    network = deit_tiny.model(given)
    batch = deit_tiny.images(given, network)
    quantized = QuantizedViT(network, Recipe()).calibrate(batch)
    program = lower(quantized, variant="integer", model="deit_tiny_patch16_224",
                    preprocessing=preprocessing(network), images=batch[:8])
    if given.images:
        available = find(given.images, program)
        codes = available.codes(available.draw(given.count, 0))
    else:
        codes = trace(quantized, batch[:given.count])["image"].encode(program.image)
    what = "real" if given.weights and given.images else "random"
    return program, codes, f"DeiT-Tiny W4A4 closed-form, {what} weights and images"


def children():
    """CPU seconds of this process and of those that it has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + usage.ru_utime + usage.ru_stime


def main():
    given = options()
    program, codes, what = program_of(given)
    configuration = CONFIGURATIONS[given.engine]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VIT2RTL_CACHE"] = folder
        started = children()
        bench(simulators.find("verilator"), configuration)
        build = children() - started
        results = simulate_model(program, codes, configuration, compare=given.compare,
                                 out=Path(folder) / "out")
    if results.differences:
        raise SystemExit(f"{len(results.differences)} differences: {results.differences[0]}")
    cycles, model = max(results.cycles), expected(results.image)
    figures = {
        "cycles": cycles,
        "utilization": model.utilization * model.total / cycles,
        "cpu_seconds_per_image": results.cpu_seconds / len(codes),
        "cycles_per_cpu_second": results.simulated_cycles / results.cpu_seconds,
        "build_cpu_seconds": build,
        "expected_cycles": model.total,
        "elements": results.elements,
    }
    for name, kind in results.kinds.items():
        figures |= {f"cycles_{name}": kind.simulated, f"expected_cycles_{name}": kind.expected}
    if given.json:
        deit_tiny.report(given, figures | {"program": what, "engine": given.engine})
    else:
        print(f"{what}, engine {given.engine}")
        deit_tiny.report(given, figures)


if __name__ == "__main__":
    main()
