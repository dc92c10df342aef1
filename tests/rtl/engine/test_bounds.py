"""Comparisons with constants against Python's."""

from amaranth.hdl import Module, Signal

from tests import clocked
from vit2rtl.rtl.engine.bounds import reaches


def test_every_value_and_bound():
    value, answers = Signal(5), [Signal(name=f"reaches_{bound}") for bound in range(34)]
    m = Module()
    m.d.comb += [answer.eq(reaches(value, bound)) for bound, answer in enumerate(answers)]

    async def scenario(ctx, domain):
        for number in range(32):
            ctx.set(value, number)
            assert [ctx.get(answer) for answer in answers] == [number >= b for b in range(34)]

    clocked.run(m, scenario)
