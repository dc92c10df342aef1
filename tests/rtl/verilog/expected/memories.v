module memories(entry, write, clk, rst, sum, weight, address);
  input [3:0] address;
  wire [3:0] address;
  input clk;
  wire clk;
  input [7:0] entry;
  wire [7:0] entry;
  input rst;
  wire rst;
  output [7:0] sum;
  wire [7:0] sum;
  output [2:0] weight;
  wire [2:0] weight;
  input write;
  wire write;
  (* no_rw_check = 32'd1 *)
  reg [7:0] sums [0:15];
  integer initial_row;
  initial
    for (initial_row = 0; initial_row < 16; initial_row = initial_row + 1)
      sums[initial_row] = 8'h00;
  always @(posedge clk) begin
    if (write)
      sums[address] <= entry;
  end
  reg [7:0] _0_;
  always @(posedge clk) begin
    _0_ <= sums[address];
  end
  assign sum = _0_;
  reg [2:0] weights [0:3];
  initial begin
    weights[0] = 3'h1;
    weights[1] = 3'h5;
    weights[2] = 3'h2;
    weights[3] = 3'h0;
  end
  always @(posedge clk) begin
    if (write)
      weights[address[1:0]] <= entry[2:0];
  end
  reg [2:0] _1_;
  always @(posedge clk) begin
    _1_ <= weights[address[1:0]];
  end
  assign weight = _1_;
endmodule
