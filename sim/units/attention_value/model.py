"""Attention × V as naive Verilog: sums by their definition, and the contract alone."""

from vit2rtl.golden.arithmetic import attention_value
from vit2rtl.golden.arithmetic.attention_value import MULTIPLIER_BITS
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.units.instance import Instance

_ROOM = 1 << 14  # results that the model may owe


def model(instance: Instance) -> str:
    """Sums of each query and channel as their codes and values come, then one result a cycle."""
    p = instance.parameters
    code, v, result, sums = (
        instance.fields["code"].width, p["value_bits"], p["output_bits"], p["rows"] * p["lanes"])
    zero = instance.fields["code"].range[1] if p["zero_code"] != "none" else 1 << code
    settings = "".join(f", input {'signed ' if f.signed else ''}[{f.width - 1}:0] {f.name}"
                       for f in instance.configuration)
    return _MODEL.format(
        lanes=p["lanes"], rows=p["rows"], sums=sums, code=code, v=v, result=result,
        last=instance.streams[0].beat_bits, codes=p["rows"] * code, width=p["acc_width"],
        one=1 << attention_value.fraction_bits(p["bits"], p["zero_code"]), zero=zero, room=_ROOM,
        wide=max(p["acc_width"] + MULTIPLIER_BITS, SHIFT_RANGE[1]) + 3, top=(1 << result) - 1,
        configuration=settings,
    )


_MODEL = """\
module model(
  input clk, input aresetn, input i_taken, input [{last}:0] i,
  input i_codes_taken, input [{codes}:0] i_codes,
  output o_due, output [{result}:0] o{configuration}
);
  reg signed [{width}-1:0] even [0:{sums}-1];
  reg signed [{width}-1:0] odd [0:{sums}-1];
  reg [{result}:0] results [0:{room}-1];
  reg signed [{wide}-1:0] term, total;
  reg [{code}-1:0] code;
  integer q, c, n, given, made;
  assign o_due = given != made;
  assign o = results[given % {room}];
  always @(posedge clk)
    if (!aresetn) begin
      given <= 0;
      made <= 0;
      for (n = 0; n < {sums}; n = n + 1) begin
        even[n] = 0;
        odd[n] = 0;
      end
    end else begin
      if (o_due) given <= given + 1;
      if (i_taken && i[{last}]) made <= made + {sums};
      if (i_taken)
        for (q = 0; q < {rows}; q = q + 1) begin
          code = i_codes[q * {code} +: {code}];
          for (c = 0; c < {lanes}; c = c + 1) begin
            n = q * {lanes} + c;
            term = $signed({{1'b0, i[c * {v} +: {v}]}}) - $signed({{1'b0, v_zero_point}});
            term = code == {zero} ? 0 : term * ({wide}'sd{one} >>> (code + 1) / 2);
            if (code[0]) odd[n] = odd[n] + term;
            else even[n] = even[n] + term;
            if (i[{last}]) begin
              total = even[n] * $signed({{1'b0, multiplier_even}});
              total = total + odd[n] * $signed({{1'b0, multiplier_odd}});
              total = (total + ({wide}'sd1 <<< (shift - 1))) >>> shift;
              total = total + zero_point;
              total = total < 0 ? 0 : total > {top} ? {top} : total;
              results[(made + n) % {room}] = {{n == {sums} - 1, total[{result}-1:0]}};
              even[n] = 0;
              odd[n] = 0;
            end
          end
        end
    end
endmodule
"""


def contract(instance: Instance) -> str:
    """As many results as there are sums for each tile, the last one with its last."""
    p, (source, codes, sink) = instance.parameters, instance.streams
    settings = "".join(f", input [{f.width - 1}:0] {f.name}" for f in instance.configuration)
    return f"""\
module model(
  input clk, input aresetn, input i_taken, input [{source.beat_bits}:0] i,
  input i_codes_taken, input [{codes.beat_bits}:0] i_codes,
  output o_due, output [{sink.beat_bits}:0] o{settings}
);
  localparam SUMS = {p["rows"] * p["lanes"]};
  reg [7:0] left, place;
  wire ends = i_taken && i[{source.beat_bits}];
  wire last = place == SUMS - 1;
  assign o_due = left != 0;
  assign o = {{last, {sink.beat_bits}'d0}};
  always @(posedge clk)
    if (!aresetn) begin
      left <= 0;
      place <= 0;
    end else begin
      left <= left - o_due + (ends ? SUMS : 0);
      if (o_due) place <= last ? 0 : place + 1;
    end
endmodule
"""
