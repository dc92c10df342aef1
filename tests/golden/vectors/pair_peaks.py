"""A unit of tests alone with two streams in and two out, its Verilog by hand, good or with one bug.

Each row of ``i`` is scaled by the one element of ``i_gain`` that belongs to it; ``o`` gives the
products, ``o_peaks`` the largest of each row.
"""

from collections.abc import Iterator

import numpy as np

from vit2rtl.golden.units import Case, Field, Parameter, Stream, Unit

ROM = (5, 0, 31)


def evaluate(p, x, settings):
    product = np.asarray(x["value"]) * np.asarray(x["gain"])
    return {"product": product, "peak": product.max(axis=-1, keepdims=True)}


def directed(p) -> Iterator[Case]:
    for name, columns in (("three", 3), ("five", 5)):
        value = np.array([[15] * (columns - 1) + [9], *[[n, *range(1, columns)] for n in (4, 0)]])
        gain = np.array([[3], [1], [3]])
        product = [[v * g for v in row] for row, (g,) in zip(value.tolist(), gain.tolist(),
                                                             strict=True)]
        peak = [[max(row)] for row in product]
        yield Case(name, {"value": value, "gain": gain},
                   {"product": np.array(product), "peak": np.array(peak)})


UNIT = Unit(
    name="pair_peaks",
    component="PairPeaks",
    summary="products with a gain a row, and the largest of each row",
    parameters={"lanes": Parameter(2, "elements of a beat", 2, 2)},
    streams=lambda p: (
        Stream("i", (Field("value", 4),), p["lanes"], rows=True),
        Stream("i_gain", (Field("gain", 2),), 1, rows=True),
        Stream("o", (Field("product", 6),), p["lanes"], rows=True),
        Stream("o_peaks", (Field("peak", 6),), 1, rows=True),
    ),
    evaluate=evaluate,
    rounding="none",
    directed=directed,
    roms=lambda p: {"steps": ROM, "signed": (-3, 2)},
)

# Products and peaks leave in the same cycle. FILLER is no bug: lanes behind a row mean nothing.
DUT = """\
`timescale 1ns/1ps
module pair_peaks_l2_axis(
  input aclk, input aresetn,
  input [7:0] s_axis_tdata, input s_axis_tvalid, output s_axis_tready, input s_axis_tlast,
  input [7:0] s_axis_gain_tdata, input s_axis_gain_tvalid, output s_axis_gain_tready,
  input s_axis_gain_tlast,
  output reg [15:0] m_axis_tdata, output reg m_axis_tvalid, input m_axis_tready,
  output reg m_axis_tlast,
  output reg [7:0] m_axis_peaks_tdata, output reg m_axis_peaks_tvalid, input m_axis_peaks_tready,
  output reg m_axis_peaks_tlast);
  reg have;
  reg [1:0] gain;
  reg [5:0] peak;
  reg [2:0] number;
  wire [5:0] p0 = s_axis_tdata[3:0] * gain;
  wire [5:0] p1 = s_axis_tdata[7:4] * gain;
  wire [5:0] larger = p0 > p1 ? p0 : p1;
  wire [5:0] next = larger > peak ? larger : peak;
  wire room = (!m_axis_tvalid || m_axis_tready) && (!m_axis_peaks_tvalid || m_axis_peaks_tready);
  wire moved = s_axis_tvalid && s_axis_tready;
  assign s_axis_tready = have && room;
  assign s_axis_gain_tready = !have;
  always @(posedge aclk) begin
    if (s_axis_gain_tvalid && !have) begin have <= 1'b1; gain <= s_axis_gain_tdata[1:0]; end
    if (m_axis_tready) m_axis_tvalid <= 1'b0;
    if (m_axis_peaks_tready) m_axis_peaks_tvalid <= 1'b0;
    if (moved) begin
      m_axis_tvalid <= 1'b1;
      m_axis_tdata <= {4'b0, p1, p0};
      m_axis_tlast <= s_axis_tlast;
      peak <= next;
`ifdef FILLER
      if (s_axis_tlast) m_axis_tdata[11:6] <= 6'h2a;
`endif
`ifdef LATE_LAST
      m_axis_tlast <= 1'b0;
`endif
      if (s_axis_tlast) begin
        have <= 1'b0;
        number <= number + 1'b1;
        peak <= 6'b0;
`ifdef RUN_ON
        peak <= p1;
`endif
        m_axis_peaks_tvalid <= 1'b1;
`ifdef LOST_ROW
        m_axis_peaks_tvalid <= number != 1;
`endif
        m_axis_peaks_tdata <= {2'b0, next};
        m_axis_peaks_tlast <= 1'b1;
      end
    end
    if (!aresetn) begin
      have <= 1'b0; peak <= 6'b0; number <= 3'd0;
      m_axis_tvalid <= 1'b0; m_axis_peaks_tvalid <= 1'b0;
    end
  end
endmodule
"""
