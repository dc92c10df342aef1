"""LayerNorm quantizer: its lane, proved apart from the products on."""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl.units.layernorm_quantizer import Budget, LayerNormLane
from vit2rtl.sim.units.face import Core

_PART = 17  # bits of a factor that a product takes


def _budget(instance: Instance) -> Budget:
    return Budget(instance.parameters["width"], instance.parameters["channels"])


def lane(instance: Instance) -> str:
    """One element: sums of products, shift, offset and saturation as R8 has them.

    Products are the solver's, within what their factors allow; nothing is said of what the unit
    leaves out: shifted products beyond √D deviations.
    """
    budget, bits = _budget(instance), instance.parameters["bits"]
    normal, scaled, top = budget.normal.width, budget.scaled.width, (1 << bits) - 1
    parts = [min(_PART, normal - n) for n in range(0, normal, _PART)]
    largest = [((1 << _PART) - 1) << 16] * (len(parts) - 1) + [1 << parts[-1] + 15]
    products = [(f"product_{n}", 34 if n + 1 < len(parts) else part + _PART)
                for n, part in enumerate(parts)]
    first = [("low_product", budget.width + _PART),
             ("high_product", budget.width + budget.factor.width - _PART)]
    free = [*first, *products]
    given = [*free, ("mean", budget.mean.width), ("offset", budget.offset.width)]
    inside = [*free, ("normal", normal), ("scaled", scaled)]
    bounds = "".join(
        f"    assume ({name} <= {width}'sd{most} && {name} >= -{width}'sd{most});\n"
        for (name, width), most in zip(products, largest, strict=True))
    wide = scaled + 8
    fitting = "".join(
        f"  wire {name}_fits = {name} >= -{wide}'sd{1 << width - 1}"
        f" && {name} < {wide}'sd{1 << width - 1};\n"
        for name, width in (("shifted", budget.kept.width), ("total", budget.offset.width)))
    return f"""\
module claims(
  input clk, input [5:0] some_amount{"".join(
      f", input signed [{width - 1}:0] some_{name}" for name, width in given)}
);
  reg [4:0] cycle = 0;
  reg [5:0] amount;
{"".join(f"  reg signed [{width - 1}:0] {name};{chr(10)}" for name, width in given)}\
  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == 0) begin
      amount <= some_amount;
{"".join(f"      {name} <= some_{name};{chr(10)}" for name, _ in given)}\
    end
  end
  wire [{bits - 1}:0] code;
  lane dut(
    .clk(clk), .rst(1'b0), .enable(1'b1), .element({budget.width}'d0),
    .factor({budget.factor.width}'d0), .mean(mean), .gain(17'd0), .offset(offset),
    .amount(amount), .fine(amount[2:0]), .code(code)
  );
{"".join(f"  (* hierconn *) wire signed [{width - 1}:0] {chr(92)}dut.{name} ;{chr(10)}"
         for name, width in inside)}
  wire signed [{wide - 1}:0] low = low_product, high = high_product;
{"".join(f"  wire signed [{wide - 1}:0] wide_{n} = product_{n};{chr(10)}"
         for n in range(len(parts)))}\
  wire signed [{wide - 1}:0] normal = low - mean + (high <<< {_PART});
  wire signed [{wide - 1}:0] scaled =
    {" + ".join(f"(wide_{n} <<< {_PART * n})" for n in range(len(parts)))};
  wire signed [{wide - 1}:0] shifted = \\dut.scaled >>> amount >>> 1;
  wire signed [{wide - 1}:0] total = shifted + offset;
  wire signed [{wide - 1}:0] result = total >>> 16;
{fitting}\
  always @* begin
{"".join(f"    assume (cycle < 2 || {chr(92)}dut.{name} == {name});{chr(10)}" for name, _ in free)}\
{bounds}\
    if (cycle == 12) begin
      assert (\\dut.normal == normal[{normal - 1}:0]);
      assert (\\dut.scaled == scaled[{scaled - 1}:0]);
      assert (!shifted_fits || !total_fits ||
        code == (result < 0 ? 0 : result > {top} ? {top} : result));
    end
  end
endmodule"""


CORES = {
    "lane": Core(
        lambda instance: {
            "lane": LayerNormLane(_budget(instance), instance.parameters["bits"])},
        lane, 13, free=True),
}
