"""CPU cost of the quantized DeiT-Tiny's forward pass, in float forward passes of that batch.

python benchmarks/fake_quant.py [--weights FILE --images DIR] [--json]
"""

import _deit_tiny as deit_tiny

from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import PROFILES
from vit2rtl.quantized_vit import QuantizedViT


def main():
    options = deit_tiny.arguments(__doc__)
    batch, forward = deit_tiny.float_forward(options)
    ratios = {}
    for profile in PROFILES:
        quantized = QuantizedViT(deit_tiny.model(options), Recipe(profile=profile)).calibrate(batch)
        deit_tiny.cpu_seconds(lambda quantized=quantized: quantized(batch), 1)
        seconds = deit_tiny.cpu_seconds(
            lambda quantized=quantized: quantized(batch), options.repeats
        )
        ratios[profile] = seconds / forward
    deit_tiny.report(options, {
        "float_forward_cpu_seconds": forward,
        **{f"{profile}_over_float": ratio for profile, ratio in ratios.items()},
        "quantized_over_float": max(ratios.values()),
    })


if __name__ == "__main__":
    main()
