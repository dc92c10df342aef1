"""The lanes of attention × V by method: each sums what its codes stand for."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from vit2rtl.rtl.synthesis import table
from vit2rtl.rtl.synthesis.comparisons import find
from vit2rtl.rtl.synthesis.references.attention_value_methods import (
    LANES,
    METHODS,
    ROW,
    MethodLane,
)


def rows_of(lane: type[MethodLane], tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of codes and values: any; all as large as can be; one large code, as of a softmax."""
    rng = np.random.default_rng(lane.bits)
    top = 1 << lane.bits
    codes, values = rng.integers(0, top, (3, tokens)), rng.integers(-top, top, (3, tokens))
    largest = max(range(top), key=lambda code: sum(lane.factors(code)))
    nothing = min(range(top), key=lambda code: sum(lane.factors(code)))
    values[1] = -top
    codes[1] = largest
    codes[2], codes[2, 0] = nothing, largest
    if lane.method.bounded:
        codes[:2, 1:] = nothing
    return codes, values


@pytest.mark.parametrize("name", LANES)
def test_a_lane_sums_what_its_codes_stand_for(name):
    lane, tokens = LANES[name], 7
    dut, (codes, values) = lane(), rows_of(lane, tokens)
    names = [sum_name for sum_name, _ in lane.sums()]
    elements = list(zip(codes.ravel().tolist(), values.ravel().tolist(), strict=True))
    seen = []

    async def bench(ctx):
        ctx.set(dut.enable, 1)
        for n in range(len(elements) + lane.steps() - 1):
            code, value = elements[min(n, len(elements) - 1)]
            pins = {"value": value, "first": n % tokens == 0, "code": code, "triple": 3 * value}
            if not hasattr(dut, "code"):
                factors = lane.factors(code)
                del pins["code"], pins["triple"]
                pins |= {"none": not any(factors), "odd": len(factors) > 1 and code % 2,
                         "amount": max(sum(factors).bit_length() - 1, 0)}
            for pin, number in pins.items():
                ctx.set(getattr(dut, pin), int(number))
            await ctx.tick()
            done = n - lane.steps() + 2
            if done > 0 and done % tokens == 0:
                seen.append([ctx.get(getattr(dut, sum_name)) for sum_name in names])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    factors = np.array([[lane.factors(code) for code in row] for row in codes.tolist()])
    assert seen == (factors * values[..., None]).sum(axis=1).tolist()


@pytest.mark.parametrize(("name", "widths"), [
    ("uniform", [[17], [21], [25]]),
    ("twin_pair", [[16, 16], [20, 20], [24, 24]]),
    ("log_sqrt2", [[20, 19], [31, 30], [33, 32]]),
    ("log_sqrt2_bounded", [[13, 13], [24, 24], [26, 26]]),
])
def test_sums_are_as_wide_as_a_row_needs(name, widths):
    assert name in METHODS
    assert [[width for _, width in LANES[f"av_{name}_{bits}"].sums()]
            for bits in (4, 6, 8)] == widths


def test_a_lane_with_its_drain_is_within_what_is_aimed_at():
    row = find(table.committed(), "attention_value_row_13")
    assert row["cells"]["COMB"] / ROW["lanes"] <= 68
    assert row["cells"]["MULT18"] == row["cells"]["EBR"] == 0
    assert row["fmax_mhz"] >= 170
