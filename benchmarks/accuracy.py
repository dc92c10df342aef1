"""Accuracy of settings side by side, with standard errors, as a table (docs/quantization.md).

python benchmarks/accuracy.py [--method repq] [--only TEXT ...] [--draws N | --jitter N]
    [--weights FILE --images DIR [--calibration-list FILE]] [--json]

Method closed-form whole, with each step left out, with mirrors, and beside RepQ-ViT; or the paper's
comparisons of RepQ-ViT. DeiT-Tiny on labelled images: those of the list, or 32 drawn ones,
calibrate, and all others are measured. Without images the embedded model and its digits.

± is a standard error of the draw of measured images. With --draws N all of it is done N times with
other calibration images, never measured in their own draw, and ± is the standard deviation of one
draw: what 32 images of one's own may give. With --jitter N it is that of the same images moved by
normal noise of a quarter of an 8-bit step: how far figures of one and the same setting lie apart.
"""

import json
import statistics
import time
from dataclasses import asdict, dataclass

import _deit_tiny as deit_tiny
import torch
from tqdm import tqdm

from vit2rtl import ablation, evaluation
from vit2rtl.models import embedded
from vit2rtl.models.images import Images, embedded_images, open_images, preprocessing, read_list
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import STEPS
from vit2rtl.quantized_vit import QuantizedViT

CALIBRATION_IMAGES = 32
JITTER = 4e-3  # of a standard deviation of the pixels; 8-bit steps are about 0.017
# Characters of a title, and of each figure of a row.
TITLE = 24
COLUMNS = {"top1": 15, "agreement": 19, "sqnr": 17, "mean_sqnr": 22, "kl": 21}


@dataclass(frozen=True)
class Row:
    """One setting; ``seconds`` of the processor that calibration took, None of the float model."""

    title: str
    seconds: float | None
    scores: evaluation.Scores

    def as_dict(self):
        return {"title": self.title.strip(), "seconds": self.seconds, **asdict(self.scores)}

    def line(self):
        cells = "".join(f"{evaluation.shown(self.scores, name):>{width}}"
                        for name, width in COLUMNS.items())
        seconds = "" if self.seconds is None else f"{self.seconds:.1f}"
        return f"{self.title:<{TITLE}}{cells}{seconds:>7}".rstrip()


def closed_form():
    """{title: arguments of a recipe}, in the order of the table."""
    repq, whole = {"method": "repq"}, {"method": "closed-form"}
    rows = {"W4/A4 RepQ-ViT": repq, "W4/A4 closed form": whole}
    rows |= {f"  without {step}": whole | {"without": step} for step in STEPS}
    rows["  with mirrors"] = whole | {"mirrors": True}
    for weights, activations in ((5, 5), (6, 6), (7, 7), (8, 8), (4, 8), (8, 4)):
        widths = {"weight_bits": weights, "activation_bits": activations}
        title = f"W{weights}/A{activations}"
        rows |= {f"{title} RepQ-ViT": repq | widths, f"{title} closed form": whole | widths}
    return rows


def images_of(options):
    """What creates a float model, and for each draw the images to calibrate with and to measure."""
    seeds = range(options.draws or 1)
    if not options.images:
        train, held_out = embedded_images("train"), embedded_images("held_out")
        return embedded.create, [(train.sample(CALIBRATION_IMAGES, seed), held_out)
                                 for seed in seeds]

    def create():
        return deit_tiny.model(options)

    pictures = open_images(options.images, preprocessing(create()))
    lists = [pictures.sample(CALIBRATION_IMAGES, seed).names for seed in seeds]
    if options.calibration_list:
        lists = [read_list(options.calibration_list)]
    return create, [(pictures.only(names), pictures.excluding(names)) for names in lists]


def moved(images, seed):
    """The images with a little noise; as they are for seed 0."""
    def load(index):
        pixels = images.load(index)
        generator = torch.Generator().manual_seed(seed * len(images) + index)
        return pixels + JITTER * bool(seed) * torch.randn(pixels.shape, generator=generator)

    return Images(images.names, images.labels, load)


def measure(create, calibration, images, settings, bar):
    """Rows of one draw: the float model's, then each setting's."""
    batch = calibration.batch(range(len(calibration)))
    reference = evaluation.logits(create(), images, title="float32")
    yield Row("float32", None, evaluation.scores(reference, images.labels))
    for title, arguments in settings.items():
        bar.set_description(title.strip())
        network, started = create(), time.process_time()
        quantized = QuantizedViT(network, Recipe(**arguments)).calibrate(batch)
        seconds = time.process_time() - started
        logits = evaluation.logits(quantized, images, title="evaluate")
        yield Row(title, seconds, evaluation.scores(logits, images.labels, reference))
        bar.update()


def over_draws(rows):
    """One setting's row of all draws: means, and in place of errors the standard deviations."""
    first = rows[0]
    values = {name: [getattr(row.scores, name) for row in rows] for name in COLUMNS
              if getattr(first.scores, name) is not None}
    scores = evaluation.Scores(
        first.scores.images, top5=statistics.mean(row.scores.top5 for row in rows),
        **{name: statistics.mean(each) for name, each in values.items()},
        standard_errors={name: statistics.stdev(each) for name, each in values.items()})
    seconds = first.seconds and statistics.mean(row.seconds for row in rows)
    return Row(first.title, seconds, scores)


def main():
    options = _arguments()
    create, draws = images_of(options)
    if options.jitter:
        ((calibration, images),) = draws
        draws = [(moved(calibration, seed), images) for seed in range(options.jitter)]
    settings = ablation.PAPER if options.method == "repq" else closed_form()
    if options.only:
        settings = {title: arguments for title, arguments in settings.items()
                    if any(text in title for text in options.only)}
    with tqdm(total=len(settings) * len(draws), unit="setting", disable=None) as bar:
        runs = [list(measure(create, calibration, images.subset(range(len(images))[:options.limit]),
                             settings, bar)) for calibration, images in draws]
    if options.json:
        print(json.dumps([[row.as_dict() for row in rows] for rows in runs], indent=1))
        return
    meaning = "a standard error of the draw of measured images"
    if len(runs) > 1:
        what = "draws of calibration images" if options.draws else "runs, calibration images moved"
        meaning = f"the standard deviation of {len(runs)} {what}"
    print(f"{len(draws[0][0])} images calibrate, {runs[0][0].scores.images} others are measured; "
          f"± is {meaning}")
    titles = "".join(f"{evaluation.FIGURES[name][0]:>{width}}" for name, width in COLUMNS.items())
    print(f"{'':<{TITLE}}{titles}{'CPU s':>7}")
    for row in map(over_draws, zip(*runs, strict=True)) if len(runs) > 1 else runs[0]:
        print(row.line())


def _arguments():
    parser = deit_tiny.parser(__doc__)
    parser.add_argument("--method", choices=("closed-form", "repq"), default="closed-form")
    parser.add_argument("--only", nargs="+", metavar="TEXT",
                        help="only settings whose title has one of these in it")
    parser.add_argument("--calibration-list", metavar="FILE", help="names of calibration images")
    parser.add_argument("--draws", type=int, help="draw calibration images so many times")
    parser.add_argument("--jitter", type=int, help="move calibration images, so many times")
    parser.add_argument("--limit", type=int, help="measure only so many images")
    options = parser.parse_args()
    if bool(options.images) != bool(options.weights):
        parser.error("--images and --weights go together: without both, the embedded model")
    if options.calibration_list and not options.images:
        parser.error("--calibration-list needs --images")
    if options.calibration_list and options.draws:
        parser.error("--draws draws its own calibration images: leave out --calibration-list")
    if options.draws and options.jitter:
        parser.error("--draws and --jitter are two measurements: one at a time")
    for name in ("draws", "jitter"):
        count = getattr(options, name)
        if count is not None and count < 2:
            parser.error(f"--{name} must be at least 2, not {count}")
    return options


if __name__ == "__main__":
    main()
