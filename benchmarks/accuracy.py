"""Accuracy of a model under every profile and ablation, as a table (docs/quantization.md).

python benchmarks/accuracy.py [MODEL --weights FILE --images DIR --list FILE] [--json]

The images that ``--list`` names calibrate, all others are for evaluation. Without a model, the
embedded one and its own images. ``--jitter N`` repeats everything N times with the calibration
images moved by normal noise of a quarter of an 8-bit step, and shows how far the figures of one and
the same setting lie apart.
"""

import argparse
import json
import statistics

import torch

from vit2rtl import ablation
from vit2rtl.models import embedded
from vit2rtl.models import zoo as timm_models
from vit2rtl.models.images import embedded_images, open_images, preprocessing, read_list

JITTER = 4e-3  # of a standard deviation of the pixels; 8-bit steps are about 0.017


def main():
    options = _arguments()

    def create():
        return timm_models.create(options.model, weights=options.weights)

    if options.images:
        pictures = open_images(options.images, preprocessing(create()))
        listed = read_list(options.list)
        calibration, images = pictures.only(listed), pictures.excluding(listed)
    else:
        calibration = embedded_images("train").sample(32, seed=0)
        images = embedded_images("held_out")
    batch = calibration.batch(range(len(calibration)))
    runs = []
    for seed in range(options.jitter + 1):
        noise = torch.randn(batch.shape, generator=torch.Generator().manual_seed(seed))
        moved = batch + JITTER * noise if seed else batch
        rows = list(ablation.compare(create, moved, images))
        runs.append([row.as_dict() for row in rows])
        if not options.json:
            print(f"\njitter, seed {seed}\n" if seed else "", ablation.table(rows), flush=True)
    if options.json:
        print(json.dumps(runs, indent=1))
    elif options.jitter:
        print("\nmean and standard deviation over all runs")
        for same in zip(*runs, strict=True):
            print(f"{same[0]['title']:<26}", *(_spread(same, key) for key in ("top1", "sqnr")))


def _spread(rows, key):
    values = [row[key] for row in rows]
    if None in values:
        return ""
    return f"{statistics.mean(values):8.2f} ± {statistics.stdev(values):.2f}"


def _arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default=embedded.MODEL_NAME)
    parser.add_argument("--weights")
    parser.add_argument("--images")
    parser.add_argument("--list")
    parser.add_argument("--jitter", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.images and not options.list:
        parser.error("--images needs --list: the images to calibrate with")
    return options


if __name__ == "__main__":
    main()
