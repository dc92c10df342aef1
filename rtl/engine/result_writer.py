"""What becomes of an epilogue's results: words of codes, logits, residual stream, or the output."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import STREAM_BITS, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import WORD, Destination, Unit
from vit2rtl.rtl.engine.ports import beats, instruction, write_port
from vit2rtl.rtl.engine.walk import AddressWalk
from vit2rtl.rtl.stream.skid import SkidBuffer

# Their codes may have two digits, and then two words a row.
_DIGITS = (Destination.QUERIES, Destination.KEYS, Destination.HIDDEN)
# A row of them is a word.
_ROWS = (*_DIGITS, Destination.VALUES)


class ResultWriter(wiring.Component):
    """Writes ``WORD`` results a cycle, in the order of rows and groups of an instruction.

    Two registers from a result to its write; the lower digits of a row are written first, the upper
    ones in the cycle after. That cycle takes no result that ends a row: only with a group a row it
    costs anything.

    Members
    -------
    instruction : In(stream of the epilogue's operands)
        Without a gap from one to the next.
    i : In(stream of signed(16) × WORD)
    write_queries, write_keys, write_values, write_hidden, write_logits, write_stream
        : Out(write_port)
    o : Out(stream of {data: 64, last: 1})
        Results of OUTPUT; ``last`` with those of an instruction that says so.
    table : Out(1)
        Of the instruction whose results come next.
    done : Out(1)
        With an instruction's last write, or when its last output is taken.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.buffers = buffers(configuration)
        self.destinations: dict[Destination, str] = {
            d: d.name.lower() for d in Destination if d is not Destination.OUTPUT}
        super().__init__(
            {
                "instruction": In(instruction(Unit.EPILOGUE)),
                "i": In(stream.Signature(data.ArrayLayout(signed(STREAM_BITS), WORD))),
                **{f"write_{name}": Out(write_port(self.buffers[name]))
                   for name in self.destinations.values()},
                "o": Out(beats()),
                "table": Out(1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        given = self.instruction.p
        m.submodules.walk = walk = AddressWalk(outer=len(given.rows), inner=len(given.groups))
        m.submodules.skid = skid = SkidBuffer(self.o.payload.shape())
        wiring.connect(m, skid.o, wiring.flipped(self.o))
        job = Signal(given.shape(), reset_less=True)
        with m.If(self.instruction.valid & self.instruction.ready):
            m.d.sync += job.eq(given)
        # The results of the cycle before: where they go, whether they end a row or an instruction.
        writes, row, last, two, ends_output = (
            Signal(name=name) for name in ("writes", "row", "last", "two", "ends_output"))
        results = Signal(self.i.payload.shape(), reset_less=True)
        place = Signal(walk.o.p.address.shape(), reset_less=True)
        destination = Signal(job.destination.shape(), reset_less=True)
        takes, moves = Signal(), Signal()
        is_output = destination == Destination.OUTPUT
        m.d.comb += [
            walk.i.valid.eq(self.instruction.valid),
            self.instruction.ready.eq(walk.i.ready),
            walk.i.p.base.eq(given.base),
            walk.i.p.outer_stride.eq(given.row_stride),
            walk.i.p.inner_stride.eq(Mux(_one_of(given.destination, _ROWS), 0, given.group_stride)),
            walk.i.p.outer.eq(given.rows),
            walk.i.p.inner.eq(given.groups),
            self.table.eq(job.table),
            moves.eq(~(writes & is_output) | skid.i.ready),
            self.i.ready.eq(walk.o.valid & moves & ~(two & walk.o.p.ends)),
            takes.eq(self.i.valid & self.i.ready),
            walk.o.ready.eq(takes),
            skid.i.valid.eq(writes & is_output),
            skid.i.p.data.eq(results),
            skid.i.p.last.eq(ends_output),
        ]
        with m.If(moves):
            m.d.sync += [
                writes.eq(takes),
                row.eq(takes & walk.o.p.ends),
                last.eq(takes & walk.o.p.last),
                two.eq(takes & walk.o.p.ends & job.two_digits
                       & _one_of(job.destination, _DIGITS)),
            ]
        with m.If(takes):
            m.d.sync += [
                results.eq(self.i.payload),
                place.eq(walk.o.p.address),
                destination.eq(job.destination),
                ends_output.eq(walk.o.p.last & job.last),
            ]
        upper = Signal()
        ends_upper = Signal()
        m.d.sync += [upper.eq(two), ends_upper.eq(two & last)]
        m.d.comb += self.done.eq((last & moves & ~two) | ends_upper)
        codes = self._row_of_codes(m, takes, walk.o.p.inner)
        self._directly(m, writes, destination, place, results)
        self._rows(m, row, destination, place, codes, two, upper)
        return m

    def _row_of_codes(self, m: Module, takes: Signal, group: Value) -> data.View:
        """A row's codes, whole in the cycle after its last group is taken."""
        c = self.configuration
        width = min(2 * c.base, STREAM_BITS)
        codes = Signal(data.ArrayLayout(width, c.columns), reset_less=True)
        for n in range(c.columns):
            with m.If(takes & (group == n // WORD)):
                m.d.sync += codes[n].eq(self.i.payload[n % WORD])
        return codes

    def _directly(
        self, m: Module, writes: Signal, destination: Signal, place: Signal, results: data.View
    ) -> None:
        """Results of a group are a word."""
        for target in (Destination.LOGITS, Destination.STREAM):
            name = self.destinations[target]
            port, width = getattr(self, f"write_{name}"), self.buffers[name].width // WORD
            m.d.comb += [
                port.en.eq(writes & (destination == target)),
                port.addr.eq(place),
                port.data.eq(Cat(results[n][:width] for n in range(WORD))),
            ]

    def _rows(
        self, m: Module, row: Signal, destination: Signal, place: Signal, codes: data.View,
        two: Signal, upper: Signal,
    ) -> None:
        """Codes of a row are a word, or two, the upper digits' in the second cycle."""
        c = self.configuration
        uppers = Signal(c.columns * c.base, reset_less=True)
        upper_place = Signal(place.shape(), reset_less=True)
        upper_destination = Signal(destination.shape(), reset_less=True)
        with m.If(two):
            m.d.sync += [
                uppers.eq(Cat(codes[n][c.base : 2 * c.base] for n in range(c.columns))),
                upper_place.eq(place),
                upper_destination.eq(destination),
            ]
        lowers = Cat(codes[n][: c.base] for n in range(c.columns))
        for target in _DIGITS:
            port = getattr(self, f"write_{self.destinations[target]}")
            m.d.comb += [
                port.en.eq((row & (destination == target))
                           | (upper & (upper_destination == target))),
                port.addr.eq(Mux(upper, upper_place, place + two)),
                port.data.eq(Mux(upper, uppers, lowers)),
            ]
        m.d.comb += [
            self.write_values.en.eq(row & (destination == Destination.VALUES)),
            self.write_values.addr.eq(place),
            self.write_values.data.eq(Cat(codes[n][: c.code_bits] for n in range(c.columns))),
        ]


def _one_of(destination: Value, targets: tuple[Destination, ...]) -> Value:
    return Cat(destination == target for target in targets).any()
