# amaranth: UnusedElaboratable=no
"""The reference designs equal the golden functions of what they are compared with."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from vit2rtl.golden.arithmetic import attention_value, log_sqrt2
from vit2rtl.golden.arithmetic.layernorm import reciprocal_sqrt
from vit2rtl.golden.units import UNITS, Instance, directed_records
from vit2rtl.rtl import component
from vit2rtl.rtl.synthesis.designs import design
from vit2rtl.rtl.synthesis.references import (
    attention_value as references_mac,
)
from vit2rtl.rtl.synthesis.references import (
    layernorm_quantizer,
    log2_dequantizer,
    log_sqrt2_quantizer,
    requantizer,
)
from vit2rtl.rtl.synthesis.references.registry import designs

REFERENCES = designs()
REQUANTIZERS = [parameters for _, parameters, _ in requantizer.REFERENCES.measurements]


@pytest.mark.parametrize("zero_code", log_sqrt2.ZERO_CODES)
@pytest.mark.parametrize("bits", [4, 6, 8])
def test_rom_has_the_value_of_every_code(bench, bits, zero_code):
    codes = np.arange(log_sqrt2.code_count(bits, zero_code))
    dut = log2_dequantizer.RomDequantizer(lanes=1, bits=bits, zero_code=zero_code)
    bench.assert_matches_golden(dut, ({"code": codes}, {}))


@pytest.mark.parametrize("zero_code", log_sqrt2.ZERO_CODES)
def test_parallel_quantizer_decides_at_every_threshold(bench, zero_code):
    cases = []
    for scale in (1, 0.37):
        a, b = log_sqrt2.thresholds(scale)
        edges = {t >> j for t in (a, b) for j in range(9)}
        near = sorted({p for e in edges for p in (e - 1, e, e + 1) if p >= 0} | {0, 65535})
        cases.append(({"probability": np.array(near)}, {"threshold_a": a, "threshold_b": b}))
    dut = log_sqrt2_quantizer.ParallelQuantizer(lanes=1, zero_code=zero_code)
    bench.assert_matches_golden(dut, *cases)


@pytest.mark.parametrize("parameters", REQUANTIZERS, ids=str)
def test_direct_requantizer_rounds_and_saturates(bench, parameters):
    dut = requantizer.DirectRequantizer(lanes=1, **parameters)
    rng = np.random.default_rng(3)
    cases = []
    for base in (1, 20, 40):
        inputs = bench.random_inputs(dut.instance, 60, rng)
        n = (parameters.get("shift_base") or base) + inputs.get("shift", 0)
        # Accumulators near a tie of a small result, and both ends.
        ties = ((2 * rng.integers(-40, 300, 60) + 1) << (n - 1)) // inputs["multiplier"].clip(1)
        limit = 1 << (dut.instance.parameters["acc_width"] - 1)
        inputs["acc"][::2] = ties.clip(1 - limit, limit - 1)[::2]
        inputs["acc"][:2] = 1 - limit, limit - 1
        configuration = {"zero_point": int(rng.integers(-256, 256))}
        if not parameters.get("shift_base"):
            configuration["shift_base"] = base
        cases.append((inputs, configuration))
    bench.assert_matches_golden(dut, *cases)


@pytest.mark.parametrize("source", [name for name, one in REFERENCES.items() if one.unit])
def test_references_keep_the_handshake_and_latency_of_their_unit(bench, source):
    instance = Instance.of(REFERENCES[source].unit, lanes=2)
    beats = bench.pack(
        instance.inputs, 2, bench.random_inputs(instance, 60, np.random.default_rng(1)))
    configuration = {
        "requantizer": {"zero_point": 3, "shift_base": 30},
        "log_sqrt2_quantizer": {"threshold_a": 55109, "threshold_b": 38968},
    }.get(instance.unit.name, {})
    traces = [
        bench.simulate_beats(dut, (beats, configuration), idle=40, stall=40)[0]
        for dut in (component(instance), REFERENCES[source].component(**instance.parameters))
    ]
    assert traces[0] == traces[1]


def rows(count):
    """Rows of 197 codes and values, the extremes first."""
    rng = np.random.default_rng(count)
    codes, values = rng.integers(0, 16, (count, 197)), rng.integers(-128, 128, (count, 197))
    codes[0], values[0] = 0, -128
    codes[1], values[1] = 1, -128
    codes[2], values[2] = 15, 127
    return codes, values


def sums_of(mac, codes, values):
    """The lane's sums after each row, with ``enable`` low in every fifth cycle."""
    seen = []
    simulator = Simulator(mac)
    simulator.add_clock(1e-6)
    names = [name for name, _ in mac.sums]
    elements = [(int(c), int(v), n == 0) for row in zip(codes, values, strict=True)
                for n, (c, v) in enumerate(zip(*row, strict=True))]

    async def bench(ctx):
        cycle = 0
        for n in range(len(elements) + mac.PIPELINE_CYCLES - 1):
            done = n - mac.PIPELINE_CYCLES + 2
            code, value, first = elements[min(n, len(elements) - 1)]
            for pin, number in ((mac.code, code), (mac.value, value), (mac.first, first)):
                ctx.set(pin, number)
            while True:
                ctx.set(mac.enable, cycle % 5 != 0)
                cycle += 1
                await ctx.tick()
                if (cycle - 1) % 5:
                    break
            if done > 0 and done % 197 == 0:
                seen.append([ctx.get(getattr(mac, name)) for name in names])

    simulator.add_testbench(bench)
    simulator.run()
    return np.array(seen).T


def expected_sums(mac, codes, values):
    """Golden: one sum, or those of even and odd codes."""
    if isinstance(mac, references_mac.ParitySplitMac):
        pairs = [attention_value.accumulate(c[None], v[:, None], 0, bits=4)
                 for c, v in zip(codes, values, strict=True)]
        return np.array(pairs).reshape(-1, 2).T
    factors = codes
    if isinstance(mac, references_mac.RomMultiplyMac):
        factors = log_sqrt2.dequantize(codes, bits=4, width=8)
    return (factors * values).sum(axis=1)[None]


MACS = [references_mac.MultiplyMac, references_mac.RomMultiplyMac, references_mac.ParitySplitMac]


@pytest.mark.parametrize("mac", MACS)
def test_mac_lanes_sum_rows(mac):
    codes, values = rows(6)
    np.testing.assert_array_equal(
        sums_of(mac(), codes, values), expected_sums(mac(), codes, values))


@pytest.mark.parametrize("mac", MACS)
def test_sums_are_as_wide_as_the_bound_and_no_wider(mac):
    codes, values = rows(3)
    lane = mac()
    names = [name for name, _ in mac.sums]
    for name, sums in zip(names, expected_sums(lane, codes, values), strict=True):
        assert len(getattr(lane, name)) == max(int(s).bit_length() for s in sums) + 1


def affine_rows():
    """Directed whole rows with what each lane needs to know of an element, and their codes."""
    instance = Instance.of("layernorm_quantizer")
    for record in directed_records(instance):
        c, rows = record["configuration"], record["inputs"]["element"]
        if c["columns"] < 192:
            continue
        for row, codes in zip(rows.tolist()[:3], record["outputs"]["code"].tolist(), strict=False):
            total = sum(row)
            variance = 192 * sum(x * x for x in row) - total**2 + c["epsilon"]
            r, k = map(int, reciprocal_sqrt(variance))
            amount = min(c["shift"] + k - 16, 63)
            of_row = {"factor": 192 * r, "mean": total * r, "columns": 192, "total": total,
                      "mantissa": r}
            for x, gain, offset, code in list(zip(row, c["gain"].tolist(), c["offset"].tolist(),
                                                  codes, strict=True))[::16]:
                given = {"element": x, "gain": gain, "offset": offset + (1 << 15)}
                yield {**of_row, **given}, amount, code


@pytest.mark.parametrize(("lane", "less"), [
    (layernorm_quantizer.Lane, 1), (layernorm_quantizer.DirectLane, 0)])
def test_lanes_of_layernorm_take_operands_when_they_are_due(lane, less):
    dut, seen = lane(), []
    elements = [{**given, "amount": amount - less, "fine": (amount - less) % 8, "code": code}
                for given, amount, code in affine_rows()]

    async def bench(ctx):
        ctx.set(dut.enable, 1)
        for cycle in range(len(elements) + lane.PIPELINE_CYCLES):
            for name, stage in lane.STAGES.items():
                if 0 <= cycle - stage < len(elements):
                    ctx.set(getattr(dut, name), elements[cycle - stage][name])
            if cycle >= lane.PIPELINE_CYCLES:
                seen.append(ctx.get(dut.code))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [element["code"] for element in elements]
    assert len(set(seen)) > 8


def test_a_wrong_level_is_caught(bench, monkeypatch):
    def one_off(codes, **parameters):
        levels = log_sqrt2.dequantize(codes, **parameters)
        levels[3] += 1
        return levels

    monkeypatch.setattr(log2_dequantizer, "dequantize", one_off)
    monkeypatch.setattr(references_mac, "dequantize", one_off)
    dut = log2_dequantizer.RomDequantizer(lanes=1)
    with pytest.raises(AssertionError):
        bench.assert_matches_golden(dut, ({"code": np.arange(16)}, {}))
    codes, values = rows(4)
    wrong = references_mac.RomMultiplyMac()
    assert (sums_of(wrong, codes, values) != expected_sums(wrong, codes, values)).any()


def test_a_wrong_fraction_is_caught(monkeypatch):
    monkeypatch.setattr(references_mac, "fraction_bits", lambda bits: 6)
    codes, values = rows(4)
    wrong = references_mac.ParitySplitMac()
    assert (sums_of(wrong, codes, values) != expected_sums(wrong, codes, values)).any()


def test_designs_are_the_deliverable_or_a_reference():
    unit = design("log2_dequantizer", lanes=1)
    rom = design("log2_dequantizer_rom", lanes=1, bits=6)
    mac = design("mac_multiply")
    assert [one.name for one in (unit, rom, mac)] == [
        "log2_dequantizer_l1", "log2_dequantizer_rom_l1_b6", "mac_multiply"]
    assert all(f"module {one.name}" in one.verilog for one in (unit, rom, mac))


@pytest.mark.parametrize(
    ("source", "parameters", "text"),
    [
        (
            "mac",
            {},
            f"Design must be one of {', '.join([*UNITS, *designs()])}, not 'mac'",
        ),
        ("mac_multiply", {"lanes": 2}, "mac_multiply has no parameter 'lanes'; it has none"),
        ("log2_dequantizer_rom", {"bits": 9}, "Bits must be between 2 and 8, not 9"),
    ],
)
def test_rejects(source, parameters, text):
    with pytest.raises(ValueError) as caught:
        design(source, **parameters)
    assert str(caught.value) == text
