"""Registers of a module in one clocked block: by hand."""

from vit2rtl.rtl.verilog.registers import grouped

APART = """\
module m(clk, other, rst, en, a, q);
  reg [3:0] memory [0:3];
  always @(posedge clk)
    if (rst) b10 <= 4'h0;
    else if (en[1]) b10 <= c;
  assign c = a;
  always @(posedge other)
    d <= a;
  always @(posedge clk) begin
    if (write)
      memory[a] <= q;
  end
  always @(posedge clk)
    if (rst) b9 <= 4'h1;
    else b9 <= { a, b10[2:1] };
  always @(posedge clk)
    if (en[1]) e <= a;
  always @(posedge clk)
    if (en[0])
      if (!(a)) f <= 1'h0;
      else f <= a;
  always @(posedge clk)
    if (rst) g <= 1'h0;
    else if (en[1]) g <= a;
endmodule
"""
TOGETHER = """\
module m(clk, other, rst, en, a, q);
  reg [3:0] memory [0:3];
  always @(posedge clk) begin
    if (en[0]) begin
      if (!(a)) f <= 1'h0;
      else f <= a;
    end
    if (en[1]) e <= a;
    if (rst) begin
      b9 <= 4'h1;
      b10 <= 4'h0;
      g <= 1'h0;
    end else begin
      b9 <= { a, b10[2:1] };
      if (en[1]) begin
        b10 <= c;
        g <= a;
      end
    end
  end
  assign c = a;
  always @(posedge other) begin
    d <= a;
  end
  always @(posedge clk) begin
    if (write)
      memory[a] <= q;
  end
endmodule
"""


def test_registers_of_an_edge_are_one_block():
    assert grouped(APART) == TOGETHER


def test_a_module_without_registers_stays():
    text = "module m(a, q);\n  assign q = a;\nendmodule\n"
    assert grouped(text) == text


def test_a_block_stands_behind_what_a_memory_s_port_declares():
    apart = """\
module m(clk);
  reg a;
  always @(posedge clk)
    a <= b;
  reg c;
  always @(posedge clk) begin
    if (write)
      memory[a] <= q;
  end
  reg [3:0] n5;
  always @(posedge clk)
    n5 <= memory[a];
  assign d = n5;
endmodule
"""
    assert grouped(apart) == """\
module m(clk);
  reg a;
  reg c;
  always @(posedge clk) begin
    if (write)
      memory[a] <= q;
  end
  reg [3:0] n5;
  always @(posedge clk) begin
    a <= b;
    n5 <= memory[a];
  end
  assign d = n5;
endmodule
"""
