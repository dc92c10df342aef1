"""vit2rtl inspect: what an integer program holds and costs."""

from collections.abc import Mapping
from typing import Any

import click

from vit2rtl.commands import options
from vit2rtl.golden.engine import CONFIGURATIONS, check
from vit2rtl.golden.program.inspection import summary
from vit2rtl.golden.program.kinds import KINDS


@click.command(epilog="""\b
Examples:
  vit2rtl inspect deit-w4a4.program
  vit2rtl inspect deit-w4a4.program --json
  vit2rtl inspect deit-w4a4.integer --engine deit-tiny
""")
@click.argument("program_folder", metavar="PROGRAM", type=options.FOLDER)
@options.engine
@options.as_json
def command(program_folder: str, engine: str | None, as_json: bool) -> None:
    """Show the integer program in the folder PROGRAM, op by op.

    For each op: the output's shape and bits, the accumulator's width (signed, from the bound of
    its actual weights), multiply-accumulates of one image, bytes of constants at their bit width.
    With --engine, also whether the program fits it; the first op that does not is an error.
    Needs no torch.
    """
    program = options.read_program(program_folder)
    if engine:
        check(program, CONFIGURATIONS[engine])
    costs = summary(program)
    if as_json:
        options.show_json(costs)
    else:
        click.echo(_table(costs))
        if engine:
            click.echo(f"fits the engine {engine}")


def _table(costs: Mapping[str, Any]) -> str:
    rows: list[tuple[str, ...]] = [("op", "kind", "output", "bits", "acc", "MACs", "bytes")]
    rows += [_cells(row) for row in costs["ops"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(size) if n < 3 else cell.rjust(size)
                  for n, (cell, size) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    totals, macs, means = (costs["totals"], costs["totals"]["macs"],
                           costs["totals"]["mean_bits"])
    shares = ", ".join(f"{kind.title or name} {100 * macs[name] / max(macs['all'], 1):.1f} %"
                       for name, kind in KINDS.items() if name in macs)
    return "\n".join([
        *lines, "",
        f"{costs['model']}, variant {costs['variant']}: {totals['ops']} ops, widest accumulator "
        f"{totals['widest_accumulator_bits']} bits",
        f"MACs of one image: {macs['all']:,}: {shares}",
        f"mean bits: {means['by_macs']:.2f} by MACs, {means['by_weights']:.2f} by weights",
        f"parameters: {totals['parameter_bytes']:,} bytes, float32 {totals['float32_bytes']:,}: "
        f"1/{totals['float32_over_parameters']:.2f}, linear layers alone "
        f"1/{totals['float32_over_weights']:.2f}; tables: {totals['table_bytes']:,} bytes",
    ])


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    output = row["output"]
    bits = "float" if output["encoding"] == "float64" else str(output["bits"])
    total = row["parameter_bits"] + row["table_bits"]
    return (
        row["name"], row["kind"], "×".join(map(str, output["shape"])), bits,
        str(row["accumulator_bits"] or ""), f"{row['macs']:,}" if row["macs"] else "",
        f"{-(-total // 8):,}" if total else "",
    )
