"""``vit2rtl verilog``: the Verilog of a hardware unit, its port tables and its file list."""

import click

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl import verilog
from vit2rtl.rtl.describe import describe


def _parameter_options(function):
    """An option for every parameter that any unit has; its help says what each unit takes."""
    names = dict.fromkeys(name for unit in UNITS.values() for name in unit.parameters)
    for name in reversed(names):
        takers = {u.name: u.parameters[name] for u in UNITS.values() if name in u.parameters}
        choices = next(iter(takers.values())).choices
        function = click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=click.Choice(choices) if choices else int,
            help=_help(takers),
        )(function)
    return function


def _help(takers):
    said = {}
    for unit, parameter in takers.items():
        limits = "" if parameter.choices else f"{parameter.low} to {parameter.high}, "
        text = f"{parameter.description} ({limits}default {parameter.default})"
        said.setdefault(text[0].upper() + text[1:], []).append(unit)
    everyone = len(said) == 1 and sum(map(len, said.values())) == len(UNITS)
    return ". ".join(
        text if everyone else f"{', '.join(units)}: {text}" for text, units in said.items()
    )


@click.command()
@click.argument("unit", required=False)
@click.option("--all", "everything", is_flag=True, help="Every unit with its default parameters.")
@click.option(
    "--out", metavar="DIR", required=True, type=click.Path(), help="Folder for the files."
)
@_parameter_options
def command(unit, everything, out, **parameters):
    """Generate the Verilog of UNIT: log2_dequantizer, log_sqrt2_quantizer or requantizer.

    \b
    Per instance, into DIR:
      NAME.v       bare unit, valid/ready streams
      NAME_axis.v  AXI4-Stream top, instantiates NAME
      NAME.f       list of the two, for iverilog -c, verilator -F, yosys, vendor tools
      NAME.md      ports, lanes, latency; NAME.json is the same for programs

    \b
    Examples:
      vit2rtl verilog --all --out verilog/
      vit2rtl verilog requantizer --lanes 8 --bits 8 --out verilog/
      vit2rtl verilog requantizer --acc-width 18 --shift-base 20 --shift-width 0 --out verilog/
      vit2rtl verilog log2_dequantizer --bits 6 --width 12 --zero-code none --out verilog/

    The same command gives the same bytes, anywhere.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    if everything:
        if unit or given:
            extra = unit or _option(next(iter(given)))
            raise click.UsageError(f"--all means every unit with its defaults; leave out {extra}")
        instances = [Instance.of(name) for name in UNITS]
    elif unit is None:
        raise click.UsageError(f"Name a unit ({', '.join(UNITS)}) or give --all")
    else:
        instances = [_instance(unit, given)]
    paths = verilog.write(instances, out)
    for instance in instances:
        _report(instance)
    click.echo("\n".join(str(path) for path in paths))


def _instance(unit, given):
    if unit in UNITS:
        has = UNITS[unit].parameters
        for name in given:
            if name not in has:
                raise click.UsageError(
                    f"{unit} has no option {_option(name)}; it has {', '.join(map(_option, has))}"
                )
    return Instance.of(unit, **given)


def _option(name):
    return f"--{name.replace('_', '-')}"


def _report(instance):
    description = describe(instance)
    click.echo(f"{instance.name}: {description['summary']}")
    click.echo(
        f"  {instance.lanes} lanes, latency {description['latency_cycles']} cycles, "
        "one beat a cycle under any back pressure"
    )
    for port in description["ports"]:
        width = f"[{port['width'] - 1}:0]" if port["width"] > 1 else ""
        click.echo(f"  {port['direction']:6} {port['name']:14} {width:9} {port['role']}")
