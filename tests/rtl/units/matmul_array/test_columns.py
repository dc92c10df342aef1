# amaranth: UnusedElaboratable=no
"""Columns of the matmul array: products for every code and operand, proved by a solver."""

import pytest

from vit2rtl.rtl.units.matmul_array.columns import DotColumnLut, DotColumnPacked
from vit2rtl.rtl.verilog import yosys
from vit2rtl.rtl.verilog.exporter import modules

SCRIPT = """
read_verilog column.v
read_verilog -sv -formal claims.v
hierarchy -check -top claims
proc
flatten
opt -full
async2sync
dffunmap
opt -full
sat -set-assumes -prove-asserts -seq {cycles} claims
"""
# Inputs stay as they are from the first cycle on; a column's operands are on offer in its turn.
CLAIMS = """
module claims(input clk, input [{codes}:0] code, input [{operands}:0] first, second);
  localparam ROWS = {rows}, BASE = {base}, SUM = {sum};
  reg [4:0] cycle = 0;
  reg [{codes}:0] code_before;
  reg [{operands}:0] first_before, second_before;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    code_before <= code;
    first_before <= first;
    second_before <= second;
  end
  always @* assume (cycle == 0 || code == code_before && first == first_before
                    && second == second_before);
  wire [{stored}:0] operand;
  wire [{sums}:0] sums;
  column column(.clk(clk), .rst(1'b0), .code(code), .operand(operand), .load({load}),
    .swap(cycle == 2), .enable({{ {stages}{{1'b1}} }}), .sums(sums));
  reg signed [31:0] total_first, total_second;
  integer n;
  always @* begin
    total_first = 0;
    total_second = 0;
    for (n = 0; n < ROWS; n = n + 1) begin
      total_first = total_first
        + $signed({{1'b0, code[n * BASE +: BASE]}}) * $signed(first[n * (BASE + 1) +: BASE + 1]);
      total_second = total_second
        + $signed({{1'b0, code[n * BASE +: BASE]}}) * $signed(second[n * (BASE + 1) +: BASE + 1]);
    end
  end
{body}endmodule
"""
LUT = """\
  genvar r;
  generate for (r = 0; r < ROWS; r = r + 1) begin
    wire signed [BASE:0] value = first[r * (BASE + 1) +: BASE + 1];
    wire signed [BASE + 2:0] triple = 3 * value;
    assign operand[r * (2 * BASE + 4) +: 2 * BASE + 4] = {{triple, value}};
  end endgenerate
  always @* assert (cycle != {last} || $signed(sums) == total_first);
"""
PACKED = """\
  genvar r;
  generate for (r = 0; r < ROWS; r = r + 1) begin
    wire signed [BASE:0] one = first[r * (BASE + 1) +: BASE + 1];
    wire signed [BASE:0] other = second[r * (BASE + 1) +: BASE + 1];
    wire signed [BASE:0] lent = other - (one < 0);
    assign operand[r * (BASE + 1) +: BASE + 1] = cycle == 0 ? one : lent;
    always @* assume (one != -16 && other != -16);
  end endgenerate
  always @* assert (cycle != {last} || $signed(sums[SUM - 1:0]) == total_first);
  always @* assert (cycle != {last} || $signed(sums[SUM +: SUM]) == total_second);
"""


def proved(column, folder, old="", new=""):
    """Whether the claims hold of a column's Verilog, with a text in it replaced."""
    rows, base = column.rows, column.base
    packed = isinstance(column, DotColumnPacked)
    stages = column.cycles(rows, base)
    sizes = {
        "codes": rows * base - 1, "operands": rows * (base + 1) - 1, "rows": rows, "base": base,
        "stored": rows * column.stored(base).size - 1, "sum": column.sum_width,
        "sums": column.sum_width * column.COLUMNS - 1, "stages": stages, "last": 3 + stages,
    }
    load = "{cycle == 1, cycle == 0}" if packed else "cycle == 0"
    body = (PACKED if packed else LUT).format(last=3 + stages)
    claims = CLAIMS.format(**sizes, load=load, body=body)
    text, _ = modules("column", column)
    assert old in text
    log = yosys.run(SCRIPT.format(cycles=stages + 6), folder,
                    files={"column.v": text.replace(old, new), "claims.v": claims})
    assert ("SUCCESS!" in log) != ("FAIL!" in log), log
    return "SUCCESS!" in log


@pytest.mark.parametrize("base", [4, 5, 6])
def test_digits_of_two_bits_are_the_product(base, tmp_path):
    assert proved(DotColumnLut(rows=1, base=base), tmp_path)


def test_a_packed_pair_is_two_products(tmp_path):
    assert proved(DotColumnPacked(rows=1), tmp_path)


@pytest.mark.parametrize(("form", "old", "new"), [
    (DotColumnPacked, "$signed({ 1'h0, pair_1_0[9] })", "$signed(2'h0)"),  # nothing is given back
    (DotColumnPacked, "{5{active_0_0[4]}}", "5'h00"),  # of the lower operand's sign
    (DotColumnLut, "active_0_0[11:5]", "{ active_0_0[10:5], 1'h0 }"),  # 3w is even
])
def test_bugs_are_refuted(form, old, new, tmp_path):
    assert not proved(form(rows=2, base=4), tmp_path, old, new)


def test_rows_that_do_not_fit_a_multiplier_are_refused():
    assert DotColumnPacked(rows=16).sum_width == 13
    with pytest.raises(ValueError) as caught:
        DotColumnPacked(rows=19)
    assert str(caught.value) == (
        "Rows must be such that two sums of 14 bits and an operand fit 18 bits, not 19"
    )
