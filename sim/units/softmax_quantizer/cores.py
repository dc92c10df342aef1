"""Softmax quantizer: what its lanes are proved to be, from the definition (R4)."""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl.units.softmax_quantizer.comparison import ComparisonLane
from vit2rtl.rtl.units.softmax_quantizer.exponential import (
    ExponentialLane,
    exponent_bits,
    shifted_copies,
)
from vit2rtl.sim.units.face import Core


def comparison(instance: Instance) -> str:
    """How many thresholds of either kind are above an exponential, one by one.

    A threshold is ``2**base`` times a number between 1 and 2, with one bit more on the right for
    whatever is below its fraction; an exponential is ``2**-octaves`` times such a number.
    """
    p, code = instance.parameters, instance.fields["code"]
    last, size, exponents, width = code.range[1], p["exp_bits"], exponent_bits(p), code.width
    return f"""\
module claims(
  input clk, input [{exponents - 1}:0] some_exponent, input [{size}:0] some_entry,
  input [{size - 2}:0] some_fraction_a, input [{size - 2}:0] some_fraction_b,
  input some_above_a, input some_above_b,
  input signed [6:0] some_base_a, input signed [6:0] some_base_b
);
  reg [4:0] cycle = 0;
  reg [{exponents - 1}:0] exponent;
  reg [{size}:0] entry;
  reg [{size - 2}:0] fraction_a, fraction_b;
  reg above_a, above_b;
  reg signed [6:0] base_a, base_b;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == 0) begin
      exponent <= some_exponent;
      entry <= some_entry;
      {{fraction_a, above_a, base_a}} <= {{some_fraction_a, some_above_a, some_base_a}};
      {{fraction_b, above_b, base_b}} <= {{some_fraction_b, some_above_b, some_base_b}};
    end
  end
  wire second = cycle == 2;
  wire [{width - 1}:0] code;
  comparison dut(
    .clk(clk), .rst(1'b0), .enable(7'h7f), .exponent(exponent), .entry(entry),
    .write({{second, cycle == 1}}), .load({{2{{cycle == 3}}}}),
    .fraction(second ? fraction_b : fraction_a), .above(second ? above_b : above_a),
    .base(second ? base_b : base_a), .code(code)
  );
  // As of thresholds of one sum: b is not above a, a not above twice b.
  wire signed [{size + 7}:0] key_a = {{base_a[6], base_a, fraction_a, above_a}};
  wire signed [{size + 7}:0] key_b = {{base_b[6], base_b, fraction_b, above_b}};
  wire ordered = key_b <= key_a && key_a <= key_b + {size + 8}'sd{1 << size};

  wire [7:0] octaves = exponent[{exponents - 1}:{p["rom_bits"]}];
  wire [{size - 1}:0] mantissa = {{entry[{size - 1}:1], 1'b0}};
  wire signed [10:0] powers_a = base_a + $signed({{1'b0, octaves}});
  wire signed [10:0] powers_b = base_b + $signed({{1'b0, octaves}});
  wire less_a = mantissa < {{fraction_a, above_a}};
  wire less_b = mantissa < {{fraction_b, above_b}};
  reg [{width - 1}:0] expected;
  reg signed [10:0] half;
  integer k;
  always @* begin
    expected = 0;
    half = 0;
    for (k = 0; k < {last}; k = k + 1) begin
      half = k >> 1;
      if (k & 1 ? half < powers_b || (half == powers_b && less_b)
                : half < powers_a || (half == powers_a && less_a))
        expected = expected + 1;
    end
  end
  always @* if (cycle == 8 && ordered) assert (code == expected);
endmodule"""


def exponential(instance: Instance) -> str:
    """One logit below its maximum: exponent, ROM address and term of the sum as R4 has them.

    Of the product nothing is said but how far it is shifted, and nothing of the ROM's entry: both
    are the solver's. The difference is the one multiplied.
    """
    p = instance.parameters
    width, rom_bits, size = p["width"], p["rom_bits"], p["exp_bits"]
    exponents, copies = exponent_bits(p), shifted_copies(p)
    long, longer = width + 16, width + 18
    return f"""\
module claims(
  input clk, input signed [{width - 1}:0] some_logit, input signed [{width - 1}:0] some_maximum,
  input [{long - 1}:0] some_product, input [{size}:0] some_entry, input [5:0] some_shift
);
  reg [4:0] cycle = 0;
  reg signed [{width - 1}:0] logit, maximum;
  reg [{long - 1}:0] product;
  reg [{size}:0] entry;
  reg [5:0] shift;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == 0)
      {{logit, maximum, product, entry, shift}} <=
        {{some_logit, some_maximum, some_product, some_entry, some_shift}};
  end
  wire [1:0] rest = (shift - 1) % 3;
  wire [3:0] steps = (shift - 1) / 3;
  wire [{rom_bits + copies - 1}:0] address;
  wire [{size}:0] term;
  wire [{exponents - 1}:0] exponent;
  exponential dut(
    .clk(clk), .rst(1'b0), .enable(8'hff), .enable_term(2'h3), .first(1'b1), .logit(logit),
    .maximum(maximum), .factor(18'd0), .steps(steps), .address(address), .entry(entry),
    .exponent(exponent), .term(term), .add(1'b0), .clear(1'b1)
  );
  (* hierconn *) wire [{longer - 1}:0] \\dut.product ;
  (* hierconn *) wire [{width - 1}:0] \\dut.below_2 ;

  // (product + 2**(shift-1)) >> shift: half a unit is one more in the bit below.
  wire [{long}:0] doubled = {{product, 1'b0}} >> shift;
  wire [{long}:0] t = (doubled + 1) >> 1;
  wire [{long}:0] upwards = t + {(1 << rom_bits) - 1};
  wire masked = logit == {-(1 << (width - 1))};
  wire far = masked || upwards >> {rom_bits} > 254;
  wire [{exponents - 1}:0] expected = {{far ? 8'd255 : upwards[{exponents - 1}:{rom_bits}],
    upwards[{rom_bits - 1}:0]}};
  wire [7:0] octaves = exponent[{exponents - 1}:{rom_bits}];
  always @* begin
    assume (\\dut.product == {{2'd0, product}} << (2'd2 - rest));
    if (cycle == 13 && shift >= 1 && shift <= {long}) begin
      assert (\\dut.below_2 == maximum - logit);
      assert (far || address == upwards[{rom_bits + copies - 1}:0]);
      assert (exponent == expected);
      assert (term == (octaves > 31 ? 0 : entry >> (octaves & {32 - (1 << copies)})));
    end
  end
endmodule"""


CORES = {
    "comparison": Core(
        lambda instance: {"comparison": ComparisonLane(instance.parameters)}, comparison, 10),
    "exponential": Core(
        lambda instance: {"exponential": ExponentialLane(instance.parameters)}, exponential, 15,
        free=True),
}
