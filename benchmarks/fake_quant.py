"""CPU cost of the quantized DeiT-Tiny's forward pass, in float forward passes of that batch.

Profile `hardware` multiplies bytes on processors that can (VNNI); `floats` is what others do.

python benchmarks/fake_quant.py [--weights FILE --images DIR] [--json]
"""

import _deit_tiny as deit_tiny

from vit2rtl.quantization import exact_matmul
from vit2rtl.quantization.methods.repq import PROFILES
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT


def main():
    options = deit_tiny.timed(__doc__).parse_args()
    batch, forward = deit_tiny.float_forward(options)
    settings = {profile: Recipe(profile=profile) for profile in PROFILES}
    settings |= {f"hardware_w{bits}a{bits}": Recipe(bits, bits, method="repq") for bits in (6, 8)}
    ratios = {name: ratio(options, recipe, batch, forward) for name, recipe in settings.items()}
    multiplies_bytes = exact_matmul.multiplies_bytes()
    exact_matmul.multiplies_bytes = lambda: False
    for name in ("hardware", "hardware_w6a6", "hardware_w8a8"):
        ratios[f"{name}_floats"] = ratio(options, settings[name], batch, forward)
    deit_tiny.report(options, {
        "float_forward_cpu_seconds": forward,
        "multiplies_bytes": multiplies_bytes,
        **{f"{name}_over_float": ratio for name, ratio in ratios.items()},
        "quantized_over_float": max(ratios[name] for name in settings),
    })


def ratio(options, recipe, batch, forward):
    """Of the quantized forward pass to the float one."""
    quantized = QuantizedViT(deit_tiny.model(options), recipe).calibrate(batch)
    deit_tiny.cpu_seconds(lambda: quantized(batch), 1)
    return deit_tiny.cpu_seconds(lambda: quantized(batch), options.repeats) / forward


if __name__ == "__main__":
    main()
