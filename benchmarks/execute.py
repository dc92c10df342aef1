"""CPU cost of executing DeiT-Tiny's integer programs, in float forward passes of that batch.

python benchmarks/execute.py [--weights FILE --images DIR] [--json]
"""

import resource

import _deit_tiny as deit_tiny
import numpy as np

from vit2rtl.golden.execute import execute
from vit2rtl.images import preprocessing
from vit2rtl.lowering import lower
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.recipe import Recipe
from vit2rtl.tracing import trace

_BATCH = 8
_BITS = (4, 6, 8)


def main():
    options = deit_tiny.arguments(__doc__)
    network = deit_tiny.model(options)
    images = deit_tiny.images(options, network)
    batch = images[:_BATCH]
    deit_tiny.cpu_seconds(lambda: network(batch), 1)
    forward = deit_tiny.cpu_seconds(lambda: network(batch), options.repeats)
    programs, codes = {}, {}
    for bits in _BITS:
        quantized = QuantizedViT(deit_tiny.model(options), Recipe(bits, bits)).calibrate(images)
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
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    })


if __name__ == "__main__":
    main()
