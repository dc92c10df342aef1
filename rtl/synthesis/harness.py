"""What surrounds a design for place and route: a register at every pin, three pins in all."""

from collections.abc import Iterator, Mapping

from amaranth.back import verilog
from amaranth.hdl import Cat, ClockDomain, ClockSignal, Elaboratable, Module, Shape, Signal, Value
from amaranth.hdl import Instance as VerilogInstance
from amaranth.lib import wiring
from amaranth.lib.wiring import In

_TREE = 4  # inputs of one LUT


class Harness(Elaboratable):
    """A design between registers, so that its clock figure is from register to register.

    Every input bit, the reset too, is a register of one long shift chain that begins at ``sin``.
    Every output bit goes to a register of its own, and a tree of XORs, a register after each LUT,
    joins them in ``sout``: nothing can be optimized away, and what is added is never the slowest.

    Parameters
    ----------
    name : str
        The design's Verilog module.
    signature : wiring.Signature
        Its ports, besides ``clk`` and ``rst``.
    """

    def __init__(self, name: str, signature: wiring.Signature) -> None:
        self.name = name
        self.signature = signature
        self.clk = Signal()
        self.sin = Signal()
        self.sout = Signal()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        widths: dict = {In: {}, None: {}}
        for path, member, _ in self.signature.flatten(self.signature.create()):
            side = widths[In if member.flow == In else None]
            side["__".join(map(str, path))] = Shape.cast(member.shape).width
        inputs, outputs = widths[In], widths[None]
        driven = Signal(1 + sum(inputs.values()))
        # Place and route depend on names: these are the ones that the committed clocks are of.
        results, captured = (Signal(sum(outputs.values()), name=n) for n in ("made", "captured"))
        m.d.comb += ClockSignal().eq(self.clk)
        m.d.sync += [driven.eq(Cat(self.sin, driven)), captured.eq(results)]
        m.submodules.design = VerilogInstance(
            self.name,
            a_keep_hierarchy=1,
            i_clk=ClockSignal(),
            i_rst=driven[0],
            **{f"i_{port}": bits for port, bits in _cut(driven[1:], inputs)},
            **{f"o_{port}": bits for port, bits in _cut(results, outputs)},
        )
        while len(captured) > 1:
            joined = Signal((len(captured) + _TREE - 1) // _TREE, name=f"join_{len(captured)}")
            m.d.sync += joined.eq(
                Cat(captured[n : n + _TREE].xor() for n in range(0, len(captured), _TREE))
            )
            captured = joined
        m.d.comb += self.sout.eq(captured)
        return m


def _cut(bits: Value, widths: Mapping[str, int]) -> Iterator[tuple[str, Value]]:
    """``(port, its bits)`` for ports side by side."""
    low = 0
    for port, width in widths.items():
        yield port, bits[low : low + width]
        low += width


def harness(name: str, signature: wiring.Signature) -> str:
    """Verilog of a module ``harness`` around the module ``name``, which it does not contain."""
    top = Harness(name, signature)
    return verilog.convert(
        top, name="harness", ports=[top.clk, top.sin, top.sout],
        emit_src=False, strip_internal_attrs=True,
    )
