"""The text of a monitor, with the places that :mod:`vit2rtl.sim.coverage.monitor` fills in."""

from string import Template

MONITOR = Template("""\
// Watches ${name}_axis. +coverage=PATH: writes PATH.beats and PATH.cycles.
`timescale 1ns/1ps

module ${name}_monitor(
    input aclk, input aresetn,
$ports
    input [$c_top:0] configuration, input [$stage_top:0] stages);
  string path;
  integer beats = 0;
  integer cycles = 0;

$signals  wire [$cycle_top:0] now = {
    $now$stages};
  reg [$cycle_top:0] was;
  integer count = 0;
$inside
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

$record$follow  end

  final if (count != 0) $$fwrite(cycles, "%b %0d\\n", was, count);
endmodule
""")

# Once for every stream: $s is its name, $p the prefix of its ports.
PORTS = Template("""\
    input [$top:0] ${p}_tdata, input ${p}_tvalid, input ${p}_tready, input ${p}_tlast,
""")
MOVED = Template("""\
  wire moved_$s = aresetn === 1'b1 && ${p}_tvalid === 1'b1 && ${p}_tready === 1'b1;
""")
STATE = Template("""\
  reg first_$s = 1'b1;
  reg follows_$s = 1'b0;
""")
FOLLOW = Template("""\
    follows_$s <= moved_$s;
    first_$s <= aresetn !== 1'b1 || (moved_$s ? ${p}_tlast : first_$s);
""")

# A lane-wise unit: each beat out beside the beat in that it came from.
PAIRS_INSIDE = Template("""\

  // Beats inside, with the configuration they met.
  reg [$i_top:0] data [0:$inside - 1];
  reg [$c_top:0] set [0:$inside - 1];
  integer entered = 0;
  integer left = 0;
""")
PAIRS = Template("""\
    if (moved_$i && entered - left < $inside) begin
      data[entered % $inside] = ${s_axis}_tdata;
      set[entered % $inside] = configuration;
      entered = entered + 1;
    end
    if (moved_$o && entered != left) begin
      $$fwrite(beats, "%h %h %h\\n", set[left % $inside], data[left % $inside], ${m_axis}_tdata);
      left = left + 1;
    end
    if (aresetn !== 1'b1) left = entered;
""")

# Any other: each beat by itself, to be put together afterwards.
RESET_EVENT = Template("""\
    if (aresetn !== 1'b1) $$fwrite(beats, "$reset\\n");
""")
EVENT = Template("""\
    if (moved_$s)
      $$fwrite(beats, "$s %b %h %h\\n", ${p}_tlast, configuration, ${p}_tdata);
""")
