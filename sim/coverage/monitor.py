"""The monitor of a simulation: SystemVerilog that writes down what really passed the unit.

Of a lane-wise unit each beat that comes out is written with the beat that went in and the
configuration of that time, of others each beat by itself; each clock cycle's handshakes and valid
bits are written when they change, with how long they stayed. Python reads the files when the
simulation is over.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Template

from vit2rtl import rtl
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.golden.vectors import packing
from vit2rtl.rtl.verilog.describe import axi_ports
from vit2rtl.sim.coverage import monitor_template as text
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.protocol import cycle_signals

_WHOLE = re.MULTILINE | re.DOTALL
INSIDE = 1024  # beats that a lane-wise unit may hold
RESET = "reset"


@dataclass(frozen=True)
class Monitor:
    """The monitor of one instance, and what it can see of the unit's pipeline.

    stages    stages of a lane-wise unit's pipeline, 0 where none can be seen
    signals   names of their valid bits in the unit's module ``control``, the last stage first
    """

    instance: Instance
    stages: int
    signals: tuple[str, ...]

    @classmethod
    def of(cls, instance: Instance, sources: Mapping[str, str], *, own: bool = False) -> "Monitor":
        """For Verilog as ``{file: text}``; of a user's own, nothing but the ports is known."""
        declared(instance, 0)  # an error for a unit without bins
        if own or not instance.lane_wise:
            return cls(instance, 0, ())
        return cls(instance, rtl.latency(instance), _valid_bits(instance, sources))

    @property
    def cycle(self) -> tuple[str, ...]:
        """Names of the signals of a clock cycle, without the stages."""
        entering, leaving = _sides(self.instance)
        return cycle_signals((s.name for s in entering), (s.name for s in leaving))

    @property
    def top(self) -> str:
        """Name of the top module of :meth:`over_unit` and :meth:`over_replay`."""
        return f"{self.instance.name}_covered"

    def over_unit(self) -> dict[str, str]:
        """``{file: text}``: a module with the ports of the AXI4-Stream top, the monitor beside."""
        rows = axi_ports(self.instance)
        separator = ",\n    "
        ports = separator.join(f"{r['direction']} [{r['width'] - 1}:0] {r['name']}" for r in rows)
        names = [row["name"] for row in rows]
        return self._files(
            f"module {self.top}(\n    {ports});\n"
            f"  {self.instance.name}_axis dut ({_connected(names, '')});\n",
            "",
        )

    def over_replay(self) -> dict[str, str]:
        """``{file: text}``: a top module with the replay bench in it, and the monitor beside."""
        body = f"module {self.top};\n  {self.instance.name}_replay bench ();\n"
        return self._files(body, "bench.")

    def _files(self, body: str, path: str) -> dict[str, str]:
        configuration = [f"{path}{f.name}" for f in reversed(self.instance.configuration)]
        valid = [f"{path}dut.unit.control.{name}" for name in self.signals]
        ports = ["aclk", "aresetn", *(
            f"{stream.axi}_{port}"
            for stream in self.instance.streams
            for port in ("tdata", "tvalid", "tready", "tlast")
        )]
        body += (
            f"  {self.instance.name}_monitor monitor ({_connected(ports, path)},\n"
            f"    .configuration({_joined(configuration)}), .stages({_joined(valid)}));\n"
            "endmodule\n"
        )
        return {f"{self.top}.sv": f"{self._module()}\n{body}"}

    def _module(self) -> str:
        entering, leaving = _sides(self.instance)
        streams = (*entering, *leaving)
        inside, record = self._pairs() if self.instance.lane_wise else self._events()
        return text.MONITOR.substitute(
            name=self.instance.name,
            ports=_all(text.PORTS, streams).rstrip("\n"),
            signals=_all(text.MOVED, streams) + _all(text.STATE, entering),
            now=self._now(),
            c_top=configuration_bits(self.instance) - 1,
            stage_top=max(self.stages, 1) - 1,
            cycle_top=len(self.cycle) + self.stages - 1,
            stages=", stages" if self.stages else "",
            inside=inside,
            record=record,
            follow=_all(text.FOLLOW, entering),
        )

    def _now(self) -> str:
        """The signals of :attr:`cycle`, by the names that they have in the monitor."""
        entering, leaving = _sides(self.instance)
        names = ["aresetn"]
        for stream in (*entering, *leaving):
            names += [f"{stream.axi}_{port}" for port in ("tvalid", "tready", "tlast")]
        for stream in entering:
            names += [f"first_{stream.name}", f"follows_{stream.name}"]
        return ", ".join(names)

    def _pairs(self) -> tuple[str, str]:
        (source,), (sink,) = self.instance.sources, self.instance.sinks
        names = {
            "i": source.name,
            "o": sink.name,
            "s_axis": source.axi,
            "m_axis": sink.axi,
            "i_top": source.tdata_width - 1,
            "c_top": configuration_bits(self.instance) - 1,
            "inside": INSIDE,
        }
        return text.PAIRS_INSIDE.substitute(names), text.PAIRS.substitute(names)

    def _events(self) -> tuple[str, str]:
        # What comes out in a cycle went in before what goes in in it.
        _, leaving = _sides(self.instance)
        streams = (*leaving, *(s for s in self.instance.streams if s.enters))
        return "", text.RESET_EVENT.substitute(reset=RESET) + _all(text.EVENT, streams)


def configuration_bits(instance: Instance) -> int:
    """Bits of all configuration inputs side by side, the first one lowest; 1 where none are."""
    return max(packing.lane_bits(instance.configuration), 1)


def _sides(instance: Instance) -> tuple[tuple[Stream, ...], tuple[Stream, ...]]:
    """Streams that enter, tables among them, and streams that leave."""
    return tuple(s for s in instance.streams if s.enters), instance.sinks


def _all(template: Template, streams: Iterable[Stream]) -> str:
    return "".join(
        template.substitute(s=s.name, p=s.axi, top=s.tdata_width - 1) for s in streams
    )


def _valid_bits(instance: Instance, sources: Mapping[str, str]) -> tuple[str, ...]:
    """The registers ``valid_N`` of module ``control``, in the Verilog that ``rtl`` generates."""
    source = sources[f"{instance.name}.v"]
    module = re.search(rf"^module {instance.name}_control\b.*?^endmodule", source, _WHOLE)
    names = tuple(f"valid_{n}" for n in reversed(range(rtl.latency(instance))))
    registers = re.findall(r"\breg (\w+);", module[0] if module else "")
    if missing := [name for name in names if name not in registers]:
        raise ValueError(f"The Verilog of {instance.name} has no {missing[0]} in a module control")
    return names


def _joined(names: list[str]) -> str:
    return f"{{{', '.join(names)}}}" if names else "1'b0"


def _connected(names: Iterable[str], path: str) -> str:
    return ",".join(f"\n    .{name}({path}{name})" for name in names)
