"""``vit2rtl package``: the IP package of a hardware unit, one self-contained folder."""

import click

from vit2rtl.commands import completion, options
from vit2rtl.commands.unit_options import given, make_instance, option, parameter_options, takers
from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.golden.units import UNITS
from vit2rtl.rtl.packaging.register_map import CHANNELS
from vit2rtl.rtl.synthesis.table import measured
from vit2rtl.sim.formal.claims import claims

_CODED = takers("bits", "width", "zero_code")[1]
_SCALED = takers("acc_width", "bits")[0]
_CHANNELS = takers("channels")


@click.command(help=f"""Write the IP package of UNIT: what an FPGA team adds to its project.

\b
Into DIR, which it replaces if it holds an earlier package and nothing else:
  README.md     data sheet: ports, timing, registers, area, proofs, a beat by hand
  rtl/          Verilog-2001: bare unit, AXI4-Stream top, top with AXI4-Lite registers
  vectors/      golden vectors with a self-checking bench
  registers/ software/ lint/ constraints/ vivado/ quartus/ NAME.core NAME.f

\b
Examples:
  vit2rtl package {_SCALED} --lanes 8 --bits 8 --out {_SCALED}-ip/
  vit2rtl package {_SCALED} --channels 3072 --out {_SCALED}-ip/
  vit2rtl package {_CODED} --no-axi-lite --out quantizer-ip/
  vit2rtl package --engine small --out engine-ip/

\b
With --engine, of the whole engine: rtl/, registers/, software/ with a driver in C,
  lint/ constraints/ vivado/ quartus/ NAME.core NAME.f

The same command gives the same bytes, anywhere.
""")
@click.argument("unit", required=False, shell_complete=completion.units)
@click.option("--out", metavar="DIR", required=True, type=click.Path(), help="Folder to write.")
@click.option(
    "--axi-lite/--no-axi-lite",
    default=True,
    show_default=True,
    help="Add a top whose configuration is behind AXI4-Lite registers.",
)
@parameter_options
@click.option(
    "--channels",
    type=int,
    help="Output channels that the tables of the AXI4-Lite top hold, at least; 0: no tables, "
    f"per-channel values travel in the stream.  [default: {CHANNELS}]  Of a unit with a parameter "
    f"of this name ({', '.join(_CHANNELS)}), that.",
)
@options.engine
@options.as_json
def command(
    unit: str | None,
    out: str,
    axi_lite: bool,
    channels: int | None,
    engine: str | None,
    as_json: bool,
    **parameters: int | str | None,
) -> None:
    if engine:
        given_too = [unit] if unit else [option(name) for name in given(parameters)]
        given_too += ["--no-axi-lite"] * (not axi_lite) + ["--channels"] * (channels is not None)
        if given_too:
            raise click.UsageError(f"--engine means the whole engine; leave out {given_too[0]}")
        _write_engine(engine, out, as_json)
        return
    if unit is None:
        raise click.UsageError(f"Name a unit ({', '.join(UNITS)}) or give --engine")
    if channels is not None and not axi_lite:
        raise click.UsageError("--channels sizes the tables of the AXI4-Lite top: leave it out")
    chosen = given(parameters)
    if unit in _CHANNELS and channels is not None:
        chosen["channels"] = channels
    instance = make_instance(unit, chosen)
    from vit2rtl.rtl.packaging.package import write_package

    files = write_package(
        instance,
        out,
        axi_lite=axi_lite,
        channels=CHANNELS if channels is None else channels,
        area=measured(instance.unit.name),
        claims=claims(instance.unit.name),
    )
    _report(instance.name, out, files, as_json)


def _write_engine(engine: str, out: str, as_json: bool) -> None:
    from vit2rtl.rtl.engine import package, verilog

    configuration = CONFIGURATIONS[engine]
    files = package.write_package(configuration, out)
    _report(verilog.name(configuration), out, files, as_json)


def _report(name: str, out: str, files: list[str], as_json: bool) -> None:
    if as_json:
        options.show_json({"instance": name, "folder": str(out), "files": files})
        return
    click.echo(f"{name}: {len(files)} files in {out}; its README.md is the data sheet")
