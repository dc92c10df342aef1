// attention_value_l2: logsqrt2 codes times v, by shifts into two sums, to codes.
//
// Parameters: lanes=2, rows=4, bits=4, zero_code=top, value_bits=4, acc_width=14, output_bits=4
// Latency 12 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i, i_codes and o: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         value, unsigned
//   Rows: each begins a beat, last marks its last beat.
//
// i_codes__payload: 4 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//   Rows: each begins a beat, last marks its last beat.
//
// o__payload: 1 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         result, unsigned
//   Rows: each begins a beat, last marks its last beat.
//

module attention_value_l2(i__valid, i_codes__payload, i_codes__valid, o__ready, v_zero_point, multiplier_even, multiplier_odd, shift, zero_point, clk, rst, i__ready, i_codes__ready, o__payload, o__valid, i__payload);
  input clk;
  wire clk;
  wire [5:0] enable;
  input [8:0] i__payload;
  wire [8:0] i__payload;
  wire [28:0] i__payload_20;
  output i__ready;
  wire i__ready;
  wire i__ready_17;
  wire i__ready_25;
  input i__valid;
  wire i__valid;
  wire i__valid_16;
  wire i__valid_22;
  wire i__valid_26;
  input [16:0] i_codes__payload;
  wire [16:0] i_codes__payload;
  output i_codes__ready;
  wire i_codes__ready;
  input i_codes__valid;
  wire i_codes__valid;
  input [16:0] multiplier_even;
  wire [16:0] multiplier_even;
  input [16:0] multiplier_odd;
  wire [16:0] multiplier_odd;
  wire [3:0] o;
  output [4:0] o__payload;
  wire [4:0] o__payload;
  wire [28:0] o__payload_29;
  wire o__payload_33;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  input rst;
  wire rst;
  input [5:0] shift;
  wire [5:0] shift;
  input [4:0] v_zero_point;
  wire [4:0] v_zero_point;
  input [4:0] zero_point;
  wire [4:0] zero_point;
  assign i__valid_16 = i__valid & i_codes__valid;
  assign i__ready = i__ready_17 & i_codes__valid;
  assign i_codes__ready = i__ready_17 & i__valid;
  attention_value_l2_array array (
    .clk(clk),
    .i__payload({ i__payload[8], i_codes__payload[15:0], i__payload[7:0] }),
    .i__valid(i__valid_16),
    .moves(i__ready_17),
    .o__payload(i__payload_20),
    .o__ready(i__ready_25),
    .o__valid(i__valid_22),
    .rst(rst),
    .v_zero_point(v_zero_point)
  );
  attention_value_l2_buffer buffer (
    .clk(clk),
    .i__payload(i__payload_20),
    .i__ready(i__ready_25),
    .i__valid(i__valid_22),
    .o__payload(o__payload_29),
    .o__ready(enable[0]),
    .o__valid(i__valid_26),
    .rst(rst)
  );
  attention_value_l2_control control (
    .clk(clk),
    .enable(enable),
    .i__payload(o__payload_29[28]),
    .i__valid(i__valid_26),
    .o__payload(o__payload_33),
    .o__ready(o__ready),
    .rst(rst),
    .valid_5(o__valid)
  );
  attention_value_l2_requantizer requantizer (
    .clk(clk),
    .code_5(o),
    .enable(enable),
    .i(o__payload_29[27:0]),
    .multiplier_even(multiplier_even),
    .multiplier_odd(multiplier_odd),
    .rst(rst),
    .shift(shift),
    .zero_point(zero_point)
  );
  assign o__payload = { o__payload_33, o };
endmodule

module attention_value_l2_array(clk, rst, i__valid, moves, o__ready, i__payload, o__payload, o__valid, v_zero_point);
  wire [5:0] n1;
  wire [4:0] n10;
  wire [5:0] n11;
  wire [4:0] n12;
  wire [5:0] n14;
  wire n15;
  wire n16;
  wire n17;
  wire [5:0] n2;
  wire [4:0] n3;
  wire [5:0] n5;
  wire [4:0] n6;
  wire [5:0] n8;
  wire [4:0] n9;
  wire add;
  reg [2:0] amount;
  initial amount = 3'h0;
  reg [2:0] amount_108;
  initial amount_108 = 3'h0;
  reg [2:0] amount_46;
  initial amount_46 = 3'h0;
  reg [2:0] amount_77;
  initial amount_77 = 3'h0;
  wire [2:0] amount_0;
  wire [2:0] amount_1;
  wire [2:0] amount_2;
  wire [2:0] amount_3;
  wire [4:0] centered_0;
  wire [4:0] centered_1;
  wire clear;
  wire clear_117;
  wire clear_37;
  wire clear_55;
  wire clear_68;
  wire clear_86;
  wire clear_99;
  input clk;
  wire clk;
  wire [13:0] even;
  wire [13:0] even_102;
  wire [13:0] even_120;
  wire [13:0] even_133;
  wire [13:0] even_40;
  wire [13:0] even_58;
  wire [13:0] even_71;
  wire [13:0] even_89;
  wire free;
  input [24:0] i__payload;
  wire [24:0] i__payload;
  input i__valid;
  wire i__valid;
  wire keep;
  reg [1:0] last;
  initial last = 2'h0;
  output moves;
  wire moves;
  reg none;
  initial none = 1'h0;
  reg none_110;
  initial none_110 = 1'h0;
  reg none_48;
  initial none_48 = 1'h0;
  reg none_79;
  initial none_79 = 1'h0;
  wire none_0;
  wire none_1;
  wire none_2;
  wire none_3;
  output [28:0] o__payload;
  wire [28:0] o__payload;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  wire [13:0] odd;
  wire [13:0] odd_104;
  wire [13:0] odd_122;
  wire [13:0] odd_135;
  wire [13:0] odd_42;
  wire [13:0] odd_60;
  wire [13:0] odd_73;
  wire [13:0] odd_91;
  reg odd_0_0;
  initial odd_0_0 = 1'h0;
  reg odd_0_1;
  initial odd_0_1 = 1'h0;
  reg odd_1_0;
  initial odd_1_0 = 1'h0;
  reg odd_1_1;
  initial odd_1_1 = 1'h0;
  reg odd_2_0;
  initial odd_2_0 = 1'h0;
  reg odd_2_1;
  initial odd_2_1 = 1'h0;
  reg odd_3_0;
  initial odd_3_0 = 1'h0;
  reg odd_3_1;
  initial odd_3_1 = 1'h0;
  input rst;
  wire rst;
  input [4:0] v_zero_point;
  wire [4:0] v_zero_point;
  reg [1:0] valid;
  initial valid = 2'h0;
  reg [4:0] value;
  initial value = 5'h00;
  reg [4:0] value_123;
  initial value_123 = 5'h00;
  reg whole;
  initial whole = 1'h0;
  assign moves = ~ whole;
  assign keep = whole & free;
  assign { n1[5], centered_0 } = i__payload[3:0] - v_zero_point;
  assign { n2[5], centered_1 } = i__payload[7:4] - v_zero_point;
  assign n3 = i__payload[11:8] + 1'h1;
  assign { n5[5:3], amount_0 } = 3'h7 - { 1'h0, n3[4:1] };
  assign none_0 = i__payload[11:8] > 4'he;
  assign n6 = i__payload[15:12] + 1'h1;
  assign { n8[5:3], amount_1 } = 3'h7 - { 1'h0, n6[4:1] };
  assign none_1 = i__payload[15:12] > 4'he;
  assign { n10[3:0], n9[0] } = i__payload[19:16] + 1'h1;
  assign { n11[5:3], amount_2 } = 3'h7 - { 1'h0, n10[3:0] };
  assign none_2 = i__payload[19:16] > 4'he;
  assign n12 = i__payload[23:20] + 1'h1;
  assign { n14[5:3], amount_3 } = 3'h7 - { 1'h0, n12[4:1] };
  assign none_3 = i__payload[23:20] > 4'he;
  assign add = valid[1] & moves;
  assign n15 = ~ free;
  assign n16 = valid[1] & last[1];
  assign n17 = whole ? n15 : n16;
  always @(posedge clk) begin
    if (!whole) begin
      amount <= amount_0;
      amount_46 <= amount_1;
      amount_77 <= amount_2;
      amount_108 <= amount_3;
      none <= none_0;
      none_48 <= none_1;
      none_79 <= none_2;
      none_110 <= none_3;
      odd_0_0 <= i__payload[8];
      odd_0_1 <= odd_0_0;
      odd_1_0 <= i__payload[12];
      odd_1_1 <= odd_1_0;
      odd_2_0 <= i__payload[16];
      odd_2_1 <= odd_2_0;
      odd_3_0 <= i__payload[20];
      odd_3_1 <= odd_3_0;
      value <= centered_0;
      value_123 <= centered_1;
    end
    if (rst) begin
      last <= 2'h0;
      valid <= 2'h0;
      whole <= 1'h0;
    end else begin
      whole <= n17;
      if (!whole) begin
        last <= { last[0], i__payload[24] };
        valid <= { valid[0], i__valid };
      end
    end
  end
  attention_value_l2_array_drain drain (
    .clear__0(clear),
    .clear__1(clear_37),
    .clear__2(clear_55),
    .clear__3(clear_68),
    .clear__4(clear_86),
    .clear__5(clear_99),
    .clear__6(clear_117),
    .clk(clk),
    .even__0(even),
    .even__1(even_40),
    .even__2(even_58),
    .even__3(even_71),
    .even__4(even_89),
    .even__5(even_102),
    .even__6(even_120),
    .even__7(even_133),
    .free(free),
    .keep(keep),
    .o__payload(o__payload),
    .o__ready(o__ready),
    .o__valid(o__valid),
    .odd__0(odd),
    .odd__1(odd_42),
    .odd__2(odd_60),
    .odd__3(odd_73),
    .odd__4(odd_91),
    .odd__5(odd_104),
    .odd__6(odd_122),
    .odd__7(odd_135),
    .rst(rst)
  );
  attention_value_l2_array_lane_0_0 lane_0_0 (
    .add(add),
    .amount(amount),
    .clear(clear),
    .clk(clk),
    .keep(keep),
    .kept_even(even),
    .kept_odd(odd),
    .moves(moves),
    .none(none),
    .parity(odd_0_1),
    .rst(rst),
    .value(value)
  );
  attention_value_l2_array_lane_0_1 lane_0_1 (
    .add(add),
    .amount(amount),
    .clear(clear_37),
    .clk(clk),
    .keep(keep),
    .kept_even(even_40),
    .kept_odd(odd_42),
    .moves(moves),
    .none(none),
    .parity(odd_0_1),
    .rst(rst),
    .value(value_123)
  );
  attention_value_l2_array_lane_1_0 lane_1_0 (
    .add(add),
    .amount(amount_46),
    .clear(clear_55),
    .clk(clk),
    .keep(keep),
    .kept_even(even_58),
    .kept_odd(odd_60),
    .moves(moves),
    .none(none_48),
    .parity(odd_1_1),
    .rst(rst),
    .value(value)
  );
  attention_value_l2_array_lane_1_1 lane_1_1 (
    .add(add),
    .amount(amount_46),
    .clear(clear_68),
    .clk(clk),
    .keep(keep),
    .kept_even(even_71),
    .kept_odd(odd_73),
    .moves(moves),
    .none(none_48),
    .parity(odd_1_1),
    .rst(rst),
    .value(value_123)
  );
  attention_value_l2_array_lane_2_0 lane_2_0 (
    .add(add),
    .amount(amount_77),
    .clear(clear_86),
    .clk(clk),
    .keep(keep),
    .kept_even(even_89),
    .kept_odd(odd_91),
    .moves(moves),
    .none(none_79),
    .parity(odd_2_1),
    .rst(rst),
    .value(value)
  );
  attention_value_l2_array_lane_2_1 lane_2_1 (
    .add(add),
    .amount(amount_77),
    .clear(clear_99),
    .clk(clk),
    .keep(keep),
    .kept_even(even_102),
    .kept_odd(odd_104),
    .moves(moves),
    .none(none_79),
    .parity(odd_2_1),
    .rst(rst),
    .value(value_123)
  );
  attention_value_l2_array_lane_3_0 lane_3_0 (
    .add(add),
    .amount(amount_108),
    .clear(clear_117),
    .clk(clk),
    .keep(keep),
    .kept_even(even_120),
    .kept_odd(odd_122),
    .moves(moves),
    .none(none_110),
    .parity(odd_3_1),
    .rst(rst),
    .value(value)
  );
  attention_value_l2_array_lane_3_1 lane_3_1 (
    .add(add),
    .amount(amount_108),
    .clk(clk),
    .keep(keep),
    .kept_even(even_133),
    .kept_odd(odd_135),
    .moves(moves),
    .none(none_110),
    .parity(odd_3_1),
    .rst(rst),
    .value(value_123)
  );
  assign n1[4:0] = centered_0;
  assign n10[4] = 1'h0;
  assign n11[2:0] = amount_2;
  assign n14[2:0] = amount_3;
  assign n2[4:0] = centered_1;
  assign n5[2:0] = amount_0;
  assign n8[2:0] = amount_1;
  assign n9[4:1] = n10[3:0];
endmodule

module attention_value_l2_array_drain(rst, keep, free, clear__0, clear__1, clear__2, clear__3, clear__4, clear__5, clear__6, o__ready, o__payload, o__valid, even__0, odd__0, even__1, odd__1, even__2, odd__2, even__3, odd__3
, even__4, odd__4, even__5, odd__5, even__6, odd__6, even__7, odd__7, clk);
  wire n1;
  wire [13:0] n10;
  wire n12;
  wire [8:0] n14;
  wire n15;
  wire n16;
  wire n17;
  wire [13:0] n18;
  wire [13:0] n19;
  wire [13:0] n2;
  wire [13:0] n20;
  wire [13:0] n21;
  wire [13:0] n23;
  wire [13:0] n24;
  wire [13:0] n25;
  wire [13:0] n26;
  wire [13:0] n27;
  wire [13:0] n28;
  wire [13:0] n29;
  wire [13:0] n30;
  wire [13:0] n31;
  wire [13:0] n5;
  output clear__0;
  wire clear__0;
  output clear__1;
  wire clear__1;
  output clear__2;
  wire clear__2;
  output clear__3;
  wire clear__3;
  output clear__4;
  wire clear__4;
  output clear__5;
  wire clear__5;
  output clear__6;
  wire clear__6;
  input clk;
  wire clk;
  reg draining;
  initial draining = 1'h0;
  input [13:0] even__0;
  wire [13:0] even__0;
  input [13:0] even__1;
  wire [13:0] even__1;
  input [13:0] even__2;
  wire [13:0] even__2;
  input [13:0] even__3;
  wire [13:0] even__3;
  input [13:0] even__4;
  wire [13:0] even__4;
  input [13:0] even__5;
  wire [13:0] even__5;
  input [13:0] even__6;
  wire [13:0] even__6;
  input [13:0] even__7;
  wire [13:0] even__7;
  reg [13:0] even_left;
  initial even_left = 14'h0000;
  reg [13:0] even_of_row_0;
  initial even_of_row_0 = 14'h0000;
  reg [13:0] even_of_row_1;
  initial even_of_row_1 = 14'h0000;
  reg [13:0] even_of_row_2;
  initial even_of_row_2 = 14'h0000;
  reg [13:0] even_of_row_3;
  initial even_of_row_3 = 14'h0000;
  output free;
  wire free;
  input keep;
  wire keep;
  reg [1:0] last;
  initial last = 2'h0;
  wire moves;
  output [28:0] o__payload;
  wire [28:0] o__payload;
  wire [13:0] o__payload_even;
  wire [13:0] o__payload_odd;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  input [13:0] odd__0;
  wire [13:0] odd__0;
  input [13:0] odd__1;
  wire [13:0] odd__1;
  input [13:0] odd__2;
  wire [13:0] odd__2;
  input [13:0] odd__3;
  wire [13:0] odd__3;
  input [13:0] odd__4;
  wire [13:0] odd__4;
  input [13:0] odd__5;
  wire [13:0] odd__5;
  input [13:0] odd__6;
  wire [13:0] odd__6;
  input [13:0] odd__7;
  wire [13:0] odd__7;
  reg [13:0] odd_left;
  initial odd_left = 14'h0000;
  reg [13:0] odd_of_row_0;
  initial odd_of_row_0 = 14'h0000;
  reg [13:0] odd_of_row_1;
  initial odd_of_row_1 = 14'h0000;
  reg [13:0] odd_of_row_2;
  initial odd_of_row_2 = 14'h0000;
  reg [13:0] odd_of_row_3;
  initial odd_of_row_3 = 14'h0000;
  input rst;
  wire rst;
  reg [7:0] turn;
  initial turn = 8'h00;
  reg [1:0] valid;
  initial valid = 2'h0;
  assign n1 = ~ valid[1];
  assign moves = n1 | o__ready;
  assign free = ~ draining;
  assign clear__0 = turn[0] & moves;
  assign clear__1 = turn[1] & moves;
  assign clear__2 = turn[2] & moves;
  assign clear__3 = turn[3] & moves;
  assign clear__4 = turn[4] & moves;
  assign clear__5 = turn[5] & moves;
  assign clear__6 = turn[6] & moves;
  assign n5 = last[1] ? 14'h0000 : n24;
  assign o__payload_even = even_left ^ n5;
  assign n10 = last[1] ? 14'h0000 : n31;
  assign o__payload_odd = odd_left ^ n10;
  assign n12 = keep | moves;
  assign n14 = keep ? 9'h001 : { turn, 1'h0 };
  assign n15 = ~ turn[7];
  assign n16 = draining & n15;
  assign n17 = keep | n16;
  assign n18 = even__0 ^ even__1;
  assign n19 = even__2 ^ even__3;
  assign n20 = even__4 ^ even__5;
  assign n21 = even__6 ^ even__7;
  assign n2 = even_of_row_0 ^ even_of_row_1;
  assign n23 = n2 ^ even_of_row_2;
  assign n24 = n23 ^ even_of_row_3;
  assign n25 = odd__0 ^ odd__1;
  assign n26 = odd__2 ^ odd__3;
  assign n27 = odd__4 ^ odd__5;
  assign n28 = odd__6 ^ odd__7;
  assign n29 = odd_of_row_0 ^ odd_of_row_1;
  assign n30 = n29 ^ odd_of_row_2;
  assign n31 = n30 ^ odd_of_row_3;
  always @(posedge clk) begin
    if (moves) begin
      even_left <= n24;
      even_of_row_0 <= n18;
      even_of_row_1 <= n19;
      even_of_row_2 <= n20;
      even_of_row_3 <= n21;
      odd_left <= n31;
      odd_of_row_0 <= n25;
      odd_of_row_1 <= n26;
      odd_of_row_2 <= n27;
      odd_of_row_3 <= n28;
    end
    if (rst) begin
      draining <= 1'h0;
      last <= 2'h0;
      turn <= 8'h00;
      valid <= 2'h0;
    end else begin
      if (moves) begin
        last <= { last[0], turn[7] };
        valid <= { valid[0], draining };
      end
      if (n12) begin
        draining <= n17;
        turn <= n14[7:0];
      end
    end
  end
  assign o__payload = { last[1], o__payload_odd, o__payload_even };
  assign o__valid = valid[1];
endmodule

module attention_value_l2_array_lane_0_0(rst, moves, keep, add, clear, value, amount, none, parity, kept_even, kept_odd, clk);
  wire [11:0] n1;
  wire n3;
  wire n4;
  wire n5;
  wire [13:0] n6;
  wire [14:0] n7;
  wire n391;
  input add;
  wire add;
  wire [13:0] after;
  input [2:0] amount;
  wire [2:0] amount;
  input clear;
  wire clear;
  input clk;
  wire clk;
  input keep;
  wire keep;
  output [13:0] kept_even;
  reg [13:0] kept_even;
  initial kept_even = 14'h0000;
  output [13:0] kept_odd;
  reg [13:0] kept_odd;
  initial kept_odd = 14'h0000;
  input moves;
  wire moves;
  input none;
  wire none;
  input parity;
  wire parity;
  input rst;
  wire rst;
  reg [13:0] sum_even;
  initial sum_even = 14'h0000;
  reg [13:0] sum_odd;
  initial sum_odd = 14'h0000;
  reg [11:0] term;
  initial term = 12'h000;
  input [4:0] value;
  wire [4:0] value;
  assign n1 = $signed(value) << amount;
  assign n3 = ~ parity;
  assign n4 = add & n3;
  assign n5 = add & parity;
  assign n6 = parity ? sum_odd : sum_even;
  assign { n7[14], after } = $signed(n6) + $signed(term);
  always @(posedge clk) begin
    if (clear) begin
      kept_even <= 14'h0000;
      kept_odd <= 14'h0000;
    end else begin
      if (keep) begin
        kept_even <= sum_even;
        kept_odd <= sum_odd;
      end
    end
    if (moves) begin
      if (none) term <= 12'h000;
      else term <= n1;
    end
    if (n391) begin
      sum_even <= 14'h0000;
      sum_odd <= 14'h0000;
    end else begin
      if (n4) sum_even <= after;
      if (n5) sum_odd <= after;
    end
  end
  assign n391 = | { rst, keep };
  assign n7[13:0] = after;
endmodule

module attention_value_l2_array_lane_0_1(rst, moves, keep, add, clear, value, amount, none, parity, kept_even, kept_odd, clk);
  wire [11:0] n1;
  wire n3;
  wire n4;
  wire n5;
  wire [13:0] n6;
  wire [14:0] n7;
  wire n405;
  input add;
  wire add;
  wire [13:0] after;
  input [2:0] amount;
  wire [2:0] amount;
  input clear;
  wire clear;
  input clk;
  wire clk;
  input keep;
  wire keep;
  output [13:0] kept_even;
  reg [13:0] kept_even;
  initial kept_even = 14'h0000;
  output [13:0] kept_odd;
  reg [13:0] kept_odd;
  initial kept_odd = 14'h0000;
  input moves;
  wire moves;
  input none;
  wire none;
  input parity;
  wire parity;
  input rst;
  wire rst;
  reg [13:0] sum_even;
  initial sum_even = 14'h0000;
  reg [13:0] sum_odd;
  initial sum_odd = 14'h0000;
  reg [11:0] term;
  initial term = 12'h000;
  input [4:0] value;
  wire [4:0] value;
  assign n1 = $signed(value) << amount;
  assign n3 = ~ parity;
  assign n4 = add & n3;
  assign n5 = add & parity;
  assign n6 = parity ? sum_odd : sum_even;
  assign { n7[14], after } = $signed(n6) + $signed(term);
  always @(posedge clk) begin
    if (clear) begin
      kept_even <= 14'h0000;
      kept_odd <= 14'h0000;
    end else begin
      if (keep) begin
        kept_even <= sum_even;
        kept_odd <= sum_odd;
      end
    end
    if (moves) begin
      if (none) term <= 12'h000;
      else term <= n1;
    end
    if (n405) begin
      sum_even <= 14'h0000;
      sum_odd <= 14'h0000;
    end else begin
      if (n4) sum_even <= after;
      if (n5) sum_odd <= after;
    end
  end
  assign n405 = | { rst, keep };
  assign n7[13:0] = after;
endmodule

module attention_value_l2_array_lane_1_0(rst, moves, keep, add, clear, value, amount, none, parity, kept_even, kept_odd, clk);
  wire [11:0] n1;
  wire n3;
  wire n4;
  wire n5;
  wire [13:0] n6;
  wire [14:0] n7;
  wire n419;
  input add;
  wire add;
  wire [13:0] after;
  input [2:0] amount;
  wire [2:0] amount;
  input clear;
  wire clear;
  input clk;
  wire clk;
  input keep;
  wire keep;
  output [13:0] kept_even;
  reg [13:0] kept_even;
  initial kept_even = 14'h0000;
  output [13:0] kept_odd;
  reg [13:0] kept_odd;
  initial kept_odd = 14'h0000;
  input moves;
  wire moves;
  input none;
  wire none;
  input parity;
  wire parity;
  input rst;
  wire rst;
  reg [13:0] sum_even;
  initial sum_even = 14'h0000;
  reg [13:0] sum_odd;
  initial sum_odd = 14'h0000;
  reg [11:0] term;
  initial term = 12'h000;
  input [4:0] value;
  wire [4:0] value;
  assign n1 = $signed(value) << amount;
  assign n3 = ~ parity;
  assign n4 = add & n3;
  assign n5 = add & parity;
  assign n6 = parity ? sum_odd : sum_even;
  assign { n7[14], after } = $signed(n6) + $signed(term);
  always @(posedge clk) begin
    if (clear) begin
      kept_even <= 14'h0000;
      kept_odd <= 14'h0000;
    end else begin
      if (keep) begin
        kept_even <= sum_even;
        kept_odd <= sum_odd;
      end
    end
    if (moves) begin
      if (none) term <= 12'h000;
      else term <= n1;
    end
    if (n419) begin
      sum_even <= 14'h0000;
      sum_odd <= 14'h0000;
    end else begin
      if (n4) sum_even <= after;
      if (n5) sum_odd <= after;
    end
  end
  assign n419 = | { rst, keep };
  assign n7[13:0] = after;
endmodule

module attention_value_l2_array_lane_1_1(rst, moves, keep, add, clear, value, amount, none, parity, kept_even, kept_odd, clk);
  wire [11:0] n1;
  wire n3;
  wire n4;
  wire n5;
  wire [13:0] n6;
  wire [14:0] n7;
  wire n433;
  input add;
  wire add;
  wire [13:0] after;
  input [2:0] amount;
  wire [2:0] amount;
  input clear;
  wire clear;
  input clk;
  wire clk;
  input keep;
  wire keep;
  output [13:0] kept_even;
  reg [13:0] kept_even;
  initial kept_even = 14'h0000;
  output [13:0] kept_odd;
  reg [13:0] kept_odd;
  initial kept_odd = 14'h0000;
  input moves;
  wire moves;
  input none;
  wire none;
  input parity;
  wire parity;
  input rst;
  wire rst;
  reg [13:0] sum_even;
  initial sum_even = 14'h0000;
  reg [13:0] sum_odd;
  initial sum_odd = 14'h0000;
  reg [11:0] term;
  initial term = 12'h000;
  input [4:0] value;
  wire [4:0] value;
  assign n1 = $signed(value) << amount;
  assign n3 = ~ parity;
  assign n4 = add & n3;
  assign n5 = add & parity;
  assign n6 = parity ? sum_odd : sum_even;
  assign { n7[14], after } = $signed(n6) + $signed(term);
  always @(posedge clk) begin
    if (clear) begin
      kept_even <= 14'h0000;
      kept_odd <= 14'h0000;
    end else begin
      if (keep) begin
        kept_even <= sum_even;
        kept_odd <= sum_odd;
      end
    end
    if (moves) begin
      if (none) term <= 12'h000;
      else term <= n1;
    end
    if (n433) begin
      sum_even <= 14'h0000;
      sum_odd <= 14'h0000;
    end else begin
      if (n4) sum_even <= after;
      if (n5) sum_odd <= after;
    end
  end
  assign n433 = | { rst, keep };
  assign n7[13:0] = after;
endmodule

module attention_value_l2_array_lane_2_0(rst, moves, keep, add, clear, value, amount, none, parity, kept_even, kept_odd, clk);
  wire [11:0] n1;
  wire n3;
  wire n4;
  wire n5;
  wire [13:0] n6;
  wire [14:0] n7;
  wire n447;
  input add;
  wire add;
  wire [13:0] after;
  input [2:0] amount;
  wire [2:0] amount;
  input clear;
  wire clear;
  input clk;
  wire clk;
  input keep;
  wire keep;
  output [13:0] kept_even;
  reg [13:0] kept_even;
  initial kept_even = 14'h0000;
  output [13:0] kept_odd;
  reg [13:0] kept_odd;
  initial kept_odd = 14'h0000;
  input moves;
  wire moves;
  input none;
  wire none;
  input parity;
  wire parity;
  input rst;
  wire rst;
  reg [13:0] sum_even;
  initial sum_even = 14'h0000;
  reg [13:0] sum_odd;
  initial sum_odd = 14'h0000;
  reg [11:0] term;
  initial term = 12'h000;
  input [4:0] value;
  wire [4:0] value;
  assign n1 = $signed(value) << amount;
  assign n3 = ~ parity;
  assign n4 = add & n3;
  assign n5 = add & parity;
  assign n6 = parity ? sum_odd : sum_even;
  assign { n7[14], after } = $signed(n6) + $signed(term);
  always @(posedge clk) begin
    if (clear) begin
      kept_even <= 14'h0000;
      kept_odd <= 14'h0000;
    end else begin
      if (keep) begin
        kept_even <= sum_even;
        kept_odd <= sum_odd;
      end
    end
    if (moves) begin
      if (none) term <= 12'h000;
      else term <= n1;
    end
    if (n447) begin
      sum_even <= 14'h0000;
      sum_odd <= 14'h0000;
    end else begin
      if (n4) sum_even <= after;
      if (n5) sum_odd <= after;
    end
  end
  assign n447 = | { rst, keep };
  assign n7[13:0] = after;
endmodule

module attention_value_l2_array_lane_2_1(rst, moves, keep, add, clear, value, amount, none, parity, kept_even, kept_odd, clk);
  wire [11:0] n1;
  wire n3;
  wire n4;
  wire n5;
  wire [13:0] n6;
  wire [14:0] n7;
  wire n461;
  input add;
  wire add;
  wire [13:0] after;
  input [2:0] amount;
  wire [2:0] amount;
  input clear;
  wire clear;
  input clk;
  wire clk;
  input keep;
  wire keep;
  output [13:0] kept_even;
  reg [13:0] kept_even;
  initial kept_even = 14'h0000;
  output [13:0] kept_odd;
  reg [13:0] kept_odd;
  initial kept_odd = 14'h0000;
  input moves;
  wire moves;
  input none;
  wire none;
  input parity;
  wire parity;
  input rst;
  wire rst;
  reg [13:0] sum_even;
  initial sum_even = 14'h0000;
  reg [13:0] sum_odd;
  initial sum_odd = 14'h0000;
  reg [11:0] term;
  initial term = 12'h000;
  input [4:0] value;
  wire [4:0] value;
  assign n1 = $signed(value) << amount;
  assign n3 = ~ parity;
  assign n4 = add & n3;
  assign n5 = add & parity;
  assign n6 = parity ? sum_odd : sum_even;
  assign { n7[14], after } = $signed(n6) + $signed(term);
  always @(posedge clk) begin
    if (clear) begin
      kept_even <= 14'h0000;
      kept_odd <= 14'h0000;
    end else begin
      if (keep) begin
        kept_even <= sum_even;
        kept_odd <= sum_odd;
      end
    end
    if (moves) begin
      if (none) term <= 12'h000;
      else term <= n1;
    end
    if (n461) begin
      sum_even <= 14'h0000;
      sum_odd <= 14'h0000;
    end else begin
      if (n4) sum_even <= after;
      if (n5) sum_odd <= after;
    end
  end
  assign n461 = | { rst, keep };
  assign n7[13:0] = after;
endmodule

module attention_value_l2_array_lane_3_0(rst, moves, keep, add, clear, value, amount, none, parity, kept_even, kept_odd, clk);
  wire [11:0] n1;
  wire n3;
  wire n4;
  wire n5;
  wire [13:0] n6;
  wire [14:0] n7;
  wire n475;
  input add;
  wire add;
  wire [13:0] after;
  input [2:0] amount;
  wire [2:0] amount;
  input clear;
  wire clear;
  input clk;
  wire clk;
  input keep;
  wire keep;
  output [13:0] kept_even;
  reg [13:0] kept_even;
  initial kept_even = 14'h0000;
  output [13:0] kept_odd;
  reg [13:0] kept_odd;
  initial kept_odd = 14'h0000;
  input moves;
  wire moves;
  input none;
  wire none;
  input parity;
  wire parity;
  input rst;
  wire rst;
  reg [13:0] sum_even;
  initial sum_even = 14'h0000;
  reg [13:0] sum_odd;
  initial sum_odd = 14'h0000;
  reg [11:0] term;
  initial term = 12'h000;
  input [4:0] value;
  wire [4:0] value;
  assign n1 = $signed(value) << amount;
  assign n3 = ~ parity;
  assign n4 = add & n3;
  assign n5 = add & parity;
  assign n6 = parity ? sum_odd : sum_even;
  assign { n7[14], after } = $signed(n6) + $signed(term);
  always @(posedge clk) begin
    if (clear) begin
      kept_even <= 14'h0000;
      kept_odd <= 14'h0000;
    end else begin
      if (keep) begin
        kept_even <= sum_even;
        kept_odd <= sum_odd;
      end
    end
    if (moves) begin
      if (none) term <= 12'h000;
      else term <= n1;
    end
    if (n475) begin
      sum_even <= 14'h0000;
      sum_odd <= 14'h0000;
    end else begin
      if (n4) sum_even <= after;
      if (n5) sum_odd <= after;
    end
  end
  assign n475 = | { rst, keep };
  assign n7[13:0] = after;
endmodule

module attention_value_l2_array_lane_3_1(rst, moves, keep, add, value, amount, none, parity, kept_even, kept_odd, clk);
  wire [11:0] n1;
  wire n3;
  wire n4;
  wire n5;
  wire [13:0] n6;
  wire [14:0] n7;
  wire n488;
  input add;
  wire add;
  wire [13:0] after;
  input [2:0] amount;
  wire [2:0] amount;
  input clk;
  wire clk;
  input keep;
  wire keep;
  output [13:0] kept_even;
  reg [13:0] kept_even;
  initial kept_even = 14'h0000;
  output [13:0] kept_odd;
  reg [13:0] kept_odd;
  initial kept_odd = 14'h0000;
  input moves;
  wire moves;
  input none;
  wire none;
  input parity;
  wire parity;
  input rst;
  wire rst;
  reg [13:0] sum_even;
  initial sum_even = 14'h0000;
  reg [13:0] sum_odd;
  initial sum_odd = 14'h0000;
  reg [11:0] term;
  initial term = 12'h000;
  input [4:0] value;
  wire [4:0] value;
  assign n1 = $signed(value) << amount;
  assign n3 = ~ parity;
  assign n4 = add & n3;
  assign n5 = add & parity;
  assign n6 = parity ? sum_odd : sum_even;
  assign { n7[14], after } = $signed(n6) + $signed(term);
  always @(posedge clk) begin
    if (keep) begin
      kept_even <= sum_even;
      kept_odd <= sum_odd;
    end
    if (moves) begin
      if (none) term <= 12'h000;
      else term <= n1;
    end
    if (n488) begin
      sum_even <= 14'h0000;
      sum_odd <= 14'h0000;
    end else begin
      if (n4) sum_even <= after;
      if (n5) sum_odd <= after;
    end
  end
  assign n488 = | { rst, keep };
  assign n7[13:0] = after;
endmodule

module attention_value_l2_buffer(rst, i__ready, o__valid, o__payload, i__payload, i__valid, o__ready, clk);
  wire n1;
  wire n2;
  input clk;
  wire clk;
  reg full;
  initial full = 1'h0;
  input [28:0] i__payload;
  wire [28:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  output [28:0] o__payload;
  wire [28:0] o__payload;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  input rst;
  wire rst;
  reg [28:0] waiting;
  initial waiting = 29'h00000000;
  assign n2 = o__valid & n1;
  assign i__ready = ~ full;
  always @(posedge clk) begin
    waiting <= o__payload;
    if (rst) full <= 1'h0;
    else full <= n2;
  end
  assign o__valid = full | i__valid;
  assign n1 = ~ o__ready;
  assign o__payload = full ? waiting : i__payload;
endmodule

module attention_value_l2_control(clk, rst, i__valid, i__payload, enable, valid_5, o__payload, o__ready);
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

module attention_value_l2_requantizer(multiplier_odd, shift, zero_point, clk, rst, i, code_5, enable, multiplier_even);
  wire [30:0] n1;
  wire n10;
  wire n15;
  wire n16;
  wire [10:0] n17;
  wire n18;
  wire n19;
  wire [30:0] n2;
  wire n21;
  wire n22;
  wire n23;
  wire [3:0] n24;
  wire [4:0] n26;
  wire [20:0] n28;
  wire n29;
  wire [31:0] n3;
  wire n32;
  wire [12:0] n33;
  wire n34;
  wire n36;
  wire [8:0] n37;
  wire n38;
  wire n40;
  wire [6:0] n41;
  wire n42;
  wire [5:0] n45;
  wire [7:0] n46;
  wire n48;
  wire n50;
  wire n51;
  wire [15:0] n6;
  wire [15:0] n7;
  wire n8;
  wire above;
  reg [13:0] acc_even_0;
  initial acc_even_0 = 14'h0000;
  reg [13:0] acc_odd_0;
  initial acc_odd_0 = 14'h0000;
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
  reg [5:0] far_3;
  initial far_3 = 6'h00;
  input [27:0] i;
  wire [27:0] i;
  wire lost_by_1;
  wire lost_by_2;
  wire lost_by_4;
  wire lost_by_8;
  input [16:0] multiplier_even;
  wire [16:0] multiplier_even;
  reg [16:0] multiplier_even_0;
  initial multiplier_even_0 = 17'h00000;
  input [16:0] multiplier_odd;
  wire [16:0] multiplier_odd;
  reg [16:0] multiplier_odd_0;
  initial multiplier_odd_0 = 17'h00000;
  reg [15:0] near_3;
  initial near_3 = 16'h0000;
  reg overflow_3;
  initial overflow_3 = 1'h0;
  reg overflow_4;
  initial overflow_4 = 1'h0;
  reg [31:0] product_2;
  initial product_2 = 32'd0;
  reg [30:0] product_even_1;
  initial product_even_1 = 31'h00000000;
  reg [30:0] product_odd_1;
  initial product_odd_1 = 31'h00000000;
  input rst;
  wire rst;
  input [5:0] shift;
  wire [5:0] shift;
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
  assign { n28[20:13], shifted_by_8 } = amount_3[3] ? { 8'h00, n26, near_3[15:8] } : { n26, near_3 };
  assign n29 = ~ amount_3[3];
  assign n26 = far_3[4:0] ^ { {5{far_3[5]}} };
  assign n32 = | { near_3[15:13], n26 };
  assign lost_by_8 = n29 & n32;
  assign { n33[12:9], shifted_by_4 } = amount_3[2] ? { 4'h0, shifted_by_8[12:4] } : shifted_by_8;
  assign n34 = ~ amount_3[2];
  assign n36 = | shifted_by_8[12:9];
  assign lost_by_4 = n34 & n36;
  assign { n37[8:7], shifted_by_2 } = amount_3[1] ? { 2'h0, shifted_by_4[8:2] } : shifted_by_4;
  assign n38 = ~ amount_3[1];
  assign n40 = | shifted_by_4[8:7];
  assign lost_by_2 = n38 & n40;
  assign { n41[6], shifted_by_1 } = amount_4 ? { 1'h0, shifted_4[6:1] } : shifted_4;
  assign n42 = ~ amount_4;
  assign lost_by_1 = n42 & shifted_4[6];
  assign n45 = shifted_by_1 ^ { {6{sign_4}} };
  assign { total, n46[0] } = $signed({ sign_4, n45 }) + $signed({ zero_point, 1'h1 });
  assign below = n48 ? sign_4 : total[6];
  assign n48 = overflow_4 | lost_by_1;
  assign n50 = ~ sign_4;
  assign n51 = | total[6:4];
  assign above = n48 ? n50 : n51;
  assign n1 = $signed(acc_even_0) * $signed({ 1'h0, multiplier_even_0 });
  assign n2 = $signed(acc_odd_0) * $signed({ 1'h0, multiplier_odd_0 });
  assign n3 = $signed(product_even_1) + $signed(product_odd_1);
  assign n6 = amount_2[4] ? product_2[30:15] : { product_2[14:0], 1'h0 };
  assign n7 = n6 ^ { {16{product_2[31]}} };
  assign n8 = amount_2[4] | amount_2[5];
  assign n10 = ~ amount_2[5];
  assign n15 = ~ amount_2[4];
  assign n16 = n10 & n15;
  assign n17 = product_2[30:20] ^ { {11{product_2[31]}} };
  assign n18 = | n17;
  assign n19 = n16 & n18;
  assign n21 = overflow_3 | lost_by_8;
  assign n22 = n21 | lost_by_4;
  assign n23 = n22 | lost_by_2;
  assign n24 = total[3:0] | { {4{above}} };
  always @(posedge clk) begin
    if (enable[0]) begin
      acc_even_0 <= i[13:0];
      acc_odd_0 <= i[27:14];
      multiplier_even_0 <= multiplier_even;
      multiplier_odd_0 <= multiplier_odd;
    end
    if (enable[1]) begin
      product_even_1 <= n1;
      product_odd_1 <= n2;
    end
    if (enable[2]) begin
      amount_2 <= shift;
      product_2 <= n3;
    end
    if (enable[3]) begin
      amount_3 <= amount_2[3:0];
      overflow_3 <= n19;
      sign_3 <= product_2[31];
      if (amount_2[5]) near_3 <= 16'h0000;
      else near_3 <= n7;
      if (n8) far_3 <= 6'h00;
      else far_3 <= { product_2[31], product_2[19:15] };
    end
    if (enable[4]) begin
      amount_4 <= amount_3[0];
      overflow_4 <= n23;
      shifted_4 <= shifted_by_2;
      sign_4 <= sign_3;
    end
    if (enable[5]) begin
      if (below) code_5 <= 4'h0;
      else code_5 <= n24;
    end
  end
  assign n28[12:0] = shifted_by_8;
  assign n33[8:0] = shifted_by_4;
  assign n37[6:0] = shifted_by_2;
  assign n41[5:0] = shifted_by_1;
  assign n46[7:1] = total;
endmodule

// attention_value_l2_axis: logsqrt2 codes times v, by shifts into two sums, to codes.
//
// Parameters: lanes=2, rows=4, bits=4, zero_code=top, value_bits=4, acc_width=14, output_bits=4
// Latency 12 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                          clock of all ports
//   input  aresetn                       synchronous reset, active low
//   input  s_axis_tdata        [7:0]     lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid                 a beat is offered
//   output s_axis_tready                 a beat is taken
//   input  s_axis_tlast                  the row's last beat
//   input  s_axis_codes_tdata  [15:0]    lanes, lane 0 in the least significant bits
//   input  s_axis_codes_tvalid           a beat is offered
//   output s_axis_codes_tready           a beat is taken
//   input  s_axis_codes_tlast            the row's last beat
//   output m_axis_tdata        [7:0]     lanes, lane 0 in the least significant bits
//   output m_axis_tvalid                 a beat is offered
//   input  m_axis_tready                 a beat is taken
//   output m_axis_tlast                  the row's last beat
//   input  v_zero_point        [4:0]     configuration: zero point of v's codes
//   input  multiplier_even     [16:0]    configuration: M of the even sum
//   input  multiplier_odd      [16:0]    configuration: M of the odd sum
//   input  shift               [5:0]     configuration: shift of both products
//   input  zero_point          [4:0]     configuration: zero point of results, two's complement
//
// s_axis_tdata: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         value, unsigned
//   Rows: each begins a beat, last marks its last beat.
//
// s_axis_codes_tdata: 4 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//   Rows: each begins a beat, last marks its last beat.
//
// m_axis_tdata: 1 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         result, unsigned
//   Rows: each begins a beat, last marks its last beat.
//

module attention_value_l2_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, s_axis_codes_tdata, s_axis_codes_tvalid, s_axis_codes_tlast, m_axis_tready, v_zero_point, multiplier_even, multiplier_odd, shift, zero_point, s_axis_tready, s_axis_codes_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, aclk);
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 aclk CLK" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF s_axis_codes:s_axis:m_axis, ASSOCIATED_RESET aresetn" *)
  input aclk;
  wire aclk;
  (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 aresetn RST" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW" *)
  input aresetn;
  wire aresetn;
  wire i_codes_ready;
  wire i_codes_valid;
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
  input [16:0] multiplier_even;
  wire [16:0] multiplier_even;
  input [16:0] multiplier_odd;
  wire [16:0] multiplier_odd;
  wire o_valid;
  wire rst;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_codes TDATA" *)
  input [15:0] s_axis_codes_tdata;
  wire [15:0] s_axis_codes_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_codes TLAST" *)
  input s_axis_codes_tlast;
  wire s_axis_codes_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_codes TREADY" *)
  output s_axis_codes_tready;
  wire s_axis_codes_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_codes TVALID" *)
  input s_axis_codes_tvalid;
  wire s_axis_codes_tvalid;
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
  input [5:0] shift;
  wire [5:0] shift;
  input [4:0] v_zero_point;
  wire [4:0] v_zero_point;
  input [4:0] zero_point;
  wire [4:0] zero_point;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign i_codes_valid = s_axis_codes_tvalid & aresetn;
  assign s_axis_codes_tready = i_codes_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  attention_value_l2 unit (
    .clk(aclk),
    .i__payload({ s_axis_tlast, s_axis_tdata }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .i_codes__payload({ s_axis_codes_tlast, s_axis_codes_tdata }),
    .i_codes__ready(i_codes_ready),
    .i_codes__valid(i_codes_valid),
    .multiplier_even(multiplier_even),
    .multiplier_odd(multiplier_odd),
    .o__payload({ m_axis_tlast, m_axis_tdata[3:0] }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .rst(rst),
    .shift(shift),
    .v_zero_point(v_zero_point),
    .zero_point(zero_point)
  );
  assign m_axis_tdata[7:4] = 4'h0;
endmodule
