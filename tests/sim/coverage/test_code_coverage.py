"""Line and toggle coverage: Verilator's counts merged, and written beside the source."""

import numpy as np

from tests.every import long
from vit2rtl.golden import BundleWriter, read_bundle
from vit2rtl.golden.units import Instance
from vit2rtl.rtl import verilog
from vit2rtl.sim.coverage import code_coverage
from vit2rtl.sim.run import replay
from vit2rtl.sim.run.bench import Bench
from vit2rtl.sim.run.results import BenchResult
from vit2rtl.sim.tools import builds, simulators

SOURCE = "module unit;\n  assign a = b;\n  if (rst) q <= 0;\nendmodule\n"


def point(file, line, kind, what, place, count):
    fields = {"f": file, "l": line, "n": 3, "t": kind, "page": f"v_{kind}/unit", "o": what}
    text = "".join(f"\1{key}\2{value}" for key, value in {**fields, "h": place}.items())
    return f"C '{text}' {count}\n"


def test_counts_of_the_unit_are_merged_and_its_source_annotated(tmp_path):
    (tmp_path / "one.dat").write_text(
        "# SystemC::Coverage-3\n"
        + point("unit.v", 2, "toggle", "a:0->1", "bench.dut.lane_0", 4)
        + point("unit.v", 2, "toggle", "a:0->1", "bench.dut.lane_1", 5)
        + point("unit.v", 2, "toggle", "a:1->0", "bench.dut.lane_0", 0)
        + point("unit.v", 3, "branch", "if", "bench.dut", 0)
        + point("unit.v", 3, "branch", "else", "bench.dut", 7)
        + point("replay.sv", 3, "line", "block", "bench", 100)
    )
    (tmp_path / "two.dat").write_text(point("unit.v", 3, "branch", "if", "dut", 2))
    sources = {"unit.v": SOURCE}
    results = [
        BenchResult(
            "verilator", "replay", "unit_l1", 0, 0, 0.0,
            code_coverage=code_coverage.collect(tmp_path / name, sources),
        )
        for name in ("one.dat", "two.dat", "none.dat")
    ]
    assert not list(tmp_path.iterdir())
    (found,) = code_coverage.report(results, tmp_path)
    assert (found.lines, found.toggles) == ((2, 2), (1, 2))
    folder = tmp_path / "code_coverage" / "unit_l1"
    assert found.line() == (
        f"code coverage line 100.0 % (2/2), toggle 50.0 % (1/2)  unit_l1, see {folder}"
    )
    assert (folder / "unit.v").read_text() == (
        "           module unit;\n"
        "       !0    assign a = b;\n"
        "        2    if (rst) q <= 0;\n"
        "           endmodule\n"
    )


@long
def test_verilator_counts_a_replay(tmp_path):
    """Codes 0 and 15 alone: bits of the value that only other codes have never rise."""
    instance = Instance.of("log2_dequantizer", lanes=2)
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        inputs = {"code": np.array([0, 15] * 8)}
        outputs = instance.evaluate(inputs, {})
        writer.add(
            instance, record="one", layer="one", kind="model", inputs=inputs, outputs=outputs
        )
    (entry,) = read_bundle(tmp_path / "bundle").entries
    tool, sources = simulators.find("verilator"), verilog.convert(instance)
    build = builds.build(
        tool,
        {**sources, "replay.sv": entry.bench.read_text()},
        f"{instance.name}_replay",
        kind=builds.REPLAY,
        code_coverage=True,
    )
    bench = Bench(entry, tool, build, tmp_path, counted=sources)
    result = replay.run(bench, tmp_path / "bundle")
    assert result.passed
    (found,) = code_coverage.report([result], tmp_path)
    assert found.lines[0] > 0.5 * found.lines[1] > 0
    assert 0 < found.toggles[0] < found.toggles[1]
    annotated = (found.folder / f"{instance.name}_axis.v").read_text()
    assert any(line.split() == ["!0", "output", "[31:0]", "m_axis_tdata;"]
               for line in annotated.splitlines())
    assert [line[11:] for line in annotated.splitlines()] == [
        line.rstrip() for line in sources[f"{instance.name}_axis.v"].splitlines()
    ]


def test_nothing_counted_is_nothing_reported(tmp_path):
    assert code_coverage.report([BenchResult("icarus", "replay", "u", 0, 0, 0.0)], tmp_path) == []
