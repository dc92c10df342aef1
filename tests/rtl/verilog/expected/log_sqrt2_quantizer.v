// log_sqrt2_quantizer_l2: probabilities to logsqrt2 codes, by comparison with two mantissas and their shifts.
//
// Parameters: lanes=2, bits=4, width=16, zero_code=top
// Latency 4 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i and o: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 16 bits, lane 0 lowest:
//   [16*n + 0 +: 16]       probability, unsigned
//
// o__payload: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//

module log_sqrt2_quantizer_l2(i__valid, o__ready, threshold_a, threshold_b, clk, rst, i__ready, o__payload, o__valid, i__payload);
  input clk;
  wire clk;
  wire [3:0] enable;
  input [32:0] i__payload;
  wire [32:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  wire [3:0] o;
  wire [3:0] o_24;
  output [8:0] o__payload;
  wire [8:0] o__payload;
  wire o__payload_14;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  input rst;
  wire rst;
  input [15:0] threshold_a;
  wire [15:0] threshold_a;
  input [15:0] threshold_b;
  wire [15:0] threshold_b;
  log_sqrt2_quantizer_l2_control control (
    .clk(clk),
    .enable(enable),
    .i__payload(i__payload[32]),
    .i__valid(i__valid),
    .o__payload(o__payload_14),
    .o__ready(o__ready),
    .rst(rst),
    .valid_3(o__valid)
  );
  log_sqrt2_quantizer_l2_lane lane_0 (
    .clk(clk),
    .enable(enable),
    .i(i__payload[15:0]),
    .o(o),
    .rst(rst),
    .threshold_a(threshold_a),
    .threshold_b(threshold_b)
  );
  log_sqrt2_quantizer_l2_lane lane_1 (
    .clk(clk),
    .enable(enable),
    .i(i__payload[31:16]),
    .o(o_24),
    .rst(rst),
    .threshold_a(threshold_a),
    .threshold_b(threshold_b)
  );
  assign i__ready = enable[0];
  assign o__payload = { o__payload_14, o_24, o };
endmodule

module log_sqrt2_quantizer_l2_control(i__valid, o__ready, clk, rst, enable, valid_3, o__payload, i__payload);
  wire n1;
  wire n3;
  wire n5;
  wire n7;
  input clk;
  wire clk;
  output [3:0] enable;
  wire [3:0] enable;
  input i__payload;
  wire i__payload;
  wire i__ready;
  input i__valid;
  wire i__valid;
  reg last_0;
  initial last_0 = 1'h0;
  reg last_1;
  initial last_1 = 1'h0;
  reg last_2;
  initial last_2 = 1'h0;
  output o__payload;
  reg o__payload;
  initial o__payload = 1'h0;
  input o__ready;
  wire o__ready;
  input rst;
  wire rst;
  reg valid_0;
  initial valid_0 = 1'h0;
  reg valid_1;
  initial valid_1 = 1'h0;
  reg valid_2;
  initial valid_2 = 1'h0;
  output valid_3;
  reg valid_3;
  initial valid_3 = 1'h0;
  assign n1 = ~ valid_3;
  assign enable[3] = n1 | o__ready;
  assign n3 = ~ valid_2;
  assign enable[2] = n3 | enable[3];
  assign n5 = ~ valid_1;
  assign enable[1] = n5 | enable[2];
  assign n7 = ~ valid_0;
  assign i__ready = n7 | enable[1];
  always @(posedge clk) begin
    if (rst) begin
      last_0 <= 1'h0;
      last_1 <= 1'h0;
      last_2 <= 1'h0;
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
      valid_1 <= 1'h0;
      valid_2 <= 1'h0;
      valid_3 <= 1'h0;
    end else begin
      if (enable[1]) begin
        last_1 <= last_0;
        valid_1 <= valid_0;
      end
      if (enable[2]) begin
        last_2 <= last_1;
        valid_2 <= valid_1;
      end
      if (enable[3]) begin
        o__payload <= last_2;
        valid_3 <= valid_2;
      end
      if (i__ready) begin
        last_0 <= i__payload;
        valid_0 <= i__valid;
      end
    end
  end
  assign enable[0] = i__ready;
endmodule

module log_sqrt2_quantizer_l2_lane(threshold_a, threshold_b, clk, rst, enable, o, i);
  wire n1;
  wire [16:0] n12;
  wire [16:0] n14;
  wire [16:0] n16;
  wire n3;
  wire n4;
  wire below_a;
  wire below_b1;
  wire below_b2;
  wire below_b4;
  input clk;
  wire clk;
  input [3:0] enable;
  wire [3:0] enable;
  input [15:0] i;
  wire [15:0] i;
  output [3:0] o;
  reg [3:0] o;
  initial o = 4'h0;
  input rst;
  wire rst;
  reg [16:0] scaled_0;
  initial scaled_0 = 17'h00000;
  reg [16:0] scaled_1;
  initial scaled_1 = 17'h00000;
  reg [16:0] scaled_2;
  initial scaled_2 = 17'h00000;
  reg step_b1_2;
  initial step_b1_2 = 1'h0;
  reg step_b2_1;
  initial step_b2_1 = 1'h0;
  reg step_b2_2;
  initial step_b2_2 = 1'h0;
  reg step_b4_0;
  initial step_b4_0 = 1'h0;
  reg step_b4_1;
  initial step_b4_1 = 1'h0;
  reg step_b4_2;
  initial step_b4_2 = 1'h0;
  input [15:0] threshold_a;
  wire [15:0] threshold_a;
  input [15:0] threshold_b;
  wire [15:0] threshold_b;
  assign n1 = | i[15:13];
  assign n3 = | threshold_b[2:0];
  assign below_b4 = { n1, i[12:0], 1'h0 } < { threshold_b[15:3], n3 };
  assign n4 = | scaled_0[16:15];
  assign below_b2 = { n4, scaled_0[14:0], 1'h0 } < threshold_b;
  assign below_b1 = { 1'h0, scaled_1 } < threshold_b;
  assign below_a = { 1'h0, scaled_2 } < threshold_a;
  assign n12 = below_b4 ? { i[12:0], 4'h0 } : { 1'h0, i };
  assign n14 = below_b2 ? { scaled_0[14:0], 2'h0 } : scaled_0;
  assign n16 = below_b1 ? { scaled_1[15:0], 1'h0 } : scaled_1;
  always @(posedge clk) begin
    if (enable[0]) begin
      scaled_0[15:4] <= n12[15:4];
      step_b4_0 <= below_b4;
      if (!below_b4) scaled_0[16] <= 1'h0;
      else scaled_0[16] <= i[12];
      if (below_b4) scaled_0[3:0] <= 4'h0;
      else scaled_0[3:0] <= i[3:0];
    end
    if (enable[1]) begin
      scaled_1[16:2] <= n14[16:2];
      step_b2_1 <= below_b2;
      step_b4_1 <= step_b4_0;
      if (below_b2) scaled_1[1:0] <= 2'h0;
      else scaled_1[1:0] <= scaled_0[1:0];
    end
    if (enable[2]) begin
      scaled_2[16:1] <= n16[16:1];
      step_b1_2 <= below_b1;
      step_b2_2 <= step_b2_1;
      step_b4_2 <= step_b4_1;
      if (below_b1) scaled_2[0] <= 1'h0;
      else scaled_2[0] <= scaled_1[0];
    end
    if (enable[3]) o <= { step_b4_2, step_b2_2, step_b1_2, below_a };
  end
endmodule

// log_sqrt2_quantizer_l2_axis: probabilities to logsqrt2 codes, by comparison with two mantissas and their shifts.
//
// Parameters: lanes=2, bits=4, width=16, zero_code=top
// Latency 4 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                     clock of all ports
//   input  aresetn                  synchronous reset, active low
//   input  s_axis_tdata   [31:0]    lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid            a beat is offered
//   output s_axis_tready            a beat is taken
//   input  s_axis_tlast             travels with its beat
//   output m_axis_tdata   [7:0]     lanes, lane 0 in the least significant bits
//   output m_axis_tvalid            a beat is offered
//   input  m_axis_tready            a beat is taken
//   output m_axis_tlast             travels with its beat
//   input  threshold_a    [15:0]    configuration: threshold of even codes, 1 to 2 times threshold_b
//   input  threshold_b    [15:0]    configuration: threshold of odd codes
//
// s_axis_tdata: 2 lanes of 16 bits, lane 0 lowest:
//   [16*n + 0 +: 16]       probability, unsigned
//
// m_axis_tdata: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//

module log_sqrt2_quantizer_l2_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, m_axis_tready, threshold_a, threshold_b, s_axis_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, aclk);
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 aclk CLK" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF s_axis:m_axis, ASSOCIATED_RESET aresetn" *)
  input aclk;
  wire aclk;
  (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 aresetn RST" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW" *)
  input aresetn;
  wire aresetn;
  wire i_ready;
  wire i_valid;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TDATA" *)
  output [7:0] m_axis_tdata;
  wire [7:0] m_axis_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TLAST" *)
  output m_axis_tlast;
  wire m_axis_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TREADY" *)
  input m_axis_tready;
  wire m_axis_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TVALID" *)
  output m_axis_tvalid;
  wire m_axis_tvalid;
  wire o_valid;
  wire rst;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TDATA" *)
  input [31:0] s_axis_tdata;
  wire [31:0] s_axis_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TLAST" *)
  input s_axis_tlast;
  wire s_axis_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TREADY" *)
  output s_axis_tready;
  wire s_axis_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TVALID" *)
  input s_axis_tvalid;
  wire s_axis_tvalid;
  input [15:0] threshold_a;
  wire [15:0] threshold_a;
  input [15:0] threshold_b;
  wire [15:0] threshold_b;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  log_sqrt2_quantizer_l2 unit (
    .clk(aclk),
    .i__payload({ s_axis_tlast, s_axis_tdata }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .o__payload({ m_axis_tlast, m_axis_tdata }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .rst(rst),
    .threshold_a(threshold_a),
    .threshold_b(threshold_b)
  );
endmodule
