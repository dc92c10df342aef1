"""Activations by table in simulation: every code, a naive model with the table as registers."""

from collections.abc import Iterator, Mapping

import numpy as np

from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.coverage.points import Point, unlike_lanes
from vit2rtl.sim.units.face import EXHAUSTIVE, FUNCTION, SPECIFICATION, Face, Part

# Bits of which every number is a bin.
EVERY = 4


def bins(instance: Instance) -> Iterator[Point]:
    """Codes, all or ends and single bits; entries, all or both ends; tables of both kinds."""
    code, value = instance.fields["code"], instance.fields["value"]
    yield Point("code", _bits(code.width), lambda s: s["i.code"])
    last = value.range[1]
    values = _bits(value.width) if value.width <= EVERY else {0: "0", last: "largest"}
    yield Point("value", values, lambda s: s["o.value"])

    def tables(s: Mapping[str, np.ndarray]) -> np.ndarray:
        falls = np.diff(s["i_table.entry"]) < 0
        return np.full_like(s["i.code"], falls.mean() > 0.25)

    yield Point("table", {0: "rising, most of it", 1: "another"}, tables)
    yield unlike_lanes(*instance.sinks)


def _bits(width: int) -> dict[int, str]:
    """Every number where they are few, else the ends and those of one bit."""
    if width <= EVERY:
        return {n: str(n) for n in range(1 << width)}
    return {0: "0", **{1 << n: str(1 << n) for n in range(width)}, (1 << width) - 1: "largest"}


def model(instance: Instance) -> str:
    """Each code's entry in the cycle in which the code is taken."""
    (source,), (sink,), (table,) = instance.sources, instance.sinks, instance.tables
    bits, width = source.lane_bits, sink.lane_bits
    lanes = ", ".join(f"entries[i[{n * bits} +: {bits}]]" for n in reversed(range(source.lanes)))
    return f"""\
module model(
  input clk, input aresetn, input i_taken, input [{source.beat_bits}:0] i,
  input i_table_taken, input [{table.beat_bits}:0] i_table,
  output o_due, output [{sink.beat_bits}:0] o
);
  reg [{width - 1}:0] entries [0:{table.entries - 1}];
  reg [{bits - 1}:0] place;
  always @(posedge clk)
    if (!aresetn) place <= 0;
    else if (i_table_taken) begin
      entries[place] <= i_table[{width - 1}:0];
      place <= i_table[{table.beat_bits}] ? 0 : place + 1;
    end
  assign o_due = i_taken;
  assign o = {{i[{source.beat_bits}], {lanes}}};
endmodule
"""


SMALL = {"lanes": 1, "input_bits": 4, "bits": 2}

FACE = Face(
    bins=bins,
    model=model,
    plan=(
        Part(FUNCTION, "a table of 16 entries loaded and used, 1 lane; entries of 2 bits",
             (SMALL,), cycles=20),
        Part(SPECIFICATION, "every code of 12 bits, with directed and random tables",
             ({"lanes": 3},)),
        Part(EXHAUSTIVE, "every code of 12 bits, entries of 4 bits, with one table",
             ({"lanes": 2},), ({"entry": [n * 40503 % 65521 >> 3 & 15 for n in range(1 << 12)]},),
             columns=(1,)),
    ),
    mutated={"input_bits": 4, "bits": 2},
)
