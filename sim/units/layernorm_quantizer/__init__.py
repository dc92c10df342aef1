"""LayerNorm quantizer: R8 by its definition, at the end of each row."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from math import isqrt

import numpy as np

from vit2rtl.golden.arithmetic.integers import bit_length
from vit2rtl.golden.arithmetic.layernorm import SHIFT_LIMIT
from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.coverage.points import NONE, Point, unlike_lanes
from vit2rtl.sim.units.contracts import whole_rows
from vit2rtl.sim.units.face import EXHAUSTIVE, SPECIFICATION, STREAM, Face, Part
from vit2rtl.sim.units.layernorm_quantizer.cores import CORES

Samples = MutableMapping

INTERVAL = 30  # cycles for a row, if it has no more beats
_SEEDS = range(64, 256)


def bins(instance: Instance) -> Iterator[Point]:
    """Leading bits of variances, rows of one value, lengths, ends of settings and of gains."""
    yield Point("seed", {n: str(n) for n in _seeds(instance)}, lambda s: _leading(s)[1])
    most = (_most(instance).bit_length() - 1) // 2
    pairs = {0: "1 to 3", 2: "16 to 63", most: "of as many bits as there are"}
    yield Point("variance", pairs, lambda s: _leading(s)[0])
    yield _level_rows(instance)
    yield from _lengths(instance)
    epsilon = instance.fields["epsilon"].range[1]
    yield _ends("shift", "c", (0, SHIFT_LIMIT))
    yield _ends("epsilon", "c", (1, epsilon))
    for name in ("gain", "offset"):
        most = instance.fields[name].range[1]
        yield _ends(name, "i_affine", (-most, 0, most))
    top = instance.fields["code"].range[1]
    yield Point("code", {0: "0", top: "top", (top + 1) // 2: "middle"}, lambda s: s["o.code"])
    yield unlike_lanes(*instance.sinks)


def _ends(name: str, prefix: str, values: Iterable[int]) -> Point:
    def key(s: Samples) -> np.ndarray:
        return s.get(f"{prefix}.{name}", np.array(NONE))

    return Point(name, {value: str(value) for value in values}, key)


def _most(instance: Instance) -> int:
    """The largest variance without epsilon, at an even number of elements."""
    columns = instance.parameters["channels"]
    span = (1 << instance.parameters["width"]) - 1
    half = columns // 2
    return half * (columns - half) * span * span


def _seeds(instance: Instance) -> list[int]:
    """Seeds that one element unlike 16 others, or unlike another one, can meet."""
    others = 16 if instance.parameters["channels"] > 16 else 1
    differences = np.arange(1 << instance.parameters["width"]) * isqrt(others)
    return sorted({*_seed(differences * differences + 1)[1].tolist()} & {*_SEEDS})


def _seed(variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pair of bits in which a variance begins, and the 7 or 8 bits from it on."""
    pair = (bit_length(variance) - 1) >> 1
    shift = 2 * pair - 6
    return pair, variance >> np.maximum(shift, 0) << -np.minimum(shift, 0)


def _leading(s: Samples) -> tuple[np.ndarray, np.ndarray]:
    if "leading" not in s:
        columns = int(s["c.columns"].flat[0])
        rows = s["i.element"][:, :columns].astype(np.int64)
        total, squares = rows.sum(axis=1), (rows * rows).sum(axis=1)
        s["leading"] = _seed(columns * squares - total * total + s["c.epsilon"][:, 0])
    return s["leading"]


def _level_rows(instance: Instance) -> Point:
    low, high = instance.fields["element"].range

    def key(s: Samples) -> np.ndarray:
        rows = s["i.element"]
        return np.where((rows == rows[:, :1]).all(axis=1), rows[:, 0], NONE)

    return Point("row of one value", {low: "least", high: "largest", 0: "0"}, key)


def _lengths(instance: Instance) -> Iterator[Point]:
    most = instance.parameters["channels"]
    ends = {1: "1", most: "as many as there are gains"}
    yield Point("columns", ends, lambda s: s["c.columns"])
    lanes = instance.lanes
    if most >= 2 * lanes:
        fills = {n: str(n or lanes) for n in range(lanes)}
        yield Point("elements of the last beat", fills, lambda s: s["c.columns"] % lanes)


def model(instance: Instance) -> str:
    """All of a row's codes at its end, from numbers wide enough for everything; a beat a cycle."""
    (source,), (sink,), (table,) = instance.sources, instance.sinks, instance.tables
    lanes, width, bits = source.lanes, source.lane_bits, sink.lane_bits
    gain, offset = (field.width for field in table.fields)
    beats = source.beats(instance.parameters["channels"])
    room = (4 * beats).bit_length()
    settings = (f", input [{f.width - 1}:0] {f.name}" for f in instance.configuration)
    return _MODEL.format(
        lanes=lanes, width=width, bits=bits, gain=gain, entry=gain + offset,
        last=source.beat_bits, table_last=table.beat_bits, sink_last=sink.beat_bits,
        elements=beats * lanes, room=room, top=(1 << bits) - 1,
        configuration="".join(settings),
    )


_MODEL = """\
module model(
  input clk, input aresetn, input i_taken, input [{last}:0] i,
  input i_affine_taken, input [{table_last}:0] i_affine,
  output o_due, output [{sink_last}:0] o{configuration}
);
  reg signed [{width}-1:0] x [0:{elements}-1];
  reg signed [{gain}-1:0] gains [0:{elements}-1];
  reg signed [{entry}-{gain}-1:0] offsets [0:{elements}-1];
  reg [{sink_last}:0] results [0:(1 << {room})-1];
  reg [{room}-1:0] given, made, next;
  integer n, k, at, place, size, pairs, seed;
  reg signed [127:0] total, squares, v, m, y, t, value;
  reg [{bits}-1:0] code;
  assign o_due = given != made;
  assign o = results[given];
  always @(posedge clk)
    if (!aresetn) begin
      at = 0;
      place = 0;
      given <= 0;
      made <= 0;
    end else begin
      if (o_due) given <= given + 1;
      if (i_affine_taken) begin
        for (n = 0; n < {lanes}; n = n + 1)
          {{offsets[place + n], gains[place + n]}} = i_affine[n * {entry} +: {entry}];
        place = i_affine[{table_last}] ? 0 : place + {lanes};
      end
      if (i_taken) begin
        for (n = 0; n < {lanes}; n = n + 1) x[at + n] = i[n * {width} +: {width}];
        at = at + {lanes};
      end
      if (i_taken && i[{last}]) begin
        total = 0;
        squares = 0;
        for (n = 0; n < columns; n = n + 1) begin
          total = total + x[n];
          squares = squares + x[n] * x[n];
        end
        v = columns;
        v = v * squares - total * total + $signed({{1'b0, epsilon}});
        size = 0;
        for (n = 0; n < 64; n = n + 1) if (v[n]) size = n + 1;
        pairs = (size + 43) / 2 - 32;
        m = pairs >= 0 ? v >>> 2 * pairs : v <<< -2 * pairs;
        value = 2 * (m >>> 14) + 1;
        value = value * 8192;
        y = 0;
        while ((2 * y + 1) * (2 * y + 1) * value < 128'sd4 <<< 40) y = y + 1;
        y = y <<< 10;
        for (k = 0; k < 2; k = k + 1) begin
          t = ((128'sd3 <<< 44) - m * ((y * y) >>> 16)) >>> 22;
          y = (y * t + (128'sd1 <<< 22)) >>> 23;
        end
        y = (y + 4) >>> 3;
        if (y > 131071) y = 131071;
        next = made;
        for (n = 0; n < at; n = n + 1) begin
          value = columns;
          value = (value * x[n] - total) * y * gains[n];
          value = (value <<< 16) >>> (shift + pairs + 27);
          value = (value + offsets[n] + 32768) >>> 16;
          code = value < 0 ? 0 : value > {top} ? {top} : value;
          results[next][n % {lanes} * {bits} +: {bits}] = code;
          if (n % {lanes} == {lanes} - 1) begin
            results[next][{sink_last}] = n == at - 1;
            next = next + 1;
          end
        end
        made <= next;
        at = 0;
      end
    end
endmodule
"""


def contract(instance: Instance) -> str:
    """Of rows as long as there are gains, and shorter ones."""
    return whole_rows(instance, instance.sources[0].beats(instance.parameters["channels"]))


def interval(instance: Instance) -> int:
    """Of rows of as many elements as there are gains."""
    return -(-INTERVAL // instance.sources[0].beats(instance.parameters["channels"]))


# Every bit of r counts in the first one, gains of either sign in the second, the shift in the last.
_CONFIGURATIONS: tuple[Mapping[str, int | Sequence[int]], ...] = tuple(
    {"columns": 2, "shift": shift, "epsilon": epsilon, "gain": gain, "offset": offset}
    for shift, epsilon, gain, offset in (
        (0, 1, (65535, 65535), (65535 << 16, 5 - 65535 << 16)),
        (14, 77, (-65535, 21845), (1 << 18, 1 << 16)),
        (47, 225, (65535, -1), (1 << 15, -1)),
    )
)

FACE = Face(
    bins=bins,
    model=model,
    contract=contract,
    interval=interval,
    mutated={"channels": 18},
    cores=CORES,
    plan=(
        Part(STREAM, "any traffic, stalls and resets of rows of up to 2 elements, as far as the "
             "root: the first codes come after 48 cycles",
             ({"lanes": 1, "width": 4, "channels": 2},), cycles=24),
        Part("lane", "from its products on: every product of its factors, mean, shift and offset; "
             "192 channels of 16 bits, codes of 4", ({},), core=True),
        Part(SPECIFICATION,
             "directed rows of up to 24 elements of 16 bits, and as many random ones",
             ({"lanes": 2, "channels": 24},)),
        Part(EXHAUSTIVE, "every row of 2 elements of 4 bits, under three settings",
             ({"lanes": 2, "width": 4, "channels": 2},), _CONFIGURATIONS, columns=(2,)),
    ),
)
