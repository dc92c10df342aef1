"""What becomes of an epilogue's results: words of codes, logits, residual stream, or the output."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import STREAM_BITS, address_bits, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import OPERANDS, WORD, Destination, Unit
from vit2rtl.rtl.engine.ports import beats, write_port
from vit2rtl.rtl.stream.fifo import Fifo
from vit2rtl.rtl.stream.memory import BLOCK_ROWS

# Their codes may have two digits, and then two words a row.
_DIGITS = (Destination.QUERIES, Destination.KEYS, Destination.HIDDEN)
# A row of them is a word.
ROWS = (*_DIGITS, Destination.VALUES)


class ResultWriter(wiring.Component):
    """Writes ``WORD`` results a cycle, in the order of rows and groups of an instruction.

    Two registers from a result to its write; the lower digits of a row are written first, the upper
    ones in the cycle after. No back pressure: no result that ends a row may come in that cycle, and
    outputs wait in a queue, of ``OUTPUTS`` at most that were issued and are not taken.

    Members
    -------
    i : In(stream of signed(16) × WORD)
        Always ready. None of another destination than OUTPUT while outputs are not taken.
    place : In(:func:`place_of`)
        Of the results on ``i``.
    write_queries, write_keys, write_values, write_hidden, write_logits, write_stream
        : Out(write_port)
    o : Out(stream of {data: 64, last: 1})
        Results of OUTPUT; ``last`` with those of an instruction that says so.
    done : Out(1)
        With an instruction's last write, or when its last output is taken.
    """

    OUTPUTS = 32

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.buffers = buffers(configuration)
        self.destinations: dict[Destination, str] = {
            d: d.name.lower() for d in Destination if d is not Destination.OUTPUT}
        super().__init__(
            {
                "place": In(place_of(configuration)),
                "i": In(stream.Signature(data.ArrayLayout(signed(STREAM_BITS), WORD))),
                **{f"write_{name}": Out(write_port(self.buffers[name]))
                   for name in self.destinations.values()},
                "o": Out(beats()),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        given = self.place
        beat = data.StructLayout({**self.o.p.shape().members, "done": 1})
        m.submodules.outputs = outputs = Fifo(beat, max(self.OUTPUTS, BLOCK_ROWS))
        # The results of the cycle before: where they go, a row with its end; whether they end a row
        # of two digits, or an instruction.
        last, two, ends_output = (Signal(name=name) for name in ("last", "two", "ends_output"))
        to = {d: Signal(name=f"to_{d.name.lower()}") for d in Destination}
        results = Signal(self.i.payload.shape(), reset_less=True)
        place = Signal.like(given.address, reset_less=True)
        takes = Signal()
        is_output = to[Destination.OUTPUT]
        m.d.comb += [
            self.i.ready.eq(1),
            takes.eq(self.i.valid),
            outputs.i.valid.eq(is_output),
            outputs.i.p.data.eq(results),
            outputs.i.p.last.eq(ends_output),
            outputs.i.p.done.eq(last),
            self.o.valid.eq(outputs.o.valid),
            self.o.p.data.eq(outputs.o.p.data),
            self.o.p.last.eq(outputs.o.p.last),
            outputs.o.ready.eq(self.o.ready),
        ]
        m.d.sync += [
            *(signal.eq(takes & (given.destination == d) & (given.ends_row | (d not in ROWS)))
              for d, signal in to.items()),
            last.eq(takes & given.ends),
            two.eq(takes & given.ends_row & given.two_digits
                   & one_of(given.destination, _DIGITS)),
        ]
        with m.If(takes):
            m.d.sync += [
                results.eq(self.i.payload),
                place.eq(given.address),
                ends_output.eq(given.ends & given.last),
            ]
        upper = Signal()
        ends_upper = Signal()
        m.d.sync += [upper.eq(two), ends_upper.eq(two & last)]
        taken = self.o.valid & self.o.ready & outputs.o.p.done
        m.d.comb += self.done.eq((last & ~is_output & ~two) | ends_upper | taken)
        codes = self._row_of_codes(m, takes, given.group)
        self._directly(m, to, place, results)
        self._rows(m, to, place, codes, two, upper)
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
        self, m: Module, to: Mapping[Destination, Signal], place: Signal, results: data.View
    ) -> None:
        """Results of a group are a word."""
        for target in (Destination.LOGITS, Destination.STREAM):
            name = self.destinations[target]
            port, width = getattr(self, f"write_{name}"), self.buffers[name].width // WORD
            m.d.comb += [
                port.en.eq(to[target]),
                port.addr.eq(place),
                port.data.eq(Cat(results[n][:width] for n in range(WORD))),
            ]

    def _rows(
        self, m: Module, to: Mapping[Destination, Signal], place: Signal, codes: data.View,
        two: Signal, upper: Signal,
    ) -> None:
        """Codes of a row are a word, or two, the upper digits' in the second cycle."""
        c = self.configuration
        uppers = Signal(c.columns * c.base, reset_less=True)
        upper_place = Signal(place.shape(), reset_less=True)
        with m.If(two):
            m.d.sync += [
                uppers.eq(Cat(codes[n][c.base : 2 * c.base] for n in range(c.columns))),
                upper_place.eq(place),
            ]
        lowers = Cat(codes[n][: c.base] for n in range(c.columns))
        for target in _DIGITS:
            name = self.destinations[target]
            port = getattr(self, f"write_{name}")
            after = Signal(name=f"upper_to_{name}")
            m.d.sync += after.eq(two & to[target])
            m.d.comb += [
                port.en.eq(to[target] | after),
                port.addr.eq(Mux(upper, upper_place, place + two)),
                port.data.eq(Mux(upper, uppers, lowers)),
            ]
        m.d.comb += [
            self.write_values.en.eq(to[Destination.VALUES]),
            self.write_values.addr.eq(place),
            self.write_values.data.eq(Cat(codes[n][: c.code_bits] for n in range(c.columns))),
        ]


def place_of(configuration: Configuration) -> data.StructLayout:
    """Where a group of a row goes.

    ``ends_row``, ``ends``: it is the row's last one, the instruction's; ``last``: and the image's.
    """
    fields = OPERANDS[Unit.EPILOGUE]
    return data.StructLayout({
        "address": address_bits(configuration), "group": fields["groups"].width, "ends_row": 1,
        "ends": 1,
        **{name: fields[name].width for name in ("destination", "table", "two_digits", "last")},
    })


def one_of(destination: Value, targets: tuple[Destination, ...]) -> Value:
    return Cat(destination == target for target in targets).any()
