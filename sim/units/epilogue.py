"""The epilogue in simulation: what meets limits, saturations and rows; a naive model."""

from collections.abc import Iterator, MutableMapping
from functools import partial

import numpy as np

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.sim.coverage.points import NONE, Point, unlike_lanes
from vit2rtl.sim.units import contracts
from vit2rtl.sim.units.face import EXHAUSTIVE, SPECIFICATION, STREAM, Face, Part

Samples = MutableMapping

CYCLES = 18  # a beat comes through in 10, a row's numbers in 13
_SMALL = {"acc_width": 4, "multiplier_width": 2, "width": 4}


def _beside(instance: Instance, limit: str, s: Samples) -> np.ndarray:
    """How far a result is from a limit, at most two."""
    return np.clip(_stages(instance, s)["result"] - s[f"c.{limit}"], -2, 2)


def bins(instance: Instance) -> Iterator[Point]:
    """Shifts, ties, sums that wrap, results around limits, saturations, places of the maximum."""
    steps = {n: str(n) for n in range(instance.fields["shift"].range[1] + 1)}
    yield Point("step of the window", steps, lambda s: s["i.shift"])
    yield Point("tie", {1: "above zero", -1: "below zero"}, lambda s: _stages(instance, s)["tie"])
    yield Point("sum with the bias", {-1: "wraps below", 0: "fits", 1: "wraps above"},
                lambda s: _stages(instance, s)["wraps"])
    edges = {-2: "below", -1: "one below", 0: "at it", 1: "one above", 2: "above"}
    for name in ("low", "high"):
        yield Point(f"result, limit {name}", edges, partial(_beside, instance, name))
    yield Point("stream", {-1: "saturates below", 0: "fits", 1: "saturates above"},
                lambda s: _stages(instance, s)["saturates"])
    (source,) = instance.sources
    lanes = {n: f"in lane {n}" for n in range(source.lanes)}
    yield Point("maximum", lanes, lambda s: _largest(s["o.value"]) % source.lanes)
    signs = {-1: "below zero", 1: "above zero"}
    yield Point("sum", signs, lambda s: np.sign(s["o_row.sum"]))
    yield unlike_lanes(instance.sinks[0])


def _stages(instance: Instance, s: Samples) -> dict[str, np.ndarray]:
    """What is between input and output, element by element, by the definition."""
    if "stages" not in s:
        s["stages"] = _derived(instance, s)
    return s["stages"]


def _derived(instance: Instance, s: Samples) -> dict[str, np.ndarray]:
    half = 1 << instance.fields["acc"].width - 1
    exact = s["i.acc"] + s["i.bias"]
    shift = s["c.shift_base"] + s["i.shift"]
    product = ((exact + half) % (2 * half) - half) * s["i.multiplier"]
    one = np.int64(1) << shift
    result = (product + (one >> 1) >> shift) + s["c.zero_point"]
    branch = np.clip(result, s["c.low"], s["c.high"])
    low, high = instance.fields["value"].range
    total = np.where(s["c.add"] == 1, branch + s["i.stream"], NONE)
    return {
        "wraps": (exact >= half).astype(int) - (exact < -half),
        "tie": np.where(2 * (product % one) == one, np.sign(product), NONE),
        "result": result,
        "saturates": np.where(total == NONE, NONE, np.clip(total, low - 1, high + 1) - np.clip(
            total, low, high)),
    }


def _largest(values: np.ndarray) -> np.ndarray:
    """Place of each row's largest element, where it is the only one."""
    largest = values == values.max(axis=1, keepdims=True)
    return np.where(largest.sum(axis=1) == 1, largest.argmax(axis=1), NONE)


def model(instance: Instance) -> str:
    """The lanes of a beat one after the other, by the definition; the row so far beside them."""
    (source,), (sink, row) = instance.sources, instance.sinks
    p, fields = instance.parameters, instance.fields
    acc, value = fields["acc"].width, fields["value"]
    wide = acc + p["multiplier_width"] + 50
    inputs = "".join(f", input [{f.width - 1}:0] {f.name}" for f in instance.configuration)
    lanes = "\n".join(_lane(source, sink, n) for n in range(source.lanes))
    low, high = value.range
    return f"""\
module model(
  input clk, input aresetn, input i_taken, input [{source.beat_bits}:0] i{inputs},
  output o_due, output [{sink.beat_bits}:0] o, output o_row_due, output [{row.beat_bits}:0] o_row
);
  reg started;
  reg signed [{value.width - 1}:0] best, maximum;
  reg signed [{fields["sum"].width - 1}:0] plain, sum;
  reg [{fields["squares"].width - 1}:0] power, squares;
  reg [{sink.beat_bits - 1}:0] values;
  reg signed [{acc - 1}:0] total;
  reg signed [{wide - 1}:0] r;
  reg any;
  always @* begin
    any = started;
    best = maximum;
    plain = started ? sum : 0;
    power = started ? squares : 0;
    values = 0;
    total = 0;
    r = 0;
{lanes}
  end
  always @(posedge clk)
    if (!aresetn) started <= 0;
    else if (i_taken) begin
      started <= !i[{source.beat_bits}];
      maximum <= best;
      sum <= plain;
      squares <= power;
    end
  assign o_due = i_taken;
  assign o = {{i[{source.beat_bits}], values}};
  assign o_row_due = i_taken && i[{source.beat_bits}];
  assign o_row = {{1'b1, power, plain, best}};
endmodule
""".replace("LOW", f"-{wide}'sd{-low}").replace("HIGH", f"{wide}'sd{high}").replace(
        "WIDE", str(wide))


def _lane(source: Stream, sink: Stream, n: int) -> str:
    """R1 and R7 of one lane; the row grows by what comes of it."""
    parts, place = {}, n * source.lane_bits
    for f in source.fields:
        parts[f.name] = f"i[{place} +: {f.width}]"
        place += f.width
    width = sink.lane_bits
    return f"""\
    total = {parts["acc"]} + {parts["bias"]};
    r = total * $signed({{1'b0, {parts["multiplier"]}}});
    r = r + (WIDE'sd1 <<< (shift_base + {parts["shift"]} - 1));
    r = r >>> (shift_base + {parts["shift"]});
    r = r + $signed(zero_point);
    r = r < $signed(low) ? $signed(low) : r > $signed(high) ? $signed(high) : r;
    if (add) r = r + $signed({parts["stream"]});
    r = r < LOW ? LOW : r > HIGH ? HIGH : r;
    values[{n * width} +: {width}] = r;
    if (!any || r > best) best = r;
    any = 1;
    plain = plain + r;
    power = power + r * r;"""


def contract(instance: Instance) -> str:
    """A result is due with each beat, and numbers of the row with its last one."""
    (source,), (sink, row) = instance.sources, instance.sinks
    return f"""\
module model(
{contracts.ports(instance)}
);
  wire last = {source.name}[{source.beat_bits}];
  assign {sink.name}_due = {source.name}_taken;
  assign {sink.name} = {{last, {sink.beat_bits}'d0}};
  assign {row.name}_due = {source.name}_taken && last;
  assign {row.name} = {{1'b1, {row.beat_bits}'d0}};
endmodule
"""


FACE = Face(
    bins=bins,
    model=model,
    contract=contract,
    plan=(
        Part(STREAM, "any traffic, stalls of both outputs and resets of rows of any length; 1 lane "
             "and 2", (_SMALL | {"lanes": 1}, _SMALL | {"lanes": 2}), cycles=CYCLES),
        Part(SPECIFICATION, "directed rows at the default parameters and 3 lanes, and as many of "
             "random numbers where these keep to the domain", ({"lanes": 3},)),
        Part(EXHAUSTIVE, "every element of accumulators, biases, multipliers and results of 4, 4, "
             "2 and 4 bits, upon every element of the residual stream, shifts from 1 to 8",
             ({"lanes": 1, "acc_width": 4, "multiplier_width": 2, "width": 4},),
             ({"shift_base": 1, "zero_point": -2, "low": -7, "high": 5, "add": 1},),
             columns=(1,)),
    ),
    mutated={"acc_width": 8, "multiplier_width": 4, "width": 6},
)
