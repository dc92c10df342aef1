"""A hand-written unit to replay, good or with one bug, and a monitor of the bench."""

from .conftest import DEQUANTIZER

NAME = DEQUANTIZER.name

# One register stage; each macro plants one bug at beat 5 of the run.
DUT = f"""\
`timescale 1ns/1ps
module {NAME}_axis(
  input aclk, input aresetn,
  input [15:0] s_axis_tdata, input s_axis_tvalid, output s_axis_tready, input s_axis_tlast,
  output [47:0] m_axis_tdata, output m_axis_tvalid, input m_axis_tready, output m_axis_tlast);
  reg valid, last;
  reg [47:0] value;
  reg [15:0] number;
  wire moved = !valid || m_axis_tready;
  function [15:0] lane(input [4:0] code);
    lane = code == 16 ? 16'd0 : (code[0] ? 16'd23170 : 16'd32768) >> code[4:1];
  endfunction
  assign s_axis_tready = moved;
  assign m_axis_tvalid = valid;
  assign m_axis_tdata = value;
  assign m_axis_tlast = last;
  always @(posedge aclk) begin
    if (moved) begin
      valid <= s_axis_tvalid;
      last <= s_axis_tlast;
      value <= {{lane(s_axis_tdata[14:10]), lane(s_axis_tdata[9:5]), lane(s_axis_tdata[4:0])}};
      number <= number + s_axis_tvalid;
`ifdef WRONG
      if (number == 5) value <= 48'h123;
`endif
`ifdef UNKNOWN
      if (number == 5) value <= 48'hx;
`endif
`ifdef DROPPED
      if (number == 5) valid <= 1'b0;
`endif
`ifdef NO_LAST
      last <= 1'b0;
`endif
`ifdef EARLY_LAST
      if (number == 5) last <= 1'b1;
`endif
`ifdef REPEATED
      if (number == 12 && !s_axis_tvalid) begin valid <= 1'b1; number <= 13; end
`endif
    end
`ifdef UNSTABLE
    else value <= ~value;
`endif
`ifdef DEAD
    valid <= 1'b0;
`endif
    if (!aresetn) begin valid <= 1'b0; number <= 0; end
  end
endmodule
"""

# Counts the clock cycles in which the bench had beats to offer.
MONITOR = f"""\
`timescale 1ns/1ps
module monitor;
  integer cycles = 0;
  always @(posedge {NAME}_replay.aclk)
    if ({NAME}_replay.running && {NAME}_replay.moved_i < {NAME}_replay.count_i) cycles = cycles + 1;
  always @(posedge {NAME}_replay.done)
    $display("MONITOR cycles=%0d beats=%0d mismatches=%0d", cycles, {NAME}_replay.beats,
             {NAME}_replay.mismatches);
endmodule
"""
