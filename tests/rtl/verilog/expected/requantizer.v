// requantizer_l2: accumulators to codes of one scale and zero point, a multiplier and shift a channel.
//
// Parameters: lanes=2, bits=4, acc_width=27, multiplier_width=16, shift_base=0, shift_width=3, zero_point_width=0
// Latency 6 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i and o: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 46 bits, lane 0 lowest:
//   [46*n + 0 +: 27]       acc, two's complement
//   [46*n + 27 +: 16]      multiplier, unsigned
//   [46*n + 43 +: 3]       shift, unsigned
//
// o__payload: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//

module requantizer_l2(i__valid, o__ready, shift_base, zero_point, clk, rst, i__ready, o__payload, o__valid, i__payload);
  input clk;
  wire clk;
  wire [5:0] enable;
  input [92:0] i__payload;
  wire [92:0] i__payload;
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
  input [5:0] shift_base;
  wire [5:0] shift_base;
  input [4:0] zero_point;
  wire [4:0] zero_point;
  requantizer_l2_control control (
    .clk(clk),
    .enable(enable),
    .i__payload(i__payload[92]),
    .i__valid(i__valid),
    .o__payload(o__payload_14),
    .o__ready(o__ready),
    .rst(rst),
    .valid_5(o__valid)
  );
  requantizer_l2_lane lane_0 (
    .clk(clk),
    .code_5(o),
    .enable(enable),
    .i(i__payload[45:0]),
    .rst(rst),
    .shift_base(shift_base),
    .zero_point(zero_point)
  );
  requantizer_l2_lane lane_1 (
    .clk(clk),
    .code_5(o_24),
    .enable(enable),
    .i(i__payload[91:46]),
    .rst(rst),
    .shift_base(shift_base),
    .zero_point(zero_point)
  );
  assign i__ready = enable[0];
  assign o__payload = { o__payload_14, o_24, o };
endmodule

module requantizer_l2_control(i__valid, o__ready, clk, rst, enable, valid_5, o__payload, i__payload);
  wire n1;
  wire n11;
  wire n3;
  wire n5;
  wire n7;
  wire n9;
  input clk;
  wire clk;
  output [5:0] enable;
  wire [5:0] enable;
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
  reg last_3;
  initial last_3 = 1'h0;
  reg last_4;
  initial last_4 = 1'h0;
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
  reg valid_3;
  initial valid_3 = 1'h0;
  reg valid_4;
  initial valid_4 = 1'h0;
  output valid_5;
  reg valid_5;
  initial valid_5 = 1'h0;
  assign n1 = ~ valid_5;
  assign enable[5] = n1 | o__ready;
  assign n3 = ~ valid_4;
  assign enable[4] = n3 | enable[5];
  assign n5 = ~ valid_3;
  assign enable[3] = n5 | enable[4];
  assign n7 = ~ valid_2;
  assign enable[2] = n7 | enable[3];
  assign n9 = ~ valid_1;
  assign enable[1] = n9 | enable[2];
  assign n11 = ~ valid_0;
  assign i__ready = n11 | enable[1];
  always @(posedge clk) begin
    if (rst) begin
      last_0 <= 1'h0;
      last_1 <= 1'h0;
      last_2 <= 1'h0;
      last_3 <= 1'h0;
      last_4 <= 1'h0;
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
      valid_1 <= 1'h0;
      valid_2 <= 1'h0;
      valid_3 <= 1'h0;
      valid_4 <= 1'h0;
      valid_5 <= 1'h0;
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
        last_3 <= last_2;
        valid_3 <= valid_2;
      end
      if (enable[4]) begin
        last_4 <= last_3;
        valid_4 <= valid_3;
      end
      if (enable[5]) begin
        o__payload <= last_4;
        valid_5 <= valid_4;
      end
      if (i__ready) begin
        last_0 <= i__payload;
        valid_0 <= i__valid;
      end
    end
  end
  assign enable[0] = i__ready;
endmodule

module requantizer_l2_lane(shift_base, zero_point, clk, rst, enable, code_5, i);
  wire [32:0] n1;
  wire n13;
  wire [5:0] n14;
  wire n15;
  wire n16;
  wire n19;
  wire [25:0] n2;
  wire n20;
  wire [15:0] n21;
  wire n22;
  wire n23;
  wire n24;
  wire n25;
  wire n26;
  wire n27;
  wire [3:0] n28;
  wire [26:0] n3;
  wire [20:0] n32;
  wire n33;
  wire n36;
  wire [12:0] n37;
  wire n38;
  wire [6:0] n4;
  wire n40;
  wire [8:0] n41;
  wire n42;
  wire n44;
  wire [6:0] n45;
  wire n46;
  wire [5:0] n49;
  wire [20:0] n5;
  wire [7:0] n50;
  wire n52;
  wire n54;
  wire n55;
  wire [10:0] n6;
  wire [10:0] n7;
  wire [9:0] n9;
  wire above;
  reg [26:0] acc_0;
  initial acc_0 = 27'h0000000;
  reg [5:0] amount_2;
  initial amount_2 = 6'h00;
  reg [3:0] amount_3;
  initial amount_3 = 4'h0;
  reg amount_4;
  initial amount_4 = 1'h0;
  wire below;
  input clk;
  wire clk;
  output [3:0] code_5;
  reg [3:0] code_5;
  initial code_5 = 4'h0;
  input [5:0] enable;
  wire [5:0] enable;
  input [45:0] i;
  wire [45:0] i;
  wire lost_by_1;
  wire lost_by_2;
  wire lost_by_4;
  wire lost_by_8;
  reg [15:0] multiplier_0;
  initial multiplier_0 = 16'h0000;
  reg [9:0] near_3;
  initial near_3 = 10'h000;
  reg [10:0] nearest_3;
  initial nearest_3 = 11'h000;
  reg overflow_3;
  initial overflow_3 = 1'h0;
  reg overflow_4;
  initial overflow_4 = 1'h0;
  reg [42:0] product_2;
  initial product_2 = 43'h00000000000;
  reg [25:0] product_high_1;
  initial product_high_1 = 26'h0000000;
  reg [32:0] product_low_1;
  initial product_low_1 = 33'h000000000;
  input rst;
  wire rst;
  reg [2:0] shift_0;
  initial shift_0 = 3'h0;
  reg [2:0] shift_1;
  initial shift_1 = 3'h0;
  input [5:0] shift_base;
  wire [5:0] shift_base;
  reg [6:0] shifted_4;
  initial shifted_4 = 7'h00;
  wire [5:0] shifted_by_1;
  wire [6:0] shifted_by_2;
  wire [8:0] shifted_by_4;
  wire [12:0] shifted_by_8;
  reg sign_3;
  initial sign_3 = 1'h0;
  reg sign_4;
  initial sign_4 = 1'h0;
  wire [6:0] total;
  input [4:0] zero_point;
  wire [4:0] zero_point;
  assign n26 = n25 | lost_by_4;
  assign n27 = n26 | lost_by_2;
  assign n28 = total[3:0] | { {4{above}} };
  assign { n32[20:13], shifted_by_8 } = amount_3[3] ? { 8'h00, near_3, nearest_3[10:8] } : { near_3, nearest_3 };
  assign n33 = ~ amount_3[3];
  assign n36 = | near_3[9:2];
  assign lost_by_8 = n33 & n36;
  assign { n37[12:9], shifted_by_4 } = amount_3[2] ? { 4'h0, shifted_by_8[12:4] } : shifted_by_8;
  assign n38 = ~ amount_3[2];
  assign n40 = | shifted_by_8[12:9];
  assign lost_by_4 = n38 & n40;
  assign { n41[8:7], shifted_by_2 } = amount_3[1] ? { 2'h0, shifted_by_4[8:2] } : shifted_by_4;
  assign n42 = ~ amount_3[1];
  assign n44 = | shifted_by_4[8:7];
  assign lost_by_2 = n42 & n44;
  assign { n45[6], shifted_by_1 } = amount_4 ? { 1'h0, shifted_4[6:1] } : shifted_4;
  assign n46 = ~ amount_4;
  assign lost_by_1 = n46 & shifted_4[6];
  assign n49 = shifted_by_1 ^ { {6{sign_4}} };
  assign { total, n50[0] } = $signed({ sign_4, n49 }) + $signed({ zero_point, 1'h1 });
  assign below = n52 ? sign_4 : total[6];
  assign n52 = overflow_4 | lost_by_1;
  assign n54 = ~ sign_4;
  assign n55 = | total[6:4];
  assign above = n52 ? n54 : n55;
  assign n1 = acc_0[16:0] * multiplier_0;
  assign n2 = $signed(acc_0[26:17]) * $signed({ 1'h0, multiplier_0 });
  assign n3 = $signed(product_high_1) + $signed({ 1'h0, product_low_1[32:17] });
  assign n4 = shift_base + shift_1;
  assign n6 = amount_2[5] ? product_2[41:31] : n5[10:0];
  assign n7 = n6 ^ { {11{product_2[42]}} };
  assign n5 = amount_2[4] ? product_2[35:15] : { product_2[19:0], 1'h0 };
  assign n9 = n5[20:11] ^ { {10{product_2[42]}} };
  assign n14 = product_2[41:36] ^ { {6{product_2[42]}} };
  assign n15 = | n14;
  assign n16 = n13 & n15;
  assign n13 = ~ amount_2[5];
  assign n19 = ~ amount_2[4];
  assign n20 = n13 & n19;
  assign n21 = product_2[35:20] ^ { {16{product_2[42]}} };
  assign n22 = | n21;
  assign n23 = n20 & n22;
  assign n24 = n16 | n23;
  assign n25 = overflow_3 | lost_by_8;
  always @(posedge clk) begin
    if (enable[0]) begin
      acc_0 <= i[26:0];
      multiplier_0 <= i[42:27];
      shift_0 <= i[45:43];
    end
    if (enable[1]) begin
      product_high_1 <= n2;
      product_low_1 <= n1;
      shift_1 <= shift_0;
    end
    if (enable[2]) begin
      amount_2 <= n4[5:0];
      product_2 <= { n3[25:0], product_low_1[16:0] };
    end
    if (enable[3]) begin
      amount_3 <= amount_2[3:0];
      nearest_3 <= n7;
      overflow_3 <= n24;
      sign_3 <= product_2[42];
      if (amount_2[5]) near_3 <= 10'h000;
      else near_3 <= n9;
    end
    if (enable[4]) begin
      amount_4 <= amount_3[0];
      overflow_4 <= n27;
      shifted_4 <= shifted_by_2;
      sign_4 <= sign_3;
    end
    if (enable[5]) begin
      if (below) code_5 <= 4'h0;
      else code_5 <= n28;
    end
  end
  assign n32[12:0] = shifted_by_8;
  assign n37[8:0] = shifted_by_4;
  assign n41[6:0] = shifted_by_2;
  assign n45[5:0] = shifted_by_1;
  assign n50[7:1] = total;
endmodule

// requantizer_l2_axis: accumulators to codes of one scale and zero point, a multiplier and shift a channel.
//
// Parameters: lanes=2, bits=4, acc_width=27, multiplier_width=16, shift_base=0, shift_width=3, zero_point_width=0
// Latency 6 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                     clock of all ports
//   input  aresetn                  synchronous reset, active low
//   input  s_axis_tdata   [95:0]    lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid            a beat is offered
//   output s_axis_tready            a beat is taken
//   input  s_axis_tlast             travels with its beat
//   output m_axis_tdata   [7:0]     lanes, lane 0 in the least significant bits
//   output m_axis_tvalid            a beat is offered
//   input  m_axis_tready            a beat is taken
//   output m_axis_tlast             travels with its beat
//   input  shift_base     [5:0]     configuration: smallest shift
//   input  zero_point     [4:0]     configuration: zero point of the codes, two's complement
//
// s_axis_tdata: 2 lanes of 46 bits, lane 0 lowest:
//   [46*n + 0 +: 27]       acc, two's complement
//   [46*n + 27 +: 16]      multiplier, unsigned
//   [46*n + 43 +: 3]       shift, unsigned
//
// m_axis_tdata: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//

module requantizer_l2_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, m_axis_tready, shift_base, zero_point, s_axis_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, aclk);
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
  input [95:0] s_axis_tdata;
  wire [95:0] s_axis_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TLAST" *)
  input s_axis_tlast;
  wire s_axis_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TREADY" *)
  output s_axis_tready;
  wire s_axis_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TVALID" *)
  input s_axis_tvalid;
  wire s_axis_tvalid;
  input [5:0] shift_base;
  wire [5:0] shift_base;
  input [4:0] zero_point;
  wire [4:0] zero_point;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  requantizer_l2 unit (
    .clk(aclk),
    .i__payload({ s_axis_tlast, s_axis_tdata[91:0] }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .o__payload({ m_axis_tlast, m_axis_tdata }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .rst(rst),
    .shift_base(shift_base),
    .zero_point(zero_point)
  );
endmodule
