"""Matmul array: its columns, proved to give sums of products for every code and operand."""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl.units.matmul_array.columns import FORMS, DotColumn, DotColumnPacked
from vit2rtl.sim.units.face import Core

_STAGES = 8  # of the longest column, 64 rows of 8 bits; more cycles change nothing


def _form(instance: Instance) -> type[DotColumn]:
    return FORMS[str(instance.parameters["lane"])]


def _column(instance: Instance) -> DotColumn:
    p = instance.parameters
    return _form(instance)(rows=p["rows"], base=p["base"])


def column(instance: Instance) -> str:
    """Sums of a column, or of both that share multiplier blocks, are those of the products.

    Operands are loaded in the first two cycles and swapped in the third. Stored are 3w beside w, or
    for the second of two columns one less where the first one's operand is negative, as the loader
    makes them; neither is the least number there is.
    """
    form, p = _form(instance), instance.parameters
    packed = form is DotColumnPacked
    rows, base = p["rows"], p["base"]
    top = (1 << base) - 1
    sums = (rows * top * (top if packed else top + 1)).bit_length() + 1
    stages = form.cycles(rows, base)
    return _CLAIMS.format(
        codes=rows * base - 1, operands=rows * (base + 1) - 1, rows=rows, base=base, sum=sums,
        stored=rows * form.stored(base).size - 1, sums=sums * form.COLUMNS - 1, stages=stages,
        load="{cycle == 1, cycle == 0}" if packed else "cycle == 0", last=3 + stages,
        body=_PACKED if packed else _LUT)


_LUT = """\
    wire signed [BASE + 2:0] triple = 3 * one;
    assign operand[r * (2 * BASE + 4) +: 2 * BASE + 4] = {triple, one};
  end endgenerate
  wire right = $signed(sums) == total_first;
"""
_PACKED = """\
    wire signed [BASE:0] lent = other - (one < 0);
    assign operand[r * (BASE + 1) +: BASE + 1] = cycle == 0 ? one : lent;
    always @* assume (one != -(1 << BASE) && other != -(1 << BASE));
  end endgenerate
  wire right = $signed(sums[SUM - 1:0]) == total_first && $signed(sums[SUM +: SUM]) == total_second;
"""
_CLAIMS = """\
module claims(input clk, input [{codes}:0] some_code, input [{operands}:0] some_first, some_second);
  localparam ROWS = {rows}, BASE = {base}, SUM = {sum};
  reg [3:0] cycle = 0;
  reg [{codes}:0] code;
  reg [{operands}:0] first, second;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    code <= some_code;
    first <= some_first;
    second <= some_second;
  end
  always @* assume (cycle == 0 || code == some_code && first == some_first
                    && second == some_second);
  wire [{stored}:0] operand;
  wire [{sums}:0] sums;
  column dut(.clk(clk), .rst(1'b0), .code(some_code), .operand(operand), .load({load}),
    .swap(cycle == 2), .enable({{ {stages}{{1'b1}} }}), .sums(sums));
  reg signed [31:0] total_first, total_second;
  integer n;
  always @* begin
    total_first = 0;
    total_second = 0;
    for (n = 0; n < ROWS; n = n + 1) begin
      total_first = total_first + $signed({{1'b0, some_code[n * BASE +: BASE]}})
        * $signed(some_first[n * (BASE + 1) +: BASE + 1]);
      total_second = total_second + $signed({{1'b0, some_code[n * BASE +: BASE]}})
        * $signed(some_second[n * (BASE + 1) +: BASE + 1]);
    end
  end
  genvar r;
  generate for (r = 0; r < ROWS; r = r + 1) begin
    wire signed [BASE:0] one = some_first[r * (BASE + 1) +: BASE + 1];
    wire signed [BASE:0] other = some_second[r * (BASE + 1) +: BASE + 1];
{body}\
  always @* assert (cycle != {last} || right);
endmodule
"""

CORES = {
    "columns": Core(
        lambda instance: {"column": _column(instance)}, column, cycles=4 + _STAGES),
}
