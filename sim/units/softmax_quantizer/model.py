"""Softmax quantizer as naively as Verilog can say it: a group at once, thresholds one by one."""

from vit2rtl.golden.arithmetic import softmax
from vit2rtl.golden.units.instance import Instance


def model(instance: Instance) -> str:
    """A group's codes when its last token is there, from then on a token a cycle.

    Written from R4: ``e = mantissa / 2**octaves``, and how often it is below a threshold. Both
    sides are integers: of a threshold ``S * t / 2**shift / 2**j``, ``e * 2**(shift + j)`` is held
    against ``S * t``, with the octaves on the other side.
    """
    p = instance.parameters
    (source,), (sink,) = instance.sources, instance.sinks
    lanes, width, bits = p["lanes"], p["width"], sink.lane_bits
    kept = 4 * p["tokens"] + 4
    entries = "\n".join(
        f"      {f}: mantissa = {value};"
        for f, value in enumerate(softmax.rom(p["rom_bits"], p["exp_bits"]).tolist()))
    settings = "".join(
        f",\n  input [{field.width - 1}:0] {field.name}" for field in instance.configuration)
    return f"""\
module model(
  input clk, input aresetn, input i_taken, input [{source.beat_bits}:0] i,
  output o_due, output [{sink.beat_bits}:0] o{settings}
);
  reg [{source.beat_bits - 1}:0] tokens [0:{p["tokens"]}];
  reg [{sink.beat_bits}:0] results [0:{kept - 1}];
  integer count = 0, next = 0, made = 0;
  integer lane, n, k;
  reg signed [{width - 1}:0] logit, largest;
  reg [{p["exp_bits"]}:0] mantissa;
  reg [63:0] t, octaves, sum;
  reg [399:0] left, right;
  reg [{bits - 1}:0] code;

  // Of one logit: mantissa and octaves; a masked one has no mantissa.
  task exponential;
    begin
      t = largest - logit;
      t = (t[{width - 1}:0] * multiplier + (64'd1 << shift - 1)) >> shift;
      octaves = t >> {p["rom_bits"]} > {softmax.OCTAVES} ? {softmax.OCTAVES} : t >> {p["rom_bits"]};
      case (t[{p["rom_bits"] - 1}:0])
{entries}
      endcase
      if (logit == {-(1 << (width - 1))}) mantissa = 0;
    end
  endtask

  task group;
    for (lane = 0; lane < {lanes}; lane = lane + 1) begin
      sum = 0;
      largest = tokens[0][lane * {width} +: {width}];
      for (n = 1; n < count; n = n + 1) begin
        logit = tokens[n][lane * {width} +: {width}];
        if (logit > largest) largest = logit;
      end
      for (n = 0; n < count; n = n + 1) begin
        logit = tokens[n][lane * {width} +: {width}];
        exponential;
        sum = sum + (mantissa >> octaves);
      end
      for (n = 0; n < count; n = n + 1) begin
        logit = tokens[n][lane * {width} +: {width}];
        exponential;
        code = 0;
        for (k = 0; k < {instance.fields["code"].range[1]}; k = k + 1) begin
          left = mantissa;
          left = left << threshold_shift << (k >> 1);
          right = sum * (k & 1 ? threshold_b : threshold_a);
          right = right << octaves;
          if (left < right || mantissa == 0) code = code + 1;
        end
        results[(made + n) % {kept}][lane * {bits} +: {bits}] = code;
        results[(made + n) % {kept}][{sink.beat_bits}] = n == count - 1;
      end
    end
  endtask

  assign o_due = aresetn && next != made;
  assign o = results[next % {kept}];
  always @(posedge clk)
    if (!aresetn) begin
      count = 0;
      next <= 0;
      made <= 0;
    end else begin
      if (next != made) next <= next + 1;
      if (i_taken) begin
        tokens[count] = i[{source.beat_bits - 1}:0];
        count = count + 1;
        if (i[{source.beat_bits}]) begin
          group;
          made <= made + count;
          count = 0;
        end
      end
    end
endmodule
"""
