"""The monitor of a simulation: SystemVerilog that writes down what really passed the unit.

Each beat that comes out is written with the beat that went in and the configuration of that time;
each clock cycle's handshakes and valid bits are written when they change, with how long they
stayed. Python reads the files when the simulation is over.
"""

import re
from dataclasses import dataclass
from string import Template

from vit2rtl import rtl
from vit2rtl.golden.units import Instance
from vit2rtl.golden.vectors import packing
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.protocol import CYCLE

_WHOLE = re.MULTILINE | re.DOTALL
INSIDE = 1024  # beats that a unit may hold
_STREAMS = (
    ("input", "s_axis_tdata", "s_axis_tvalid", "s_axis_tlast"),
    ("output", "s_axis_tready"),
    ("output", "m_axis_tdata", "m_axis_tvalid", "m_axis_tlast"),
    ("input", "m_axis_tready"),
)
_PORTS = ("aclk", "aresetn", *(name for _, *names in _STREAMS for name in names))

_MONITOR = Template("""\
// Watches ${name}_axis. +coverage=PATH: writes PATH.beats and PATH.cycles.
`timescale 1ns/1ps

module ${name}_monitor(
    input aclk, input aresetn,
    input ${i_range}s_axis_tdata, input s_axis_tvalid, input s_axis_tready, input s_axis_tlast,
    input ${o_range}m_axis_tdata, input m_axis_tvalid, input m_axis_tready, input m_axis_tlast,
    input [$c_top:0] configuration, input [$stage_top:0] stages);
  string path;
  integer beats = 0;
  integer cycles = 0;

  // Beats inside, with the configuration they met.
  reg ${i_range}data [0:$inside - 1];
  reg [$c_top:0] set [0:$inside - 1];
  integer entered = 0;
  integer left = 0;

  reg first = 1'b1;
  reg follows = 1'b0;
  wire taken = aresetn === 1'b1 && s_axis_tvalid === 1'b1 && s_axis_tready === 1'b1;
  wire given = aresetn === 1'b1 && m_axis_tvalid === 1'b1 && m_axis_tready === 1'b1;
  wire [$cycle_top:0] now = {
    aresetn, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tvalid, m_axis_tready, m_axis_tlast, first, follows$stages};
  reg [$cycle_top:0] was;
  integer count = 0;

  initial if ($$value$$plusargs("coverage=%s", path)) begin
    beats = $$fopen({path, ".beats"}, "w");
    cycles = $$fopen({path, ".cycles"}, "w");
  end

  always @(posedge aclk) if (cycles != 0) begin
    if (count != 0 && now !== was) begin
      $$fwrite(cycles, "%b %0d\\n", was, count);
      count = 0;
    end
    was = now;
    count = count + 1;

    if (taken && entered - left < $inside) begin
      data[entered % $inside] = s_axis_tdata;
      set[entered % $inside] = configuration;
      entered = entered + 1;
    end
    if (given && entered != left) begin
      $$fwrite(beats, "%h %h %h\\n", set[left % $inside], data[left % $inside], m_axis_tdata);
      left = left + 1;
    end
    if (aresetn !== 1'b1) left = entered;
    follows <= taken;
    first <= aresetn !== 1'b1 || (taken ? s_axis_tlast : first);
  end

  final if (count != 0) $$fwrite(cycles, "%b %0d\\n", was, count);
endmodule
""")


@dataclass(frozen=True)
class Monitor:
    """The monitor of one instance, and what it can see of the unit's pipeline.

    stages    stages of the pipeline, 0 where none can be seen
    signals   names of their valid bits in the unit's module ``control``, the last stage first
    """

    instance: Instance
    stages: int
    signals: tuple[str, ...]

    @classmethod
    def of(cls, instance, sources, *, own=False):
        """For Verilog as ``{file: text}``; of a user's own, nothing but the ports is known."""
        declared(instance, 0)  # an error for a unit without bins
        if own:
            return cls(instance, 0, ())
        return cls(instance, rtl.latency(instance), _valid_bits(instance, sources))

    @property
    def top(self):
        """Name of the top module of :meth:`over_unit` and :meth:`over_replay`."""
        return f"{self.instance.name}_covered"

    def over_unit(self):
        """``{file: text}``: a module with the ports of the AXI4-Stream top, the monitor beside."""
        ports = ["input aclk", "input aresetn"]
        for direction, *names in _STREAMS:
            ports += [f"{direction} {self._range(name)}{name}" for name in names]
        ports += [f"input [{f.width - 1}:0] {f.name}" for f in self.instance.configuration]
        names = [*_PORTS, *(field.name for field in self.instance.configuration)]
        separator = ",\n    "
        return self._files(
            f"module {self.top}(\n    {separator.join(ports)});\n"
            f"  {self.instance.name}_axis dut ({_connected(names, '')});\n",
            "",
        )

    def over_replay(self):
        """``{file: text}``: a top module with the replay bench in it, and the monitor beside."""
        body = f"module {self.top};\n  {self.instance.name}_replay bench ();\n"
        return self._files(body, "bench.")

    def _files(self, body, path):
        configuration = [f"{path}{f.name}" for f in reversed(self.instance.configuration)]
        valid = [f"{path}dut.unit.control.{name}" for name in self.signals]
        body += (
            f"  {self.instance.name}_monitor monitor ({_connected(_PORTS, path)},\n"
            f"    .configuration({_joined(configuration)}), .stages({_joined(valid)}));\n"
            "endmodule\n"
        )
        monitor = _MONITOR.substitute(
            name=self.instance.name,
            i_range=self._range("s_axis_tdata"),
            o_range=self._range("m_axis_tdata"),
            c_top=configuration_bits(self.instance) - 1,
            stage_top=max(self.stages, 1) - 1,
            cycle_top=len(CYCLE) + self.stages - 1,
            stages=", stages" if self.stages else "",
            inside=INSIDE,
        )
        return {f"{self.top}.sv": f"{monitor}\n{body}"}

    def _range(self, port):
        if not port.endswith("tdata"):
            return ""
        fields = self.instance.inputs if port.startswith("s_") else self.instance.outputs
        return f"[{tdata_bits(fields, self.instance.lanes) - 1}:0] "


def configuration_bits(instance):
    """Bits of all configuration inputs side by side, the first one lowest; 1 where none are."""
    return max(packing.lane_bits(instance.configuration), 1)


def tdata_bits(fields, lanes):
    """Bits of a stream's TDATA: a beat, up to whole bytes."""
    return -(-packing.beat_bits(fields, lanes) // 8) * 8


def _valid_bits(instance, sources):
    """The registers ``valid_N`` of module ``control``, in the Verilog that ``rtl`` has made."""
    text = sources[f"{instance.name}.v"]
    module = re.search(rf"^module {instance.name}_control\b.*?^endmodule", text, _WHOLE)
    names = tuple(f"valid_{n}" for n in reversed(range(rtl.latency(instance))))
    found = re.findall(r"\breg (\w+);", module[0] if module else "")
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"The Verilog of {instance.name} has no {missing[0]} in a module control")
    return names


def _joined(names):
    return f"{{{', '.join(names)}}}" if names else "1'b0"


def _connected(names, path):
    return ",".join(f"\n    .{name}({path}{name})" for name in names)
