"""Driver, monitor and layouts shared by the RTL tests."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from tests import clocked
from vit2rtl import rtl
from vit2rtl.golden.units import Instance


@dataclass
class Trace:
    """What one simulation saw: payloads and lasts in order, and the cycles of the handshakes."""

    payloads: list = field(default_factory=list)
    lasts: list = field(default_factory=list)
    taken: list = field(default_factory=list)
    seen: list = field(default_factory=list)


def bare_ports(dut):
    """The streams of a bare unit as flat signals; ``last`` is above the lanes."""
    return SimpleNamespace(
        i_payload=dut.i.p.lanes.as_value(),
        i_last=dut.i.p.last,
        i_valid=dut.i.valid,
        i_ready=dut.i.ready,
        o_payload=dut.o.p.lanes.as_value(),
        o_last=dut.o.p.last,
        o_valid=dut.o.valid,
        o_ready=dut.o.ready,
    )


async def drive(ctx, ports, beats, trace, *, tick, idle=0, stall=0, seed=0, lasts=None):
    """Offer every beat and take every result, each side pausing in that percentage of cycles.

    A beat once offered stays until it is taken; so must what the unit offers.
    """
    rng = np.random.default_rng(seed)
    lasts = lasts or [n == len(beats) - 1 for n in range(len(beats))]
    sent, offered, held, cycle, quiet = 0, False, None, 0, 0
    while len(trace.seen) < len(beats):
        offered = sent < len(beats) and (offered or bool(rng.integers(100) >= idle))
        ready = bool(rng.integers(100) >= stall)
        ctx.set(ports.i_valid, offered)
        if offered:
            ctx.set(ports.i_payload, beats[sent])
            ctx.set(ports.i_last, lasts[sent])
        ctx.set(ports.o_ready, ready)
        result = None
        if ctx.get(ports.o_valid):
            result = ctx.get(ports.o_payload), ctx.get(ports.o_last)
        assert held is None or held == result, f"Offer changed under back pressure, cycle {cycle}"
        held = None if ready else result
        if offered and ctx.get(ports.i_ready):
            sent, offered = sent + 1, False
            trace.taken.append(cycle)
        if ready and result is not None:
            trace.payloads.append(result[0])
            trace.lasts.append(bool(result[1]))
            trace.seen.append(cycle)
            quiet = 0
        await tick()
        cycle, quiet = cycle + 1, quiet + 1
        assert quiet < 400, f"No result for 400 cycles after {len(trace.seen)} of {len(beats)}"
    ctx.set(ports.i_valid, 0)
    ctx.set(ports.o_ready, 0)


def pack(fields, lanes, arrays):
    """Beats as integers from flat arrays by field name: first field and lane 0 lowest."""
    width = sum(f.width for f in fields)
    size = len(next(iter(arrays.values())))
    beats = []
    for start in range(0, size, lanes):
        beat = 0
        for lane in range(lanes):
            low = lane * width
            for f in fields:
                number = int(arrays[f.name][start + lane]) & ((1 << f.width) - 1)
                beat |= number << low
                low += f.width
        beats.append(beat)
    return beats


def unpack(fields, lanes, beats):
    """The inverse of :func:`pack` for unsigned fields."""
    width = sum(f.width for f in fields)
    arrays = {f.name: [] for f in fields}
    for beat in beats:
        for lane in range(lanes):
            low = lane * width
            for f in fields:
                arrays[f.name].append(beat >> low & ((1 << f.width) - 1))
                low += f.width
    return {name: np.array(values) for name, values in arrays.items()}


def run(dut, scenario):
    """Simulate ``scenario(ctx, tick, domain)`` with the unit in a resettable clock domain."""
    clocked.run(dut, lambda ctx, domain: scenario(ctx, ctx.tick, domain))


def simulate_beats(dut, *cases, **stalls):
    """Drive cases of packed beats and configuration, one after the other; a trace for each.

    The configuration changes while nothing is inside.
    """
    traces = [Trace() for _ in cases]

    async def scenario(ctx, tick, domain):
        for trace, (beats, configuration) in zip(traces, cases, strict=True):
            for name, value in configuration.items():
                ctx.set(getattr(dut, name), int(value))
            await drive(ctx, bare_ports(dut), beats, trace, tick=tick, **stalls)

    run(dut, scenario)
    return traces


def simulate(dut, *cases):
    """Cases of (elements by field name, configuration); what came out, by field name, for each."""
    i, o, lanes = dut.instance.inputs, dut.instance.outputs, dut.instance.lanes
    packed = [(pack(i, lanes, inputs), configuration) for inputs, configuration in cases]
    return [unpack(o, lanes, trace.payloads) for trace in simulate_beats(dut, *packed)]


def assert_matches_golden(dut, *cases):
    """Every element of every case as the golden function has it."""
    for (inputs, configuration), seen in zip(cases, simulate(dut, *cases), strict=True):
        for name, expected in dut.instance.evaluate(inputs, configuration).items():
            np.testing.assert_array_equal(seen[name], expected, f"{name}, {configuration}")


def random_inputs(instance, count, rng):
    """Uniformly random fields; codes beyond the last one are avoided."""
    arrays = {}
    for f in instance.inputs:
        low, high = f.range
        if f.name == "code" and instance.parameters.get("zero_code") == "extra":
            high = 1 << instance.parameters["bits"]
        arrays[f.name] = rng.integers(max(low, 1 - 2**31), high, count, endpoint=True)
    return arrays


CONFIGURATIONS = {
    "log2_dequantizer": {},
    "log_sqrt2_quantizer": {"threshold_a": 55109, "threshold_b": 38968},
    "requantizer": {"zero_point": -3, "shift_base": 33},
}


@pytest.fixture(params=CONFIGURATIONS)
def typical(request):
    """A small instance of each unit, its configuration and 40 random beats."""
    instance = Instance.of(request.param, lanes=2)
    rng = np.random.default_rng(7)
    inputs = random_inputs(instance, 80, rng)
    configuration = CONFIGURATIONS[request.param]
    expected = pack(instance.outputs, 2, instance.evaluate(inputs, configuration))
    return SimpleNamespace(
        instance=instance,
        configuration=configuration,
        beats=pack(instance.inputs, 2, inputs),
        expected=expected,
    )


@pytest.fixture
def dut(typical):
    """The component of the typical instance."""
    return rtl.component(typical.instance)


@pytest.fixture(scope="session")
def bench():
    """The functions of this module, for tests that are imported by path."""
    return SimpleNamespace(
        Trace=Trace,
        assert_matches_golden=assert_matches_golden,
        bare_ports=bare_ports,
        drive=drive,
        pack=pack,
        random_inputs=random_inputs,
        run=run,
        simulate=simulate,
        simulate_beats=simulate_beats,
        unpack=unpack,
    )
