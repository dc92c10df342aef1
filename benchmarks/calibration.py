"""CPU cost of calibrating DeiT-Tiny on 32 images, in float forward passes of that batch.

python benchmarks/calibration.py [--weights FILE --images DIR] [--json]
"""

import _deit_tiny as deit_tiny

from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT


def calibrate(options, batch):
    """CPU seconds of calibrating a fresh model, surgery and freezing included."""
    network = deit_tiny.model(options)
    return deit_tiny.cpu_seconds(lambda: QuantizedViT(network, Recipe()).calibrate(batch), 1)


def main():
    options = deit_tiny.arguments(__doc__)
    batch, forward = deit_tiny.float_forward(options)
    calibration = min(calibrate(options, batch) for _ in range(options.repeats))
    deit_tiny.report(options, {
        "float_forward_cpu_seconds": forward,
        "calibration_cpu_seconds": calibration,
        "calibration_over_forward": calibration / forward,
    })


if __name__ == "__main__":
    main()
