"""AXI4-Lite's ports and handshakes, whatever registers are behind them."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Member, Out

from vit2rtl.rtl.packaging.register_map import WORD

OKAY, SLVERR = 0b00, 0b10
BYTES = WORD // 8


def axi_lite_ports(address_width: int) -> dict[str, Member]:
    """AXI4-Lite subordinate without the optional protection signals, as signature members."""
    return {
        "s_axi_awaddr": In(address_width),
        "s_axi_awvalid": In(1),
        "s_axi_awready": Out(1),
        "s_axi_wdata": In(WORD),
        "s_axi_wstrb": In(BYTES),
        "s_axi_wvalid": In(1),
        "s_axi_wready": Out(1),
        "s_axi_bresp": Out(2),
        "s_axi_bvalid": Out(1),
        "s_axi_bready": In(1),
        "s_axi_araddr": In(address_width),
        "s_axi_arvalid": In(1),
        "s_axi_arready": Out(1),
        "s_axi_rdata": Out(WORD),
        "s_axi_rresp": Out(2),
        "s_axi_rvalid": Out(1),
        "s_axi_rready": In(1),
    }


class Transfers:
    """One write and one read at a time of an AXI4-Lite subordinate, a write goes first.

    A write is taken in the cycle in which address and data are both offered, its response follows
    in the next; read data follow the address after two cycles.

    m        module that gets the handshakes
    ports    component with :func:`axi_lite_ports`
    offered  a write that can be taken

    write    a write is taken in this cycle
    address  of the read that is answered
    """

    def __init__(self, m: Module, ports: Any, offered: Value) -> None:
        self.ports = ports
        self.write = Signal(name="write")
        self.read = Signal(name="read")
        self.reading = Signal(name="reading")
        self.word = Signal(len(ports.s_axi_araddr) - 2, name="read_word")
        self.address = Cat(Const(0, 2), self.word)
        m.d.comb += [
            self.write.eq(offered),
            self.read.eq(
                ports.s_axi_arvalid & ~self.write & ~self.reading & ~ports.s_axi_rvalid
            ),
            ports.s_axi_awready.eq(self.write),
            ports.s_axi_wready.eq(self.write),
            ports.s_axi_arready.eq(self.read),
        ]

    def answer(
        self, m: Module, accepted: Value, value: Value, exists: Value, there: Value | None = None
    ) -> None:
        """Answer with whether the write is accepted, and with the word read if it exists.

        there   the word can be read in this cycle; without it, at once
        """
        ports = self.ports
        answers = self.reading if there is None else self.reading & there
        m.d.sync += [
            ports.s_axi_bvalid.eq(self.write | (ports.s_axi_bvalid & ~ports.s_axi_bready)),
            self.reading.eq(
                self.read if there is None else self.read | (self.reading & ~there)),
            ports.s_axi_rvalid.eq(answers | (ports.s_axi_rvalid & ~ports.s_axi_rready)),
        ]
        with m.If(self.write):
            m.d.sync += ports.s_axi_bresp.eq(Mux(accepted, OKAY, SLVERR))
        with m.If(self.read):
            m.d.sync += self.word.eq(ports.s_axi_araddr[2:])
        with m.If(answers):
            m.d.sync += [
                ports.s_axi_rdata.eq(value),
                ports.s_axi_rresp.eq(Mux(exists, OKAY, SLVERR)),
            ]
