# amaranth: UnusedElaboratable=no
"""What every unit promises as a stream: latency, throughput, back pressure, reset, last."""

import inspect

import numpy as np
import pytest

from tests.lane_wise import LANE_WISE
from vit2rtl import rtl
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.stream.ports import signature


def test_every_unit_of_the_registry_has_a_component():
    assert set(rtl.COMPONENTS) == set(UNITS)
    assert {name: c.__name__ for name, c in rtl.COMPONENTS.items()} == {
        name: unit.component for name, unit in UNITS.items()
    }


@pytest.mark.parametrize("name", UNITS)
def test_constructors_spell_the_parameters_of_the_registry(name):
    parameters = inspect.signature(rtl.COMPONENTS[name]).parameters
    assert {key: p.default for key, p in parameters.items()} == {
        key: p.default for key, p in UNITS[name].parameters.items()
    }
    assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    with pytest.raises(TypeError, match="unexpected keyword argument 'bytes'"):
        rtl.COMPONENTS[name](bytes=8)
    with pytest.raises(ValueError, match=f"^{UNITS[name].component} has no parameter 'bytes'; it"):
        Instance.of(name, bytes=8)


@pytest.mark.parametrize("name", UNITS)
def test_classes_spell_the_ports_of_the_registry(name):
    """All of them are there with the parameters at their defaults."""
    instance = Instance.of(name)
    ports = {s.name for s in instance.streams} | {f.name for f in instance.configuration}
    assert set(inspect.get_annotations(rtl.COMPONENTS[name])) == ports
    assert set(signature(instance).members) == ports


@pytest.mark.parametrize("stall", [0, 25, 75])
@pytest.mark.parametrize("idle", [0, 25, 75])
def test_stalls_lose_nothing(typical, dut, bench, idle, stall):
    case = typical.beats, typical.configuration
    (trace,) = bench.simulate_beats(dut, case, idle=idle, stall=stall, seed=idle + stall)
    assert trace.payloads == typical.expected


def test_latency_and_throughput_are_as_stated(typical, dut, bench):
    (trace,) = bench.simulate_beats(dut, (typical.beats, typical.configuration))
    latency = rtl.latency(typical.instance)
    assert dut.latency == latency
    assert trace.taken == list(range(len(typical.beats)))
    assert trace.seen == [cycle + latency for cycle in trace.taken]


def test_last_travels_with_its_beat(typical, dut, bench):
    lasts = [n % 3 == 1 for n in range(len(typical.beats))]
    case = typical.beats, typical.configuration
    (trace,) = bench.simulate_beats(dut, case, idle=30, stall=30, lasts=lasts)
    assert trace.lasts == lasts


def test_bubbles_close_up_under_back_pressure(typical, dut, bench):
    taken = 0

    async def scenario(ctx, tick, domain):
        nonlocal taken
        ports = bench.bare_ports(dut)
        ctx.set(ports.o_ready, 0)
        for cycle in range(6 * dut.latency):
            ctx.set(ports.i_valid, cycle % 3 == 0)
            taken += cycle % 3 == 0 and ctx.get(ports.i_ready)
            await tick()
        ctx.set(ports.i_valid, 1)
        assert not ctx.get(ports.i_ready)

    bench.run(dut, scenario)
    assert taken == dut.latency


@pytest.mark.parametrize("inside", [0, 1, 2, 9])
def test_nothing_from_before_reset_appears_after_it(typical, dut, bench, inside):
    trace = bench.Trace()
    first, second = typical.beats[:inside], typical.beats[20:]

    async def scenario(ctx, tick, domain):
        ports = bench.bare_ports(dut)
        for name, value in typical.configuration.items():
            ctx.set(getattr(dut, name), value)
        ctx.set(ports.o_ready, 0)
        for beat in first:
            ctx.set(ports.i_valid, 1)
            ctx.set(ports.i_last, 1)
            ctx.set(ports.i_payload, beat)
            await tick()
        ctx.set(ports.i_valid, 0)
        ctx.set(domain.rst, 1)
        await tick()
        ctx.set(domain.rst, 0)
        ctx.set(ports.o_ready, 1)
        for _ in range(2 * dut.latency):
            assert not ctx.get(ports.o_valid)
            await tick()
        await bench.drive(ctx, ports, second, trace, tick=tick)

    bench.run(dut, scenario)
    assert trace.payloads == typical.expected[20:]
    assert trace.lasts == [False] * (len(second) - 1) + [True]


@pytest.mark.parametrize("name", LANE_WISE)
@pytest.mark.parametrize("lanes", [1, 3, 64])
def test_lanes_are_independent_and_in_order(bench, name, lanes):
    instance = Instance.of(name, lanes=lanes)
    configuration = {
        "log2_dequantizer": {},
        "log_sqrt2_quantizer": {"threshold_a": 60000, "threshold_b": 40000},
        "requantizer": {"zero_point": 5, "shift_base": 36},
    }[name]
    inputs = bench.random_inputs(instance, 3 * lanes, np.random.default_rng(lanes))
    bench.assert_matches_golden(rtl.component(instance), (inputs, configuration))
