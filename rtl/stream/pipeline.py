"""The stallable pipeline of every unit: valid bits and enables, apart from the data."""

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class PipelineControl(wiring.Component):
    """Valid bits, ``last`` and the enables of a pipeline of ``depth`` register stages.

    Stage n takes what stage n - 1 holds whenever ``enable[n]`` is high: it is empty, or what it
    holds moves on in the same cycle. So bubbles close up under back pressure, the pipeline holds
    ``depth`` beats, and nothing is lost or repeated. Reset empties every stage.

    Latency ``depth`` cycles, one beat a cycle. ``i.ready`` depends on ``o.ready`` within the cycle.

    Parameters
    ----------
    depth : int
        Number of register stages, at least 1.

    Members
    -------
    i : In(stream of unsigned(1))
        One beat; the payload is its ``last``.
    o : Out(stream of unsigned(1))
        The same beat, ``depth`` register stages later.
    enable : Out(depth)
        Bit n loads the data registers of stage n.
    """

    def __init__(self, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"Depth must be at least 1, not {depth!r}")
        self.depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(1)),
                "o": Out(stream.Signature(1)),
                "enable": Out(depth),
            }
        )

    def between(self, i: stream.Interface, o: stream.Interface) -> list[Any]:
        """Statements that make it the control from stream ``i`` to ``o``, both with a ``last``."""
        return [
            self.i.valid.eq(i.valid),
            self.i.payload.eq(i.p.last),
            i.ready.eq(self.i.ready),
            o.valid.eq(self.o.valid),
            o.p.last.eq(self.o.payload),
            self.o.ready.eq(o.ready),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid = [Signal(name=f"valid_{n}") for n in range(self.depth)]
        last = [Signal(name=f"last_{n}") for n in range(self.depth)]
        moves = self.o.ready
        for n in reversed(range(self.depth)):
            m.d.comb += self.enable[n].eq(~valid[n] | moves)
            moves = self.enable[n]
            with m.If(self.enable[n]):
                m.d.sync += [
                    valid[n].eq(valid[n - 1] if n else self.i.valid),
                    last[n].eq(last[n - 1] if n else self.i.payload),
                ]
        m.d.comb += [
            self.i.ready.eq(moves),
            self.o.valid.eq(valid[-1]),
            self.o.payload.eq(last[-1]),
        ]
        return m


def registered(
    m: Module, value: Value, enable: Value, *, name: str, reset: bool = False,
    clear: Value | None = None,
) -> Signal:
    """A data register of one pipeline stage: follows ``value`` where ``enable`` is high.

    As a rule without reset: the valid bits say what counts, and multiplier blocks can absorb it.
    Where ``clear`` is high it takes 0 instead, which costs no logic in front of a register that has
    a synchronous reset.
    """
    register = Signal(value.shape(), name=name, reset_less=not reset)
    with m.If(enable):
        m.d.sync += register.eq(value)
        if clear is not None:
            with m.If(clear):
                m.d.sync += register.eq(0)
    return register
