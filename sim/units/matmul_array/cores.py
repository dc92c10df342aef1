"""Matmul array: its columns, proved to give sums of products for every code and operand."""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl.units.matmul_array.columns import DotColumn
from vit2rtl.rtl.units.matmul_array.forms import FORMS
from vit2rtl.rtl.units.matmul_array.packed_column import DotColumnPacked
from vit2rtl.sim.units.face import Core

_STAGES = 8  # of the longest column, 64 rows of 8 bits; more cycles change nothing
# Bits of a code of rows that share multiplier blocks: of 4, as the array has them, solvers do not
# get through the product of two unknowns, and a test goes through all of them in simulation.
_NARROW = 3


def _column(instance: Instance) -> DotColumn:
    p = instance.parameters
    return FORMS[str(p["lane"])](rows=p["rows"], base=_base(instance))


def _base(instance: Instance) -> int:
    p = instance.parameters
    return _NARROW if p["lane"] == "packed" else int(p["base"])


def column(instance: Instance) -> str:
    """The sum of a column is that of the products.

    Operands are loaded in the first cycle and swapped in the second. Stored are 3w beside w, or, of
    rows that share multiplier blocks, w, of an even one less 1 where that above it is negative, as
    the loader makes them.
    """
    p = instance.parameters
    rows, base, form = p["rows"], _base(instance), FORMS[str(p["lane"])]
    top = (1 << base) - 1
    stages = form.cycles(rows, base)
    return _CLAIMS.format(
        codes=rows * base - 1, operands=rows * (base + 1) - 1, rows=rows, base=base,
        sum=(rows * top * (top + 1)).bit_length(), stored=rows * form.stored(base).size - 1,
        stages=stages, last=2 + stages, body=_PACKED if form is DotColumnPacked else _LUT)


_LUT = """\
    wire signed [BASE + 2:0] triple = 3 * one;
    assign operand[r * (2 * BASE + 4) +: 2 * BASE + 4] = {triple, one};
"""
_PACKED = """\
    wire lends;
    if (r % 2 == 0 && r + 1 < ROWS) assign lends = some_operands[(r + 2) * (BASE + 1) - 1];
    else assign lends = 0;
    wire signed [BASE + 1:0] lent = one - $signed({1'b0, lends});
    assign operand[r * (BASE + 2) +: BASE + 2] = lent;
"""
_CLAIMS = """\
module claims(input clk, input [{codes}:0] some_code, input [{operands}:0] some_operands);
  localparam ROWS = {rows}, BASE = {base};
  reg [3:0] cycle = 0;
  reg [{codes}:0] code;
  reg [{operands}:0] operands;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    code <= some_code;
    operands <= some_operands;
  end
  always @* assume (cycle == 0 || code == some_code && operands == some_operands);
  wire [{stored}:0] operand;
  wire signed [{sum}:0] sum;
  column dut(.clk(clk), .rst(1'b0), .code(some_code), .operand(operand), .load(cycle == 0),
    .swap(cycle == 1), .enable({{ {stages}{{1'b1}} }}), .total(sum));
  reg signed [31:0] products;
  integer n;
  always @* begin
    products = 0;
    for (n = 0; n < ROWS; n = n + 1)
      products = products + $signed({{1'b0, some_code[n * BASE +: BASE]}})
        * $signed(some_operands[n * (BASE + 1) +: BASE + 1]);
  end
  genvar r;
  generate for (r = 0; r < ROWS; r = r + 1) begin
    wire signed [BASE:0] one = some_operands[r * (BASE + 1) +: BASE + 1];
{body}\
  end endgenerate
  always @* assert (cycle != {last} || sum == products);
endmodule
"""

CORES = {
    "columns": Core(
        lambda instance: {"column": _column(instance)}, column, cycles=3 + _STAGES),
}
