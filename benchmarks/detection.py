"""Average precision of the embedded detector, float and quantized (docs/detection.md).

python benchmarks/detection.py [--canvases 200] [--images 32] [--all] [--sets 12] [--json]

On canvases of digits that it was not trained on; canvases of those that it was trained on
calibrate: 32 have as many pixels as the paper's one image of 800 × 1216. With --all also LayerNorm
layer-wise and channel-wise, the authors' profile, and 8 bits. The JSON has box and mask AP in
percent.

One set of 200 canvases and one draw of those that calibrate decide a point of AP: --sets compares
reparameterized with layer-wise quantizers of LayerNorm on several sets, each with three draws, and
gives the mean difference with its standard error, and the SQNR of the backbone's features.
"""

import argparse
import copy
import json
import statistics
import tempfile
import time

import torch

from vit2rtl import detector_evaluation
from vit2rtl.detection import canvas_folder, folder
from vit2rtl.detection.canvases import canvases
from vit2rtl.detection.coco import open_coco
from vit2rtl.detection.quantized import QuantizedDetector
from vit2rtl.detection.scores import as_input
from vit2rtl.evaluation import sqnr
from vit2rtl.quantization.recipe import Recipe

DETECTOR = "digit_detector"
CALIBRATION_SEED, MEASURED_SEED = 0, 0
DRAWS = 3
# Key of the JSON: bits, scope, options of the recipe.
SETTINGS = {
    "w6a6": ("w6a6", "all", {}),
    "w4a4": ("w4a4", "all", {}),
    "w4a4_backbone": ("w4a4", "backbone", {}),
}
OTHERS = {
    "w8a8": ("w8a8", "all", {}),
    "w4a4_layer_wise": ("w4a4", "all", {"layernorm": "layer-wise"}),
    "w4a4_channel_wise": ("w4a4", "all", {"layernorm": "channel-wise"}),
    "w4a4_official": ("w4a4", "all", {"profile": "official"}),
    "w4a4_backbone_layer_wise": ("w4a4", "backbone", {"layernorm": "layer-wise"}),
}


def main():
    options = _arguments()
    # As in training; quantities of work this small gain nothing from more.
    torch.set_num_threads(1)
    reference = folder.load(DETECTOR)
    if options.sets:
        return compare(reference, options)
    images = calibration(options.images, CALIBRATION_SEED)
    figures = {}
    with tempfile.TemporaryDirectory() as place:
        digits = canvas_folder.write(f"{place}/canvases", options.canvases, seed=MEASURED_SEED)
        coco = open_coco(f"{place}/canvases")
        if not options.json:
            print(f"{options.canvases} canvases with {digits} digits\n"
                  f"{'':<26}{'box AP':>8}{'mask AP':>9}{'CPU s':>8}")
        for name, detector in detectors(reference, images, options.all):
            started = time.process_time()
            (measured,) = detector_evaluation.measure(
                {name or "float": detector}, coco, reference.config.category_ids).values()
            box, mask = measured.scores.box["ap"], measured.scores.mask["ap"]
            prefix = f"{name}_" if name else ""
            figures |= {f"{prefix}box_ap": box, f"{prefix}mask_ap": mask}
            if not options.json:
                print(f"{name or 'float':<26}{box:>8.1f}{mask:>9.1f}"
                      f"{time.process_time() - started:>8.1f}", flush=True)
    if options.json:
        print(json.dumps(figures, indent=1))


def compare(reference, options):
    """Reparameterized less layer-wise quantizers, W4/A4, all layers, AP."""
    pairs = []
    for draw in range(DRAWS):
        images = calibration(options.images, draw)
        pairs.append([
            QuantizedDetector(copy.deepcopy(reference), Recipe.of(
                "w4a4", method="repq", layernorm=norm)).calibrate(images)
            for norm in ("reparam", "layer-wise")])
    gains = {"box": [], "mask": []}
    for seed in range(options.sets):
        with tempfile.TemporaryDirectory() as place:
            canvas_folder.write(f"{place}/canvases", options.canvases, seed=seed)
            coco = open_coco(f"{place}/canvases")
            for draw, pair in enumerate(pairs):
                ours, plain = detector_evaluation.measure(
                    {"reparam": pair[0], "layer-wise": pair[1]}, coco,
                    reference.config.category_ids).values()
                for kind, found in gains.items():
                    found.append(getattr(ours.scores, kind)["ap"]
                                 - getattr(plain.scores, kind)["ap"])
                if not options.json:
                    print(f"set {seed}, draw {draw}: " + ", ".join(
                        f"{kind} {found[-1]:+.1f}" for kind, found in gains.items()), flush=True)
    figures = {f"{name}_db": features(reference, detector, options.images)
               for name, detector in zip(("reparam", "layer_wise"), pairs[0], strict=True)}
    for kind, found in gains.items():
        figures[f"{kind}_ap_gain"] = statistics.mean(found)
        figures[f"{kind}_ap_gain_error"] = statistics.stdev(found) / len(found) ** 0.5
    print(json.dumps(figures, indent=1))


def features(reference, detector, count):
    """SQNR in dB of what each stage of the backbone gives, on canvases that are measured."""
    images = [as_input(canvas.image)
              for canvas in canvases("held_out", count, seed=MEASURED_SEED)]
    with torch.inference_mode():
        batch = reference.transform(images)[0].tensors
        due, found = (one.backbone.swin(batch) for one in (reference, detector.network))
        return [round(sqnr(due[stage], found[stage]), 1) for stage in due]


def calibration(count, seed):
    """Canvases of digits that were trained on, as the detector takes them."""
    return [as_input(canvas.image) for canvas in canvases("train", count, seed=seed)]


def detectors(reference, images, every):
    """(name, detector) of the float one, whose name is empty, and of each setting."""
    yield "", reference
    for name, (bits, scope, settings) in {**SETTINGS, **(OTHERS if every else {})}.items():
        recipe = Recipe.of(bits, method="repq", **settings)
        yield name, QuantizedDetector(
            copy.deepcopy(reference), recipe, scope=scope).calibrate(images)


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--canvases", type=int, default=200, help="that are measured")
    parser.add_argument("--images", type=int, default=32, help="canvases that calibrate")
    parser.add_argument("--all", action="store_true", help="measure other settings, too")
    parser.add_argument("--sets", type=int, default=0, help="compare LayerNorms on so many sets")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
