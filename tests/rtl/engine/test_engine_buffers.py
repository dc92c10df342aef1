"""The engine's memories under random accesses, against dictionaries."""

import numpy as np
import pytest

from tests import clocked
from tests.rtl.engine.front_end_bench import TINY
from vit2rtl.golden.engine.buffers import Buffer, buffers
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.buffers import READERS, WRITERS, BufferMemory, Buffers, port


@pytest.mark.parametrize(("parts", "writers", "readers"), [(1, 2, 2), (4, 1, 1)])
def test_each_port_has_its_words_and_the_first_never_waits(parts, writers, readers):
    """A word read is the one written last; the second port's stays while the first one reads."""
    rng = np.random.default_rng(parts)
    buffer = Buffer(16, 11, 4, parts)
    dut = BufferMemory(buffer, writers=writers, readers=readers)
    part = buffer.width // parts

    async def scenario(ctx, domain):
        words, held = {}, [None] * readers
        for n in range(buffer.depth):
            words[n] = n
        for n in range(buffer.depth):
            ctx.set(dut.write_0.en, (1 << parts) - 1)
            ctx.set(dut.write_0.addr, n)
            ctx.set(dut.write_0.data, n)
            await ctx.tick()
        for _ in range(400):
            going = {}
            for kind, count in (("write", writers), ("read", readers)):
                for n in range(count):
                    one = getattr(dut, f"{kind}_{n}")
                    enable = int(rng.integers(1 << (parts if kind == "write" else 1)))
                    address = int(rng.integers(buffer.depth + 3))
                    if kind == "read" and any(a == address for k, a in going.values()
                                              if k == "write"):
                        enable = 0
                    ctx.set(one.en, enable)
                    ctx.set(one.addr, address)
                    if kind == "write":
                        ctx.set(one.data, int(rng.integers(1 << 16)))
                    if enable:
                        going[kind, n] = kind, address
                    beyond = ctx.get(getattr(dut, f"beyond_{kind}")) >> n & 1
                    assert beyond == (enable != 0 and address >= buffer.depth)
            for kind, count in (("write", writers), ("read", readers)):
                if count == 2:
                    waits = (kind, 0) in going
                    assert ctx.get(getattr(dut, f"{kind}_1").ready) == (not waits)
                    if waits:
                        going.pop((kind, 1), None)
            if readers == 2:
                held[0] = None
            for n in range(readers):
                if ("read", n) in going and going["read", n][1] < buffer.depth:
                    held[n] = words[going["read", n][1]]
                elif ("read", n) in going:
                    held[n] = None  # anything
            for n in range(writers):
                if ("write", n) in going and going["write", n][1] < buffer.depth:
                    one = getattr(dut, f"write_{n}")
                    enable, data = ctx.get(one.en), ctx.get(one.data)
                    address = going["write", n][1]
                    mask = sum(((1 << part) - 1) << part * k
                               for k in range(parts) if enable >> k & 1)
                    words[address] = words[address] & ~mask | data & mask
            await ctx.tick()
            for n in range(readers):
                if held[n] is not None:
                    assert ctx.get(getattr(dut, f"read_{n}").data) == held[n]

    clocked.run(dut, scenario)


def test_every_buffer_has_the_ports_of_its_units_and_names_who_is_beyond():
    dut, memory = Buffers(TINY), buffers(TINY)
    ports = [(unit, act, name) for act, table in (("write", WRITERS), ("read", READERS))
             for name, units in table.items() for unit in units]

    async def scenario(ctx, domain):
        for unit, act, name in ports:
            one = getattr(dut, port(unit, act, name))
            for address in (memory[name].depth - 1, memory[name].depth):
                ctx.set(one.en, 1)
                ctx.set(one.addr, address)
                await ctx.tick()
                ctx.set(one.en, 0)
                beyond = address == memory[name].depth
                assert ctx.get(dut.beyond) == beyond << unit, (unit, act, name)
                await ctx.tick()

    assert {*WRITERS} == {*READERS} == {*memory}
    assert {unit for unit, _, _ in ports} == {*Unit}
    clocked.run(dut, scenario)


def test_what_a_unit_writes_another_one_reads():
    """Neither buffers nor their ports are exchanged."""
    dut, memory = Buffers(TINY), buffers(TINY)

    async def scenario(ctx, domain):
        for n, (name, units) in enumerate(WRITERS.items()):
            one = getattr(dut, port(units[-1], "write", name))
            ctx.set(one.en, (1 << memory[name].parts) - 1)
            ctx.set(one.addr, 3)
            ctx.set(one.data, 100 + n)
        await ctx.tick()
        for name, units in WRITERS.items():
            ctx.set(getattr(dut, port(units[-1], "write", name)).en, 0)
        for name, units in READERS.items():
            one = getattr(dut, port(units[-1], "read", name))
            ctx.set(one.en, 1)
            ctx.set(one.addr, 3)
        await ctx.tick()
        for n, (name, units) in enumerate(READERS.items()):
            assert ctx.get(getattr(dut, port(units[-1], "read", name)).data) == 100 + n

    clocked.run(dut, scenario)
