"""vit2rtl export: a checkpoint as an ONNX file."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from vit2rtl.cli import MismatchError
from vit2rtl.commands import options
from vit2rtl.onnx.forms import FORMS

if TYPE_CHECKING:
    from onnx import ModelProto


@click.command(epilog="""\b
Examples:
  vit2rtl export deit-w4a4 --onnx deit-w4a4.onnx
  vit2rtl export deit-w4a4 --onnx deit-w4a4.onnx --check --images val/ --count 96
  vit2rtl export deit-w8a8 --onnx deit-w8a8.onnx --form qdq
  vit2rtl export deit-w4a4 --onnx cleaned.onnx --check-only --images val/ --count 96
""")
@click.argument("checkpoint_folder", metavar="FOLDER", type=options.FOLDER)
@click.option("--onnx", "file", required=True, type=options.FILE, help="The ONNX file.")
@click.option("--form", type=click.Choice(FORMS), default="qonnx",
              show_default=True,
              help="qonnx: Quant nodes, any widths; qdq: QuantizeLinear and DequantizeLinear, "
                   "8-bit weights and activations.")
@click.option("--float32", is_flag=True,
              help="Values in float32, as QONNX's tools take them; form qdq has no other.")
@click.option("--check", is_flag=True,
              help="Run the file in ONNX Runtime, against the simulation.")
@click.option("--check-only", is_flag=True,
              help="Write nothing; check the file that is there, as another tool left it.")
@options.images
@options.only
@click.option("--exclude", type=options.FILE,
              help="Leave out the images named in this file, e.g. those of calibration.")
@click.option("--count", type=click.IntRange(min=1), help="Use only the first images.")
@click.option("--least", type=click.FloatRange(0, 100), default=99.0, show_default=True,
              help="Percent of the images that a check must find right.")
@options.as_json
def command(
    checkpoint_folder: str,
    file: str,
    form: str,
    float32: bool,
    check: bool,
    check_only: bool,
    folder: str | None,
    listed: str | None,
    exclude: str | None,
    count: int | None,
    least: float,
    as_json: bool,
) -> None:
    """Export the checkpoint in FOLDER, of profile hardware, to ONNX.

    The file holds every code, scale and zero point, and ONNX Runtime executes it: in float64, the
    default, to the simulation's own logits; in float32, ties fall otherwise and logits differ.
    docs/onnx.md says what is in the graph and what FINN and hls4ml can do with it.

    A check counts images: with float64 those whose logits equal the simulation's bit for bit, with
    float32 those of the same top-1. Fewer than --least percent is a failure: exit code 1.
    """
    check = check or check_only
    if not check and (folder or listed or exclude or count):
        raise click.UsageError("--images, --list, --exclude and --count are for --check")
    if check_only and (float32 or form != "qonnx"):
        raise click.UsageError("--check-only writes nothing: --form and --float32 are for writing")
    if not check_only and Path(file).suffix != ".onnx":
        raise ValueError(f"An ONNX file must be named *.onnx, not {file!r}")
    quantized, description = options.load_checkpoint(checkpoint_folder)
    from vit2rtl.onnx import export as onnx_export

    name, preprocessing = description["model"]["name"], description["preprocessing"]
    if check:
        # Before anything is written: it may be missing.
        from vit2rtl.onnx import check as onnx_check

        available = options.find_images(folder, preprocessing, model_name=name, split="held_out")
        images = options.choose(available, listed, exclude)
        images = images.subset(range(min(count or len(images), len(images))))
    if not check_only:
        model = onnx_export.export(quantized, file, model=name, preprocessing=preprocessing,
                                   form=form, float32=float32)
        if not as_json:
            click.echo(_written(file, model))
    result: dict[str, Any] = {"file": file, "bytes": Path(file).stat().st_size}
    if check:
        with tqdm(total=len(images), desc="check", unit="image", leave=False, disable=None) as bar:
            result |= onnx_check.compare(file, quantized, images, progress=bar.update)
        if not as_json:
            click.echo(_checked(result))
    if as_json:
        options.show_json(result)
    if check:
        _judge(result, least)


def _judge(result: Mapping[str, Any], least: float) -> None:
    """A MismatchError where too few images are right."""
    if result["precision"] == "float64":
        right, what = result["equal"], "logits equal the simulation's"
    elif result["top1_agreement"] is None:
        return  # features in float32 have their SQNR, and no right and wrong
    else:
        right, what = result["top1_agreement"], "top-1 is the simulation's"
    if right < least:
        raise MismatchError(f"{result['file']}: {what} on {right:.1f} % of {result['images']} "
                            f"images, fewer than --least {least:g} %")


def _written(file: str, model: "ModelProto") -> str:
    quantizers = sum(node.op_type in ("Quant", "DequantizeLinear") for node in model.graph.node)
    return (f"{len(model.graph.node)} nodes, {quantizers} quantizers, "
            f"{model.ByteSize() / 1e6:.1f} MB: {file}")


def _checked(result: Mapping[str, Any]) -> str:
    noise = "no noise" if result["sqnr"] is None else f"SQNR {result['sqnr']:.2f} dB"
    title = f"ONNX Runtime against the simulation, {result['images']} images"
    if result["top1_agreement"] is None:
        return f"{title}: features equal on {result['equal']:.1f} %, {noise}"
    return (f"{title}: logits equal on {result['equal']:.1f} %, "
            f"top-1 agrees on {result['top1_agreement']:.1f} %, {noise}")
