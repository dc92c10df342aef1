"""What an evaluation costs in a search for mixed widths: CPU seconds of one thread.

python benchmarks/explore_evaluation.py [--method repq closed-form] [--every 1] [--search 64]
    [--weights FILE --images DIR [--calibration-list FILE]] [--json]

Every so many-th group of the network is moved from W4/A4 to W5/A5, others stay: an evaluation
begins where its setting differs from the anchor, so that the first groups take longest. Beside the
mean and the range over groups stands one from the beginning, which tells of the machine. The
embedded model and its digits, or DeiT-Tiny on images.
"""

import copy
import statistics
import time

import _deit_tiny as deit_tiny
from mixed_precision import images_of

from vit2rtl.explore.mixed.settings import Setting
from vit2rtl.explore.reuse import METHODS, Reuse
from vit2rtl.quantized_vit import QuantizedViT

ANCHOR, MOVED = 4, 5


def seconds(call):
    started = time.process_time()
    call()
    return time.process_time() - started


def evaluations(bench, every):
    """{group: CPU seconds}, and those of an evaluation from the beginning."""
    anchor = Setting(ANCHOR, ANCHOR)
    plain = QuantizedViT(copy.deepcopy(bench.model), bench.recipe(anchor))
    whole = seconds(lambda: plain.calibrate(bench.calibration)(bench.images))
    bench.measure([anchor])
    moved = {group.name: Setting(ANCHOR, ANCHOR, (group.rule((MOVED, MOVED)),))
             for group in bench.groups[every // 2::every]}
    return {name: seconds(lambda one=one: bench.measure([one]))
            for name, one in moved.items()}, whole


def main():
    parser = deit_tiny.parser(__doc__)
    parser.add_argument("--method", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--every", type=int, default=1, help="of so many groups one is moved")
    parser.add_argument("--search", type=int, default=64, help="images that are evaluated")
    parser.add_argument("--seed", type=int, default=0, help="of the draw of these images")
    parser.add_argument("--calibration-list", metavar="FILE", help="names of calibration images")
    options = parser.parse_args()
    if bool(options.images) != bool(options.weights):
        parser.error("--images and --weights go together: without both, the embedded model")
    model, calibration, images = images_of(options)
    batch = images.batch(range(options.search))
    figures = {}
    for method in options.method:
        groups, whole = evaluations(
            Reuse(model, calibration, batch, {"method": method}), options.every)
        figures |= {
            f"{method}, groups": len(groups), f"{method}, mean": statistics.fmean(groups.values()),
            f"{method}, least": min(groups.values()), f"{method}, most": max(groups.values()),
            f"{method}, from the beginning": whole}
    deit_tiny.report(options, figures)


if __name__ == "__main__":
    main()
