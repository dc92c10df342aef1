# amaranth: UnusedElaboratable=no
"""The matmul array equals golden: digits, short passes, both banks, stalls; and bugs show."""

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter, read_bundle
from vit2rtl.rtl import MatmulArray
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.run import replay
from vit2rtl.sim.run.bench import Bench
from vit2rtl.sim.tools import builds
from vit2rtl.sim.tools.simulators import find

SMALL = {"lanes": 2, "rows": 4, "depth": 8}
INSTANCES = (
    SMALL,
    {"lanes": 3, "rows": 5, "depth": 5, "lane": "packed"},
    {"lanes": 3, "rows": 3, "depth": 8, "weights": "codes"},
    {"lanes": 2, "rows": 2, "depth": 4, "weights": "codes", "lane": "packed"},
    {"lanes": 2, "rows": 3, "depth": 4, "base": 6, "weights": "codes"},
    {"lanes": 2, "rows": 5, "depth": 4, "base": 5, "acc_width": 16},
    {"lanes": 1, "rows": 1, "depth": 1, "base": 8, "acc_width": 27},
)


def replayed(instance, folder, *, stall, change=lambda text: text):
    """What the replay of all directed records says, of Verilog that is changed or not."""
    with BundleWriter(folder / "vectors", {}) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    (entry,) = read_bundle(folder / "vectors").entries
    texts = {name: change(text) for name, text in convert(instance).items()}
    bench = {"replay.sv": entry.bench.read_text(encoding="utf-8")}
    tool = find("icarus")
    build = builds.build(tool, {**texts, **bench}, f"{instance.name}_replay", kind=builds.REPLAY)
    run = Bench(entry, tool, build, folder, seed=stall, stall=stall)
    return replay.run(run, folder / "vectors")


@pytest.mark.parametrize("parameters", INSTANCES, ids=str)
def test_every_directed_tile(parameters, tmp_path):
    """Every pair of digits in every place, both digits of either, 1 to all tokens, both banks."""
    instance = Instance.of("matmul_array", **parameters)
    for stall in (0, 50):
        (tmp_path / str(stall)).mkdir()
        result = replayed(instance, tmp_path / str(stall), stall=stall)
        assert result.passed, (result.error, result.details[:3])


@pytest.mark.parametrize(("old", "new"), [
    ("pause <= ", "pause <= 2'h0 & "),  # a short pass is not waited for
    ("if (first_1) kept <= ", "if (1'h0) kept <= "),  # a tile begins with the sums of another one
    ("place_1 <= { bank, row }", "place_1 <= { 1'h0, row }"),  # both banks are one
    ("bank ? free[1] : free[0]", "1'h1"),  # a bank that still drains is filled
])
def test_bugs_fail(old, new, tmp_path):
    seen = []

    def change(text):
        seen.append(old in text)
        return text.replace(old, new)

    result = replayed(Instance.of("matmul_array", **SMALL), tmp_path, stall=50, change=change)
    assert any(seen)
    assert not result.passed


def simulate(dut, tiles, settings, *, stall=0, seed=0):
    """acc[tiles, tokens * lanes] and the cycles of handshakes, in Amaranth.

    Its memories stop the simulation where a row is read while it is written.
    """
    instance, rng = dut.instance, np.random.default_rng(seed)
    streams = {"i": tiles["code"], "i_weight": tiles["weight"]}
    lanes = {s.name: s.lanes for s in instance.streams}
    beats = {name: values.reshape(-1, lanes[name]).tolist() for name, values in streams.items()}
    count = len(tiles["code"]) * settings["tokens"]
    results, cycles = [], {"i": [], "o": []}
    m = Module()
    m.domains.sync = ClockDomain()
    m.submodules.dut = dut

    async def testbench(ctx):
        for name, value in settings.items():
            ctx.set(getattr(dut, name), int(value))
        for cycle in range(6000):
            if len(results) == count:
                return
            for name in streams:
                port = getattr(dut, name)
                ctx.set(port.valid, bool(beats[name]))
                for lane, value in enumerate(beats[name][0] if beats[name] else ()):
                    ctx.set(port.p.lanes[lane].as_value(), value)
            ctx.set(dut.o.ready, bool(rng.integers(100) >= stall))
            for name in streams:
                port = getattr(dut, name)
                if beats[name] and ctx.get(port.ready):
                    beats[name].pop(0)
                    if name == "i":
                        cycles["i"].append(cycle)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                results.append([ctx.get(dut.o.p.lanes[n].acc) for n in range(lanes["o"])])
                cycles["o"].append(cycle)
            await ctx.tick()
        raise AssertionError(f"{len(results)} of {count} results")

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return np.reshape(results, (len(tiles["code"]), -1)), cycles


@pytest.mark.parametrize("stall", [0, 70])
def test_no_row_is_read_while_it_is_written(stall):
    """The shortest passes there are, one tile after the other."""
    for record in directed_records(Instance.of("matmul_array", lanes=1, rows=2, depth=5)):
        if record["record"].startswith(("directed.tokens", "directed.digits_2_2")):
            dut = MatmulArray(lanes=1, rows=2, depth=5)
            acc, _ = simulate(dut, record["inputs"], record["configuration"], stall=stall)
            np.testing.assert_array_equal(acc, record["outputs"]["acc"])


@pytest.mark.parametrize(("parameters", "cycles"), [
    ({"rows": 2}, 9),
    ({"rows": 16}, 12),
    ({"rows": 3, "lane": "packed"}, 10),
    ({"rows": 3, "weights": "codes"}, 11),
    ({"rows": 2, "base": 5}, 10),
    ({"rows": 2, "base": 8, "weights": "codes"}, 11),
])
def test_latency_is_as_documented(parameters, cycles):
    dut = MatmulArray(lanes=1, depth=8, **parameters)
    record = next(r for r in directed_records(dut.instance) if r["record"] == "directed.tokens_4")
    tile = {name: values[:1] for name, values in record["inputs"].items()}
    _, seen = simulate(dut, tile, record["configuration"])
    assert seen["o"][0] - seen["i"][-1] == dut.latency == cycles
    assert seen["o"][-1] - seen["o"][0] == 3
    # Weights of the second pass are there before the first one ends.
    assert seen["i"][-1] - seen["i"][0] == 7


@pytest.mark.parametrize(("parameters", "text"), [
    ({"lane": "packed", "base": 5},
     "Lane packed needs a base of 4 and at least 2 rows, not 5 and 16"),
    ({"lane": "packed", "rows": 1},
     "Lane packed needs a base of 4 and at least 2 rows, not 4 and 1"),
    ({"lane": "dsp"}, "Lane must be one of lut, packed, not 'dsp'"),
    ({"rows": 65}, "Rows must be between 1 and 64, not 65"),
    ({"depth": 0}, "Depth must be between 1 and 1024, not 0"),
])
def test_rejects(parameters, text):
    with pytest.raises(ValueError) as caught:
        MatmulArray(**parameters)
    assert str(caught.value) == text
