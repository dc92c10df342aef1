"""``vit2rtl verilog``: the Verilog of a hardware unit, its port tables and its file list."""

from pathlib import Path

import click

from vit2rtl.commands import completion, options
from vit2rtl.commands.unit_options import given, make_instance, option, parameter_options, takers
from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.golden.engine.buffers import buffers
from vit2rtl.golden.files import atomic
from vit2rtl.golden.units import UNITS, Instance

_CODED = takers("bits", "width", "zero_code")[0]
_SCALED = takers("acc_width", "shift_base", "shift_width")[0]


@click.command(help=f"""Generate the Verilog of UNIT: {', '.join([*UNITS][:-1])} or {[*UNITS][-1]}.

\b
Per instance, into DIR:
  NAME.v       bare unit, valid/ready streams
  NAME_axis.v  AXI4-Stream top, instantiates NAME
  NAME.f       list of the two, for iverilog -c, verilator -F, yosys, vendor tools
  NAME.md      ports, lanes, latency; NAME.json is the same for programs

\b
Examples:
  vit2rtl verilog --all --out verilog/
  vit2rtl verilog {_SCALED} --lanes 8 --bits 8 --out verilog/
  vit2rtl verilog {_SCALED} --acc-width 18 --shift-base 20 --shift-width 0 --out verilog/
  vit2rtl verilog {_CODED} --bits 6 --width 12 --zero-code none --out verilog/
  vit2rtl verilog --engine small --out verilog/

\b
With --engine, of the whole engine:
  NAME.v       encoder_engine_ENGINE: AXI4-Streams, AXI4-Lite registers
  NAME.f       its file list
  NAME.md      ports, registers, buffers; NAME.json is the same for programs

The same command gives the same bytes, anywhere.
""")
@click.argument("unit", required=False, shell_complete=completion.units)
@click.option("--all", "everything", is_flag=True, help="Every unit with its default parameters.")
@click.option(
    "--out", metavar="DIR", required=True, type=click.Path(), help="Folder for the files."
)
@options.engine
@parameter_options
def command(
    unit: str | None, everything: bool, out: str, engine: str | None,
    **parameters: int | str | None,
) -> None:
    chosen = given(parameters)
    atomic.check_folder(Path(out))
    if engine:
        if unit or chosen or everything:
            extra = unit or option(next(iter(chosen), "all"))
            raise click.UsageError(f"--engine means the whole engine; leave out {extra}")
        _write_engine(engine, out)
        return
    if everything:
        if unit or chosen:
            extra = unit or option(next(iter(chosen)))
            raise click.UsageError(f"--all means every unit with its defaults; leave out {extra}")
        instances = [Instance.of(name) for name in UNITS]
    elif unit is None:
        raise click.UsageError(f"Name a unit ({', '.join(UNITS)}) or give --all or --engine")
    else:
        instances = [make_instance(unit, chosen)]
    from vit2rtl.rtl import verilog

    paths = verilog.write(instances, out)
    for instance in instances:
        _report(instance)
    click.echo("\n".join(str(path) for path in paths))


def _write_engine(engine: str, out: str) -> None:
    from vit2rtl.rtl.engine import verilog

    configuration = CONFIGURATIONS[engine]
    paths = verilog.write(configuration, out)
    bits = sum(one.width * one.depth for one in buffers(configuration).values())
    click.echo(f"{verilog.name(configuration)}: {configuration.rows} × {configuration.columns} "
               f"array, buffers of {bits:,} bits")
    click.echo("\n".join(str(path) for path in paths))


def _report(instance: Instance) -> None:
    from vit2rtl.rtl.verilog.describe import describe

    description = describe(instance)
    click.echo(f"{instance.name}: {description['summary']}")
    click.echo(
        f"  {instance.lanes} lanes, latency {description['latency_cycles']} cycles, "
        "one beat a cycle under any back pressure"
    )
    for port in description["ports"]:
        width = f"[{port['width'] - 1}:0]" if port["width"] > 1 else ""
        click.echo(f"  {port['direction']:6} {port['name']:14} {width:9} {port['role']}")
