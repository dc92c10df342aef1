"""All ports of an AXI4-Lite top as two numbers: a cycle costs a bench one read and one write.

A group is what belongs to one side of one channel: ``[valid, payload...]`` of what offers,
``[ready]`` of what takes. Payload that its valid does not vouch for reads as 0.
"""

from dataclasses import dataclass

from vit2rtl.golden.units.unit import Stream
from vit2rtl.rtl.packaging.axi_lite_bus import axi_lite_ports
from vit2rtl.rtl.packaging.register_map import RegisterMap
from vit2rtl.rtl.packaging.sources import top_name
from vit2rtl.rtl.stream.axi_stream import axi_stream_ports

SUFFIX = "bench"
MUTANT = "mutant"
_CHANNELS = {
    "aw": ("awvalid", "awaddr"),
    "w": ("wvalid", "wdata", "wstrb"),
    "b": ("bvalid", "bresp"),
    "ar": ("arvalid", "araddr"),
    "r": ("rvalid", "rdata", "rresp"),
}
_GIVEN = ("b", "r")  # channels that the subordinate gives

# Name of a group, and its ports with their widths, lowest first.
Group = tuple[str, list[tuple[str, int]]]


@dataclass(frozen=True)
class Pins:
    """Groups of the inputs and of the outputs, lowest first."""

    driven: list[Group]
    observed: list[Group]

    @classmethod
    def of(cls, register_map: RegisterMap, mutants: int = 0) -> "Pins":
        """mutants  bits of an input that selects a mutant, 0 where there is none"""
        members = {**axi_stream_ports(register_map.streams),
                   **axi_lite_ports(register_map.address_width)}
        offers = {name: [f"s_axi_{port}" for port in ports] for name, ports in _CHANNELS.items()}
        offers |= {s.name: _stream(s) for s in register_map.streams}
        enters = {name: name not in _GIVEN for name in _CHANNELS}
        enters |= {s.name: s.enters for s in register_map.streams}
        driven: list[Group] = [("reset", [("aresetn", 1)])]
        observed: list[Group] = []
        for name, ports in offers.items():
            widths = [(port, int(members[port].shape)) for port in ports]  # type: ignore[arg-type]
            ready = (name, [(ports[0].replace("valid", "ready"), 1)])
            driven.append((name, widths) if enters[name] else ready)
            observed.append(ready if enters[name] else (name, widths))
        if mutants:
            driven.append((MUTANT, [(MUTANT, mutants)]))
        return cls(driven, observed)

    def wrapper(self, register_map: RegisterMap) -> str:
        """Verilog of the module :func:`bench_top`: clock, ``driven`` and ``observed``."""
        name = top_name(register_map)
        lines, low = [], 0
        connected = [".aclk(aclk)"]
        for _, ports in self.driven:
            for port, width in ports:
                connected.append(f".{port}(driven[{low} +: {width}])")
                low += width
        seen: list[str] = []
        for _, ports in self.observed:
            valid = ports[0][0]
            for port, width in ports:
                lines.append(f"  wire [{width - 1}:0] {port};")
                connected.append(f".{port}({port})")
                seen.append(port if port == valid else f"({valid} ? {port} : {width}'d0)")
        return _WRAPPER.format(
            name=bench_top(register_map), driven=low - 1,
            observed=sum(width for _, ports in self.observed for _, width in ports) - 1,
            wires="\n".join(lines), top=name, pins=", ".join(connected),
            seen=", ".join(reversed(seen)),
        )


def bench_top(register_map: RegisterMap) -> str:
    return f"{top_name(register_map)}_{SUFFIX}"


def _stream(s: Stream) -> list[str]:
    return [f"{s.axi}_{port}" for port in ("tvalid", "tdata", "tlast")]


_WRAPPER = """\
module {name}(input aclk, input [{driven}:0] driven, output [{observed}:0] observed);
{wires}
  {top} dut({pins});
  assign observed = {{{seen}}};
endmodule
"""
