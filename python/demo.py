"""The whole flow on the embedded model, from the float network to two simulators."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from vit2rtl import ablation, checkpoint, checkpoint_schema, comparison, detector_evaluation
from vit2rtl.detection import canvas_folder
from vit2rtl.detection import folder as detector_folder
from vit2rtl.detection.canvases import canvases
from vit2rtl.detection.coco import open_coco
from vit2rtl.detection.quantized import QuantizedDetector
from vit2rtl.detection.scores import as_input
from vit2rtl.explore.best import Wish, best, sentence
from vit2rtl.explore.output import SPACE, write
from vit2rtl.explore.run import Exploration
from vit2rtl.explore.space import read
from vit2rtl.farm import run as farm
from vit2rtl.farm.store import Store
from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.golden.files import atomic
from vit2rtl.golden.program.reader import read_program
from vit2rtl.golden.vectors.bundle import read_bundle
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.images import Images, embedded_images, preprocessing
from vit2rtl.observation import Observation
from vit2rtl.program_images import find
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.recording import write_bundle
from vit2rtl.report import plots
from vit2rtl.report.accuracy_chart import Setting, accuracy_chart
from vit2rtl.rtl import verilog
from vit2rtl.sim.model.run import simulate_model
from vit2rtl.sim.run.regression import run_regression
from vit2rtl.sim.run.results import BenchResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CALIBRATION_IMAGES = 32
PROGRAM_IMAGES = 40
VECTOR_IMAGES = 4
LANES = 4
ENGINE, ENGINE_IMAGES = "small", 20
DETECTOR, CANVASES, SHOWN = "digit_detector", 40, 3
EXPLORED = """\
model = "mnist_vit"
evaluate = 200
[recipe]
weights = [3, 4, 8]
activations = [4, 8]
method = ["repq", "closed-form"]
[hardware]
array = ["8x8", "16x16"]
device = "LFE5U-85F"
"""


def quantize(
    folder: Path, calibration: Images
) -> tuple[QuantizedViT, dict[str, Any], list["Figure"]]:
    """Quantize the embedded model to W4/A4 and save it.

    calibration  :class:`vit2rtl.models.images.Images`
    returns      (QuantizedViT, description, figures of what quantization met)
    """
    network = embedded.create()
    config = preprocessing(network)
    quantized = QuantizedViT(network, Recipe())
    observation = Observation(quantized, calibration.batch(range(len(calibration))))
    checkpoint.save(
        folder, quantized, preprocessing=config,
        model={"name": embedded.MODEL_NAME, "arguments": {}, "weights": {"source": "embedded"}},
        calibration={"images": calibration.names, "seed": 0},
    )
    return quantized, checkpoint_schema.describe(folder), observation.figures()


def lower_both(
    out: Path,
    quantized: QuantizedViT,
    description: dict[str, Any],
    calibration: torch.Tensor,
    images: Images,
) -> dict[str, dict[str, Any]]:
    """Both variants of the integer program, saved, and each against the simulation.

    returns  {variant: {"ops", "elements", "differ", "top1_agreement", "sqnr"}}
    """
    results = {}
    for variant, batch in (("hardware", None), ("integer", calibration)):
        program = lower(quantized, variant=variant, model=embedded.MODEL_NAME,
                        preprocessing=description["preprocessing"], images=batch)
        program.save(out / f"program.{variant}")
        result = comparison.compare(quantized, program, images)
        results[variant] = {
            "ops": len(result["ops"]),
            "elements": sum(op["elements"] for op in result["ops"]),
            "differ": sum(round(op["mismatch"] * op["elements"]) for op in result["ops"]),
            "top1_agreement": result["top1_agreement"],
            "sqnr": result["sqnr"],
        }
    return results


def classify(out: Path, simulator: str) -> dict[str, Any]:
    """Digits classified by the whole engine's Verilog, all that leaves its units compared.

    returns  {"engine", "simulator", "images", "right", "cycles", "kinds", "elements",
             "differences"}
    """
    program = read_program(out / "program.integer")
    images = find(None, program)
    # Icarus takes a minute for what Verilator does in a second.
    names = images.draw(ENGINE_IMAGES if simulator == "verilator" else 1, seed=0)
    results = simulate_model(
        program, images.codes(names), CONFIGURATIONS[ENGINE], simulator=simulator, compare="all",
        jobs=os.cpu_count() or 1, out=out / "engine")
    assert images.labels is not None
    right = sum(int(row.argmax()) == images.labels[name]
                for name, row in zip(names, results.logits, strict=True))
    return {
        "engine": ENGINE, "simulator": simulator, "images": len(names), "right": right,
        "cycles": max(results.cycles),
        "kinds": {name: kind._asdict() for name, kind in results.kinds.items()},
        "elements": results.elements,
        "differences": [str(difference) for difference in results.differences],
    }


def detect(out: Path) -> dict[str, Any]:
    """The embedded detector on canvases of digits that it was not trained on, float and W4/A4.

    Writes ``canvases`` and ``detection.png``.

    returns  {"detector", "canvases", "digits", "float": {"box", "mask"}, "W4/A4": ...}
    """
    digits = canvas_folder.write(out / "canvases", CANVASES, seed=0)
    coco = open_coco(out / "canvases")
    reference = detector_folder.load(DETECTOR)
    config = reference.config
    quantized = QuantizedDetector(detector_folder.load(DETECTOR), Recipe(method="repq"))
    quantized.calibrate([as_input(canvas.image)
                         for canvas in canvases("train", CALIBRATION_IMAGES, seed=0)])
    detectors = {"float": reference, "W4/A4": quantized}
    measured = detector_evaluation.measure(detectors, coco, config.category_ids)
    atomic.data(out / "detection.png", detector_evaluation.sheet(
        measured, coco, config.classes, SHOWN))
    return {"detector": DETECTOR, "canvases": CANVASES, "digits": digits,
            **{title: {"box": one.scores.box, "mask": one.scores.mask}
               for title, one in measured.items()}}


def explore(out: Path) -> dict[str, Any]:
    """Methods and widths on two arrays: what each costs; writes ``exploration``.

    returns  {"rows", "front": how many, "best": the cheapest within a point of the float model}
    """
    folder = out / "exploration"
    folder.mkdir(parents=True, exist_ok=True)
    atomic.text(folder / SPACE, EXPLORED)
    store = Store(folder)
    found = Exploration(read(folder / SPACE), folder, store,
                        lambda title, tasks: farm.run(tasks, store)).results()
    write(found, folder, EXPLORED)
    row = best(found["rows"], Wish(top1_drop=1.0))
    return {"rows": len(found["rows"]), "front": sum(one["front"] for one in found["rows"]),
            "best": sentence(row, found)}


def accuracy(rows: Sequence[ablation.Row]) -> "Figure":
    """What each setting costs; the first row is the float model's."""
    reference = rows[0].scores
    settings = [
        Setting(row.title.strip(), scores.loss, scores.noise, scores.mean_sqnr,
                1.96 * scores.standard_errors["mean_sqnr"])
        for row in rows
        if (scores := row.scores).loss is not None and scores.noise is not None
        and scores.mean_sqnr is not None
    ]
    return accuracy_chart(settings, top1=reference.top1, images=reference.images,
                          highlight=ablation.DEFAULT)


def run(
    out: str | Path, *, simulators: Sequence[str], say: Callable[[str], None]
) -> tuple[dict[str, Any], list[ablation.Row]]:
    """Everything; writes ``model program.hardware program.integer vectors verilog simulation
    engine report.png canvases detection.png exploration summary.json`` to a folder.

    simulators  names, see :mod:`vit2rtl.sim.tools.simulators`
    say         called with one line at the start of every step
    returns     (what ``summary.json`` holds, rows of the accuracy table)
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    calibration = embedded_images("train").sample(CALIBRATION_IMAGES, seed=0)
    held_out = embedded_images("held_out")
    say("1/9  quantizing the embedded model after training (W4/A4, closed form)")
    quantized, description, figures = quantize(out / "model", calibration)
    say(f"2/9  accuracy on {len(held_out)} held-out images, this setting beside RepQ-ViT's")
    batch = calibration.batch(range(len(calibration)))
    rows = list(ablation.compare(embedded.create, batch, held_out))
    plots.report([*figures, accuracy(rows)], out / "report.png")
    say("3/9  integer programs against the simulated model")
    programs = lower_both(out, quantized, description, batch,
                          held_out.sample(PROGRAM_IMAGES, seed=0))
    say(f"4/9  golden vectors from {VECTOR_IMAGES} of those images")
    images = held_out.sample(VECTOR_IMAGES, seed=0)
    instances, records, beats = write_bundle(
        out / "vectors", quantized, description, images, lanes=LANES
    )
    say("5/9  Verilog of every unit in the vectors")
    entries = read_bundle(out / "vectors").entries
    files = verilog.write([entry.instance for entry in entries], out / "verilog")
    say(f"6/9  the vectors through the Verilog in {' and '.join(simulators)}")

    def report(results: Sequence[BenchResult], done: int, total: int) -> None:
        for result in results:
            say(f"     {result.line()}")

    results = run_regression(
        out / "vectors", simulators=simulators, out=out / "simulation", jobs=os.cpu_count() or 1,
        report=report,
    )
    simulator = "verilator" if "verilator" in simulators else simulators[0]
    say(f"7/9  digits through the whole engine's Verilog in {simulator}")
    engine = classify(out, simulator)
    say(f"8/9  a detector of digits on {CANVASES} canvases, float and W4/A4")
    detection = detect(out)
    say("9/9  an exploration: methods, widths and arrays, accuracy beside cycles and area")
    exploration = explore(out)
    summary = {
        "model": embedded.MODEL_NAME,
        "images": {"calibration": len(calibration), "evaluation": len(held_out)},
        "accuracy": [row.as_dict() for row in rows],
        "programs": {"images": PROGRAM_IMAGES, **programs},
        "vectors": {"images": images.names, "instances": instances, "records": records,
                    "beats": beats},
        "verilog": [Path(path).name for path in files],
        "simulation": [
            {"simulator": r.simulator, "bench": r.bench, "unit": r.instance, "beats": r.beats,
             "mismatches": r.mismatches, "passed": r.passed} for r in results
        ],
        "engine": engine,
        "detection": detection,
        "exploration": exploration,
    }
    atomic.text(out / "summary.json", json.dumps(summary, indent=1, sort_keys=True) + "\n")
    return summary, rows
