"""vit2rtl demo: the five-minute tour."""

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vit2rtl.cli import MismatchError
from vit2rtl.commands import options
from vit2rtl.sim.tools.simulators import SIMULATORS

if TYPE_CHECKING:
    from vit2rtl.ablation import Row


@click.command()
@click.option("--out", default="demo", show_default=True, type=options.FOLDER,
              help="Folder for everything the tour makes.")
@click.option("--simulator", "simulators", multiple=True, type=click.Choice(SIMULATORS),
              help="Which simulator; may be repeated.  [default: both]")
def command(out: str, simulators: tuple[str, ...]) -> None:
    """Run the whole flow on the embedded model: the five-minute tour.

    Quantizes a small Vision Transformer for handwritten digits, compares the methods and the
    paper's settings on 1,000 held-out images, lowers it to integer programs and compares them with
    it, records golden vectors, generates Verilog, replays the vectors through the Verilog in two
    simulators, and classifies digits by the whole engine's Verilog. At last it quantizes a detector
    of digits, and draws what it finds beside what the float one does; and it explores what methods,
    widths and arrays cost.
    """
    from vit2rtl import demo

    started = time.monotonic()
    say = _Steps(started)
    summary, rows = demo.run(out, simulators=simulators or SIMULATORS, say=say)
    click.echo(_summary(out, summary, rows, time.monotonic() - started))
    failed = [bench for bench in summary["simulation"] if not bench["passed"]]
    if failed:
        raise MismatchError(f"{len(failed)} of {len(summary['simulation'])} benches failed")
    if summary["engine"]["differences"]:
        raise MismatchError(f"The engine differs: {summary['engine']['differences'][0]}")


class _Steps:
    """Prints what goes on, with the seconds since the start, to standard error."""

    def __init__(self, started: float) -> None:
        self.started = started

    def __call__(self, line: str) -> None:
        click.echo(f"[{time.monotonic() - self.started:4.0f} s] {line}", err=True)
        sys.stderr.flush()


def _summary(
    out: str, summary: Mapping[str, Any], rows: "Sequence[Row]", seconds: float
) -> str:
    from vit2rtl import ablation

    images, vectors = summary["images"], summary["vectors"]
    lines = [
        "",
        "Accuracy: a 4-block Vision Transformer for handwritten digits, quantized with "
        f"{images['calibration']} images,",
        f"measured on {images['evaluation']} others. Against the float model: 'agrees', same "
        "answer; SQNR of the logits, of their sum",
        "and as the mean of the images; KL divergence in nats.",
        "",
        ablation.table(rows),
        "",
        "Closed form has RepQ-ViT's grids and hardware, and weights, ranges and biases that are "
        "solved for.",
        f"All that follows is of {ablation.DEFAULT}.",
        "",
        "Integer programs: the network as integers, run by numpy. Codes that differ from the "
        "W4/A4 model's,",
        f"each op given the model's own, on {summary['programs']['images']} images; variant "
        "integer has no float, and scales of its own for the residual stream.",
        "",
        *(_program(variant, summary["programs"][variant]) for variant in ("hardware", "integer")),
        "",
        f"Golden vectors: {vectors['records']} records, {vectors['beats']:,} beats, recorded in "
        f"the W4/A4 model at work on {len(vectors['images'])} images.",
        "",
        "Simulation: beats replayed through the Verilog, and how many differ from the model.",
        "",
        f"{'':<28}" + "".join(f"{name + ' beats':>18}{'mismatches':>12}"
                              for name in _simulators(summary)),
    ]
    units = dict.fromkeys(bench["unit"] for bench in summary["simulation"])
    for unit in units:
        line = f"  {unit:<26}"
        for simulator in _simulators(summary):
            beats, mismatches = (
                sum(bench[key] for bench in summary["simulation"]
                    if bench["unit"] == unit and bench["simulator"] == simulator)
                for key in ("beats", "mismatches")
            )
            line += f"{beats:>18,}{mismatches:>12}"
        lines.append(line)
    engine, detection = summary["engine"], summary["detection"]
    exploration = summary["exploration"]
    lines += [
        "",
        f"The engine: {engine['images']} digits classified by the whole network's Verilog "
        f"({engine['engine']}, in {engine['simulator']}),",
        f"{engine['right']} right, {engine['cycles']:,} cycles each; {engine['elements']:,} "
        f"elements compared, {len(engine['differences'])} differences.",
        "",
        f"A detector: digits found by Mask R-CNN with Swin on {detection['canvases']} canvases, "
        "average precision of boxes and masks:",
        ", ".join(f"{title} {detection[title]['box']['ap']:.1f} and "
                  f"{detection[title]['mask']['ap']:.1f} %" for title in ("float", "W4/A4")) + ".",
        "",
        f"An exploration: {exploration['rows']} choices of method, widths and array, "
        f"{exploration['front']} of them better than any other in something.",
        f"The fewest cycles within one point of float: {exploration['best']}.",
        "",
        f"Done in {seconds:.0f} s. Where things are:",
        f"  {out}/report.png      channel ranges, Softmax levels, accuracy: look at this first",
        f"  {out}/detection.png   digits found on canvases, by the float detector and by W4/A4",
        f"  {out}/exploration/    report.html and front.png: what each choice costs",
        f"  {out}/summary.json    all of the above as data",
        f"  {out}/model/          the quantized model (JSON and safetensors)",
        f"  {out}/program.*/      the integer programs: hardware, and integer without any float",
        f"  {out}/vectors/        golden vectors for $readmemh and numpy; its README.md explains",
        f"  {out}/verilog/        {len(summary['verilog'])} files: units, AXI4-Stream tops, ports",
        f"  {out}/simulation/     logs of every bench",
        f"  {out}/engine/         logs of the engine's runs",
        "",
        "To go on:",
        *_next_steps(out),
    ]
    return "\n".join(lines)


def _next_steps(out: str) -> list[str]:
    """Three commands to try, after the one that puts `vit2rtl` on the PATH where it is not."""
    activate = Path(sys.prefix, "bin", "activate")
    found = shutil.which("vit2rtl")
    steps = []
    if activate.exists() and (found is None or Path(found).parent != activate.parent):
        steps.append((f"source {os.path.relpath(activate)}", "puts vit2rtl on your PATH"))
    steps += [
        (f"vit2rtl inspect {out}/program.integer", "what the network costs as integers"),
        (f"vit2rtl simulate {out}/vectors --verilog {out}/verilog",
         "edit a file there and see it fail"),
        ("vit2rtl quantize --help", "your own model"),
    ]
    width = max(len(command) for command, _ in steps)
    return [f"  {command:<{width}}  # {why}" for command, why in steps]


def _program(variant: str, result: Mapping[str, Any]) -> str:
    noise = "logits equal" if result["sqnr"] is None else f"logits {result['sqnr']:.1f} dB"
    return (f"  {variant:<10}{result['ops']:>3} ops, {result['differ']:>7,} of "
            f"{result['elements']:,} differ; {noise}, top-1 agrees on "
            f"{result['top1_agreement']:.1f} %")


def _simulators(summary: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(bench["simulator"] for bench in summary["simulation"]))
