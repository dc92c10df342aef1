"""Attention × V: what its array and its requantizer are proved to be, from the definition (R5)."""

from vit2rtl.golden.arithmetic.attention_value import MULTIPLIER_BITS, fraction_bits
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl.units.attention_value.array import AttentionValueArray
from vit2rtl.rtl.units.attention_value.pair_requantizer import PairRequantizer
from vit2rtl.sim.units.face import Core


def sums(instance: Instance) -> str:
    """Two tokens of one query and two channels, every code, value and zero point: both pairs.

    The first pair leaves as what the XOR of both copies loses, the second one as what is left.
    """
    p, code = instance.parameters, instance.fields["code"]
    v, width = p["value_bits"], p["acc_width"]
    one = 1 << fraction_bits(p["bits"], p["zero_code"])
    zero = code.range[1] if p["zero_code"] != "none" else 1 << code.width
    return f"""\
module claims(
  input clk, input [{2 * v - 1}:0] some_a, input [{2 * v - 1}:0] some_b,
  input [{code.width - 1}:0] some_k, input [{code.width - 1}:0] some_m, input [{v}:0] some_zero
);
  reg [3:0] cycle = 0;
  reg [{2 * v - 1}:0] a, b;
  reg [{code.width - 1}:0] k, m;
  reg [{v}:0] zero;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == 0) {{a, b, k, m, zero}} <= {{some_a, some_b, some_k, some_m, some_zero}};
  end
  wire ready, valid;
  wire [{2 * width}:0] pair;
  array dut(
    .clk(clk), .rst(1'b0), .i__valid(cycle == 1 || cycle == 2), .i__ready(ready),
    .i__payload(cycle == 1 ? {{1'b0, k, a}} : {{1'b1, m, b}}), .v_zero_point(zero),
    .o__valid(valid), .o__ready(1'b1), .o__payload(pair)
  );
  wire second = cycle == 9;
  wire signed [{v + 1}:0] x = $signed({{1'b0, second ? a[{v} +: {v}] : a[0 +: {v}]}}) - zero;
  wire signed [{v + 1}:0] y = $signed({{1'b0, second ? b[{v} +: {v}] : b[0 +: {v}]}}) - zero;
  wire signed [{width - 1}:0] from_a = k == {zero} ? 0 : x * ({width + 1}'sd{one} >>> (k + 1) / 2);
  wire signed [{width - 1}:0] from_b = m == {zero} ? 0 : y * ({width + 1}'sd{one} >>> (m + 1) / 2);
  wire [{width - 1}:0] even = (k[0] ? 0 : from_a) + (m[0] ? 0 : from_b);
  wire [{width - 1}:0] odd = (k[0] ? from_a : 0) + (m[0] ? from_b : 0);
  always @* begin
    assume (cycle == 0 || zero <= {1 << v});
    assert (cycle != 1 && cycle != 2 || ready);
    assert (valid == (cycle == 8 || cycle == 9));
    assert (!valid || pair == {{second, odd, even}});
  end
endmodule
"""


def code(instance: Instance) -> str:
    """Any two products, shift and zero point to a code; that they are products, stands in the text.

    Nothing is said of the multipliers' outputs, but that they stay.
    """
    p = instance.parameters
    width, bits = p["acc_width"] + MULTIPLIER_BITS, p["output_bits"]
    wide = max(width + 1, SHIFT_RANGE[1]) + 3
    return f"""\
module claims(
  input clk, input signed [{width - 1}:0] some_even, input signed [{width - 1}:0] some_odd,
  input [5:0] some_shift, input signed [{bits}:0] some_zero
);
  reg [3:0] cycle = 0;
  reg signed [{width - 1}:0] even, odd;
  reg [5:0] shift;
  reg signed [{bits}:0] zero;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == 0)
      {{even, odd, shift, zero}} <= {{some_even, some_odd, some_shift, some_zero}};
  end
  wire [{bits - 1}:0] code;
  requantizer dut(
    .clk(clk), .rst(1'b0), .enable(6'h3f), .i(0), .multiplier_even(0), .multiplier_odd(0),
    .shift(shift), .zero_point(zero), .o(code)
  );
  (* hierconn *) wire [{width - 1}:0] \\dut.product_even_1 ;
  (* hierconn *) wire [{width - 1}:0] \\dut.product_odd_1 ;
  reg signed [{wide - 1}:0] total;
  always @* begin
    total = even + odd;
    total = (total + ({wide}'sd1 <<< (shift - 1))) >>> shift;
    total = total + zero;
    assume (cycle == 0 || (\\dut.product_even_1 == even && \\dut.product_odd_1 == odd));
    assume (cycle == 0 || (shift >= {SHIFT_RANGE[0]} && shift <= {SHIFT_RANGE[1]}));
    total = total < 0 ? 0 : total > {(1 << bits) - 1} ? {(1 << bits) - 1} : total;
    assert (cycle < 8 || code == total);
  end
endmodule
"""


CORES = {
    "sums": Core(
        lambda instance: {"array": AttentionValueArray(instance.parameters)}, sums, cycles=10),
    "code": Core(
        lambda instance: {"requantizer": PairRequantizer(instance.parameters)}, code, cycles=9,
        free=True),
}
