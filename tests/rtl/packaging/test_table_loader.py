"""Elements that software writes become the beats of a table stream."""

import pytest
from amaranth.sim import Simulator

from vit2rtl.golden.units import Field, Stream
from vit2rtl.rtl.packaging.table_loader import TableLoader


@pytest.mark.parametrize(("lanes", "entries"), [(1, 3), (3, 7), (3, 6), (4, 2), (2, 1)])
def test_beats_of_two_tables(lanes, entries):
    """Each is one row; a short beat repeats the last element; a beat waits until it is taken."""
    dut = TableLoader(Stream("i_table", (Field("entry", 8),), lanes, rows=True, entries=entries))
    tables = [[10 + n for n in range(entries)], [100 + n for n in range(entries)]]
    beats, counts = [], []

    async def testbench(ctx):
        for n, element in enumerate([*tables[0], *tables[1]]):
            ctx.set(dut.element, element)
            ctx.set(dut.sent, 1)
            await ctx.tick()
            ctx.set(dut.sent, 0)
            counts.append(ctx.get(dut.count))
            for _ in range(n % 3):  # it waits until it is taken
                await ctx.tick()
            if ctx.get(dut.o.valid):
                values = [ctx.get(dut.o.p.lanes[lane].entry) for lane in range(lanes)]
                beats.append((values, ctx.get(dut.o.p.last)))
                ctx.set(dut.o.ready, 1)
                await ctx.tick()
                ctx.set(dut.o.ready, 0)
                assert not ctx.get(dut.o.valid)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    rows = [table + [table[-1]] * (-entries % lanes) for table in tables]
    expected = [(row[n : n + lanes], n + lanes >= entries)
                for row in rows for n in range(0, len(row), lanes)]
    assert beats == [(values, int(last)) for values, last in expected]
    assert counts == [*range(1, entries + 1)] * 2
