// epilogue_l2: sums of a matmul to codes, logits or the residual stream, and statistics of each row.
//
// Parameters: lanes=2, acc_width=18, multiplier_width=16, width=16
// Latency 10 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i, o and o_row: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 71 bits, lane 0 lowest:
//   [71*n + 0 +: 18]       acc, two's complement
//   [71*n + 18 +: 18]      bias, two's complement
//   [71*n + 36 +: 16]      multiplier, unsigned
//   [71*n + 52 +: 3]       shift, unsigned
//   [71*n + 55 +: 16]      stream, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// o__payload: 2 lanes of 16 bits, lane 0 lowest:
//   [16*n + 0 +: 16]       value, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// o_row__payload: 1 lanes of 84 bits, lane 0 lowest:
//   [84*n + 0 +: 16]       maximum, two's complement
//   [84*n + 16 +: 27]      sum, two's complement
//   [84*n + 43 +: 41]      squares, unsigned
//   Rows: each begins a beat, last marks its last beat.
//

module epilogue_l2(i__valid, o__ready, o_row__ready, shift_base, zero_point, low, high, add, clk, rst, i__ready, o__payload, o__valid, o_row__payload, o_row__valid, i__payload);
  wire n1;
  wire n10;
  wire n11;
  wire n12;
  wire n2;
  wire n3;
  wire n5;
  wire n8;
  reg signal;
  initial signal = 1'h0;
  input add;
  wire add;
  wire both;
  input clk;
  wire clk;
  reg counted;
  initial counted = 1'h0;
  wire [9:0] enable;
  input [15:0] high;
  wire [15:0] high;
  input [142:0] i__payload;
  wire [142:0] i__payload;
  wire i__payload_24_last;
  output i__ready;
  wire i__ready;
  wire i__ready_26;
  input i__valid;
  wire i__valid;
  wire i__valid_22;
  input [15:0] low;
  wire [15:0] low;
  wire [99:0] o;
  wire [99:0] o_42;
  output [32:0] o__payload;
  wire [32:0] o__payload;
  wire [83:0] o__payload_30;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  wire o__valid_19;
  output [84:0] o_row__payload;
  wire [84:0] o_row__payload;
  input o_row__ready;
  wire o_row__ready;
  output o_row__valid;
  wire o_row__valid;
  input rst;
  wire rst;
  input [5:0] shift_base;
  wire [5:0] shift_base;
  input [16:0] zero_point;
  wire [16:0] zero_point;
  assign n1 = ~ signal;
  assign o__valid = o__valid_19 & n1;
  assign n2 = ~ counted;
  assign i__valid_22 = o__valid_19 & n2;
  assign both = n3 & n11;
  assign n3 = o__ready | signal;
  assign n8 = n10 & n3;
  assign n5 = ~ both;
  assign n10 = o__valid_19 & n5;
  assign n11 = i__ready_26 | counted;
  assign n12 = n10 & n11;
  always @(posedge clk) begin
    if (rst) begin
      counted <= 1'h0;
      signal <= 1'h0;
    end else begin
      counted <= n12;
      signal <= n8;
    end
  end
  epilogue_l2_control control (
    .clk(clk),
    .enable(enable),
    .i__payload(i__payload[142]),
    .i__valid(i__valid),
    .o__payload(i__payload_24_last),
    .o__ready(both),
    .rst(rst),
    .valid_9(o__valid_19)
  );
  epilogue_l2_lane lane_0 (
    .add(add),
    .clk(clk),
    .enable(enable),
    .high(high),
    .i(i__payload[70:0]),
    .low(low),
    .o(o),
    .rst(rst),
    .shift_base(shift_base),
    .zero_point(zero_point)
  );
  epilogue_l2_lane lane_1 (
    .add(add),
    .clk(clk),
    .enable(enable),
    .high(high),
    .i(i__payload[141:71]),
    .low(low),
    .o(o_42),
    .rst(rst),
    .shift_base(shift_base),
    .zero_point(zero_point)
  );
  epilogue_l2_statistics statistics (
    .clk(clk),
    .i__payload({ i__payload_24_last, o_42[15:0], o[15:0] }),
    .i__ready(i__ready_26),
    .i__valid(i__valid_22),
    .o__ready_31(o_row__ready),
    .o__valid_27(o_row__valid),
    .row_so_far(o__payload_30),
    .rst(rst)
  );
  assign i__ready = enable[0];
  assign o__payload = { i__payload_24_last, o_42[15:0], o[15:0] };
  assign o_row__payload = { 1'h1, o__payload_30 };
endmodule

module epilogue_l2_control(i__valid, clk, rst, o__ready, enable, valid_9, o__payload, i__payload);
  wire n1;
  wire n11;
  wire n13;
  wire n15;
  wire n17;
  wire n19;
  wire n3;
  wire n5;
  wire n7;
  wire n9;
  input clk;
  wire clk;
  output [9:0] enable;
  wire [9:0] enable;
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
  reg last_5;
  initial last_5 = 1'h0;
  reg last_6;
  initial last_6 = 1'h0;
  reg last_7;
  initial last_7 = 1'h0;
  reg last_8;
  initial last_8 = 1'h0;
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
  reg valid_5;
  initial valid_5 = 1'h0;
  reg valid_6;
  initial valid_6 = 1'h0;
  reg valid_7;
  initial valid_7 = 1'h0;
  reg valid_8;
  initial valid_8 = 1'h0;
  output valid_9;
  reg valid_9;
  initial valid_9 = 1'h0;
  assign n1 = ~ valid_9;
  assign enable[9] = n1 | o__ready;
  assign n3 = ~ valid_8;
  assign enable[8] = n3 | enable[9];
  assign n5 = ~ valid_7;
  assign enable[7] = n5 | enable[8];
  assign n7 = ~ valid_6;
  assign enable[6] = n7 | enable[7];
  assign n9 = ~ valid_5;
  assign enable[5] = n9 | enable[6];
  assign n11 = ~ valid_4;
  assign enable[4] = n11 | enable[5];
  assign n13 = ~ valid_3;
  assign enable[3] = n13 | enable[4];
  assign n15 = ~ valid_2;
  assign enable[2] = n15 | enable[3];
  assign n17 = ~ valid_1;
  assign enable[1] = n17 | enable[2];
  assign n19 = ~ valid_0;
  assign i__ready = n19 | enable[1];
  always @(posedge clk) begin
    if (rst) begin
      last_0 <= 1'h0;
      last_1 <= 1'h0;
      last_2 <= 1'h0;
      last_3 <= 1'h0;
      last_4 <= 1'h0;
      last_5 <= 1'h0;
      last_6 <= 1'h0;
      last_7 <= 1'h0;
      last_8 <= 1'h0;
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
      valid_1 <= 1'h0;
      valid_2 <= 1'h0;
      valid_3 <= 1'h0;
      valid_4 <= 1'h0;
      valid_5 <= 1'h0;
      valid_6 <= 1'h0;
      valid_7 <= 1'h0;
      valid_8 <= 1'h0;
      valid_9 <= 1'h0;
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
        last_5 <= last_4;
        valid_5 <= valid_4;
      end
      if (enable[6]) begin
        last_6 <= last_5;
        valid_6 <= valid_5;
      end
      if (enable[7]) begin
        last_7 <= last_6;
        valid_7 <= valid_6;
      end
      if (enable[8]) begin
        last_8 <= last_7;
        valid_8 <= valid_7;
      end
      if (enable[9]) begin
        o__payload <= last_8;
        valid_9 <= valid_8;
      end
      if (i__ready) begin
        last_0 <= i__payload;
        valid_0 <= i__valid;
      end
    end
  end
  assign enable[0] = i__ready;
endmodule

module epilogue_l2_statistics(clk, rst, i__valid, o__valid_27, i__payload, row_so_far, i__ready, o__ready_31);
  wire [31:0] n1;
  wire [26:0] n11;
  wire [27:0] n12;
  wire [40:0] n13;
  wire [41:0] n14;
  wire [31:0] n2;
  wire n3;
  wire [15:0] n4;
  wire [16:0] n5;
  wire [31:0] n6;
  wire n7;
  wire n8;
  wire n9;
  wire n430;
  input clk;
  wire clk;
  wire [1:0] enable;
  wire enable_26;
  reg first;
  initial first = 1'h1;
  wire [83:0] grown;
  input [32:0] i__payload;
  wire [32:0] i__payload;
  wire i__payload_23;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  wire i__valid_21;
  reg [15:0] largest_1_0;
  initial largest_1_0 = 16'h0000;
  wire o__payload_29;
  wire o__ready_30;
  input o__ready_31;
  wire o__ready_31;
  output o__valid_27;
  wire o__valid_27;
  wire o__valid_28;
  output [83:0] row_so_far;
  reg [83:0] row_so_far;
  initial row_so_far = 84'h000000000000000000000;
  input rst;
  wire rst;
  reg [30:0] square_0_0;
  initial square_0_0 = 31'h00000000;
  reg [30:0] square_0_1;
  initial square_0_1 = 31'h00000000;
  reg [31:0] squares_1_0;
  initial squares_1_0 = 32'd0;
  reg [16:0] sum_1_0;
  initial sum_1_0 = 17'h00000;
  wire taken;
  reg [15:0] value_0_0;
  initial value_0_0 = 16'h0000;
  reg [15:0] value_0_1;
  initial value_0_1 = 16'h0000;
  assign n1 = $signed(i__payload[15:0]) * $signed(i__payload[15:0]);
  assign n2 = $signed(i__payload[31:16]) * $signed(i__payload[31:16]);
  assign n3 = $signed(value_0_0) > $signed(value_0_1);
  assign n4 = n3 ? value_0_0 : value_0_1;
  assign n5 = $signed(value_0_0) + $signed(value_0_1);
  assign n6 = square_0_0 + square_0_1;
  assign taken = i__valid_21 & enable_26;
  assign o__valid_27 = o__valid_28 & o__payload_29;
  assign n7 = ~ o__payload_29;
  assign o__ready_30 = o__ready_31 | n7;
  assign n8 = $signed(largest_1_0) > $signed(row_so_far[15:0]);
  assign n9 = first | n8;
  assign n11 = first ? 27'h0000000 : row_so_far[42:16];
  assign { n12[27], grown[42:16] } = $signed(n11) + $signed(sum_1_0);
  assign n13 = first ? 41'h00000000000 : row_so_far[83:43];
  assign { n14[41], grown[83:43] } = n13 + squares_1_0;
  always @(posedge clk) begin
    if (enable[0]) begin
      square_0_0 <= n1[30:0];
      square_0_1 <= n2[30:0];
      value_0_0 <= i__payload[15:0];
      value_0_1 <= i__payload[31:16];
    end
    if (enable[1]) begin
      largest_1_0 <= n4;
      squares_1_0 <= n6;
      sum_1_0 <= n5;
    end
    if (n430) row_so_far[15:0] <= largest_1_0;
    if (rst) begin
      first <= 1'h1;
    end else begin
      if (taken) first <= i__payload_23;
    end
    if (taken) row_so_far[83:16] <= grown[83:16];
  end
  assign n430 = & { taken, n9 };
  epilogue_l2_statistics_row row (
    .clk(clk),
    .enable(enable_26),
    .i__payload(i__payload_23),
    .i__valid(i__valid_21),
    .o__payload(o__payload_29),
    .o__ready(o__ready_30),
    .rst(rst),
    .valid_0(o__valid_28)
  );
  epilogue_l2_statistics_tree tree (
    .clk(clk),
    .enable(enable),
    .i__payload(i__payload[32]),
    .i__valid(i__valid),
    .o__payload(i__payload_23),
    .o__ready(enable_26),
    .rst(rst),
    .valid_1(i__valid_21)
  );
  assign n12[26:0] = grown[42:16];
  assign n14[40:0] = grown[83:43];
  assign i__ready = enable[0];
endmodule

module epilogue_l2_statistics_row(rst, o__ready, enable, i__valid, i__payload, valid_0, o__payload, clk);
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

module epilogue_l2_statistics_tree(rst, i__valid, o__ready, i__payload, enable, valid_1, o__payload, clk);
  wire n1;
  wire n3;
  input clk;
  wire clk;
  output [1:0] enable;
  wire [1:0] enable;
  input i__payload;
  wire i__payload;
  wire i__ready;
  input i__valid;
  wire i__valid;
  reg last_0;
  initial last_0 = 1'h0;
  output o__payload;
  reg o__payload;
  initial o__payload = 1'h0;
  input o__ready;
  wire o__ready;
  input rst;
  wire rst;
  reg valid_0;
  initial valid_0 = 1'h0;
  output valid_1;
  reg valid_1;
  initial valid_1 = 1'h0;
  assign enable[1] = n1 | o__ready;
  assign n3 = ~ valid_0;
  assign i__ready = n3 | enable[1];
  assign n1 = ~ valid_1;
  always @(posedge clk) begin
    if (rst) begin
      last_0 <= 1'h0;
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
      valid_1 <= 1'h0;
    end else begin
      if (enable[1]) begin
        o__payload <= last_0;
        valid_1 <= valid_0;
      end
      if (i__ready) begin
        last_0 <= i__payload;
        valid_0 <= i__valid;
      end
    end
  end
  assign enable[0] = i__ready;
endmodule

module epilogue_l2_lane(shift_base, zero_point, low, high, add, clk, rst, enable, o, i);
  wire [18:0] n1;
  wire n10;
  wire n12;
  wire [20:0] n13;
  wire n14;
  wire n16;
  wire [18:0] n17;
  wire n18;
  wire [14:0] n2;
  wire [17:0] n21;
  wire [19:0] n22;
  wire [33:0] n24;
  wire [6:0] n25;
  wire [17:0] n26;
  wire [1:0] n27;
  wire [1:0] n28;
  wire [15:0] n30;
  wire n31;
  wire n34;
  wire [32:0] n4;
  wire n40;
  wire n41;
  wire n42;
  wire n44;
  wire n46;
  wire n47;
  wire n48;
  wire n5;
  wire n50;
  wire n52;
  wire [15:0] n53;
  wire [3:0] n54;
  wire n55;
  wire n56;
  wire n57;
  wire n58;
  wire n59;
  wire n60;
  wire n61;
  wire [15:0] n62;
  wire [16:0] n63;
  wire n65;
  wire n66;
  wire n67;
  wire n68;
  wire n8;
  wire [15:0] n83;
  wire [24:0] n9;
  wire [17:0] acc;
  reg [17:0] acc_0;
  initial acc_0 = 18'h00000;
  input add;
  wire add;
  reg [5:0] amount_1;
  initial amount_1 = 6'h00;
  reg [3:0] amount_2;
  initial amount_2 = 4'h0;
  reg [1:0] amount_3;
  initial amount_3 = 2'h0;
  reg amount_4;
  initial amount_4 = 1'h0;
  reg beyond_7;
  initial beyond_7 = 1'h0;
  input clk;
  wire clk;
  input [9:0] enable;
  wire [9:0] enable;
  reg [15:0] far_2;
  initial far_2 = 16'h0000;
  input [15:0] high;
  wire [15:0] high;
  input [70:0] i;
  wire [70:0] i;
  reg [15:0] limit_6;
  initial limit_6 = 16'h0000;
  reg [15:0] limit_7;
  initial limit_7 = 16'h0000;
  wire lost_by_1;
  wire lost_by_2;
  wire lost_by_4;
  wire lost_by_8;
  input [15:0] low;
  wire [15:0] low;
  reg [15:0] multiplier_0;
  initial multiplier_0 = 16'h0000;
  reg [15:0] near_2;
  initial near_2 = 16'h0000;
  reg [1:0] nearest_2;
  initial nearest_2 = 2'h0;
  reg negative_5;
  initial negative_5 = 1'h0;
  reg negative_6;
  initial negative_6 = 1'h0;
  output [99:0] o;
  wire [99:0] o;
  reg overflow_2;
  initial overflow_2 = 1'h0;
  reg overflow_3;
  initial overflow_3 = 1'h0;
  reg overflow_4;
  initial overflow_4 = 1'h0;
  reg overflow_5;
  initial overflow_5 = 1'h0;
  reg overflow_6;
  initial overflow_6 = 1'h0;
  reg [33:0] product_1;
  initial product_1 = 34'h000000000;
  reg [15:0] residual_0;
  initial residual_0 = 16'h0000;
  reg [15:0] residual_1;
  initial residual_1 = 16'h0000;
  reg [15:0] residual_2;
  initial residual_2 = 16'h0000;
  reg [15:0] residual_3;
  initial residual_3 = 16'h0000;
  reg [15:0] residual_4;
  initial residual_4 = 16'h0000;
  reg [15:0] residual_5;
  initial residual_5 = 16'h0000;
  reg [15:0] residual_6;
  initial residual_6 = 16'h0000;
  reg [15:0] residual_7;
  initial residual_7 = 16'h0000;
  wire [15:0] room;
  wire [18:0] rounded;
  input rst;
  wire rst;
  reg [2:0] shift_0;
  initial shift_0 = 3'h0;
  input [5:0] shift_base;
  wire [5:0] shift_base;
  reg [20:0] shifted_3;
  initial shifted_3 = 21'h000000;
  reg [18:0] shifted_4;
  initial shifted_4 = 19'h00000;
  wire [17:0] shifted_by_1;
  wire [18:0] shifted_by_2;
  wire [20:0] shifted_by_4;
  wire [24:0] shifted_by_8;
  reg sign_2;
  initial sign_2 = 1'h0;
  reg sign_3;
  initial sign_3 = 1'h0;
  reg sign_4;
  initial sign_4 = 1'h0;
  reg [1:0] signs_8;
  initial signs_8 = 2'h0;
  reg [15:0] sum_8;
  initial sum_8 = 16'h0000;
  reg [18:0] total_5;
  initial total_5 = 19'h00000;
  reg [14:0] total_6;
  initial total_6 = 15'h0000;
  reg [15:0] total_7;
  initial total_7 = 16'h0000;
  reg [15:0] value_9;
  initial value_9 = 16'h0000;
  input [16:0] zero_point;
  wire [16:0] zero_point;
  assign { n1[18], acc } = $signed(i[17:0]) + $signed(i[35:18]);
  assign { n4[32:25], shifted_by_8 } = amount_2[3] ? { 8'h00, n2, near_2[15:6] } : { n2, near_2, nearest_2 };
  assign n5 = ~ amount_2[3];
  assign n2 = far_2[14:0] ^ { {15{far_2[15]}} };
  assign n8 = | n2[14:7];
  assign lost_by_8 = n5 & n8;
  assign { n9[24:21], shifted_by_4 } = amount_2[2] ? { 4'h0, shifted_by_8[24:4] } : shifted_by_8;
  assign n10 = ~ amount_2[2];
  assign n12 = | shifted_by_8[24:21];
  assign lost_by_4 = n10 & n12;
  assign { n13[20:19], shifted_by_2 } = amount_3[1] ? { 2'h0, shifted_3[20:2] } : shifted_3;
  assign n14 = ~ amount_3[1];
  assign n16 = | shifted_3[20:19];
  assign lost_by_2 = n14 & n16;
  assign { n17[18], shifted_by_1 } = amount_4 ? { 1'h0, shifted_4[18:1] } : shifted_4;
  assign n18 = ~ amount_4;
  assign lost_by_1 = n18 & shifted_4[18];
  assign n21 = shifted_by_1 ^ { {18{sign_4}} };
  assign { rounded, n22[0] } = $signed({ sign_4, n21 }) + $signed({ zero_point, 1'h1 });
  assign room = limit_6[14:0] - total_6;
  assign n24 = $signed(acc_0) * $signed({ 1'h0, multiplier_0 });
  assign n25 = shift_base + shift_0;
  assign n27 = amount_1[5] ? product_1[32:31] : n26[1:0];
  assign n28 = n27 ^ { {2{product_1[33]}} };
  assign n26 = amount_1[4] ? product_1[32:15] : { product_1[16:0], 1'h0 };
  assign n30 = n26[17:2] ^ { {16{product_1[33]}} };
  assign n31 = amount_1[4] | amount_1[5];
  assign n34 = ~ amount_1[5];
  assign n40 = ~ amount_1[4];
  assign n41 = n34 & n40;
  assign n42 = product_1[32] ^ product_1[33];
  assign n44 = n41 & n42;
  assign n46 = overflow_2 | lost_by_8;
  assign n47 = n46 | lost_by_4;
  assign n48 = overflow_3 | lost_by_2;
  assign n50 = overflow_4 | lost_by_1;
  assign n52 = n50 ? sign_4 : rounded[18];
  assign n53 = negative_5 ? low : high;
  assign n54 = total_5[18:15] ^ { {4{negative_5}} };
  assign n55 = | n54;
  assign n56 = overflow_5 | n55;
  assign n57 = room[15] ^ negative_6;
  assign n58 = overflow_6 | n57;
  assign n59 = ~ limit_6[15];
  assign n60 = negative_6 & n59;
  assign n61 = n58 | n60;
  assign n63 = $signed(n62) + $signed(residual_7);
  assign n62 = beyond_7 ? limit_7 : total_7;
  assign n65 = signs_8[0] == signs_8[1];
  assign n66 = signs_8[0] != sum_8[15];
  assign n67 = n65 & n66;
  assign n68 = ~ signs_8[0];
  assign n83 = n67 ? { signs_8[0], n68, n68, n68, n68, n68, n68, n68, n68, n68, n68, n68, n68, n68, n68, n68 } : sum_8;
  always @(posedge clk) begin
    if (!add) begin
      residual_0 <= 16'h0000;
    end else begin
      if (enable[0]) residual_0 <= i[70:55];
    end
    if (enable[0]) begin
      acc_0 <= acc;
      multiplier_0 <= i[51:36];
      shift_0 <= i[54:52];
    end
    if (enable[1]) begin
      amount_1 <= n25[5:0];
      product_1 <= n24;
      residual_1 <= residual_0;
    end
    if (enable[2]) begin
      amount_2 <= amount_1[3:0];
      nearest_2 <= n28;
      overflow_2 <= n44;
      residual_2 <= residual_1;
      sign_2 <= product_1[33];
      if (amount_1[5]) near_2 <= 16'h0000;
      else near_2 <= n30;
      if (n31) far_2 <= 16'h0000;
      else far_2 <= { product_1[33], product_1[31:17] };
    end
    if (enable[3]) begin
      amount_3 <= amount_2[1:0];
      overflow_3 <= n47;
      residual_3 <= residual_2;
      shifted_3 <= shifted_by_4;
      sign_3 <= sign_2;
    end
    if (enable[4]) begin
      amount_4 <= amount_3[0];
      overflow_4 <= n48;
      residual_4 <= residual_3;
      shifted_4 <= shifted_by_2;
      sign_4 <= sign_3;
    end
    if (enable[5]) begin
      negative_5 <= n52;
      overflow_5 <= n50;
      residual_5 <= residual_4;
      total_5 <= rounded;
    end
    if (enable[6]) begin
      limit_6 <= n53;
      negative_6 <= negative_5;
      overflow_6 <= n56;
      residual_6 <= residual_5;
      total_6 <= total_5[14:0];
    end
    if (enable[7]) begin
      beyond_7 <= n61;
      limit_7 <= limit_6;
      residual_7 <= residual_6;
      total_7 <= { negative_6, total_6 };
    end
    if (enable[8]) begin
      signs_8 <= { residual_7[15], n62[15] };
      sum_8 <= n63[15:0];
    end
    if (enable[9]) value_9 <= n83;
  end
  assign n1[17:0] = acc;
  assign n13[18:0] = shifted_by_2;
  assign n17[17:0] = shifted_by_1;
  assign n22[19:1] = rounded;
  assign n4[24:0] = shifted_by_8;
  assign n9[20:0] = shifted_by_4;
  assign o = { 84'h000000000000000000000, value_9 };
endmodule

// epilogue_l2_axis: sums of a matmul to codes, logits or the residual stream, and statistics of each row.
//
// Parameters: lanes=2, acc_width=18, multiplier_width=16, width=16
// Latency 10 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                        clock of all ports
//   input  aresetn                     synchronous reset, active low
//   input  s_axis_tdata      [143:0]   lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid               a beat is offered
//   output s_axis_tready               a beat is taken
//   input  s_axis_tlast                the row's last beat
//   output m_axis_tdata      [31:0]    lanes, lane 0 in the least significant bits
//   output m_axis_tvalid               a beat is offered
//   input  m_axis_tready               a beat is taken
//   output m_axis_tlast                the row's last beat
//   output m_axis_row_tdata  [87:0]    lanes, lane 0 in the least significant bits
//   output m_axis_row_tvalid           a beat is offered
//   input  m_axis_row_tready           a beat is taken
//   output m_axis_row_tlast            the row's last beat
//   input  shift_base        [5:0]     configuration: smallest shift
//   input  zero_point        [16:0]    configuration: zero point of the results, two's complement
//   input  low               [15:0]    configuration: least result before the residual stream, two's complement
//   input  high              [15:0]    configuration: largest result before the residual stream, two's complement
//   input  add                         configuration: 1: the residual stream is added
//
// s_axis_tdata: 2 lanes of 71 bits, lane 0 lowest:
//   [71*n + 0 +: 18]       acc, two's complement
//   [71*n + 18 +: 18]      bias, two's complement
//   [71*n + 36 +: 16]      multiplier, unsigned
//   [71*n + 52 +: 3]       shift, unsigned
//   [71*n + 55 +: 16]      stream, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// m_axis_tdata: 2 lanes of 16 bits, lane 0 lowest:
//   [16*n + 0 +: 16]       value, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// m_axis_row_tdata: 1 lanes of 84 bits, lane 0 lowest:
//   [84*n + 0 +: 16]       maximum, two's complement
//   [84*n + 16 +: 27]      sum, two's complement
//   [84*n + 43 +: 41]      squares, unsigned
//   Rows: each begins a beat, last marks its last beat.
//

module epilogue_l2_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, m_axis_tready, m_axis_row_tready, shift_base, zero_point, low, high, add, s_axis_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, m_axis_row_tdata, m_axis_row_tvalid, m_axis_row_tlast, aclk);
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 aclk CLK" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF s_axis:m_axis_row:m_axis, ASSOCIATED_RESET aresetn" *)
  input aclk;
  wire aclk;
  input add;
  wire add;
  (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 aresetn RST" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW" *)
  input aresetn;
  wire aresetn;
  input [15:0] high;
  wire [15:0] high;
  wire i_ready;
  wire i_valid;
  input [15:0] low;
  wire [15:0] low;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis_row TDATA" *)
  output [87:0] m_axis_row_tdata;
  wire [87:0] m_axis_row_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis_row TLAST" *)
  output m_axis_row_tlast;
  wire m_axis_row_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis_row TREADY" *)
  input m_axis_row_tready;
  wire m_axis_row_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis_row TVALID" *)
  output m_axis_row_tvalid;
  wire m_axis_row_tvalid;
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
  wire o_row_valid;
  wire o_valid;
  wire rst;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TDATA" *)
  input [143:0] s_axis_tdata;
  wire [143:0] s_axis_tdata;
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
  input [16:0] zero_point;
  wire [16:0] zero_point;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  assign m_axis_row_tvalid = o_row_valid & aresetn;
  epilogue_l2 unit (
    .add(add),
    .clk(aclk),
    .high(high),
    .i__payload({ s_axis_tlast, s_axis_tdata[141:0] }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .low(low),
    .o__payload({ m_axis_tlast, m_axis_tdata }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .o_row__payload({ m_axis_row_tlast, m_axis_row_tdata[83:0] }),
    .o_row__ready(m_axis_row_tready),
    .o_row__valid(o_row_valid),
    .rst(rst),
    .shift_base(shift_base),
    .zero_point(zero_point)
  );
  assign m_axis_row_tdata[87:84] = 4'h0;
endmodule
