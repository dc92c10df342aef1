"""vit2rtl inspect: what an integer program holds and costs."""

import json

import click

from vit2rtl.golden.program.inspection import summary
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.reader import read_program


@click.command(epilog="""\b
Examples:
  vit2rtl inspect deit-w4a4.program
  vit2rtl inspect deit-w4a4.program --json
""")
@click.argument("program_folder", metavar="PROGRAM",
                type=click.Path(file_okay=False, path_type=str))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(program_folder, as_json):
    """Show the integer program in the folder PROGRAM, op by op.

    For each op: the output's shape and bits, the accumulator's width (signed, from the bound of
    its actual weights), multiply-accumulates of one image, bytes of constants at their bit width.
    Needs no torch.
    """
    found = summary(read_program(program_folder))
    click.echo(json.dumps(found, indent=1, sort_keys=True) if as_json else _table(found))


def _table(found):
    rows = [("op", "kind", "output", "bits", "acc", "MACs", "bytes")]
    rows += [_cells(row) for row in found["ops"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(size) if n < 3 else cell.rjust(size)
                  for n, (cell, size) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    totals, macs = found["totals"], found["totals"]["macs"]
    shares = ", ".join(f"{kind.title or name} {100 * macs[name] / max(macs['all'], 1):.1f} %"
                       for name, kind in KINDS.items() if name in macs)
    return "\n".join([
        *lines, "",
        f"{found['model']}, variant {found['variant']}: {totals['ops']} ops, widest accumulator "
        f"{totals['widest_accumulator_bits']} bits",
        f"MACs of one image: {macs['all']:,}: {shares}",
        f"parameters: {totals['parameter_bytes']:,} bytes, float32 {totals['float32_bytes']:,}: "
        f"1/{totals['float32_over_parameters']:.2f}, linear layers alone "
        f"1/{totals['float32_over_weights']:.2f}; tables: {totals['table_bytes']:,} bytes",
    ])


def _cells(row):
    output = row["output"]
    bits = "float" if output["encoding"] == "float64" else str(output["bits"])
    total = row["parameter_bits"] + row["table_bits"]
    return (
        row["name"], row["kind"], "×".join(map(str, output["shape"])), bits,
        str(row["accumulator_bits"] or ""), f"{row['macs']:,}" if row["macs"] else "",
        f"{-(-total // 8):,}" if total else "",
    )
