"""Which pass, digit, row and bank a beat is of: counters for codes, for operands, for results."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.units.matmul_array.accumulators import Accumulators


class TileCounter(wiring.Component):
    """Counts stationary tiles: for each tile of the inner dimension, its digits, the upper first.

    Members
    -------
    step : In(1)
        To the next stationary tile.
    k_tiles : In, two_digits : In(1)
        Tiles of the inner dimension, at least 1; each is two stationary ones where operands have
        two digits.
    first, closing : Out(1)
        This stationary tile is the first, the last one of an output tile.
    high : Out(1)
        It has the upper digits.
    """

    def __init__(self, k_tiles_width: int) -> None:
        super().__init__(
            {
                "step": In(1),
                "k_tiles": In(k_tiles_width),
                "two_digits": In(1),
                "first": Out(1),
                "closing": Out(1),
                "high": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        tile = Signal(self.k_tiles.shape())
        low = Signal()  # the lower one of two digits
        ends = Signal()
        following = Signal(self.k_tiles.shape())
        m.d.comb += [
            ends.eq(low | ~self.two_digits),
            following.eq(tile + 1),
            self.first.eq((tile == 0) & ~low),
            self.closing.eq((following == self.k_tiles) & ends),
            self.high.eq(~ends),
        ]
        with m.If(self.step):
            m.d.sync += low.eq(~ends)
            with m.If(ends):
                m.d.sync += tile.eq(Mux(self.closing, 0, following))
        return m


class PassSequencer(wiring.Component):
    """Says of each row of codes where its sums go, and when the next one may come.

    A stationary tile is computed with in one pass, or in two where codes have two digits, the upper
    ones first. Rows of a pass count up. What it says of the row that comes next is there before
    it, and moves on in the cycle in which it is taken.

    A pass of fewer rows than accumulators take for read, add and write is followed by as many
    cycles as it lacks.

    Members
    -------
    taken : In(1)
        A row of codes is taken; only while ``ready`` is high.
    ready : Out(1)
        The next row may come.
    full : In(1)
        The next stationary tile is in the shadows.
    free : In(2)
        Bit n: bank n is empty.
    tokens, k_tiles : In; two_code_digits, two_weight_digits : In(1)
    swap : Out(1), digits : Out(2), row : Out, bank : Out(1)
        See :class:`~.dot_array.DotArray` and :class:`~.accumulators.Accumulators`.
    first, begun : Out(1)
        The first pass of an output tile, and that its first row is taken.
    ends : Out(1)
        Its last row.
    begins : Out(1)
        The first row of a pass is taken.
    captures : Out(1)
        And it is the first one for the last stationary tile of an output tile.
    """

    def __init__(self, *, depth: int, k_tiles_width: int) -> None:
        self.k_tiles_width = k_tiles_width
        super().__init__(
            {
                "taken": In(1),
                "ready": Out(1),
                "full": In(1),
                "free": In(2),
                "tokens": In(range(depth + 1)),
                "k_tiles": In(k_tiles_width),
                "two_code_digits": In(1),
                "two_weight_digits": In(1),
                "swap": Out(1),
                "digits": Out(2),
                "row": Out(range(depth)),
                "bank": Out(1),
                "first": Out(1),
                "begun": Out(1),
                "ends": Out(1),
                "begins": Out(1),
                "captures": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.tiles = tiles = TileCounter(self.k_tiles_width)
        low = Signal()  # the lower one of two digits of the codes
        pause = Signal(range(Accumulators.DISTANCE))
        fresh = Signal(init=1)  # a pass begins with the next row
        ends_pass, ends_tile, last_pass = Signal(), Signal(), Signal()
        following = Signal(self.tokens.shape())
        m.d.comb += [
            following.eq(self.row + 1),
            ends_pass.eq(following == self.tokens),
            ends_tile.eq(low | ~self.two_code_digits),
            last_pass.eq(tiles.closing & ends_tile),
            self.begins.eq(self.taken & fresh),
            self.swap.eq(self.begins & ~low),
            self.digits.eq(tiles.high + ~ends_tile),
            self.first.eq(tiles.first & ~low),
            self.begun.eq(self.begins & self.first),
            self.ends.eq(ends_pass & last_pass),
            self.captures.eq(self.swap & tiles.closing),
            tiles.k_tiles.eq(self.k_tiles),
            tiles.two_digits.eq(self.two_weight_digits),
            tiles.step.eq(self.taken & ends_pass & ends_tile),
            self.ready.eq(
                (pause == 0)
                & (~fresh | low | self.full)
                & (~(fresh & self.first) | Mux(self.bank, self.free[1], self.free[0]))
            ),
        ]
        short = self.tokens < Accumulators.DISTANCE
        with m.If(pause != 0):
            m.d.sync += pause.eq(pause - 1)
        with m.If(self.taken):
            m.d.sync += [self.row.eq(following), fresh.eq(0)]
            with m.If(ends_pass):
                m.d.sync += [
                    self.row.eq(0),
                    fresh.eq(1),
                    low.eq(~ends_tile),
                    pause.eq(Mux(short, Accumulators.DISTANCE - self.tokens, 0)),
                ]
                with m.If(last_pass):
                    m.d.sync += self.bank.eq(~self.bank)
        return m


class Drain(wiring.Component):
    """Which banks are in use, and the rows of full ones in order, one bank after the other.

    A bank is in use from the first row that is taken for it to the last one that is given away.

    Members
    -------
    begun : In(1)
        The bank whose turn it is begins to fill.
    filled : In(1)
        The bank whose turn it is is full, from the next cycle on.
    given : In(1)
        The last row of the bank whose turn it is has been taken.
    free : Out(2)
        Bit n: bank n is not in use.
    tokens : In
        Rows of the bank that begins to fill.
    row : Out, bank : Out(1), last : Out(1), valid : Out(1), ready : In(1)
        The row that is to be read; it is, where both are high.
    """

    def __init__(self, *, depth: int) -> None:
        super().__init__(
            {
                "begun": In(1),
                "filled": In(1),
                "given": In(1),
                "free": Out(2, init=0b11),
                "tokens": In(range(depth + 1)),
                "row": Out(range(depth)),
                "bank": Out(1),
                "last": Out(1),
                "valid": Out(1),
                "ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        full = Signal(2)
        rows = [Signal(self.tokens.shape(), name=f"rows_{n}", reset_less=True) for n in range(2)]
        following = Signal(self.tokens.shape())
        ends = Signal()
        m.d.comb += [
            following.eq(self.row + 1),
            self.last.eq(following == Mux(self.bank, rows[1], rows[0])),
            self.valid.eq(Mux(self.bank, full[1], full[0])),
            ends.eq(self.valid & self.ready & self.last),
        ]
        with m.If(self.valid & self.ready):
            m.d.sync += self.row.eq(Mux(self.last, 0, following))
        with m.If(ends):
            m.d.sync += self.bank.eq(~self.bank)
        begins = self._turns(m, self.begun, self.free, 0, "begins")
        self._turns(m, self.given, self.free, 1, "gives")
        self._turns(m, self.filled, full, 1, "fills")
        for n in range(2):
            with m.If(ends & (self.bank == n)):
                m.d.sync += full[n].eq(0)
            with m.If(self.begun & (begins == n)):
                m.d.sync += rows[n].eq(self.tokens)
        return m

    def _turns(self, m: Module, event: Signal, flags: Signal, value: int, name: str) -> Signal:
        """An event sets the flag of one bank after the other; returns whose turn it is."""
        turn = Signal(name=name)
        with m.If(event):
            m.d.sync += turn.eq(~turn)
        for n in range(2):
            with m.If(event & (turn == n)):
                m.d.sync += flags[n].eq(value)
        return turn
