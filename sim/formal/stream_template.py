"""The text of the harness of the stream contract, filled in by ``stream``."""

TEMPLATE = """\
module {top}(
  input clk,
  input aresetn,
  input watch,
  input [{data}:0] s_axis_tdata,
  input s_axis_tvalid,
  input s_axis_tlast,
  input m_axis_tready{ports}
);
  wire s_axis_tready, m_axis_tvalid, m_axis_tlast;
  wire [{result}:0] m_axis_tdata;
  {name}_axis dut(
    .aclk(clk), .aresetn(aresetn),
    .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready), .s_axis_tlast(s_axis_tlast),
    .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready), .m_axis_tlast(m_axis_tlast){pins}
  );

  // The contract: stage n takes over from n - 1 when it is empty or moves on in the same cycle.
  reg [{highest}:0] valid, watched;
  wire [{depth}:0] enable;
  assign enable[{depth}] = m_axis_tready;
  genvar stage;
  generate
    for (stage = 0; stage < {depth}; stage = stage + 1)
      assign enable[stage] = !valid[stage] || enable[stage + 1];
  endgenerate
  wire taken = aresetn && s_axis_tvalid && enable[0];
  wire given = aresetn && valid[{highest}] && m_axis_tready;

  // One beat of the solver's choice, and the beats ahead of it.
  reg watching, last;
  reg [{data}:0] beat;
  reg [7:0] inside, ahead, waited;
  wire chosen = taken && watch && !watching;
  integer n;
  always @(posedge clk) begin
    for (n = 0; n < {depth}; n = n + 1)
      if (enable[n]) begin
        valid[n] <= n ? valid[n - 1] : taken;
        watched[n] <= n ? watched[n - 1] : chosen;
      end
    inside <= inside + taken - given;
    if (given && watched[{highest}]) watching <= 0;
    if (given) ahead <= ahead - 1;
    if (m_axis_tready) waited <= waited + 1;
    if (chosen) begin
      watching <= 1;
      beat <= s_axis_tdata;
      last <= s_axis_tlast;
      ahead <= inside - given;
      waited <= 0;
    end
    if (!aresetn) begin
      valid <= 0;
      watched <= 0;
      watching <= 0;
      inside <= 0;
    end
  end

  // What the pipeline makes of that beat when nothing ever stalls.
  wire [{used}:0] result;
  wire [{result}:0] expected = result[{used}-1:0];
  {reference} reference(
    .clk(clk), .rst(1'b0), .i__valid(1'b1), .o__ready(1'b1),
    .i__payload({{last, beat[{payload}-1:0]}}), .o__payload(result){pins}
  );

  reg stalled;
  reg [{result}+1:0] offered;
  always @(posedge clk) begin
    stalled <= aresetn && m_axis_tvalid && !m_axis_tready;
    offered <= {{m_axis_tlast, m_axis_tdata}};
  end
{past}{declared}{products}
{checks}
  // Nothing is known of any register until the first reset.
  reg reset_seen = 0;
  always @(posedge clk) if (!aresetn) reset_seen <= 1;
  always @* begin
    assume (valid == 0 || ({steady}));
`ifdef OUTWARD
    assert (!reset_seen || ({outward}));
`else
    assert (!reset_seen || ({all}));
`endif
  end
endmodule
"""
