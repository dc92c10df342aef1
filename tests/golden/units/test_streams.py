"""Streams and limits: widths, names and conditions that ports, files and proofs go by."""

import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.lane_wise import LANE_WISE
from vit2rtl.golden.units import Field, Instance, Limit, Stream

FIELDS = {
    "acc": Field("acc", 4, signed=True),
    "shift": Field("shift", 3),
    "base": Field("base", 2),
}
LIMITS = (
    Limit({"acc": 1}, low=-7),
    Limit({"acc": 1}, high=-3),
    Limit({"shift": 1, "base": 1}, 1, 9),
    Limit({"acc": 1, "shift": -2}, high=0),
    Limit({"acc": -3, "shift": 2, "base": -1}, -20, 24),
    Limit({"shift": 1, "absent": 1}, 2, 5),
    Limit({"absent": 1}, low=1),
)


@pytest.mark.parametrize(
    ("name", "enters", "axi"),
    [
        ("i", True, "s_axis"),
        ("i_gain_of_row", True, "s_axis_gain_of_row"),
        ("o", False, "m_axis"),
        ("o_sums", False, "m_axis_sums"),
    ],
)
def test_names_say_the_direction(name, enters, axi):
    stream = Stream(name, (FIELDS["shift"],), 2)
    assert (stream.enters, stream.axi) == (enters, axi)


@pytest.mark.parametrize(("lanes", "beat", "tdata"), [(1, 7, 8), (2, 14, 16), (8, 56, 56)])
def test_bits_of_a_beat(lanes, beat, tdata):
    stream = Stream("i", (FIELDS["acc"], FIELDS["shift"]), lanes)
    assert (stream.lane_bits, stream.beat_bits, stream.tdata_width) == (7, beat, tdata)


def test_beats_of_a_row():
    stream = Stream("i", (FIELDS["acc"],), 4, rows=True)
    assert [stream.beats(columns) for columns in (1, 4, 5, 8, 9)] == [1, 1, 2, 2, 3]


def test_streams_of_an_instance_by_what_they_are_for():
    instance = Instance.of("requantizer")
    assert [s.name for s in instance.streams] == ["i", "o"]
    assert ([s.name for s in instance.sources], [s.name for s in instance.sinks]) == (["i"], ["o"])
    assert instance.tables == ()
    assert LANE_WISE == ["log2_dequantizer", "log_sqrt2_quantizer", "requantizer"]
    instance = Instance.of("layernorm_quantizer")
    assert [s.name for s in instance.tables] == ["i_affine"]
    assert ([s.name for s in instance.sources], [s.name for s in instance.sinks]) == (["i"], ["o"])


def every_value() -> dict[str, np.ndarray]:
    """int[elements] a field: all combinations, the last field fastest."""
    ranges = [range(f.range[0], f.range[1] + 1) for f in FIELDS.values()]
    columns = np.array(list(product(*ranges))).T
    return dict(zip(FIELDS, columns, strict=True))


def inside(limit: Limit, values: dict[str, int]) -> bool:
    """The limit on Python's own integers."""
    total = sum(factor * values.get(name, 0) for name, factor in limit.terms.items())
    return (limit.low is None or limit.low <= total) and (
        limit.high is None or total <= limit.high
    )


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_holds_element_by_element(limit):
    values = every_value()
    elements = [dict(zip(values, row, strict=True))
                for row in zip(*(array.tolist() for array in values.values()), strict=True)]
    expected = [inside(limit, element) for element in elements]
    present = any(name in values for name in limit.terms)
    assert np.broadcast_to(limit.holds(values), len(expected)).tolist() == expected
    assert limit.holds(values).shape == ((len(expected),) if present else ())


def test_verilog_means_the_same(tmp_path: Path):
    """Every value of every field in Icarus, each as its port has it: two's complement or not."""
    ports = "".join(f"  reg {'signed ' if f.signed else ''}[{f.width - 1}:0] {f.name};\n"
                    for f in FIELDS.values())
    values = every_value()
    bits = sum(f.width for f in FIELDS.values())
    checks = ", ".join(limit.verilog(FIELDS) for limit in LIMITS)
    loops = f"""module bench;
{ports}  integer n;
  initial for (n = 0; n < {2**bits}; n = n + 1) begin
    {{{", ".join(FIELDS)}}} = n;
    $display("%0d %0d %0d %b", {", ".join(FIELDS)}, {{{checks}}});
  end
endmodule
"""
    (tmp_path / "bench.v").write_text(loops)
    command = ["iverilog", "-g2001", "-o", "bench", "bench.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    log = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    seen = {tuple(map(int, line.split()[:3])): line.split()[3] for line in log.splitlines()}
    held = [np.broadcast_to(limit.holds(values), 2**bits) for limit in LIMITS]
    assert seen == {
        element: "".join(str(int(limit[n])) for limit in held)
        for n, element in enumerate(zip(*(v.tolist() for v in values.values()), strict=True))
    }


def test_a_limit_reads_as_people_write_it():
    assert [str(limit) for limit in LIMITS[:5]] == [
        "-7 <= acc", "acc <= -3", "1 <= shift + base <= 9", "acc - 2 shift <= 0",
        "-20 <= - 3 acc + 2 shift - base <= 24",
    ]
