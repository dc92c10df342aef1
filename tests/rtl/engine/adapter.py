"""Drives an adapter of the engine: instructions and payloads in, buffers beside it."""

from collections import defaultdict

import numpy as np

from tests import clocked


class Adapter:
    """One run of an adapter, each of its streams and shared ports pausing at will.

    memories   {port: list of words}
    idle       percentage of cycles in which a stream that goes in has nothing to offer
    refused    percentage of cycles in which a shared port is not granted

    Afterwards, a list for each instruction:

    written    {(port, address, part): bits of the part}, up to its ``done``
    done       cycle;  begun: in which it was taken

    and of all of them:

    tapped     what the tap gave
    reads      {port: addresses in order}
    """

    def __init__(self, dut, memories, *, idle=0, refused=0, seed=0):
        self.dut, self.memories = dut, memories
        self.idle, self.refused = idle, refused
        self.rng = np.random.default_rng(seed)
        self.writes = {name: getattr(dut, name) for name in vars(dut) if name.startswith("write_")}

    def run(self, instructions, payload=(), *, reset=0):
        """All instructions, and as many cycles more as show that nothing follows.

        reset   cycles after which the adapter is reset, and everything begins again
        """
        async def scenario(ctx, domain):
            if reset:
                self.begin(instructions, payload)
                for _ in range(reset):
                    await self.step(ctx)
                ctx.set(domain.rst, 1)
                for name in self.queues:
                    ctx.set(getattr(self.dut, name).valid, 0)
                await ctx.tick()
                ctx.set(domain.rst, 0)
            await self.complete(ctx, instructions, payload)

        clocked.run(self.dut, scenario)
        return self

    def begin(self, instructions, payload):
        self.queues = {
            name: list(beats) for name, beats in (
                ("instruction", instructions), ("payload", payload)) if hasattr(self.dut, name)}
        self.offered = dict.fromkeys(self.queues, False)
        self.now = {}
        self.written, self.tapped, self.done, self.begun = [], [], [], []
        self.reads, self.cycle = defaultdict(list), 0

    async def complete(self, ctx, instructions, payload):
        self.begin(instructions, payload)
        while len(self.done) < len(instructions):
            await self.step(ctx)
            last = max([0, *self.done, *self.begun])
            assert self.cycle < last + 4000, f"Stuck after {len(self.done)} instructions"
        for _ in range(40):
            await self.step(ctx)
        left = self.now, self.queues.get("payload")
        assert not any(left), f"Left over: {left}"
        assert len(self.done) == len(instructions)

    async def step(self, ctx):
        for name, queue in self.queues.items():
            self.offer(ctx, name, queue)
        shared = [name for name in self.memories if hasattr(getattr(self.dut, name), "ready")]
        for name in shared:
            ctx.set(getattr(self.dut, name).ready, int(self.rng.integers(100) >= self.refused))
        for name, queue in self.queues.items():
            if self.offered[name] and ctx.get(getattr(self.dut, name).ready):
                queue.pop(0)
                self.offered[name] = False
                if name == "instruction":
                    self.begun.append(self.cycle)
        found = {name: self.read(ctx, name, name in shared) for name in self.memories}
        for name in self.writes:
            self.write(ctx, name)
        if ctx.get(self.dut.tap.valid):
            self.tapped.append([ctx.get(code) for code in self.dut.tap.codes])
        if ctx.get(self.dut.done):
            self.written.append(self.now)
            self.done.append(self.cycle)
            self.now = {}
        await ctx.tick()
        self.cycle += 1
        for name, data in found.items():
            if data is not None:
                ctx.set(getattr(self.dut, name).data, data)

    def offer(self, ctx, name, queue):
        """What is offered stays until it is taken."""
        port = getattr(self.dut, name)
        if not self.offered[name]:
            self.offered[name] = bool(queue) and bool(self.rng.integers(100) >= self.idle)
            ctx.set(port.valid, int(self.offered[name]))
            if self.offered[name]:
                ctx.set(port.payload, queue[0])

    def read(self, ctx, name, shared):
        """What the port gives in the next cycle, None where that does not change."""
        port = getattr(self.dut, name)
        if ctx.get(port.en) and (not shared or ctx.get(port.ready)):
            address = ctx.get(port.addr)
            self.reads[name].append(address)
            words = self.memories[name]
            return words[address] if address < len(words) else 0
        return None

    def write(self, ctx, name):
        port = self.writes[name]
        if enable := ctx.get(port.en):
            address, data = ctx.get(port.addr), ctx.get(port.data)
            width = len(port.data) // len(port.en)
            for part in range(len(port.en)):
                if enable >> part & 1:
                    key = name, address, part
                    assert key not in self.now, f"Written twice: {key}"
                    self.now[key] = data >> width * part & (1 << width) - 1


def packed(numbers, width):
    """A word, the first number in the lowest bits."""
    return sum((int(number) & (1 << width) - 1) << width * n for n, number in enumerate(numbers))


def code_words(codes, base, digits):
    """Words of a row of codes: upper digits, then the lower ones."""
    return [packed(np.asarray(codes) >> base * n, base) for n in reversed(range(digits))]
