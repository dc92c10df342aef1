"""Stream contracts of units over rows, as models of what is due when: values are left out."""

from vit2rtl.golden.units.instance import Instance


def whole_rows(instance: Instance, most: int) -> str:
    """Of one source and one sink: a row's beats are due when its last is in, from then on one a
    cycle, the last one with its last.

    Rows are assumed to have at most ``most`` beats.
    """
    (source,), (sink,) = instance.sources, instance.sinks
    return f"""\
module model(
{ports(instance)}
);
  reg [15:0] lasts;
  reg [3:0] entered, complete, next;
  wire last = {source.name}[{source.beat_bits}];
  wire [3:0] count = entered - complete;
  always @(posedge clk)
    if (!aresetn) {{entered, complete, next}} <= 0;
    else begin
      if ({sink.name}_due) next <= next + 1;
      if ({source.name}_taken) begin
        lasts[entered] <= last;
        entered <= entered + 1;
        if (last) complete <= entered + 4'd1;
      end
    end
  assign {sink.name}_due = aresetn && next != complete;
  assign {sink.name} = {{lasts[next], {sink.beat_bits}'d0}};
  always @* assume (!{source.name}_taken || last || count < {most - 1});
endmodule
"""


def ports(instance: Instance) -> str:
    """Of a module ``model``: see :class:`~vit2rtl.sim.units.face.Face`."""
    lines = ["  input clk, input aresetn"]
    for s in instance.streams:
        way, event = ("input", "taken") if s.enters else ("output", "due")
        lines.append(f"  {way} {s.name}_{event}, {way} [{s.beat_bits}:0] {s.name}")
    lines += [f"  input [{field.width - 1}:0] {field.name}" for field in instance.configuration]
    return ",\n".join(lines)
