"""The array of attention × V: rows of queries times lanes of channels, a token a cycle."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.attention_value import fraction_bits, shifted_ones
from vit2rtl.golden.units.fields import log_sqrt2_code
from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.attention_value.drain import AttentionValueDrain, pair_layout
from vit2rtl.rtl.units.attention_value.lane import AttentionValueLane


class AttentionValueArray(wiring.Component):
    """Tiles of ``rows`` queries times ``lanes`` channels: tokens in, pairs of sums out.

    Every lane is an :class:`AttentionValueLane`. A query's code is taken apart once for all its
    lanes, a channel's value is centered once for all queries. Whole sums are copied beside the
    lanes, in a cycle in which no token is added, and :class:`AttentionValueDrain` drains them while
    the next tile is summed up.

    Latency ``PIPELINE_CYCLES`` = 6 from a tile's last token to its first pair; a token a cycle and
    a pair a cycle. A tile of few tokens waits for the one before to drain: it takes
    ``max(tokens, rows * lanes) + 1`` cycles. A stalled ``o`` stalls the drain, and ``i`` once sums
    are whole and the copies before them not gone; nothing is lost.

    Members
    -------
    i : In(stream of {values: unsigned(value_bits) × lanes, codes: unsigned × rows, last: 1})
        A token: v's codes of the channels and log√2 codes of the queries.
    o : Out(stream of {even: signed(acc_width), odd: signed(acc_width), last: 1})
        Of each query its channels, first to last.
    v_zero_point : In(value_bits + 1)
        Change only while nothing is inside.
    """

    PIPELINE_CYCLES = 3 + AttentionValueDrain.PIPELINE_CYCLES

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        super().__init__(self.signature_of(parameters))

    @staticmethod
    def signature_of(p: Parameters) -> wiring.Signature:
        """Signature for resolved parameters of the unit."""
        token = data.StructLayout({
            "values": data.ArrayLayout(p["value_bits"], p["lanes"]),
            "codes": data.ArrayLayout(log_sqrt2_code(p).width, p["rows"]),
            "last": 1,
        })
        return wiring.Signature({
            "i": In(stream.Signature(token)),
            "o": Out(stream.Signature(pair_layout(p["acc_width"]))),
            "v_zero_point": In(p["value_bits"] + 1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.drain = drain = AttentionValueDrain(p)
        whole = Signal()
        moves = Signal()
        valid = Signal(2)
        last = Signal(2)
        m.d.comb += [
            moves.eq(~whole),
            self.i.ready.eq(moves),
            # Whole sums stay where they are until the copies of those before them are gone.
            drain.keep.eq(whole & drain.free),
        ]
        m.d.sync += whole.eq(Mux(whole, ~drain.free, valid[1] & last[1]))
        with m.If(moves):
            m.d.sync += [
                valid.eq(Cat(self.i.valid, valid[0])),
                last.eq(Cat(self.i.p.last, last[0])),
            ]
        values = [self._centered(m, moves, n) for n in range(p["lanes"])]
        for row in range(p["rows"]):
            amount, none, odd = self._decoded(m, moves, row)
            for n, value in enumerate(values):
                place = row * p["lanes"] + n
                m.submodules[f"lane_{row}_{n}"] = lane = AttentionValueLane(p)
                m.d.comb += [
                    lane.value.eq(value), lane.amount.eq(amount), lane.none.eq(none),
                    lane.moves.eq(moves), lane.parity.eq(odd), lane.add.eq(valid[1] & moves),
                    lane.keep.eq(drain.keep), lane.clear.eq(drain.clear[place]),
                    drain.even[place].eq(lane.even), drain.odd[place].eq(lane.odd),
                ]
        m.d.comb += [
            self.o.payload.eq(drain.o.payload),
            self.o.valid.eq(drain.o.valid),
            drain.o.ready.eq(self.o.ready),
        ]
        return m

    def _centered(self, m: Module, enable: Value, channel: int) -> Signal:
        """A channel's value less the zero point, after the first stage."""
        centered = Signal(signed(self.parameters["value_bits"] + 1), name=f"centered_{channel}")
        m.d.comb += centered.eq(self.i.p.values[channel] - self.v_zero_point)
        return registered(m, centered, enable, name=f"value_{channel}")

    def _decoded(self, m: Module, enable: Value, row: int) -> tuple[Signal, Signal, Signal]:
        """A query's code: how far to shift, nothing at all, after one stage; odd, after two."""
        rule = self.parameters["bits"], self.parameters["zero_code"]
        fraction = fraction_bits(*rule)
        most = max(np.flatnonzero(shifted_ones(*rule).any(axis=0)).tolist())
        code = self.i.p.codes[row]
        amount = Signal(range(fraction + 1), name=f"amount_{row}")
        none = Signal(name=f"none_{row}")
        m.d.comb += [amount.eq(fraction - ((code + 1) >> 1)), none.eq(code > most)]
        odd = registered(m, code[0], enable, name=f"odd_{row}_0")
        return (registered(m, amount, enable, name=f"amount_{row}_0"),
                registered(m, none, enable, name=f"none_{row}_0"),
                registered(m, odd, enable, name=f"odd_{row}_1"))
