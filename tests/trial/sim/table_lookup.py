"""Table lookup in simulation: a naive model with the table as registers, bounded proofs."""

from collections.abc import Iterator, Mapping

import numpy as np

from vit2rtl.golden.units import Instance
from vit2rtl.sim.coverage.points import Point, unlike_lanes
from vit2rtl.sim.units.face import EXHAUSTIVE, FUNCTION, SPECIFICATION, Face, Part


def bins(instance: Instance) -> Iterator[Point]:
    """Every code while the first entry is the least and while it is not."""
    count = instance.fields["code"].range[1] + 1
    tables = {0: "a rising table", 1: "another"}
    pairs = {c + t * count: f"{c} in {text}" for c in range(count) for t, text in tables.items()}

    def key(s: Mapping[str, np.ndarray]) -> np.ndarray:
        return s["i.code"] + count * int(s["i_table.entry"][0] != s["i_table.entry"].min())

    yield Point("code", pairs, key)
    yield unlike_lanes(*instance.sinks)


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


FACE = Face(
    bins=bins,
    model=model,
    plan=(
        Part(FUNCTION, "a table of 4 entries loaded and used, 1 lane",
             ({"lanes": 1, "bits": 2, "width": 2},), cycles=8),
        Part(SPECIFICATION, "every code of 2 bits, with directed and random tables",
             ({"lanes": 2, "bits": 2, "width": 4},)),
        Part(EXHAUSTIVE, "every 2 codes of 2 bits, with one table", ({"lanes": 2, "bits": 2},),
             ({"entry": (3, 0, 255, 15)},), columns=(2,)),
    ),
)
