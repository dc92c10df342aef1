# amaranth: UnusedElaboratable=no
"""Columns of the matmul array: what they refuse. Their sums are proved, see sim/units; two rows in
a multiplier of digits of 4 bits, which a solver takes too long for, are simulated here."""

import subprocess

import pytest

from vit2rtl.rtl.units.matmul_array.columns import latency
from vit2rtl.rtl.units.matmul_array.forms import FORMS
from vit2rtl.rtl.units.matmul_array.packed_column import DotColumnPacked
from vit2rtl.rtl.verilog import modules


@pytest.mark.parametrize(("parameters", "text"), [
    ({"rows": 1}, "Rows must be at least 2 to share a multiplier, not 1"),
    ({"rows": 2, "base": 5},
     "Base must be such that a sum of two products and an operand fit 18 bits, not 5"),
])
def test_rows_that_cannot_share_a_multiplier_are_refused(parameters, text):
    with pytest.raises(ValueError) as caught:
        DotColumnPacked(**parameters)
    assert str(caught.value) == text


def test_columns_of_both_forms_go_side_by_side():
    for rows in range(2, 65):
        assert latency(list(FORMS.values()), rows=rows, base=4) == 1 + (rows - 1).bit_length()
    with pytest.raises(ValueError) as caught:
        latency(list(FORMS.values()), rows=4, base=5)
    assert str(caught.value) == "Columns side by side must be as long as each other, not {3, 4}"


# Every pair of operands is loaded, and every pair of codes streams through; two stages later their
# sum is due.
_EVERY = """\
module every;
  reg clk = 0;
  reg load = 0, swap = 0;
  reg [7:0] code, taken;
  reg [11:0] operand;
  wire signed [9:0] total;
  column dut(.clk(clk), .rst(1'b0), .code(code), .operand(operand), .load(load), .swap(swap),
    .enable(2'b11), .total(total));
  integer even, odd, n, due, errors = 0;
  initial begin
    for (even = -16; even < 16; even = even + 1)
      for (odd = -16; odd < 16; odd = odd + 1) begin
        operand[5:0] = odd < 0 ? even - 1 : even;
        operand[11:6] = odd;
        load = 1; #1 clk = 1; #1 clk = 0; load = 0;
        swap = 1; #1 clk = 1; #1 clk = 0; swap = 0;
        for (n = 0; n < 258; n = n + 1) begin
          if (n > 1) begin
            taken = n - 2;
            due = taken[3:0] * even + taken[7:4] * odd;
            if (total !== due) errors = errors + 1;
          end
          code = n;
          #1 clk = 1; #1 clk = 0;
        end
      end
    $display("%0d errors", errors);
  end
endmodule
"""


def sums_of_every_pair(text, folder):
    """What Icarus says of a column of two rows."""
    (folder / "every.v").write_text(_EVERY + text, encoding="utf-8")
    subprocess.run(["iverilog", "-g2012", "-s", "every", "-o", "every", "every.v"],
                   cwd=folder, check=True)
    return subprocess.run(["vvp", "-n", "every"], cwd=folder, capture_output=True, text=True,
                          check=True).stdout


def test_two_rows_in_a_multiplier_for_every_code_and_operand(tmp_path):
    text, _ = modules("column", DotColumnPacked(rows=2))
    assert sums_of_every_pair(text, tmp_path) == "0 errors\n"
    wrong = text.replace("product_0[0] }", "1'h0 }")
    assert wrong != text
    assert sums_of_every_pair(wrong, tmp_path) != "0 errors\n"
