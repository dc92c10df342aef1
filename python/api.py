"""The Python API: a function for each step of the flow, frameworks imported when they are used.

All of it is reached as ``vit2rtl.quantize``, ``vit2rtl.lower`` and so on; see docs/api.md.
"""

import copy
import os
import warnings
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from vit2rtl.evaluation import FeatureScores, Scores
    from vit2rtl.golden.program.program import IntegerProgram
    from vit2rtl.golden.vectors.bundle import Bundle
    from vit2rtl.golden.vectors.program_vectors_reader import ProgramVectors
    from vit2rtl.inputs import ImageSource
    from vit2rtl.models.images import Images
    from vit2rtl.quantization.recipe import Recipe
    from vit2rtl.quantized_vit import QuantizedViT
    from vit2rtl.sim.run.results import BenchResult

__all__ = ["embedded_images", "evaluate", "load", "lower", "quantize", "record_vectors", "run",
           "save", "simulate", "verilog"]


def quantize(
    model: "str | nn.Module",
    images: "ImageSource | None" = None,
    bits: "str | Recipe" = "w4a4",
    *,
    weights: str | Path | None = None,
    arguments: dict[str, Any] | None = None,
) -> "QuantizedViT":
    """Quantize a Vision Transformer after training: RepQ-ViT, with few bits solved for.

    model      a timm name (ViT, DeiT, Swin), a folder as the Hugging Face hub has it,
               ``mnist_vit`` for the embedded model, or a module, of which a copy is, on the CPU
    images     to calibrate on: a folder, of which 32 images are drawn; float32[n, channels,
               height, width], preprocessed; or ``Images``. ``mnist_vit`` has its own.
    bits       of weights and activations, ``"w8a4"``, ``"w4a4+"`` for more where it gains most, or
               a ``Recipe`` that says more, such as ``method="repq"``
    weights    file for a timm name, safetensors or ``.pth``; by default timm downloads its
               pretrained ones. What is done to make them fit is a warning.
    arguments  of ``timm.create_model``; of a module, those it was made with, for ``save``
    returns    the calibrated model: float32 images in, float32[n, classes] logits out
    raises     ValueError, TypeError: one sentence that names what does not fit

    >>> quantized = vit2rtl.quantize("mnist_vit", bits="w6a6")
    >>> quantized = vit2rtl.quantize("deit_tiny_patch16_224", "train/", "w4a4")
    """
    from torch import nn

    from vit2rtl import inputs, origin
    from vit2rtl.models import hub_folder, zoo
    from vit2rtl.models.images import preprocessing
    from vit2rtl.quantization.recipe import Recipe
    from vit2rtl.quantized_vit import QuantizedViT

    recipe = bits if isinstance(bits, Recipe) else Recipe.of(bits)
    arguments = arguments or {}
    if isinstance(model, str):
        hub = hub_folder.resolve(model, weights, arguments)
        network = zoo.create(hub.name, weights=hub.weights, preprocessing=hub.preprocessing,
                             say=partial(warnings.warn, stacklevel=2), **hub.arguments)
        made_from = origin.named(hub.name, network, hub.arguments, hub.weights)
    elif not isinstance(model, nn.Module):
        raise TypeError(f"Model must be a timm name or a module, not {type(model).__name__}")
    elif weights is not None:
        raise ValueError("A module has its weights; a weights file goes with a timm name")
    else:
        network = copy.deepcopy(model).cpu()
        made_from = origin.of_module(network, arguments)
    provenance = origin.Origin(made_from, preprocessing(network))
    calibration = inputs.calibration_images(images, provenance)
    quantized = QuantizedViT(network, recipe)
    quantized.calibrate(calibration.batch(range(len(calibration))))
    record = {"images": calibration.names, "seed": 0}
    quantized.origin = origin.Origin(made_from, provenance.preprocessing, record)
    return quantized


def evaluate(
    quantized: "QuantizedViT",
    images: "ImageSource | None" = None,
    *,
    labels: "Iterable[int] | None" = None,
    baseline: "nn.Module | bool" = False,
) -> "Scores | FeatureScores":
    """Top-1 and top-5 of a quantized model on labelled images; of a model without classes how near
    its features are to the float model's.

    images    a folder with classes or ``labels.csv``, ``Images``, or float32[n, channels, height,
              width] with ``labels``; by default the embedded model's 1,000 held-out ones
    labels    int[n], in place of those that the images have
    baseline  a float model to compare with: agreement, SQNR, KL divergence and loss; True for
              the one that was quantized
    returns   ``Scores``: images, top1 and top5 in percent, agreement in percent, sqnr and
              mean_sqnr in dB, kl in nats, loss in points of top-1 with its noise; without classes
              ``FeatureScores``: images, features, cosine, sqnr, mean_sqnr; of each the
              standard_errors by name

    >>> vit2rtl.evaluate(quantized, "val/", baseline=True).top1
    """
    import torch

    from vit2rtl import checkpoint, evaluation
    from vit2rtl.inputs import as_images
    from vit2rtl.models.images import check_labels

    origin = _model(quantized).known_origin()
    chosen = as_images(images, origin)
    truth = chosen.labels if labels is None else torch.as_tensor(labels)
    if truth is not None and len(truth) != len(chosen):
        raise ValueError(f"There are {len(truth)} labels for {len(chosen)} images")
    reference = None
    if baseline is not False:
        model = checkpoint.float_model({"model": origin.model}) if baseline is True else baseline
        reference = evaluation.logits(model.eval(), chosen, title="float")
    logits = evaluation.logits(quantized, chosen, title="quantized")
    if not quantized.structure.heads:
        if reference is None:
            raise ValueError("A model without classes gives features, which are compared with the "
                             "float model's: give a baseline")
        return evaluation.feature_scores(logits, reference)
    check_labels(truth, logits.shape[1])
    return evaluation.scores(logits, truth, reference)


def lower(
    quantized: "QuantizedViT", variant: str = "hardware", images: "ImageSource | None" = None
) -> "IntegerProgram":
    """The integer program of a quantized model, equal to it op by op.

    variant  ``hardware``: LayerNorm, softmax and residual in float64; ``integer``: no float
    images   for variant ``integer``, which takes the range of the residual stream from them: those
             of calibration where they are among them. ``mnist_vit`` has its own.

    >>> program = vit2rtl.lower(quantized, variant="integer")
    """
    from vit2rtl.inputs import as_images, calibrated_on
    from vit2rtl.lowering import lower as lowering

    origin = _model(quantized).known_origin()
    batch = None
    if variant == "integer":
        chosen = calibrated_on(as_images(images, origin, split="train"), origin)
        batch = chosen.batch(range(len(chosen)))
    elif images is not None:
        raise ValueError("Images are for variant integer")
    return lowering.lower(quantized, variant=variant, model=origin.name,
                          preprocessing=origin.preprocessing, images=batch)


def run(program: "IntegerProgram", images: "ImageSource | None" = None) -> "np.ndarray":
    """Execute an integer program; with image files or pixels, numpy and Pillow are enough.

    images   a folder, ``Images``, uint8[n, channels, height, width] pixels, or float32 of this
             shape, preprocessed; None for the 1,000 held-out images of the embedded model
    returns  float64[n, classes] logits

    >>> vit2rtl.run(program, "val/").argmax(1)
    """
    from vit2rtl.golden.program.execute import execute
    from vit2rtl.inputs import image_codes

    _, codes = image_codes(images, _program(program))
    return program.logits.real(execute(program, codes))


def record_vectors(
    source: "QuantizedViT | IntegerProgram",
    images: "ImageSource | None",
    out: str | Path,
    *,
    lanes: int = 4,
    formats: Iterable[str] = (),
    ops: Iterable[str] = ("*",),
) -> Path:
    """Record golden vectors at work on images, and write them as a folder that stands alone.

    source   a quantized model: vectors of its hardware units; a program: those of its ops
    images   all of these are recorded; None for one held-out image of the embedded model
    lanes    elements of a beat, 1 to 64
    formats  of units: ``coe``, ``mif``, ``c`` as well
    ops      of a program: patterns of names, ``"blocks.0.*"``
    returns  the folder, for ``simulate`` and ``load``

    >>> vit2rtl.record_vectors(quantized, "val/", "vectors")
    """
    from vit2rtl.golden.program.program import IntegerProgram
    from vit2rtl.vectors import record_program, record_units

    if isinstance(source, IntegerProgram):
        if tuple(formats):
            raise ValueError("Formats are for vectors of hardware units")
        record_program(source, images, out, lanes=lanes, patterns=list(ops))
    else:
        record_units(_model(source), images, out, lanes=lanes, formats=tuple(formats))
    return Path(out)


def load(folder: str | Path) -> "QuantizedViT | IntegerProgram | Bundle | ProgramVectors":
    """What a folder holds: a quantized model, a program, or golden vectors; all of it checked.

    >>> vit2rtl.load("deit-w4a4")
    """
    from vit2rtl.folders import read

    return read(Path(folder))


def save(thing: "QuantizedViT | IntegerProgram", folder: str | Path) -> None:
    """Write a quantized model or a program, as ``vit2rtl quantize`` and ``vit2rtl lower`` do.

    >>> vit2rtl.save(quantized, "deit-w4a4")
    """
    from vit2rtl.folders import write

    write(thing, Path(folder))


def verilog(unit: str, out: str | Path | None = None, **parameters: int | str) -> dict[str, str]:
    """Verilog of a hardware unit: the bare module and its AXI4-Stream top, by file name.

    unit        a name in ``vit2rtl.golden.UNITS``
    out         folder to write them to as well, with file list and port tables
    parameters  of the unit, such as ``lanes=8``

    >>> vit2rtl.verilog("requantizer", lanes=8, bits=8)["requantizer_l8_b8.v"]
    """
    from vit2rtl.golden.units import Instance
    from vit2rtl.rtl import verilog as exporter

    instance = Instance.of(unit, **parameters)
    if out is not None:
        exporter.write([instance], out)
    return exporter.convert(instance)


def simulate(
    bundle: str | Path,
    simulators: Iterable[str] = ("icarus", "verilator"),
    out: str | Path = "simulation",
    **options: Any,
) -> "list[BenchResult]":
    """Replay golden vectors through the Verilog of hardware units, and compare every bit.

    bundle      folder that ``record_vectors`` wrote, of units or of a program
    simulators  names; one that is missing on this machine is a ValueError
    out         folder for logs
    options     more of :func:`vit2rtl.sim.run.regression.run_regression`: ``verilog_folder``,
                ``units``, ``stall``, ``seed``, ``coverage``; of a program ``engine``, too
    returns     one result a bench: simulator, instance, beats, mismatches, passed

    >>> all(result.passed for result in vit2rtl.simulate("vectors"))
    """
    from vit2rtl.golden.vectors import program_vectors_schema

    options = {"jobs": os.cpu_count() or 1, "simulators": tuple(simulators), **options}
    if program_vectors_schema.is_bundle(Path(bundle)):
        from vit2rtl.sim.engine.ops import run_ops

        return run_ops(Path(bundle), out=Path(out), **options).results
    from vit2rtl.sim.run.regression import run_regression

    return run_regression(bundle, out=out, **options)


def embedded_images(split: str = "held_out") -> "Images":
    """The embedded model's images with their labels: ``train`` (4,000) or ``held_out`` (1,000).

    >>> vit2rtl.embedded_images().sample(8, seed=0)
    """
    from vit2rtl.models.images import embedded_images

    return embedded_images(split)


def _model(quantized: "QuantizedViT") -> "QuantizedViT":
    from vit2rtl.quantized_vit import QuantizedViT

    if not isinstance(quantized, QuantizedViT):
        raise TypeError(f"Model must be a QuantizedViT (vit2rtl.quantize), "
                        f"not {type(quantized).__name__}")
    return quantized


def _program(program: "IntegerProgram") -> "IntegerProgram":
    from vit2rtl.golden.program.program import IntegerProgram

    if not isinstance(program, IntegerProgram):
        raise TypeError("Program must be an IntegerProgram (vit2rtl.lower), "
                        f"not {type(program).__name__}")
    return program
