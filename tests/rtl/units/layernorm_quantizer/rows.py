"""Drives a LayerNorm quantizer: its table, rows in, rows out, each side pausing at random."""

import numpy as np


def beats(rows, lanes):
    """(elements, last) of every beat; a short one repeats its last element."""
    for row in rows:
        padded = [*row, *row[-1:] * (-len(row) % lanes)]
        starts = range(0, len(padded), lanes)
        yield from ((padded[n : n + lanes], n == starts[-1]) for n in starts)


async def load(ctx, dut, configuration):
    """Set the configuration and send the table."""
    for name in ("columns", "shift", "epsilon"):
        ctx.set(getattr(dut, name), int(configuration[name]))
    lanes = dut.instance.lanes
    columns = (configuration[name].tolist() for name in ("gain", "offset"))
    entries = list(zip(*columns, strict=True))
    for pairs, last in beats([entries], lanes):
        ctx.set(dut.i_affine.valid, 1)
        ctx.set(dut.i_affine.p.last, last)
        for lane, (gain, offset) in enumerate(pairs):
            ctx.set(dut.i_affine.p.lanes[lane].gain, gain)
            ctx.set(dut.i_affine.p.lanes[lane].offset, offset)
        await ctx.tick()
    ctx.set(dut.i_affine.valid, 0)


async def transfer(ctx, dut, rows, *, idle=0, stall=0, seed=0):
    """Rows in and rows out: codes, and the cycles in which beats were taken and seen."""
    rng = np.random.default_rng(seed)
    lanes, columns = dut.instance.lanes, len(rows[0])
    pending = list(beats(rows, lanes))
    codes, lasts, taken, seen, offered, held = [], [], [], [], False, None
    count = len(pending)
    for cycle in range(100 * count + 1000):
        if len(seen) == count:
            break
        offered = bool(pending) and (offered or bool(rng.integers(100) >= idle))
        ready = bool(rng.integers(100) >= stall)
        ctx.set(dut.i.valid, offered)
        if offered:
            ctx.set(dut.i.p.last, pending[0][1])
            for lane, element in enumerate(pending[0][0]):
                ctx.set(dut.i.p.lanes[lane].element, element)
        ctx.set(dut.o.ready, ready)
        result = None
        if ctx.get(dut.o.valid):
            result = [ctx.get(dut.o.p.lanes[n].code) for n in range(lanes)], ctx.get(dut.o.p.last)
        assert held is None or held == result, "an offer changed under back pressure"
        held = None if ready else result
        if offered and ctx.get(dut.i.ready):
            pending.pop(0)
            taken.append(cycle)
            offered = False
        if ready and result is not None:
            codes += result[0]
            lasts.append(result[1])
            seen.append(cycle)
        await ctx.tick()
    ctx.set(dut.i.valid, 0)
    ctx.set(dut.o.ready, 0)
    size = -(-columns // lanes)
    assert lasts == [n % size == size - 1 for n in range(count)]
    return np.array(codes).reshape(len(rows), size * lanes)[:, :columns], taken, seen
