"""What a row's elements are multiplied by: 1/√V from the row's sums, in one serial unit."""

from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.layernorm import MANTISSA_BITS, SEEDS, SHIFT_LIMIT
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.layernorm_quantizer.budget import AMOUNT_BITS, Budget
from vit2rtl.rtl.units.layernorm_quantizer.multiplier import SerialMultiplier
from vit2rtl.rtl.units.layernorm_quantizer.statistics import sums_layout

# Of the mantissa m, of the seeds and of what follows from them.
_MANTISSA, _SEED, _ROOT = 22, 10, 20
# Σx² goes through the multiplier in two pieces.
_PIECE = 24
_COARSE, _FINE = (16, 8), (4, 2, 1)  # pairs of leading zeros that a stage takes away


class ReciprocalRoot(wiring.Component):
    """D r, S1 r and the shift of a row, where ``r / 2**k`` is 1/√V.

    Equals :func:`vit2rtl.golden.arithmetic.layernorm.reciprocal_sqrt`, bit by bit, of
    ``V = D S2 - S1² + epsilon``; then ``amount = shift + k - 17``, which saturates. One row every
    ``INTERVAL`` = 30 cycles through one multiplier of four blocks::

        step  1-6    V = epsilon + D S2 - S1², S2 in two pieces
        step  7-9    leading pair of bits, mantissa m of 22; seed y and y² from a ROM of 30 bits
        step 10-15   t = 3·2**44 - m (y² >> 16), y = (y (t >> 22) + 2**22) >> 23
        step 16-24   the same once more, from the product y y on
        step 25-30   r, of which D r and S1 r

    The rounding of the last y to r adds to the product's own: half up of half up is
    ``(y t + 2**22 + 2**25) >> 26``. Latency ``INTERVAL`` + 1 from the sums to ``o``. The result
    before waits on ``o`` meanwhile; one that is not taken stalls ``i``.

    Parameters
    ----------
    budget : Budget

    Members
    -------
    columns, shift, epsilon : In
        Configuration.
    i : In(stream of {total: signed, squares: unsigned})
    o : Out(stream of {factor: unsigned, mean: signed, amount: unsigned(6)})
        D r, S1 r; ``amount`` is one less than the lane's shift.
    """

    INTERVAL = 30

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        super().__init__(self.ports(budget))

    @classmethod
    def ports(cls, budget: Budget) -> wiring.Signature:
        """Signature: operands as wide as the budget says."""
        return wiring.Signature(
            {
                "columns": In(budget.columns),
                "shift": In(SHIFT_LIMIT.bit_length()),
                "epsilon": In(budget.epsilon),
                "i": In(stream.Signature(sums_layout(budget))),
                "o": Out(stream.Signature(constants_layout(budget))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        moves = Signal()
        taken = Signal()
        at = _Steps(m, self.INTERVAL, moves, taken)
        done = at(self.INTERVAL)
        m.d.comb += [
            moves.eq(~done | ~self.o.valid | self.o.ready),
            self.i.ready.eq((~at.busy | done) & moves),
            taken.eq(self.i.valid & self.i.ready),
        ]
        total = registered(m, self.i.p.total, taken, name="total")
        width = max(_PIECE + 1, len(total))
        m.submodules.multiplier = multiplier = SerialMultiplier(width)
        product = multiplier.product
        variance = self._variance(m, at, taken, product)
        mantissa, read, level = self._mantissa(m, at, variance)
        # What goes in from outside the loop: Σx² in two pieces, the seed's y² >> 16, r.
        given = Signal(max(self.budget.squares.width, _PIECE + 1), reset_less=True)
        estimate = Signal(_ROOT, reset_less=True)
        with m.If(taken):
            m.d.sync += given.eq(self.i.p.squares)
        with m.Elif(at(1)):
            m.d.sync += given.eq(given[_PIECE:])
        with m.Elif(at(9)):
            m.d.sync += [
                given.eq(read[:_ROOT].shift_left(2 * (_ROOT - _SEED) - 16)),
                estimate.eq(read[_ROOT:].shift_left(_ROOT - _SEED)),
            ]
        with m.Elif(at(16)):
            m.d.sync += estimate.eq(product[23:])
        with m.Elif(at(25)):
            m.d.sync += given.eq(product[26:43] | product[43].replicate(MANTISSA_BITS))

        a = (
            (at(1, 2, 26), self.columns),
            (at(3, 27), total),
            (at(10, 19), mantissa),
            (at(13, 22), estimate),
            (at(16), product[23:43]),
        )
        b = (
            (at(1, 2, 10, 26, 27), given[:_PIECE]),
            (at(3), total),
            (at(13, 22), product[22:46]),
            (at(16), product[23:43]),
            (at(19), product[16:40]),
        )
        three, half, four = at(11, 20).replicate(2), at(14, 23), at(23)
        start = Signal(multiplier.start.shape())
        m.d.comb += [
            multiplier.enable.eq(moves),
            multiplier.a.eq(_chosen(a, width)),
            multiplier.b.eq(_chosen(b, width)),
            multiplier.negate.eq(at(4, 11, 20)),
            start.eq(
                three.shift_left(44 - 18) | four.shift_left(25 - 18) | half.shift_left(22 - 18)
            ),
            multiplier.start.eq(start),
        ]
        self._offer(m, at, done & moves, product, level)
        return m

    def _variance(self, m: Module, at: "_Steps", taken: Value, product: Value) -> Signal:
        """V in step 7: three products are added to epsilon as they come, the last one negated."""
        variance = Signal(self.budget.variance, reset_less=True)
        term = Signal.like(variance)
        adds = at(4, 5, 6)
        m.d.comb += term.eq(Mux(at(5), product.shift_left(_PIECE), product))
        with m.If(taken):
            m.d.sync += variance.eq(self.epsilon)
        with m.Elif(adds):
            m.d.sync += variance.eq(variance + term)
        return variance

    def _mantissa(
        self, m: Module, at: "_Steps", variance: Signal
    ) -> tuple[Signal, Value, Signal]:
        """m and what the ROM has for it in step 9, the number of its leading pair in step 10."""
        room = _MANTISSA + 2 * sum(_FINE)
        pairs = len(variance) // 2
        aligned = Cat(Const(0, max(room - len(variance), 0)), variance)
        value, coarse = _led(m, aligned, [n for n in _COARSE if n < pairs])
        aligned = registered(m, value[-room:], at(7), name="aligned")
        coarse = registered(m, coarse, at(7), name="coarse_zeros")
        value, fine = _led(m, aligned, [n for n in _FINE if n < pairs])
        mantissa = registered(m, value[-_MANTISSA:], at(8), name="mantissa")
        fine = registered(m, fine, at(8), name="fine_zeros")

        entries = [y << _ROOT | y * y for y in SEEDS.tolist()]
        rom = Memory(shape=_SEED + _ROOT, depth=len(entries), init=entries)
        m.submodules.seeds = rom
        read = rom.read_port()
        m.d.comb += [read.en.eq(at(8)), read.addr.eq(value[-8:])]
        zeros = Cat(fine, coarse)
        level = registered(m, (pairs - 1 - zeros)[: (pairs - 1).bit_length()], at(9), name="level")
        return mantissa, read.data, level

    def _offer(
        self, m: Module, at: "_Steps", ends: Value, product: Value, level: Signal
    ) -> None:
        """The shift is that of the gains, k less 17 more: ``level`` pairs below the leading one."""
        distance = registered(m, self.shift + level, at(10), name="distance")
        factor = registered(m, product[: self.budget.factor.width], at(29), name="factor")
        with m.If(ends):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.p.factor.eq(factor),
                self.o.p.mean.eq(product),
                self.o.p.amount.eq(
                    distance[:AMOUNT_BITS] | distance[AMOUNT_BITS:].any().replicate(AMOUNT_BITS)),
            ]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)


class _Steps:
    """Steps of a row, from 1 on: ``at(n, …)`` is high in those, from a register of its own."""

    def __init__(self, m: Module, count: int, moves: Value, begins: Value) -> None:
        self._m, self._moves = m, moves
        self._high: dict[tuple[int, ...], Value] = {(0,): begins}
        self.busy = Signal()
        for n in range(1, count + 1):
            self._high[(n,)] = self._register(self._high[(n - 1,)], f"step_{n}")
        with m.If(moves):
            m.d.sync += self.busy.eq(begins | self.busy & ~self._high[(count,)])

    def __call__(self, *steps: int) -> Value:
        if steps not in self._high:
            name = f"steps_{'_'.join(map(str, steps))}"
            before = Cat(self._high[(n - 1,)] for n in steps)
            self._high[steps] = self._register(before.any(), name)
        return self._high[steps]

    def _register(self, value: Value, name: str) -> Signal:
        return registered(self._m, value, self._moves, name=name, reset=True)


def _chosen(values: Iterable[tuple[Value, Value]], width: int) -> Value:
    """The one whose condition holds, in so many bits; zeros where none does."""
    chosen: Value = Const(0, width)
    for condition, value in values:
        sign = value[-1] if value.shape().signed else Const(0, 1)
        extended = Cat(value, sign.replicate(width - len(value)))
        chosen |= extended & condition.replicate(width)
    return chosen


def _led(m: Module, value: Value, steps: list[int]) -> tuple[Value, Value]:
    """Leading pairs of zeros shifted out, so many or none a step; how many they were, halved."""
    zeros: list[Value] = []
    for pairs in steps:
        none = Signal(name=f"none_of_{pairs}")
        shifted = Signal(len(value), name=f"led_by_{pairs}")
        m.d.comb += [
            none.eq(~value[-2 * pairs :].any()),
            shifted.eq(Mux(none, value.shift_left(2 * pairs), value)),
        ]
        value = shifted
        zeros.insert(0, none)
    return value, Cat(zeros)


def constants_layout(budget: Budget) -> data.StructLayout:
    """What a row's elements need to know of their row."""
    return data.StructLayout(
        {"factor": budget.factor, "mean": budget.mean, "amount": unsigned(AMOUNT_BITS)}
    )
