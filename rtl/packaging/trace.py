"""What the AXI4-Stream top of an instance does with an example, cycle by cycle."""

from amaranth.sim import Simulator, SimulatorContext

from vit2rtl.golden.units import Instance
from vit2rtl.rtl import latency
from vit2rtl.rtl.packaging.example import Example, Passage
from vit2rtl.rtl.stream.axi_stream import AxiStreamTop

STALLED = 2  # cycles of back pressure, when the second result is on offer
RESET = 3  # cycles before the first beat
PATIENCE = 4  # times the cycles that beats and latency take

Cycle = dict[str, int]


def trace(instance: Instance, shown: Example) -> list[Cycle]:
    """Simulate the AXI4-Stream top on the beats of an example.

    returns  one a cycle, every AXI4-Stream port of data just before the rising edge; three cycles
             of reset first, or the end of loading where there are tables; a stall of ``STALLED``
             cycles when the second result is on offer
    raises   ValueError where what comes out is not what the example expects
    """
    bench = _Bench(instance, shown)
    simulator = Simulator(bench.top)
    simulator.add_testbench(bench.run)
    simulator.run()
    for passage in shown.of(instance.sinks):
        results = bench.results[passage.stream.name]
        meant = [beat & mask for beat, mask in zip(results, passage.masks, strict=False)]
        expected = [beat & mask for beat, mask in zip(passage.beats, passage.masks, strict=True)]
        if meant != expected or len(results) != len(expected):
            raise ValueError(f"{instance.name} answers {results}, not {passage.beats}")
    return bench.cycles[bench.loaded :]


class _Bench:
    """Drives the top, and notes every cycle."""

    def __init__(self, instance: Instance, shown: Example) -> None:
        self.instance = instance
        self.shown = shown
        self.top = AxiStreamTop(instance)
        data = (*instance.sources, *instance.sinks)
        self.ports = [f"{s.axi}_{port}" for s in data
                      for port in ("tdata", "tvalid", "tready", "tlast")]
        self.sent = {s.name: 0 for s in instance.streams if s.enters}
        self.results: dict[str, list[int]] = {s.name: [] for s in instance.sinks}
        self.cycles: list[Cycle] = []
        self.loaded = 0
        self.stalled = 0

    async def run(self, ctx: SimulatorContext) -> None:
        for name, value in self.shown.configuration.items():
            ctx.set(getattr(self.top, name), value)
        tables, sources = (self.shown.of(s) for s in (self.instance.tables, self.instance.sources))
        # A table of n beats takes n cycles where the unit is always ready; four times that is late.
        for cycle in range(RESET + 4 * sum(len(table.beats) for table in tables)):
            if not tables or all(self.sent[t.stream.name] == len(t.beats) for t in tables):
                break
            await self._cycle(ctx, cycle, tables)
        for table in tables:
            ctx.set(getattr(self.top, f"{table.stream.axi}_tvalid"), 0)
        self.loaded = max(0, len(self.cycles) - RESET)
        longest = max(len(p.beats) for p in self.shown.passages.values() if not p.stream.entries)
        least = len(self.cycles) + latency(self.instance) + longest + STALLED + 5
        # A unit that is at work on a row for a while takes longer for several.
        while len(self.cycles) < least or (self._owed() and len(self.cycles) < PATIENCE * least):
            await self._cycle(ctx, len(self.cycles), sources)

    def _owed(self) -> bool:
        """Whether results are to come."""
        return any(len(self.results[p.stream.name]) < len(p.beats)
                   for p in self.shown.of(self.instance.sinks))

    async def _cycle(self, ctx: SimulatorContext, cycle: int, sources: list[Passage]) -> None:
        ctx.set(self.top.aresetn, cycle >= RESET - 1)
        for passage in sources:
            self._offer(ctx, cycle, passage)
        main = self.instance.sinks[0]
        waiting = len(self.results[main.name]) == 1 and self.stalled < STALLED
        stall = waiting and bool(self._get(ctx, f"{main.axi}_tvalid"))
        self.stalled += stall
        for stream in self.instance.sinks:
            ready = cycle >= RESET and not (stall and stream is main)
            ctx.set(getattr(self.top, f"{stream.axi}_tready"), ready)
        await ctx.delay(4e-9)
        self.cycles.append({name: self._get(ctx, name) for name in ("aresetn", *self.ports)})
        self._note(ctx)
        await ctx.delay(1e-9)
        ctx.set(self.top.aclk, 1)
        await ctx.delay(5e-9)
        ctx.set(self.top.aclk, 0)

    def _offer(self, ctx: SimulatorContext, cycle: int, passage: Passage) -> None:
        sent, prefix = self.sent[passage.stream.name], passage.stream.axi
        offered = cycle >= RESET and sent < len(passage.beats)
        ctx.set(getattr(self.top, f"{prefix}_tvalid"), offered)
        ctx.set(getattr(self.top, f"{prefix}_tdata"), passage.beats[sent] if offered else 0)
        ctx.set(getattr(self.top, f"{prefix}_tlast"), offered and passage.lasts[sent])

    def _note(self, ctx: SimulatorContext) -> None:
        for stream in self.instance.streams:
            moves = all(self._get(ctx, f"{stream.axi}_{port}") for port in ("tvalid", "tready"))
            if moves and stream.enters:
                self.sent[stream.name] += 1
            elif moves:
                self.results[stream.name].append(self._get(ctx, f"{stream.axi}_tdata"))

    def _get(self, ctx: SimulatorContext, port: str) -> int:
        return int(ctx.get(getattr(self.top, port)))
