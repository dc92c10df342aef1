// log2_dequantizer_l2: logsqrt2 codes to fixed point: the code's parity picks 1 or 1/sqrt2, the rest is a shift.
//
// Parameters: lanes=2, bits=4, width=16, zero_code=top
// Latency 1 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i and o: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//
// o__payload: 2 lanes of 16 bits, lane 0 lowest:
//   [16*n + 0 +: 16]       value, unsigned
//

module log2_dequantizer_l2(i__valid, o__ready, clk, rst, i__ready, o__payload, o__valid, i__payload);
  input clk;
  wire clk;
  input [8:0] i__payload;
  wire [8:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  wire [15:0] o;
  wire [15:0] o_20;
  output [32:0] o__payload;
  wire [32:0] o__payload;
  wire o__payload_12;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  input rst;
  wire rst;
  log2_dequantizer_l2_control control (
    .clk(clk),
    .enable(i__ready),
    .i__payload(i__payload[8]),
    .i__valid(i__valid),
    .o__payload(o__payload_12),
    .o__ready(o__ready),
    .rst(rst),
    .valid_0(o__valid)
  );
  log2_dequantizer_l2_lane lane_0 (
    .clk(clk),
    .enable(i__ready),
    .i(i__payload[3:0]),
    .rst(rst),
    .value(o)
  );
  log2_dequantizer_l2_lane lane_1 (
    .clk(clk),
    .enable(i__ready),
    .i(i__payload[7:4]),
    .rst(rst),
    .value(o_20)
  );
  assign o__payload = { o__payload_12, o_20, o };
endmodule

module log2_dequantizer_l2_control(i__valid, o__ready, clk, rst, enable, valid_0, o__payload, i__payload);
  wire n1;
  input clk;
  wire clk;
  output enable;
  wire enable;
  input i__payload;
  wire i__payload;
  input i__valid;
  wire i__valid;
  output o__payload;
  reg o__payload;
  initial o__payload = 1'h0;
  input o__ready;
  wire o__ready;
  input rst;
  wire rst;
  output valid_0;
  reg valid_0;
  initial valid_0 = 1'h0;
  assign n1 = ~ valid_0;
  assign enable = n1 | o__ready;
  always @(posedge clk) begin
    if (rst) begin
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
    end else begin
      if (enable) begin
        o__payload <= i__payload;
        valid_0 <= i__valid;
      end
    end
  end
endmodule

module log2_dequantizer_l2_lane(clk, rst, enable, value, i);
  wire n1;
  wire [15:0] n2;
  wire [15:0] n3;
  wire [15:0] n4;
  input clk;
  wire clk;
  input enable;
  wire enable;
  input [3:0] i;
  wire [3:0] i;
  input rst;
  wire rst;
  output [15:0] value;
  reg [15:0] value;
  initial value = 16'h0000;
  assign n1 = i == 4'hf;
  assign n2 = i[0] ? 16'h5a82 : 16'h8000;
  assign n3 = n1 ? 16'h0000 : n2;
  assign n4 = n3 >> i[3:1];
  always @(posedge clk) begin
    if (rst) begin
      value <= 16'h0000;
    end else begin
      if (enable) value <= n4;
    end
  end
endmodule

// log2_dequantizer_l2_axis: logsqrt2 codes to fixed point: the code's parity picks 1 or 1/sqrt2, the rest is a shift.
//
// Parameters: lanes=2, bits=4, width=16, zero_code=top
// Latency 1 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                     clock of all ports
//   input  aresetn                  synchronous reset, active low
//   input  s_axis_tdata   [7:0]     lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid            a beat is offered
//   output s_axis_tready            a beat is taken
//   input  s_axis_tlast             travels with its beat
//   output m_axis_tdata   [31:0]    lanes, lane 0 in the least significant bits
//   output m_axis_tvalid            a beat is offered
//   input  m_axis_tready            a beat is taken
//   output m_axis_tlast             travels with its beat
//
// s_axis_tdata: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//
// m_axis_tdata: 2 lanes of 16 bits, lane 0 lowest:
//   [16*n + 0 +: 16]       value, unsigned
//

module log2_dequantizer_l2_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, m_axis_tready, s_axis_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, aclk);
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
  output [31:0] m_axis_tdata;
  wire [31:0] m_axis_tdata;
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
  input [7:0] s_axis_tdata;
  wire [7:0] s_axis_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TLAST" *)
  input s_axis_tlast;
  wire s_axis_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TREADY" *)
  output s_axis_tready;
  wire s_axis_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TVALID" *)
  input s_axis_tvalid;
  wire s_axis_tvalid;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  log2_dequantizer_l2 unit (
    .clk(aclk),
    .i__payload({ s_axis_tlast, s_axis_tdata }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .o__payload({ m_axis_tlast, m_axis_tdata }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .rst(rst)
  );
endmodule
