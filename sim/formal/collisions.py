"""Memories that say ``no_rw_check``: no row is read in the cycle in which it is written."""

from vit2rtl.rtl.stream.memory import ATTRIBUTE

FILE = "collisions.v"
# What the solver shows of a memory, behind its name: 1 where its promise is broken.
NAME = "collides"
MEANING = "no row of the memory is read in the cycle in which it is written"
# Every such memory of the flat design beside an assertion, for all pairs of a read and a write.
MAP = f"techmap -max_iter 1 -map {FILE} a:{ATTRIBUTE}"

TEXT = f"""\
(* techmap_celltype = "$mem_v2" *)
module checked(RD_CLK, RD_EN, RD_ARST, RD_SRST, RD_ADDR, RD_DATA, WR_CLK, WR_EN, WR_ADDR, WR_DATA);
  parameter MEMID = "";
  parameter signed SIZE = 4;
  parameter signed OFFSET = 0;
  parameter signed ABITS = 2;
  parameter signed WIDTH = 8;
  parameter signed RD_PORTS = 1;
  parameter signed WR_PORTS = 1;
  parameter INIT = 1'bx;
  parameter RD_CLK_ENABLE = 1'b1;
  parameter RD_CLK_POLARITY = 1'b1;
  parameter RD_TRANSPARENCY_MASK = 1'b0;
  parameter RD_COLLISION_X_MASK = 1'b0;
  parameter RD_WIDE_CONTINUATION = 1'b0;
  parameter RD_CE_OVER_SRST = 1'b0;
  parameter RD_ARST_VALUE = 1'b0;
  parameter RD_SRST_VALUE = 1'b0;
  parameter RD_INIT_VALUE = 1'b0;
  parameter WR_CLK_ENABLE = 1'b1;
  parameter WR_CLK_POLARITY = 1'b1;
  parameter WR_PRIORITY_MASK = 1'b0;
  parameter WR_WIDE_CONTINUATION = 1'b0;
  input [RD_PORTS-1:0] RD_CLK, RD_EN, RD_ARST, RD_SRST;
  input [RD_PORTS*ABITS-1:0] RD_ADDR;
  output [RD_PORTS*WIDTH-1:0] RD_DATA;
  input [WR_PORTS-1:0] WR_CLK;
  input [WR_PORTS*WIDTH-1:0] WR_EN, WR_DATA;
  input [WR_PORTS*ABITS-1:0] WR_ADDR;
  \\$mem_v2 #(
    .MEMID(MEMID), .SIZE(SIZE), .OFFSET(OFFSET), .ABITS(ABITS), .WIDTH(WIDTH),
    .RD_PORTS(RD_PORTS), .WR_PORTS(WR_PORTS), .INIT(INIT),
    .RD_CLK_ENABLE(RD_CLK_ENABLE), .RD_CLK_POLARITY(RD_CLK_POLARITY),
    .RD_TRANSPARENCY_MASK(RD_TRANSPARENCY_MASK), .RD_COLLISION_X_MASK(RD_COLLISION_X_MASK),
    .RD_WIDE_CONTINUATION(RD_WIDE_CONTINUATION), .RD_CE_OVER_SRST(RD_CE_OVER_SRST),
    .RD_ARST_VALUE(RD_ARST_VALUE), .RD_SRST_VALUE(RD_SRST_VALUE), .RD_INIT_VALUE(RD_INIT_VALUE),
    .WR_CLK_ENABLE(WR_CLK_ENABLE), .WR_CLK_POLARITY(WR_CLK_POLARITY),
    .WR_PRIORITY_MASK(WR_PRIORITY_MASK), .WR_WIDE_CONTINUATION(WR_WIDE_CONTINUATION)
  ) _TECHMAP_REPLACE_ (
    .RD_CLK(RD_CLK), .RD_EN(RD_EN), .RD_ARST(RD_ARST), .RD_SRST(RD_SRST),
    .RD_ADDR(RD_ADDR), .RD_DATA(RD_DATA),
    .WR_CLK(WR_CLK), .WR_EN(WR_EN), .WR_ADDR(WR_ADDR), .WR_DATA(WR_DATA)
  );
  wire [RD_PORTS*WR_PORTS-1:0] pairs;
  genvar r, w;
  generate
    for (r = 0; r < RD_PORTS; r = r + 1) for (w = 0; w < WR_PORTS; w = w + 1)
      assign pairs[r * WR_PORTS + w] = RD_EN[r] && |WR_EN[w*WIDTH +: WIDTH] &&
        RD_ADDR[r*ABITS +: ABITS] == WR_ADDR[w*ABITS +: ABITS];
  endgenerate
  // What registers hold before the first reset, in the first cycle, is not the unit's.
  (* init = 1'b0 *) wire reset_seen;
  \\$dff #(.WIDTH(1), .CLK_POLARITY(1'b1)) seen(.CLK(WR_CLK[0]), .D(1'b1), .Q(reset_seen));
  wire _TECHMAP_REPLACE_.{NAME};
  assign _TECHMAP_REPLACE_.{NAME} = reset_seen && |pairs;
  \\$assert alone(.A(!_TECHMAP_REPLACE_.{NAME}), .EN(1'b1));
endmodule
"""
