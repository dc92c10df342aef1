"""Row maximum in simulation: bins of rows, a naive model, bounded proofs."""

from collections.abc import Iterator, Mapping

import numpy as np

from vit2rtl.golden.units import Instance
from vit2rtl.sim.coverage.points import Point
from vit2rtl.sim.units.face import EXHAUSTIVE, FUNCTION, SPECIFICATION, Face, Part


def bins(instance: Instance) -> Iterator[Point]:
    """Each lane has the largest element once; the row before had a larger one."""
    (source,) = instance.sources
    lanes = {n: f"in lane {n}" for n in range(source.lanes)}
    yield Point("largest", lanes, lambda s: s["i.value"].argmax(axis=1) % source.lanes)
    low, high = instance.fields["maximum"].range
    yield Point("maximum", {low: "least", high: "largest"}, lambda s: s["o.maximum"])

    def falls(s: Mapping[str, np.ndarray]) -> np.ndarray:
        return (s["o.maximum"][1:] < s["o.maximum"][:-1]).astype(int)

    yield Point("row", {1: "after one with a larger maximum"}, falls)


def model(instance: Instance) -> str:
    """The elements of a beat one after the other, the maximum so far beside them."""
    (source,), (sink,) = instance.sources, instance.sinks
    width, lanes = sink.lane_bits, source.lanes
    steps = "\n".join(
        f"    value = i[{n * width} +: {width}];\n"
        f"    if (!any || value > best) best = value;\n    any = 1;"
        for n in range(lanes)
    )
    return f"""\
module model(
  input clk, input aresetn, input i_taken, input [{source.beat_bits}:0] i,
  output o_due, output [{sink.beat_bits}:0] o
);
  reg signed [{width - 1}:0] best, value, kept;
  reg any, started;
  always @* begin
    best = kept;
    any = started;
    value = 0;
{steps}
  end
  always @(posedge clk)
    if (!aresetn) started <= 0;
    else if (i_taken) begin
      started <= !i[{source.beat_bits}];
      kept <= best;
    end
  assign o_due = i_taken && i[{source.beat_bits}];
  assign o = {{1'b1, best}};
endmodule
"""


FACE = Face(
    bins=bins,
    model=model,
    plan=(
        Part(FUNCTION, "rows of any length and traffic, 4 bits, 1 and 2 lanes",
             ({"lanes": 1, "width": 4}, {"lanes": 2, "width": 4}), cycles=10),
        Part(SPECIFICATION, "directed rows of 2 lanes of 4 bits, and as many random ones",
             ({"lanes": 2, "width": 4},)),
        Part(EXHAUSTIVE, "every row of 1 and of 3 elements of 2 bits",
             ({"lanes": 2, "width": 2},), columns=(1, 3)),
    ),
)
