"""Signals whose names are words of Verilog: Amaranth allows them."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.verilog import modules


class Inner(wiring.Component):
    """Ports that no module could declare as they are."""

    begin: In(1)
    reg: In(4)
    wait: Out(4)

    def elaborate(self, platform):
        m = Module()
        with m.If(self.begin):
            m.d.sync += self.wait.eq(self.reg + self.wait)
        return m


class Outer(wiring.Component):
    """The same from outside."""

    begin: In(1)
    reg: In(4)
    wait: Out(4)

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = Inner()
        m.d.comb += [
            inner.begin.eq(self.begin), inner.reg.eq(self.reg), self.wait.eq(inner.wait)
        ]
        return m


def test_they_get_an_underscore_in_every_module():
    text, _ = modules("outer", Outer())
    inner = text.partition("module outer_inner")[2]
    for name, declared in (("begin", "input begin_;"), ("reg", "input [3:0] reg_;"),
                           ("wait", "output [3:0] wait_;")):
        assert f"  {declared}\n" in inner
        assert f".{name}_({name}_)" in text
