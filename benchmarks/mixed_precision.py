"""Mixed precision: what a search gains at the cost of a setting, on images that it did not see.

python benchmarks/mixed_precision.py [--beside w4a4] [--cost bops] [--method repq]
    [--widths 3 4 6 8] [--apart] [--search 64] [--judge N] [--weights FILE --images DIR
    [--calibration-list FILE]] [--json]

The budget is what the setting --beside costs. So many images --search rank widths, and choose
among settings, or others do, --judge; both settings are measured on all that are left. The embedded
model and its digits, or DeiT-Tiny on labelled images: for the hand-made preset at 4.25 mean bits

python benchmarks/mixed_precision.py --weights deit.safetensors --images imagenet250/
    --calibration-list calibration.txt --beside w4a4+ --cost bits --method closed-form
    --widths 4 5 --apart

The gain has its standard error, of differences image by image.
"""

import copy
import json
import statistics
import time

import _deit_tiny as deit_tiny

from vit2rtl import evaluation
from vit2rtl.explore.mixed import costs
from vit2rtl.explore.mixed.search import search
from vit2rtl.explore.mixed.sensitivity import mean_db
from vit2rtl.explore.mixed.settings import Setting
from vit2rtl.explore.reuse import Reuse
from vit2rtl.golden.engine.configuration import DEIT_TINY, SMALL
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images, open_images, preprocessing, read_list
from vit2rtl.quantization.widths import parse_bits
from vit2rtl.quantized_vit import QuantizedViT

CALIBRATION_IMAGES = 32
COSTS = {
    "bops": lambda options: costs.bops(), "bits": lambda options: costs.mean_bits(),
    "bytes": lambda options: costs.weight_bytes(),
    "cycles": lambda options: costs.cycles(DEIT_TINY if options.images else SMALL),
}


def images_of(options):
    """The float model, and images that calibrate and all others, in an order drawn once."""
    if not options.images:
        model, held_out = embedded.create(), embedded_images("held_out")
        calibration = embedded_images("train").sample(CALIBRATION_IMAGES, 0)
    else:
        model = deit_tiny.model(options)
        pictures = open_images(options.images, preprocessing(model))
        names = (read_list(options.calibration_list) if options.calibration_list
                 else pictures.sample(CALIBRATION_IMAGES, 0).names)
        calibration, held_out = pictures.only(names), pictures.excluding(names)
    return model, calibration.batch(range(len(calibration))), held_out.sample(
        len(held_out), options.seed)


def unseen(bench, images, settings):
    """{setting: SQNR in dB, an image each}, each calibrated from the beginning."""
    reference = evaluation.logits(bench.model, images, title="float")
    made = {}
    for setting in dict.fromkeys(settings):
        quantized = QuantizedViT(copy.deepcopy(bench.model), bench.recipe(setting))
        logits = evaluation.logits(quantized.calibrate(bench.calibration), images)
        made[setting] = evaluation.image_sqnr(reference, logits).tolist()
    return made


def main():
    options = _arguments()
    model, calibration, images = images_of(options)
    parts = images.subset(range(options.search)), images.subset(
        range(options.search, options.search + options.judge))
    rest = images.subset(range(options.search + options.judge, len(images)))
    bench, judge = (
        Reuse(model, calibration, part.batch(range(len(part))), {"method": options.method})
        if len(part) else None for part in parts)
    beside = Setting(*parse_bits(options.beside))
    cost = COSTS[options.cost](options)
    budget = cost.share(bench.groups, beside.bits(bench.groups))
    started = time.process_time()
    found = search(bench, cost, [budget], options.widths, apart=options.apart, judge=judge)
    seconds = time.process_time() - started
    (row,) = found.settings
    chosen = Setting(row["weights"], row["activations"], tuple(row["bits_of"]))
    measured = unseen(bench, rest, [beside, chosen])
    gains = [a - b for a, b in zip(measured[chosen], measured[beside], strict=True)]
    figures = {
        "cost": options.cost, "budget": budget, "chosen_cost": row["cost"],
        "beside": options.beside, "chosen": row["name"], "bits_of": row["bits_of"],
        "source": row["source"], "search_images": options.search, "judge_images": options.judge,
        "unseen_images": len(rest), "evaluations": found.evaluations,
        "predicted_db": row["predicted_db"], "measured_db": row["measured_db"],
        "beside_db": mean_db((judge or bench).measure([beside])[0]),
        "unseen_db": mean_db(measured[chosen]), "unseen_beside_db": mean_db(measured[beside]),
        "gain_db": mean_db(gains), "gain_error_db": statistics.stdev(gains) / len(gains) ** 0.5,
        "search_cpu_minutes": seconds / 60,
    }
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        shown = f"{value:.3f}" if isinstance(value, float) else value
        print(f"{name:32} {'; '.join(value) if isinstance(value, list) else shown}")


def _arguments():
    parser = deit_tiny.parser(__doc__)
    parser.add_argument("--beside", default="w4a4", metavar="BITS")
    parser.add_argument("--cost", choices=COSTS, default="bops")
    parser.add_argument("--method", choices=("repq", "closed-form"), default="repq")
    parser.add_argument("--widths", nargs="+", type=int, default=[3, 4, 6, 8])
    parser.add_argument("--apart", action="store_true",
                        help="weights and activations of a layer have widths of their own")
    parser.add_argument("--search", type=int, default=64, help="images that rank")
    parser.add_argument("--judge", type=int, default=0,
                        help="other images that choose (default: those that rank)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw of these images")
    parser.add_argument("--calibration-list", metavar="FILE", help="names of calibration images")
    options = parser.parse_args()
    if bool(options.images) != bool(options.weights):
        parser.error("--images and --weights go together: without both, the embedded model")
    return options


if __name__ == "__main__":
    main()
