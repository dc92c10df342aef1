"""Bugs for the AXI4-Lite top, one replacement each, in the source that the top is made of."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import RegisterMap, register_map

PACKAGE = "vit2rtl.rtl.packaging"
# Importers behind what they import.
MODULES = ("axi_lite_bus", "axi_lite", "table_loader", "channel_tables", "axi_top", "sources")


@dataclass(frozen=True)
class Bug:
    """``old`` stands once in the source of ``module``; the instance is one that shows the bug."""

    name: str
    module: str
    old: str
    new: str
    unit: str = "requantizer"
    parameters: dict[str, Any] = field(default_factory=lambda: {"lanes": 2})
    channels: int = 8

    @property
    def registers(self) -> RegisterMap:
        instance = Instance.of(self.unit, **self.parameters)
        return register_map(instance, channels=self.channels)

    def verilog(self) -> dict[str, str]:
        """Sources of the top with the bug in it."""
        with patched(self) as sources:
            return sources(self.registers.instance, self.registers)


@contextmanager
def patched(bug: Bug) -> Iterator[Any]:
    """``sources`` of modules that are loaded anew, one of them changed; the old ones come back."""
    before = {name: sys.modules[f"{PACKAGE}.{name}"] for name in MODULES}
    try:
        for name in MODULES:
            full = f"{PACKAGE}.{name}"
            spec = importlib.util.find_spec(full)
            module = importlib.util.module_from_spec(spec)
            text = spec.loader.get_source(full)
            if name == bug.module:
                assert text.count(bug.old) == 1, f"{bug.name}: {text.count(bug.old)} matches"
                text = text.replace(bug.old, bug.new)
            sys.modules[full] = module
            exec(compile(text, spec.origin, "exec"), module.__dict__)
        yield sys.modules[f"{PACKAGE}.sources"].sources
    finally:
        for name, module in before.items():
            sys.modules[f"{PACKAGE}.{name}"] = module


BUS, LITE, TOP = "axi_lite_bus", "axi_lite", "axi_top"
TABLES, LOADER = "channel_tables", "table_loader"
PLAIN = {"unit": "log_sqrt2_quantizer"}
THREE = {"parameters": {"lanes": 3}, "channels": 12}
LOOKUP = {"unit": "table_lookup", "parameters": {"lanes": 2, "bits": 3, "width": 4}}
ROWS = {"unit": "row_maximum", "parameters": {"lanes": 2, "width": 4}}

BUGS = [
    # Answers and requests.
    Bug("an answer to a write is not held", BUS,
        "self.write | (ports.s_axi_bvalid & ~ports.s_axi_bready)", "self.write", **PLAIN),
    Bug("an answer to a read is not held", BUS,
        "answers | (ports.s_axi_rvalid & ~ports.s_axi_rready)", "answers", **PLAIN),
    Bug("a second write overtakes", LITE,
        "self.s_axi_wvalid & ~self.s_axi_bvalid", "self.s_axi_wvalid"),
    Bug("a read is taken while an answer waits", BUS,
        "~self.reading & ~ports.s_axi_rvalid", "~self.reading", **PLAIN),
    Bug("a read is taken while one is under way", BUS,
        "~self.reading & ~ports.s_axi_rvalid", "~ports.s_axi_rvalid", **PLAIN),
    Bug("a read is taken beside a write", BUS,
        "ports.s_axi_arvalid & ~self.write", "ports.s_axi_arvalid"),
    Bug("an address is taken without its data", BUS,
        "ports.s_axi_awready.eq(self.write)", "ports.s_axi_awready.eq(~ports.s_axi_bvalid)",
        **PLAIN),
    Bug("data are taken without their address", BUS,
        "ports.s_axi_wready.eq(self.write)", "ports.s_axi_wready.eq(~ports.s_axi_bvalid)",
        **PLAIN),
    Bug("a write needs no address", LITE,
        "self.s_axi_awvalid & self.s_axi_wvalid & ~", "self.s_axi_wvalid & ~", **PLAIN),
    Bug("a write needs no data", LITE,
        "self.s_axi_awvalid & self.s_axi_wvalid & ~", "self.s_axi_awvalid & ~", **PLAIN),
    Bug("every write is answered with OKAY", BUS, "Mux(accepted, OKAY, SLVERR)", "OKAY", **PLAIN),
    Bug("every read is answered with OKAY", BUS, "Mux(exists, OKAY, SLVERR)", "OKAY", **PLAIN),
    Bug("the response to a write changes while it waits", BUS,
        "with m.If(self.write):", "with m.If(1):", **PLAIN),
    Bug("read data change while they wait", BUS, "with m.If(answers):", "with m.If(1):"),
    Bug("the address of a read is not kept", BUS,
        "self.address = Cat(Const(0, 2), self.word)", "self.address = ports.s_axi_araddr",
        **PLAIN),
    # Registers and addresses.
    Bug("strobes of registers are ignored", LITE,
        "write & written & self.s_axi_wstrb[number]", "write & written", **PLAIN),
    Bug("the lowest strobe is for all bytes", LITE,
        "self.s_axi_wstrb[number]", "self.s_axi_wstrb[0]", **PLAIN),
    Bug("strobes of tables are ignored", LITE, "self.s_axi_wstrb, 0)", "0xF, 0)"),
    Bug("upper address bits are ignored", LITE,
        "return address[2:] == Const(register.offset // BYTES, len(address) - 2)",
        "return address[2:8] == Const(register.offset // BYTES, 6)", **PLAIN),
    Bug("one address bit is ignored", LITE,
        "return address[2:] == Const(register.offset // BYTES, len(address) - 2)",
        "return address[2:-1] == Const(register.offset // BYTES, len(address) - 3)", **PLAIN),
    Bug("tables have aliases", LITE, "exists = base == table.offset // table.size",
        "exists = base != 0"),
    Bug("a lane that does not exist", LITE, "exists &= index < count", "pass", **THREE),
    Bug("configuration is open while enabled", LITE, "idle.eq(~self.enable & ~self.busy)",
        "idle.eq(~self.busy)"),
    Bug("configuration is open while busy", LITE, "idle.eq(~self.enable & ~self.busy)",
        "idle.eq(~self.enable)"),
    Bug("tables are open while busy", LITE, "written.eq(exists & idle)",
        "written.eq(exists & ~self.enable)"),
    Bug("CONTROL is closed while busy", LITE, 'Const(1, 1) if register.access == "rw" else idle',
        'idle | ~self.busy if register.access == "rw" else idle'),
    Bug("STATUS shows enable", LITE, "return self.busy", "return self.enable", **PLAIN),
    Bug("a table is read at the address of a write", LITE,
        "Mux(write, self.s_axi_awaddr, self.s_axi_araddr)", "self.s_axi_awaddr"),
    Bug("a table is written at the address of a read", LITE,
        "Mux(write, self.s_axi_awaddr, self.s_axi_araddr)", "self.s_axi_araddr"),
    # Streams and busy.
    Bug("beats are taken while stopped", TOP, "open_ = self.aresetn & registers.enable",
        "open_ = self.aresetn", **PLAIN),
    Bug("beats are taken in reset", TOP, "open_ = self.aresetn & registers.enable",
        "open_ = registers.enable", **PLAIN),
    Bug("beats are offered in reset", TOP, "taking if s.enters else self.aresetn",
        "taking if s.enters else self.aresetn | 1", **PLAIN),
    Bug("the bus is open in reset", TOP,
        'source & self.aresetn if name.endswith("valid") else source', "source"),
    Bug("busy is one bit", TOP, "beats_inside = Signal(range(depth + 1))",
        "beats_inside = Signal(1)", **PLAIN),
    Bug("busy counts a bit too few", TOP, "beats_inside = Signal(range(depth + 1))",
        "beats_inside = Signal(2)"),
    Bug("busy counts what is offered", TOP,
        'return getattr(self, f"{s.axi}_tvalid") & getattr(self, f"{s.axi}_tready")',
        'return getattr(self, f"{s.axi}_tvalid")', **PLAIN),
    Bug("busy outlives reset", TOP, "beats_inside = Signal(range(depth + 1))",
        "beats_inside = Signal(range(depth + 1), reset_less=True)", **PLAIN),
    Bug("busy forgets the table's stage", TOP, "return beats_inside != 0",
        "return beats_inside > 1"),
    Bug("a row that has begun is not inside", TOP, "inside.append(within)", "pass", **ROWS),
    Bug("a result that waits is not inside", TOP,
        "inside += [counts[i.name] != counts[o.name]",
        "inside += [counts[i.name] != counts[i.name]", **ROWS),
    Bug("a row is inside until a beat without tlast", TOP, "within.eq(~last)", "within.eq(last)",
        **ROWS),
    Bug("rows are counted, not beats", TOP, "for s in self.register_map.streams)  # of data",
        "for s in self.instance.streams)  # of data", **LOOKUP),
    # Channel tables.
    Bug("the row goes on with every beat offered", TABLES,
        "with m.Elif(self.i.valid & self.i.ready):", "with m.Elif(self.i.valid):"),
    Bug("the row goes on without a beat", TABLES,
        "with m.Elif(self.i.valid & self.i.ready):", "with m.Elif(self.i.ready):"),
    Bug("tlast does not begin the rows again", TABLES,
        "self.i.p.last | (following == self.row_beats)", "following == self.row_beats"),
    Bug("ROW_BEATS does not begin the rows again", TABLES,
        "self.i.p.last | (following == self.row_beats)", "self.i.p.last"),
    Bug("ROW_BEATS is one too many", TABLES,
        "following == self.row_beats", "beat == self.row_beats"),
    Bug("ROW_BEATS beyond the rows begins them too early", TABLES,
        "following == self.row_beats", "following == self.row_beats[:-1]"),
    Bug("enable does not begin the rows again", TABLES,
        "with m.If(~self.enable):", "with m.If(0):"),
    Bug("table values go on while stalled", TABLES, "stream_port.en.eq(self.enable)",
        "stream_port.en.eq(1)"),
    Bug("accumulators go on while stalled", TABLES,
        "lanes[n][field.name], control.enable,", "lanes[n][field.name], control.enable | 1,"),
    Bug("a lane is written beside another", TABLES,
        "lane.write.eq(self.write.word_select(n,", "lane.write.eq(self.write.word_select(0,"),
    Bug("a lane has another one's table", TABLES, "self.read.word_select(n, words * WORD)",
        "self.read.word_select(table.lanes - 1 - n, words * WORD)"),
    # Tables that software writes.
    Bug("a second table is not begun", LOADER, "Mux(self.count == entries, 1, self.count + 1)",
        "self.count + 1", **LOOKUP),
    Bug("every element ends the table", LOADER, "self.o.p.last.eq(ends)", "self.o.p.last.eq(1)",
        **LOOKUP),
    Bug("an element is sent again", LOADER, "with m.If(self.o.ready):", "with m.If(0):", **LOOKUP),
    Bug("a table begun does not end in reset", LOADER, "following = Signal(range(entries + 1))",
        "following = Signal(range(entries + 1))\n        self.count._reset_less = True", **LOOKUP),
    Bug("an element is counted and not sent", LITE,
        '_sent").eq(write & written)', '_sent").eq(write & written & self.s_axi_wdata[0])',
        **LOOKUP),
    Bug("elements are taken while enabled", LITE,
        'Const(1, 1) if register.access == "rw" else idle',
        'Const(1, 1) if register.access in ("rw", "w") else idle', **LOOKUP),
]
