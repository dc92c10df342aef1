"""CPU cost and memory of calibrating DeiT-Tiny on 32 images, in float forward passes of that batch.

python benchmarks/calibration.py [--method closed-form [--mirrors] | --method ptq4vit]
    [--weights FILE --images DIR] [--json]

Memory is the peak of a process of its own, and what calibration adds there to the model and the
images; both are compared with RepQ-ViT's.
"""

import multiprocessing
import resource
from concurrent.futures import ProcessPoolExecutor

import _deit_tiny as deit_tiny

from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import METHODS
from vit2rtl.quantized_vit import QuantizedViT


def calibrate(options, recipe, batch):
    """CPU seconds of calibrating a fresh model, surgery and freezing included."""
    network = deit_tiny.model(options)
    return deit_tiny.cpu_seconds(lambda: QuantizedViT(network, recipe).calibrate(batch), 1)


def memory(options, recipe):
    """MiB at the peak of a fresh process that calibrates, and what calibration adds there."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_memory, options, recipe).result()


def _memory(options, recipe):
    batch = deit_tiny.images(options, deit_tiny.model(options))
    network = deit_tiny.model(options)
    with deit_tiny.torch.inference_mode():
        network(batch[:1])
        before = _peak()
        QuantizedViT(network, recipe).calibrate(batch)
    return _peak(), _peak() - before


def _peak():
    """MiB of this process at its peak."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = deit_tiny.timed(__doc__)
    parser.add_argument("--method", choices=METHODS, default="repq")
    parser.add_argument("--mirrors", action="store_true", help="closed-form: on mirror images, too")
    options = parser.parse_args()
    if options.mirrors and options.method != "closed-form":
        parser.error("--mirrors is of --method closed-form")
    repq = Recipe(method="repq")
    mirrors = {"mirrors": True} if options.mirrors else {}
    recipe = Recipe(method=options.method, **mirrors)
    # Memory first: a process begins with the peak of the one that started it.
    (peak, added), (repq_peak, repq_added) = (memory(options, one) for one in (recipe, repq))
    batch, forward = deit_tiny.float_forward(options)
    calibration = min(calibrate(options, recipe, batch) for _ in range(options.repeats))
    deit_tiny.report(options, {
        "float_forward_cpu_seconds": forward,
        "calibration_cpu_seconds": calibration,
        "calibration_over_forward": calibration / forward,
        "peak_mib": peak,
        "peak_over_repq": peak / repq_peak,
        "added_mib": added,
        "added_over_repq": added / repq_added,
    })


if __name__ == "__main__":
    main()
