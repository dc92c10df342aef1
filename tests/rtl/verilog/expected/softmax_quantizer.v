// softmax_quantizer_l2: rows of logits to logsqrt2 codes of their softmax, without a divider.
//
// Parameters: lanes=2, bits=4, zero_code=top, width=12, rom_bits=8, exp_bits=17, tokens=256
// Latency 301 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i and o: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 12 bits, lane 0 lowest:
//   [12*n + 0 +: 12]       logit, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// o__payload: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//   Rows: each begins a beat, last marks its last beat.
//

module softmax_quantizer_l2(i__valid, o__ready, multiplier, shift, threshold_a, threshold_b, threshold_shift, clk, rst, i__ready, o__payload, o__valid, i__payload);
  wire n1;
  wire n10;
  wire n11;
  wire [9:0] n12;
  wire n13;
  wire n14;
  wire n15;
  wire n16;
  wire n17;
  wire n18;
  wire n19;
  wire n2;
  wire n20;
  wire n21;
  wire n22;
  wire n23;
  wire n24;
  wire n25;
  wire n26;
  wire n27;
  wire [10:0] n28;
  wire [10:0] n29;
  wire n3;
  wire n30;
  wire n31;
  wire [2:0] n33;
  wire [3:0] n34;
  wire n35;
  wire n36;
  wire n4;
  wire n5;
  wire n6;
  wire n7;
  wire n9;
  wire n600;
  wire n604;
  wire n608;
  wire n612;
  wire n626;
  wire n636;
  wire n617;
  wire procmux_514_Y;
  wire procmux_516_Y;
  wire procmux_520_Y;
  wire procmux_523_Y;
  wire procmux_527_Y;
  wire procmux_530_Y;
  wire procmux_534_Y;
  wire procmux_536_Y;
  wire [9:0] procmux_558_Y;
  wire [9:0] procmux_560_Y;
  wire procmux_576_Y;
  wire procmux_578_Y;
  wire above;
  wire add;
  wire [9:0] address;
  wire [7:0] address_29;
  wire [9:0] address_36;
  wire [7:0] address_42;
  reg awaited;
  initial awaited = 1'h0;
  wire [6:0] base;
  wire clear;
  input clk;
  wire clk;
  wire [3:0] code;
  wire [3:0] code_145;
  reg complete;
  initial complete = 1'h0;
  reg [1:0] due;
  initial due = 2'h0;
  wire [6:0] enable_135;
  wire [7:0] enable_27;
  wire [1:0] enable_81;
  wire entered;
  wire [17:0] entry;
  wire [17:0] entry_30;
  wire [17:0] entry_37;
  wire [17:0] entry_43;
  wire [15:0] exponent;
  wire [15:0] exponent_72;
  wire [17:0] factor;
  reg first_146;
  initial first_146 = 1'h1;
  wire first_149;
  wire first_160;
  reg first_of_codes_0;
  initial first_of_codes_0 = 1'h0;
  reg first_of_codes_1;
  initial first_of_codes_1 = 1'h0;
  reg first_of_codes_2;
  initial first_of_codes_2 = 1'h0;
  reg first_of_codes_3;
  initial first_of_codes_3 = 1'h0;
  wire [15:0] fraction;
  reg held;
  initial held = 1'h0;
  wire hold;
  input [24:0] i__payload;
  wire [24:0] i__payload;
  wire i__payload_125;
  wire i__payload_59;
  wire i__payload_65;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  wire i__valid_124;
  wire i__valid_57;
  wire i__valid_63;
  reg keyed;
  initial keyed = 1'h0;
  reg [11:0] largest_0;
  initial largest_0 = 12'h000;
  reg [11:0] largest_1;
  initial largest_1 = 12'h000;
  wire last_155;
  wire [1:0] load;
  reg [11:0] maximum;
  initial maximum = 12'h000;
  reg [11:0] maximum_93;
  initial maximum_93 = 12'h000;
  input [15:0] multiplier;
  wire [15:0] multiplier;
  output [8:0] o__payload;
  wire [8:0] o__payload;
  wire o__payload_130;
  wire o__payload_152;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  reg [9:0] occupied;
  initial occupied = 10'h000;
  reg pending;
  initial pending = 1'h0;
  wire [8:0] place;
  wire [8:0] place_75;
  wire reading;
  wire ready;
  input rst;
  wire rst;
  input [5:0] shift;
  wire [5:0] shift;
  wire start;
  wire start_119;
  wire start_98;
  reg started;
  initial started = 1'h0;
  wire [3:0] steps;
  reg [8:0] stop_122;
  initial stop_122 = 9'h000;
  wire [8:0] stop_74;
  reg [8:0] stop_0;
  initial stop_0 = 9'h000;
  reg [8:0] stop_1;
  initial stop_1 = 9'h000;
  reg [8:0] stop_of_held;
  initial stop_of_held = 9'h000;
  reg [8:0] stop_of_sums;
  initial stop_of_sums = 9'h000;
  reg sums_complete;
  initial sums_complete = 1'h0;
  wire take;
  wire take_127;
  input [31:0] threshold_a;
  wire [31:0] threshold_a;
  input [31:0] threshold_b;
  wire [31:0] threshold_b;
  input [5:0] threshold_shift;
  wire [5:0] threshold_shift;
  wire [25:0] total;
  wire [25:0] total_157;
  reg [25:0] total_0;
  initial total_0 = 26'h0000000;
  reg [25:0] total_1;
  initial total_1 = 26'h0000000;
  wire [23:0] value;
  wire [31:0] value_139;
  wire [3:0] write_108;
  wire write_69;
  assign n27 = take_127 & n26;
  assign n28 = occupied + 1'h1;
  assign n29 = occupied - 1'h1;
  assign n30 = take & first_149;
  assign n31 = add & o__payload_152;
  assign n33 = due + start;
  assign n34 = n33 - hold;
  assign n35 = started & ready;
  assign n36 = take_127 & first_160;
  assign n1 = ~ complete;
  assign i__ready = n1 | start;
  assign entered = i__valid & i__ready;
  assign n2 = ~ reading;
  assign n3 = complete & n2;
  assign n4 = ~ awaited;
  assign n5 = n3 & n4;
  assign n6 = ~| due;
  assign n7 = due == 1'h1;
  assign n9 = n7 & n13;
  assign n10 = n6 | n9;
  assign start = n5 & n10;
  assign n11 = ~ occupied[9];
  assign i__valid_57 = reading & n11;
  assign take = i__valid_57 & enable_27[0];
  assign write_69 = i__valid_63 & enable_81[0];
  assign { n12[9], stop_74 } = place_75 + 1'h1;
  assign n13 = ~ held;
  assign hold = sums_complete & n13;
  assign n14 = ~ started;
  assign n15 = held & n14;
  assign n16 = ~ pending;
  assign start_98 = n15 & n16;
  assign clear = hold | rst;
  assign n17 = ~ i__valid_124;
  assign start_119 = keyed & n17;
  assign take_127 = i__valid_124 & enable_135[0];
  assign load = { first_of_codes_3, first_of_codes_2 } & enable_135[4:3];
  assign n18 = $signed(i__payload[11:0]) > $signed(largest_0);
  assign n19 = first_146 | n18;
  assign n20 = entered & n19;
  assign n21 = $signed(i__payload[23:12]) > $signed(largest_1);
  assign n22 = first_146 | n21;
  assign n23 = entered & n22;
  assign n24 = ~ take_127;
  assign n25 = take & n24;
  assign n26 = ~ take;
  always @(posedge clk) begin
    if (enable_81[0]) stop_0 <= stop_74;
    if (enable_81[1]) stop_1 <= stop_0;
    if (hold) begin
      stop_of_held <= stop_of_sums;
      total_0 <= total;
      total_1 <= total_157;
    end
    if (n31) stop_of_sums <= stop_1;
    if (n617) begin
      sums_complete <= 1'h0;
    end else begin
      if (n31) sums_complete <= 1'h1;
    end
    if (rst) begin
      awaited <= 1'h0;
      complete <= 1'h0;
      due <= 2'h0;
      first_146 <= 1'h1;
      first_of_codes_0 <= 1'h0;
      first_of_codes_1 <= 1'h0;
      first_of_codes_2 <= 1'h0;
      first_of_codes_3 <= 1'h0;
      held <= 1'h0;
      keyed <= 1'h0;
      largest_0 <= 12'h000;
      largest_1 <= 12'h000;
      occupied <= 10'h000;
      pending <= 1'h0;
      started <= 1'h0;
    end else begin
      due <= n34[1:0];
      if (enable_27[0]) awaited <= n30;
      if (enable_135[0]) first_of_codes_0 <= n36;
      if (enable_135[1]) first_of_codes_1 <= first_of_codes_0;
      if (enable_135[2]) first_of_codes_2 <= first_of_codes_1;
      if (enable_135[3]) first_of_codes_3 <= first_of_codes_2;
      if (entered) first_146 <= i__payload[24];
      if (n20) largest_0 <= i__payload[11:0];
      if (n23) largest_1 <= i__payload[23:12];
      if (n600) keyed <= procmux_516_Y;
      if (n604) pending <= procmux_523_Y;
      if (n608) started <= procmux_530_Y;
      if (n612) held <= procmux_536_Y;
      if (n626) occupied <= procmux_560_Y;
      if (n636) complete <= procmux_578_Y;
    end
    if (start) begin
      maximum <= largest_0;
      maximum_93 <= largest_1;
    end
    if (start_98) stop_122 <= stop_of_held;
  end
  assign n600 = | { last_155, start_119 };
  assign n604 = | { load[1], start_98 };
  assign n608 = | { ready, start_98 };
  assign n612 = | { n35, hold };
  assign n626 = | { n27, n25 };
  assign n636 = | { entered, start };
  assign n617 = | { rst, hold };
  assign procmux_514_Y = start_119 ? 1'h0 : 1'hx;
  assign procmux_516_Y = last_155 ? 1'h1 : procmux_514_Y;
  assign procmux_520_Y = load[1] ? 1'h0 : 1'hx;
  assign procmux_523_Y = start_98 ? (* full_case = 32'd1 *) 1'h1 : procmux_520_Y;
  assign procmux_527_Y = ready ? 1'h0 : 1'hx;
  assign procmux_530_Y = start_98 ? (* full_case = 32'd1 *) 1'h1 : procmux_527_Y;
  assign procmux_534_Y = n35 ? 1'h0 : 1'hx;
  assign procmux_536_Y = hold ? 1'h1 : procmux_534_Y;
  assign procmux_558_Y = n27 ? n29[9:0] : 10'hxxx;
  assign procmux_560_Y = n25 ? n28[9:0] : procmux_558_Y;
  assign procmux_576_Y = start ? 1'h0 : 1'hx;
  assign procmux_578_Y = entered ? i__payload[24] : procmux_576_Y;
  softmax_quantizer_l2_comparison comparison_0 (
    .above(above),
    .address(address_29),
    .base(base),
    .clk(clk),
    .code_6(code),
    .enable(enable_135),
    .entry(entry_30),
    .exponent(value_139[15:0]),
    .fraction(fraction),
    .load(load),
    .rst(rst),
    .write(write_108[1:0])
  );
  softmax_quantizer_l2_comparison comparison_1 (
    .above(above),
    .address(address_42),
    .base(base),
    .clk(clk),
    .code_6(code_145),
    .enable(enable_135),
    .entry(entry_43),
    .exponent(value_139[31:16]),
    .fraction(fraction),
    .load(load),
    .rst(rst),
    .write(write_108[3:2])
  );
  softmax_quantizer_l2_control_1 control_1 (
    .clk(clk),
    .enable(enable_27),
    .i__payload(i__payload_59),
    .i__valid(i__valid_57),
    .o__payload(i__payload_65),
    .o__ready(enable_81[0]),
    .rst(rst),
    .valid_7(i__valid_63)
  );
  softmax_quantizer_l2_control_2 control_2 (
    .clk(clk),
    .enable(enable_135),
    .i__payload(i__payload_125),
    .i__valid(i__valid_124),
    .o__payload(o__payload_130),
    .o__ready(o__ready),
    .rst(rst),
    .valid_6(o__valid)
  );
  softmax_quantizer_l2_control_sum control_sum (
    .clk(clk),
    .enable(enable_81),
    .i__payload(i__payload_65),
    .i__valid(i__valid_63),
    .o__payload(o__payload_152),
    .rst(rst),
    .valid_1(add)
  );
  softmax_quantizer_l2_exponential exponential_0 (
    .add(add),
    .address(address),
    .clear(clear),
    .clk(clk),
    .enable(enable_27),
    .enable_term(enable_81),
    .entry(entry),
    .exponent_7(exponent),
    .factor(factor),
    .first(awaited),
    .logit(value[11:0]),
    .maximum(maximum),
    .rst(rst),
    .steps(steps),
    .sum(total)
  );
  softmax_quantizer_l2_exponential exponential_1 (
    .add(add),
    .address(address_36),
    .clear(clear),
    .clk(clk),
    .enable(enable_27),
    .enable_term(enable_81),
    .entry(entry_37),
    .exponent_7(exponent_72),
    .factor(factor),
    .first(awaited),
    .logit(value[23:12]),
    .maximum(maximum_93),
    .rst(rst),
    .steps(steps),
    .sum(total_157)
  );
  softmax_quantizer_l2_exponents exponents (
    .clk(clk),
    .first(first_160),
    .last(i__payload_125),
    .place(place_75),
    .port_699_0(exponent),
    .port_785_0(exponent_72),
    .read__en(take_127),
    .reading(i__valid_124),
    .rst(rst),
    .start(start_119),
    .stop_18(stop_122),
    .value(value_139),
    .write(write_69)
  );
  softmax_quantizer_l2_factor factor_164 (
    .clk(clk),
    .factor(factor),
    .multiplier(multiplier),
    .rst(rst),
    .shift(shift),
    .steps(steps)
  );
  softmax_quantizer_l2_logits logits (
    .clk(clk),
    .first(first_149),
    .last(i__payload_59),
    .place(place),
    .read__en(take),
    .reading(reading),
    .rst(rst),
    .start(start),
    .token(i__payload[23:0]),
    .value(value),
    .write(entered)
  );
  softmax_quantizer_l2_rom rom_0 (
    .address_2(address_29),
    .clk(clk),
    .enable({ enable_135[2], enable_27[7] }),
    .entry_1(entry),
    .entry_2(entry_30),
    .port__addr(address),
    .rst(rst)
  );
  softmax_quantizer_l2_rom rom_1 (
    .address_2(address_42),
    .clk(clk),
    .enable({ enable_135[2], enable_27[7] }),
    .entry_1(entry_37),
    .entry_2(entry_43),
    .port__addr(address_36),
    .rst(rst)
  );
  softmax_quantizer_l2_thresholds thresholds (
    .above(above),
    .base(base),
    .clk(clk),
    .fraction(fraction),
    .last(last_155),
    .ready(ready),
    .rst(rst),
    .start(start_98),
    .threshold_a(threshold_a),
    .threshold_b(threshold_b),
    .threshold_shift(threshold_shift),
    .totals({ total_1, total_0 }),
    .write(write_108)
  );
  assign n12[8:0] = stop_74;
  assign o__payload = { o__payload_130, code_145, code };
endmodule

module softmax_quantizer_l2_control_1(rst, i__valid, i__payload, enable, valid_7, o__payload, o__ready, clk);
  wire n1;
  wire n11;
  wire n13;
  wire n15;
  wire n3;
  wire n5;
  wire n7;
  wire n9;
  input clk;
  wire clk;
  output [7:0] enable;
  wire [7:0] enable;
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
  output valid_7;
  reg valid_7;
  initial valid_7 = 1'h0;
  assign n1 = ~ valid_7;
  assign enable[7] = n1 | o__ready;
  assign n3 = ~ valid_6;
  assign enable[6] = n3 | enable[7];
  assign n5 = ~ valid_5;
  assign enable[5] = n5 | enable[6];
  assign n7 = ~ valid_4;
  assign enable[4] = n7 | enable[5];
  assign n9 = ~ valid_3;
  assign enable[3] = n9 | enable[4];
  assign n11 = ~ valid_2;
  assign enable[2] = n11 | enable[3];
  assign n13 = ~ valid_1;
  assign enable[1] = n13 | enable[2];
  assign n15 = ~ valid_0;
  assign i__ready = n15 | enable[1];
  always @(posedge clk) begin
    if (rst) begin
      last_0 <= 1'h0;
      last_1 <= 1'h0;
      last_2 <= 1'h0;
      last_3 <= 1'h0;
      last_4 <= 1'h0;
      last_5 <= 1'h0;
      last_6 <= 1'h0;
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
      valid_1 <= 1'h0;
      valid_2 <= 1'h0;
      valid_3 <= 1'h0;
      valid_4 <= 1'h0;
      valid_5 <= 1'h0;
      valid_6 <= 1'h0;
      valid_7 <= 1'h0;
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
        o__payload <= last_6;
        valid_7 <= valid_6;
      end
      if (i__ready) begin
        last_0 <= i__payload;
        valid_0 <= i__valid;
      end
    end
  end
  assign enable[0] = i__ready;
endmodule

module softmax_quantizer_l2_control_2(clk, rst, i__payload, i__valid, enable, valid_6, o__payload, o__ready);
  wire n1;
  wire n11;
  wire n13;
  wire n3;
  wire n5;
  wire n7;
  wire n9;
  input clk;
  wire clk;
  output [6:0] enable;
  wire [6:0] enable;
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
  output valid_6;
  reg valid_6;
  initial valid_6 = 1'h0;
  assign n1 = ~ valid_6;
  assign enable[6] = n1 | o__ready;
  assign n3 = ~ valid_5;
  assign enable[5] = n3 | enable[6];
  assign n5 = ~ valid_4;
  assign enable[4] = n5 | enable[5];
  assign n7 = ~ valid_3;
  assign enable[3] = n7 | enable[4];
  assign n9 = ~ valid_2;
  assign enable[2] = n9 | enable[3];
  assign n11 = ~ valid_1;
  assign enable[1] = n11 | enable[2];
  assign n13 = ~ valid_0;
  assign i__ready = n13 | enable[1];
  always @(posedge clk) begin
    if (rst) begin
      last_0 <= 1'h0;
      last_1 <= 1'h0;
      last_2 <= 1'h0;
      last_3 <= 1'h0;
      last_4 <= 1'h0;
      last_5 <= 1'h0;
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
      valid_1 <= 1'h0;
      valid_2 <= 1'h0;
      valid_3 <= 1'h0;
      valid_4 <= 1'h0;
      valid_5 <= 1'h0;
      valid_6 <= 1'h0;
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
        o__payload <= last_5;
        valid_6 <= valid_5;
      end
      if (i__ready) begin
        last_0 <= i__payload;
        valid_0 <= i__valid;
      end
    end
  end
  assign enable[0] = i__ready;
endmodule

module softmax_quantizer_l2_control_sum(rst, i__valid, i__payload, enable, valid_1, o__payload, clk);
  input clk;
  wire clk;
  output [1:0] enable;
  wire [1:0] enable;
  input i__payload;
  wire i__payload;
  input i__valid;
  wire i__valid;
  reg last_0;
  initial last_0 = 1'h0;
  output o__payload;
  reg o__payload;
  initial o__payload = 1'h0;
  input rst;
  wire rst;
  reg valid_0;
  initial valid_0 = 1'h0;
  output valid_1;
  reg valid_1;
  initial valid_1 = 1'h0;
  always @(posedge clk) begin
    if (rst) begin
      last_0 <= 1'h0;
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
      valid_1 <= 1'h0;
    end else begin
      last_0 <= i__payload;
      o__payload <= last_0;
      valid_0 <= i__valid;
      valid_1 <= valid_0;
    end
  end
  assign enable = 2'h3;
endmodule

module softmax_quantizer_l2_exponents(rst, write, start, read__en, last, value, stop_18, place, reading, first, port_699_0, port_785_0, clk);
  wire [9:0] n1;
  wire [9:0] n2;
  wire n810;
  wire n814;
  wire n806;
  wire n818;
  wire n805;
  wire procmux_440_Y;
  wire procmux_442_Y;
  wire procmux_446_Y;
  wire procmux_448_Y;
  wire procmux_450_Y;
  input clk;
  wire clk;
  reg [8:0] current;
  initial current = 9'h000;
  output first;
  reg first;
  initial first = 1'h0;
  wire [8:0] following;
  output last;
  wire last;
  output [8:0] place;
  reg [8:0] place;
  initial place = 9'h000;
  input [15:0] port_699_0;
  wire [15:0] port_699_0;
  input [15:0] port_785_0;
  wire [15:0] port_785_0;
  input read__en;
  wire read__en;
  output reading;
  reg reading;
  initial reading = 1'h0;
  input rst;
  wire rst;
  input start;
  wire start;
  reg [8:0] stop;
  initial stop = 9'h000;
  input [8:0] stop_18;
  wire [8:0] stop_18;
  output [31:0] value;
  wire [31:0] value;
  input write;
  wire write;
  (* no_rw_check = 32'd1 *)
  reg [31:0] memory [0:511];
  integer initial_row;
  initial
    for (initial_row = 0; initial_row < 512; initial_row = initial_row + 1)
      memory[initial_row] = 32'd0;
  always @(posedge clk) begin
    if (write)
      memory[place] <= { port_785_0, port_699_0 };
  end
  reg [31:0] _0_;
  always @(posedge clk) begin
    if (read__en) begin
      _0_ <= memory[current];
    end
  end
  assign value = _0_;
  assign n2 = place + 1'h1;
  assign { n1[9], following } = current + 1'h1;
  assign last = following == stop;
  always @(posedge clk) begin
    if (rst) begin
      current <= 9'h000;
      first <= 1'h0;
      place <= 9'h000;
      reading <= 1'h0;
      stop <= 9'h000;
    end else begin
      if (n806) current <= following;
      if (n810) first <= procmux_442_Y;
      if (n818) reading <= procmux_450_Y;
      if (start) stop <= stop_18;
      if (write) place <= n2[8:0];
    end
  end
  assign n810 = | { read__en, start };
  assign n814 = { read__en, last, start } != 3'h4;
  assign n805 = ~ start;
  assign n806 = & { n805, read__en };
  assign n818 = & { n810, n814 };
  assign procmux_440_Y = read__en ? 1'h0 : 1'hx;
  assign procmux_442_Y = start ? 1'h1 : procmux_440_Y;
  assign procmux_446_Y = last ? 1'h0 : 1'hx;
  assign procmux_448_Y = read__en ? procmux_446_Y : 1'hx;
  assign procmux_450_Y = start ? 1'h1 : procmux_448_Y;
  assign n1[8:0] = following;
endmodule

module softmax_quantizer_l2_logits(clk, rst, write, start, read__en, last, value, place, reading, first, token);
  wire [9:0] n1;
  wire [9:0] n2;
  wire n840;
  wire n844;
  wire n836;
  wire n848;
  wire n835;
  wire procmux_468_Y;
  wire procmux_470_Y;
  wire procmux_474_Y;
  wire procmux_476_Y;
  wire procmux_478_Y;
  input clk;
  wire clk;
  reg [8:0] current;
  initial current = 9'h000;
  output first;
  reg first;
  initial first = 1'h0;
  wire [8:0] following;
  output last;
  wire last;
  output [8:0] place;
  reg [8:0] place;
  initial place = 9'h000;
  input read__en;
  wire read__en;
  output reading;
  reg reading;
  initial reading = 1'h0;
  input rst;
  wire rst;
  input start;
  wire start;
  reg [8:0] stop;
  initial stop = 9'h000;
  input [23:0] token;
  wire [23:0] token;
  output [23:0] value;
  wire [23:0] value;
  input write;
  wire write;
  (* no_rw_check = 32'd1 *)
  reg [23:0] memory [0:511];
  integer initial_row;
  initial
    for (initial_row = 0; initial_row < 512; initial_row = initial_row + 1)
      memory[initial_row] = 24'h000000;
  always @(posedge clk) begin
    if (write)
      memory[place] <= token;
  end
  reg [23:0] _0_;
  always @(posedge clk) begin
    if (read__en) begin
      _0_ <= memory[current];
    end
  end
  assign value = _0_;
  assign n2 = place + 1'h1;
  assign { n1[9], following } = current + 1'h1;
  assign last = following == stop;
  always @(posedge clk) begin
    if (rst) begin
      current <= 9'h000;
      first <= 1'h0;
      place <= 9'h000;
      reading <= 1'h0;
      stop <= 9'h000;
    end else begin
      if (n836) current <= following;
      if (n840) first <= procmux_470_Y;
      if (n848) reading <= procmux_478_Y;
      if (start) stop <= place;
      if (write) place <= n2[8:0];
    end
  end
  assign n840 = | { read__en, start };
  assign n844 = { read__en, last, start } != 3'h4;
  assign n835 = ~ start;
  assign n836 = & { n835, read__en };
  assign n848 = & { n840, n844 };
  assign procmux_468_Y = read__en ? 1'h0 : 1'hx;
  assign procmux_470_Y = start ? 1'h1 : procmux_468_Y;
  assign procmux_474_Y = last ? 1'h0 : 1'hx;
  assign procmux_476_Y = read__en ? procmux_474_Y : 1'hx;
  assign procmux_478_Y = start ? 1'h1 : procmux_476_Y;
  assign n1[8:0] = following;
endmodule

module softmax_quantizer_l2_thresholds(threshold_b, threshold_shift, clk, rst, start, ready, above, base, last, totals, write, fraction, threshold_a);
  wire n1;
  wire n11;
  wire n13;
  wire n15;
  wire [2:0] n18;
  wire n19;
  wire n2;
  wire [2:0] n20;
  wire n21;
  wire [25:0] n22;
  wire [16:0] n24;
  wire [31:0] n25;
  wire [16:0] n27;
  wire [33:0] n28;
  wire n29;
  wire n3;
  wire [33:0] n31;
  wire [33:0] n32;
  wire [34:0] n33;
  wire n34;
  wire n35;
  wire n36;
  wire n38;
  wire [41:0] n40;
  wire n41;
  wire n42;
  wire [33:0] n44;
  wire [29:0] n46;
  wire [27:0] n48;
  wire n5;
  wire [6:0] n6;
  wire [7:0] n7;
  wire n9;
  wire n910;
  wire n912;
  wire n887;
  wire n891;
  wire n914;
  wire [1:0] procmux_391_Y;
  wire [1:0] procmux_394_Y;
  wire [1:0] procmux_396_Y;
  wire [1:0] procmux_403_Y;
  wire procmux_407_Y;
  wire procmux_409_Y;
  wire procmux_412_Y;
  wire procmux_414_Y;
  output above;
  wire above;
  output [6:0] base;
  wire [6:0] base;
  input clk;
  wire clk;
  wire empty_1;
  wire empty_2;
  wire empty_4;
  wire empty_8;
  output [15:0] fraction;
  wire [15:0] fraction;
  output last;
  wire last;
  reg lowest;
  initial lowest = 1'h0;
  reg [16:0] middle;
  initial middle = 17'h00000;
  reg more_1;
  initial more_1 = 1'h0;
  reg more_2;
  initial more_2 = 1'h0;
  reg more_4;
  initial more_4 = 1'h0;
  reg more_8;
  initial more_8 = 1'h0;
  reg [1:0] part;
  initial part = 2'h0;
  reg [1:0] part_1;
  initial part_1 = 2'h0;
  reg [1:0] part_2;
  initial part_2 = 2'h0;
  reg [33:0] product;
  initial product = 34'h000000000;
  output ready;
  wire ready;
  input rst;
  wire rst;
  reg running;
  initial running = 1'h0;
  input start;
  wire start;
  input [31:0] threshold_a;
  wire [31:0] threshold_a;
  input [31:0] threshold_b;
  wire [31:0] threshold_b;
  reg [16:0] threshold_digit;
  initial threshold_digit = 17'h00000;
  input [5:0] threshold_shift;
  wire [5:0] threshold_shift;
  reg [33:0] total;
  initial total = 34'h000000000;
  reg [16:0] total_digit;
  initial total_digit = 17'h00000;
  input [51:0] totals;
  wire [51:0] totals;
  reg valid_1;
  initial valid_1 = 1'h0;
  reg valid_12;
  initial valid_12 = 1'h0;
  reg valid_2;
  initial valid_2 = 1'h0;
  reg valid_3;
  initial valid_3 = 1'h0;
  reg valid_5;
  initial valid_5 = 1'h0;
  reg valid_6;
  initial valid_6 = 1'h0;
  reg valid_8;
  initial valid_8 = 1'h0;
  reg [1:0] which;
  initial which = 2'h0;
  reg [1:0] which_1;
  initial which_1 = 2'h0;
  reg [1:0] which_1_35;
  initial which_1_35 = 2'h0;
  reg [1:0] which_2;
  initial which_2 = 2'h0;
  reg [1:0] which_2_51;
  initial which_2_51 = 2'h0;
  reg [1:0] which_3;
  initial which_3 = 2'h0;
  reg [1:0] which_4;
  initial which_4 = 2'h0;
  reg [1:0] which_8;
  initial which_8 = 2'h0;
  wire [26:0] window_1;
  reg [26:0] window_2;
  initial window_2 = 27'h0000000;
  reg [26:0] window_4;
  initial window_4 = 27'h0000000;
  reg [26:0] window_8;
  initial window_8 = 27'h0000000;
  output [3:0] write;
  wire [3:0] write;
  reg [3:0] zeros_1;
  initial zeros_1 = 4'h0;
  reg [2:0] zeros_2;
  initial zeros_2 = 3'h0;
  reg [1:0] zeros_4;
  initial zeros_4 = 2'h0;
  reg zeros_8;
  initial zeros_8 = 1'h0;
  assign n9 = ~| which_1;
  assign write[0] = valid_5 & n9;
  assign n11 = which_1 == 1'h1;
  assign write[1] = valid_5 & n11;
  assign n13 = which_1 == 2'h2;
  assign write[2] = valid_5 & n13;
  assign n15 = which_1 == 2'h3;
  assign last = valid_5 & n15;
  assign ready = ~ running;
  assign n18 = part + 1'h1;
  assign n19 = part == 2'h3;
  assign n20 = which + 1'h1;
  assign n21 = which == 2'h3;
  assign n22 = which[1] ? totals[51:26] : totals[25:0];
  assign n24 = part[1] ? { 8'h00, n22[25:17] } : n22[16:0];
  assign n25 = which[0] ? threshold_b : threshold_a;
  assign n27 = part[0] ? { 2'h0, n25[31:17] } : n25[16:0];
  assign n28 = total_digit * threshold_digit;
  assign n29 = ~| part_2;
  assign n31 = part_2[0] ? { 17'h00000, total[33:17] } : total;
  assign n32 = n29 ? 34'h000000000 : n31;
  assign n33 = n32 + product;
  assign n34 = part_2 == 1'h1;
  assign n35 = | total[16:0];
  assign n36 = part_2 == 2'h3;
  assign n38 = valid_2 & n36;
  assign n40 = n1 ? { 15'h0000, total[23:0], middle[16:14] } : { 7'h00, total[23:0], middle[16:14], 8'h00 };
  assign n41 = | middle[13:0];
  assign n42 = lowest | n41;
  assign n44 = n2 ? { 7'h00, window_8 } : { 3'h0, window_8, 4'h0 };
  assign n46 = n3 ? { 3'h0, window_4 } : { 1'h0, window_4, 2'h0 };
  assign n48 = window_2[26] ? { 2'h1, window_2[25:0] } : { 1'h0, window_2[25:0], 1'h0 };
  assign n1 = | total[23:16];
  assign empty_8 = ~ n1;
  assign n2 = | window_8[26:23];
  assign empty_4 = ~ n2;
  assign n3 = | window_4[26:25];
  assign empty_2 = ~ n3;
  assign empty_1 = ~ window_2[26];
  assign n5 = | window_1[9:0];
  assign above = more_1 | n5;
  assign n6 = 6'h28 - threshold_shift;
  assign { n7[7], base } = $signed(n6) - $signed({ 1'h0, zeros_1 });
  reg n859;
  initial n859 = 1'h0;
  assign window_1[0] = n859;
  reg [24:0] n861;
  initial n861 = 25'h0000000;
  always @(posedge clk) begin
    if (rst) begin
      lowest <= 1'h0;
      middle <= 17'h00000;
      part <= 2'h0;
      running <= 1'h0;
      total <= 34'h000000000;
      valid_1 <= 1'h0;
      valid_2 <= 1'h0;
      valid_3 <= 1'h0;
      valid_5 <= 1'h0;
      valid_6 <= 1'h0;
      valid_8 <= 1'h0;
      valid_12 <= 1'h0;
      which <= 2'h0;
    end else begin
      running <= procmux_414_Y;
      valid_1 <= running;
      valid_2 <= valid_1;
      valid_3 <= n38;
      valid_5 <= valid_6;
      valid_6 <= valid_8;
      valid_8 <= valid_12;
      valid_12 <= valid_3;
      if (n887) middle <= total[16:0];
      if (n891) lowest <= n35;
      if (n910) part <= procmux_403_Y;
      if (n914) which <= procmux_396_Y;
      if (valid_2) total <= n33[33:0];
    end
    if (running) begin
      part_1 <= part;
      threshold_digit[14:0] <= n27[14:0];
      total_digit[8:0] <= n24[8:0];
      which_1_35 <= which;
      if (part[0]) threshold_digit[16:15] <= 2'h0;
      else threshold_digit[16:15] <= n25[16:15];
      if (part[1]) total_digit[16:9] <= 8'h00;
      else total_digit[16:9] <= n22[16:9];
    end
    if (valid_1) begin
      part_2 <= part_1;
      product <= n28;
      which_2 <= which_1_35;
    end
    if (valid_2) which_3 <= which_2;
    if (valid_3) begin
      more_8 <= n42;
      which_8 <= which_3;
      window_8[26:8] <= n40[26:8];
      zeros_8 <= empty_8;
      if (!n1) window_8[7:0] <= 8'h00;
      else window_8[7:0] <= { total[4:0], middle[16:14] };
    end
    if (valid_6) begin
      more_1 <= more_2;
      n861 <= n48[25:1];
      which_1 <= which_2_51;
      zeros_1 <= { zeros_2, empty_1 };
      if (!window_2[26]) n859 <= 1'h0;
      else n859 <= window_2[0];
    end
    if (valid_8) begin
      more_2 <= more_4;
      which_2_51 <= which_4;
      window_2[26:2] <= n46[26:2];
      zeros_2 <= { zeros_4, empty_2 };
      if (!n3) window_2[1:0] <= 2'h0;
      else window_2[1:0] <= window_4[1:0];
    end
    if (valid_12) begin
      more_4 <= more_8;
      which_4 <= which_8;
      window_4[26:4] <= n44[26:4];
      zeros_4 <= { zeros_8, empty_4 };
      if (!n2) window_4[3:0] <= 4'h0;
      else window_4[3:0] <= window_8[3:0];
    end
  end
  assign { fraction, window_1[9:1] } = n861;
  assign n910 = | { running, start };
  assign n912 = { running, n19 } != 2'h2;
  assign n887 = & { valid_2, n36 };
  assign n891 = & { valid_2, n34 };
  assign n914 = & { n910, n912 };
  assign procmux_391_Y = n19 ? n20[1:0] : 2'hx;
  assign procmux_394_Y = start ? 2'h0 : 2'hx;
  assign procmux_396_Y = running ? (* full_case = 32'd1 *) procmux_391_Y : procmux_394_Y;
  assign procmux_403_Y = running ? (* full_case = 32'd1 *) n18[1:0] : procmux_394_Y;
  assign procmux_407_Y = n21 ? 1'h0 : 1'h1;
  assign procmux_409_Y = n19 ? procmux_407_Y : 1'h1;
  assign procmux_412_Y = start ? 1'h1 : 1'h0;
  assign procmux_414_Y = running ? (* full_case = 32'd1 *) procmux_409_Y : procmux_412_Y;
  assign n7[6:0] = base;
  assign window_1[25:10] = fraction;
  assign write[3] = last;
endmodule

module softmax_quantizer_l2_comparison(rst, load, exponent, above, base, entry, write, fraction, address, code_6, enable, clk);
  wire n1;
  wire n2;
  wire n3;
  wire n4;
  wire [3:0] n5;
  wire [10:0] n7;
  input above;
  wire above;
  reg above_a;
  initial above_a = 1'h0;
  reg above_b;
  initial above_b = 1'h0;
  output [7:0] address;
  wire [7:0] address;
  input [6:0] base;
  wire [6:0] base;
  reg [6:0] base_a;
  initial base_a = 7'h00;
  reg [6:0] base_b;
  initial base_b = 7'h00;
  reg below_a_4;
  initial below_a_4 = 1'h0;
  reg below_b_4;
  initial below_b_4 = 1'h0;
  input clk;
  wire clk;
  output [3:0] code_6;
  reg [3:0] code_6;
  initial code_6 = 4'h0;
  wire [9:0] count;
  reg [9:0] count_5;
  initial count_5 = 10'h000;
  input [6:0] enable;
  wire [6:0] enable;
  input [17:0] entry;
  wire [17:0] entry;
  input [15:0] exponent;
  wire [15:0] exponent;
  reg [15:0] exponent_1;
  initial exponent_1 = 16'h0000;
  input [15:0] fraction;
  wire [15:0] fraction;
  reg [15:0] fraction_a;
  initial fraction_a = 16'h0000;
  reg [15:0] fraction_b;
  initial fraction_b = 16'h0000;
  wire less_than_a;
  wire less_than_b;
  input [1:0] load;
  wire [1:0] load;
  reg [15:0] mantissa_3;
  initial mantissa_3 = 16'h0000;
  reg next_above_a;
  initial next_above_a = 1'h0;
  reg next_above_b;
  initial next_above_b = 1'h0;
  reg [6:0] next_base_a;
  initial next_base_a = 7'h00;
  reg [6:0] next_base_b;
  initial next_base_b = 7'h00;
  reg [15:0] next_fraction_a;
  initial next_fraction_a = 16'h0000;
  reg [15:0] next_fraction_b;
  initial next_fraction_b = 16'h0000;
  reg [7:0] octaves_2;
  initial octaves_2 = 8'h00;
  reg [7:0] octaves_3;
  initial octaves_3 = 8'h00;
  reg [7:0] octaves_4;
  initial octaves_4 = 8'h00;
  reg odd_5;
  initial odd_5 = 1'h0;
  input rst;
  wire rst;
  input [1:0] write;
  wire [1:0] write;
  assign n1 = base_a[0] ^ base_b[0];
  assign n2 = n1 ^ below_a_4;
  assign n3 = n2 ^ below_b_4;
  assign n4 = | count_5[9:3];
  assign n5 = n4 ? 4'hf : { count_5[2:0], odd_5 };
  assign less_than_a = { mantissa_3, 1'h0 } < { fraction_a, above_a };
  assign less_than_b = { mantissa_3, 1'h0 } < { fraction_b, above_b };
  assign { count, n7[0] } = $signed({ base_b, below_b_4 }) + $signed({ 1'h0, octaves_4, 1'h1 });
  always @(posedge clk) begin
    if (enable[1]) exponent_1 <= exponent;
    if (enable[2]) octaves_2 <= exponent_1[15:8];
    if (enable[3]) begin
      mantissa_3 <= entry[16:1];
      octaves_3 <= octaves_2;
    end
    if (enable[4]) begin
      below_a_4 <= less_than_a;
      below_b_4 <= less_than_b;
      octaves_4 <= octaves_3;
    end
    if (enable[5]) begin
      count_5 <= count;
      odd_5 <= n3;
    end
    if (enable[6]) begin
      if (count_5[9]) code_6 <= 4'h0;
      else code_6 <= n5;
    end
    if (load[0]) begin
      above_a <= next_above_a;
      above_b <= next_above_b;
      fraction_a <= next_fraction_a;
      fraction_b <= next_fraction_b;
    end
    if (load[1]) begin
      base_a <= next_base_a;
      base_b <= next_base_b;
    end
    if (write[0]) begin
      next_above_a <= above;
      next_base_a <= base;
      next_fraction_a <= fraction;
    end
    if (write[1]) begin
      next_above_b <= above;
      next_base_b <= base;
      next_fraction_b <= fraction;
    end
  end
  assign n7[10:1] = count;
  assign address = exponent_1[7:0];
endmodule

module softmax_quantizer_l2_exponential(rst, clear, logit, entry, maximum, first, steps, factor, address, exponent_7, sum, enable, enable_term, add, clk);
  wire n1;
  wire n10;
  wire n11;
  wire [7:0] n19;
  wire n2;
  wire n20;
  wire [26:0] n22;
  wire [12:0] n23;
  wire [27:0] n30;
  wire n33;
  wire [25:0] n36;
  wire n39;
  wire n40;
  wire [19:0] n42;
  wire n45;
  wire n46;
  input add;
  wire add;
  output [9:0] address;
  wire [9:0] address;
  wire [11:0] below;
  reg [11:0] below_2;
  initial below_2 = 12'h000;
  input clear;
  wire clear;
  input clk;
  wire clk;
  input [7:0] enable;
  wire [7:0] enable;
  input [1:0] enable_term;
  wire [1:0] enable_term;
  input [17:0] entry;
  wire [17:0] entry;
  reg [16:0] exponent_6;
  initial exponent_6 = 17'h00000;
  output [15:0] exponent_7;
  reg [15:0] exponent_7;
  initial exponent_7 = 16'h0000;
  input [17:0] factor;
  wire [17:0] factor;
  reg far_6;
  initial far_6 = 1'h0;
  input first;
  wire first;
  input [11:0] logit;
  wire [11:0] logit;
  reg [11:0] logit_1;
  initial logit_1 = 12'h000;
  wire lost_by_3;
  wire lost_by_6;
  reg [17:0] mantissa;
  initial mantissa = 18'h00000;
  reg masked_2;
  initial masked_2 = 1'h0;
  reg masked_3;
  initial masked_3 = 1'h0;
  reg masked_4;
  initial masked_4 = 1'h0;
  reg masked_5;
  initial masked_5 = 1'h0;
  reg masked_6;
  initial masked_6 = 1'h0;
  input [11:0] maximum;
  wire [11:0] maximum;
  reg [11:0] maximum_1;
  initial maximum_1 = 12'h000;
  reg nothing;
  initial nothing = 1'h0;
  reg overflow_4;
  initial overflow_4 = 1'h0;
  reg overflow_5;
  initial overflow_5 = 1'h0;
  wire [29:0] product;
  reg [27:0] product_3;
  initial product_3 = 28'h0000000;
  wire [17:0] rounded;
  input rst;
  wire rst;
  reg [25:0] shifted_4;
  initial shifted_4 = 26'h0000000;
  reg [16:0] shifted_5;
  initial shifted_5 = 17'h00000;
  wire [25:0] shifted_by_12;
  wire [27:0] shifted_by_24;
  wire [16:0] shifted_by_3;
  wire [19:0] shifted_by_6;
  input [3:0] steps;
  wire [3:0] steps;
  output [25:0] sum;
  reg [25:0] sum;
  initial sum = 26'h0000000;
  reg [17:0] term;
  initial term = 18'h00000;
  reg [2:0] term_shift;
  initial term_shift = 3'h0;
  wire [17:0] term_shifted;
  assign { n30[27:26], shifted_by_12 } = steps[2] ? { 12'h000, shifted_by_24[27:12] } : shifted_by_24;
  assign n33 = | shifted_by_24[27:26];
  assign { n36[25:20], shifted_by_6 } = steps[1] ? { 6'h00, shifted_4[25:6] } : shifted_4;
  assign n39 = | shifted_4[25:20];
  assign n40 = steps[1] ? 1'h0 : n39;
  assign lost_by_6 = overflow_4 | n40;
  assign { n42[19:17], shifted_by_3 } = steps[0] ? { 3'h0, shifted_by_6[19:3] } : shifted_by_6;
  assign n45 = | shifted_by_6[19:17];
  assign n46 = steps[0] ? 1'h0 : n45;
  assign lost_by_3 = lost_by_6 | n46;
  assign rounded = shifted_5 + 9'h1ff;
  assign term_shifted = mantissa >> { term_shift, 2'h0 };
  assign n1 = enable[1] & first;
  assign n2 = logit_1 == 12'h800;
  assign n11 = far_6 | masked_6;
  assign n10 = n11 | exponent_6[16];
  assign n19 = exponent_6[15:8] | { n10, n10, n10, n10, n10, n10, n10, n10 };
  assign n20 = | exponent_7[15:13];
  assign n22 = sum + term;
  assign { n23[12], below } = $signed(maximum_1) - $signed(logit_1);
  assign product = below_2 * factor;
  assign shifted_by_24 = steps[3] ? { 24'h000000, product_3[27:24] } : product_3;
  always @(posedge clk) begin
    if (clear) begin
      sum <= 26'h0000000;
    end else begin
      if (add) sum <= n22[25:0];
    end
    if (enable[1]) logit_1 <= logit;
    if (enable[2]) begin
      below_2 <= below;
      masked_2 <= n2;
    end
    if (enable[3]) begin
      masked_3 <= masked_2;
      product_3 <= product[29:2];
    end
    if (enable[4]) begin
      masked_4 <= masked_3;
      shifted_4[15:0] <= shifted_by_12[15:0];
      if (steps[2]) begin
        overflow_4 <= 1'h0;
        shifted_4[25:16] <= 10'h000;
      end else begin
        overflow_4 <= n33;
        shifted_4[25:16] <= shifted_by_24[25:16];
      end
    end
    if (enable[5]) begin
      masked_5 <= masked_4;
      overflow_5 <= lost_by_3;
      shifted_5 <= shifted_by_3;
    end
    if (enable[6]) begin
      exponent_6 <= rounded[17:1];
      far_6 <= overflow_5;
      masked_6 <= masked_5;
    end
    if (enable[7]) exponent_7 <= { n19, exponent_6[7:0] };
    if (enable_term[0]) begin
      mantissa <= entry;
      nothing <= n20;
      term_shift <= exponent_7[12:10];
    end
    if (enable_term[1]) begin
      if (nothing) term <= 18'h00000;
      else term <= term_shifted;
    end
    if (n1) maximum_1 <= maximum;
  end
  assign n23[11:0] = below;
  assign n30[25:0] = shifted_by_12;
  assign n36[19:0] = shifted_by_6;
  assign n42[16:0] = shifted_by_3;
  assign address = exponent_6[9:0];
endmodule

module softmax_quantizer_l2_factor(shift, clk, rst, steps, factor, multiplier);
  wire n1;
  wire [18:0] n2;
  wire n827;
  wire n826;
  input clk;
  wire clk;
  wire [63:0] column_0;
  wire [63:0] column_1;
  wire [63:0] column_2;
  wire [63:0] column_3;
  wire [63:0] column_4;
  wire [63:0] column_5;
  output [17:0] factor;
  reg [17:0] factor;
  initial factor = 18'h00000;
  reg [1:0] left;
  initial left = 2'h0;
  input [15:0] multiplier;
  wire [15:0] multiplier;
  input rst;
  wire rst;
  input [5:0] shift;
  wire [5:0] shift;
  reg some;
  initial some = 1'h0;
  output [3:0] steps;
  reg [3:0] steps;
  initial steps = 4'h0;
  assign column_0 = 31'h71c71c70 >> shift;
  assign column_1 = 33'h181f81f80 >> shift;
  assign column_2 = 25'h1ffe000 >> shift;
  assign column_3 = 33'h1fe000000 >> shift;
  assign column_4 = 33'h124924924 >> shift;
  assign column_5 = 32'd2454267026 >> shift;
  assign n1 = shift <= 6'h20;
  assign n2 = multiplier << left;
  always @(posedge clk) begin
    if (n827) factor <= 18'h00000;
    else factor <= n2[17:0];
    if (rst) begin
      left <= 2'h0;
      some <= 1'h0;
      steps <= 4'h0;
    end else begin
      left <= { column_5[0], column_4[0] };
      some <= n1;
      steps <= { column_3[0], column_2[0], column_1[0], column_0[0] };
    end
  end
  assign n826 = ~ some;
  assign n827 = | { n826, rst };
endmodule

module softmax_quantizer_l2_rom(rst, entry_1, entry_2, enable, port__addr, address_2, clk);
  input [7:0] address_2;
  wire [7:0] address_2;
  input clk;
  wire clk;
  input [1:0] enable;
  wire [1:0] enable;
  output [17:0] entry_1;
  wire [17:0] entry_1;
  output [17:0] entry_2;
  wire [17:0] entry_2;
  input [9:0] port__addr;
  wire [9:0] port__addr;
  input rst;
  wire rst;
  reg [17:0] memory [0:1023];
  initial begin
    memory[0] = 18'h3fd3c;
    memory[1] = 18'h3fa78;
    memory[2] = 18'h3f7b8;
    memory[3] = 18'h3f4f8;
    memory[4] = 18'h3f23c;
    memory[5] = 18'h3ef80;
    memory[6] = 18'h3ecc6;
    memory[7] = 18'h3ea0e;
    memory[8] = 18'h3e75a;
    memory[9] = 18'h3e4a6;
    memory[10] = 18'h3e1f4;
    memory[11] = 18'h3df44;
    memory[12] = 18'h3dc96;
    memory[13] = 18'h3d9ea;
    memory[14] = 18'h3d73e;
    memory[15] = 18'h3d496;
    memory[16] = 18'h3d1f0;
    memory[17] = 18'h3cf4a;
    memory[18] = 18'h3cca8;
    memory[19] = 18'h3ca06;
    memory[20] = 18'h3c766;
    memory[21] = 18'h3c4c8;
    memory[22] = 18'h3c22c;
    memory[23] = 18'h3bf92;
    memory[24] = 18'h3bcfa;
    memory[25] = 18'h3ba64;
    memory[26] = 18'h3b7d0;
    memory[27] = 18'h3b53c;
    memory[28] = 18'h3b2ac;
    memory[29] = 18'h3b01c;
    memory[30] = 18'h3ad8e;
    memory[31] = 18'h3ab04;
    memory[32] = 18'h3a87a;
    memory[33] = 18'h3a5f0;
    memory[34] = 18'h3a36a;
    memory[35] = 18'h3a0e6;
    memory[36] = 18'h39e62;
    memory[37] = 18'h39be2;
    memory[38] = 18'h39962;
    memory[39] = 18'h396e4;
    memory[40] = 18'h39468;
    memory[41] = 18'h391ee;
    memory[42] = 18'h38f76;
    memory[43] = 18'h38cfe;
    memory[44] = 18'h38a88;
    memory[45] = 18'h38816;
    memory[46] = 18'h385a4;
    memory[47] = 18'h38334;
    memory[48] = 18'h380c6;
    memory[49] = 18'h37e58;
    memory[50] = 18'h37bee;
    memory[51] = 18'h37984;
    memory[52] = 18'h3771c;
    memory[53] = 18'h374b6;
    memory[54] = 18'h37252;
    memory[55] = 18'h36fee;
    memory[56] = 18'h36d8e;
    memory[57] = 18'h36b2e;
    memory[58] = 18'h368d0;
    memory[59] = 18'h36674;
    memory[60] = 18'h3641a;
    memory[61] = 18'h361c0;
    memory[62] = 18'h35f6a;
    memory[63] = 18'h35d14;
    memory[64] = 18'h35ac0;
    memory[65] = 18'h3586e;
    memory[66] = 18'h3561c;
    memory[67] = 18'h353ce;
    memory[68] = 18'h35180;
    memory[69] = 18'h34f34;
    memory[70] = 18'h34cea;
    memory[71] = 18'h34aa0;
    memory[72] = 18'h3485a;
    memory[73] = 18'h34614;
    memory[74] = 18'h343d0;
    memory[75] = 18'h3418c;
    memory[76] = 18'h33f4c;
    memory[77] = 18'h33d0c;
    memory[78] = 18'h33ace;
    memory[79] = 18'h33892;
    memory[80] = 18'h33658;
    memory[81] = 18'h3341e;
    memory[82] = 18'h331e6;
    memory[83] = 18'h32fb0;
    memory[84] = 18'h32d7c;
    memory[85] = 18'h32b48;
    memory[86] = 18'h32918;
    memory[87] = 18'h326e6;
    memory[88] = 18'h324b8;
    memory[89] = 18'h3228c;
    memory[90] = 18'h32060;
    memory[91] = 18'h31e36;
    memory[92] = 18'h31c0e;
    memory[93] = 18'h319e6;
    memory[94] = 18'h317c0;
    memory[95] = 18'h3159c;
    memory[96] = 18'h3137a;
    memory[97] = 18'h31158;
    memory[98] = 18'h30f3a;
    memory[99] = 18'h30d1c;
    memory[100] = 18'h30afe;
    memory[101] = 18'h308e4;
    memory[102] = 18'h306ca;
    memory[103] = 18'h304b2;
    memory[104] = 18'h3029a;
    memory[105] = 18'h30084;
    memory[106] = 18'h2fe70;
    memory[107] = 18'h2fc5e;
    memory[108] = 18'h2fa4e;
    memory[109] = 18'h2f83e;
    memory[110] = 18'h2f630;
    memory[111] = 18'h2f422;
    memory[112] = 18'h2f218;
    memory[113] = 18'h2f00e;
    memory[114] = 18'h2ee04;
    memory[115] = 18'h2ebfe;
    memory[116] = 18'h2e9f8;
    memory[117] = 18'h2e7f4;
    memory[118] = 18'h2e5f0;
    memory[119] = 18'h2e3ee;
    memory[120] = 18'h2e1ee;
    memory[121] = 18'h2dff0;
    memory[122] = 18'h2ddf2;
    memory[123] = 18'h2dbf6;
    memory[124] = 18'h2d9fc;
    memory[125] = 18'h2d802;
    memory[126] = 18'h2d60a;
    memory[127] = 18'h2d414;
    memory[128] = 18'h2d21e;
    memory[129] = 18'h2d02a;
    memory[130] = 18'h2ce38;
    memory[131] = 18'h2cc48;
    memory[132] = 18'h2ca58;
    memory[133] = 18'h2c868;
    memory[134] = 18'h2c67c;
    memory[135] = 18'h2c490;
    memory[136] = 18'h2c2a6;
    memory[137] = 18'h2c0bc;
    memory[138] = 18'h2bed4;
    memory[139] = 18'h2bcee;
    memory[140] = 18'h2bb08;
    memory[141] = 18'h2b924;
    memory[142] = 18'h2b742;
    memory[143] = 18'h2b560;
    memory[144] = 18'h2b382;
    memory[145] = 18'h2b1a2;
    memory[146] = 18'h2afc4;
    memory[147] = 18'h2ade8;
    memory[148] = 18'h2ac0e;
    memory[149] = 18'h2aa34;
    memory[150] = 18'h2a85c;
    memory[151] = 18'h2a686;
    memory[152] = 18'h2a4b0;
    memory[153] = 18'h2a2dc;
    memory[154] = 18'h2a108;
    memory[155] = 18'h29f36;
    memory[156] = 18'h29d66;
    memory[157] = 18'h29b96;
    memory[158] = 18'h299c8;
    memory[159] = 18'h297fc;
    memory[160] = 18'h29630;
    memory[161] = 18'h29466;
    memory[162] = 18'h2929c;
    memory[163] = 18'h290d4;
    memory[164] = 18'h28f0e;
    memory[165] = 18'h28d48;
    memory[166] = 18'h28b84;
    memory[167] = 18'h289c2;
    memory[168] = 18'h28800;
    memory[169] = 18'h2863e;
    memory[170] = 18'h28480;
    memory[171] = 18'h282c2;
    memory[172] = 18'h28104;
    memory[173] = 18'h27f48;
    memory[174] = 18'h27d8e;
    memory[175] = 18'h27bd4;
    memory[176] = 18'h27a1c;
    memory[177] = 18'h27866;
    memory[178] = 18'h276b0;
    memory[179] = 18'h274fc;
    memory[180] = 18'h27348;
    memory[181] = 18'h27196;
    memory[182] = 18'h26fe4;
    memory[183] = 18'h26e34;
    memory[184] = 18'h26c86;
    memory[185] = 18'h26ad8;
    memory[186] = 18'h2692c;
    memory[187] = 18'h26782;
    memory[188] = 18'h265d8;
    memory[189] = 18'h2642e;
    memory[190] = 18'h26286;
    memory[191] = 18'h260e0;
    memory[192] = 18'h25f3a;
    memory[193] = 18'h25d96;
    memory[194] = 18'h25bf2;
    memory[195] = 18'h25a50;
    memory[196] = 18'h258b0;
    memory[197] = 18'h25710;
    memory[198] = 18'h25572;
    memory[199] = 18'h253d4;
    memory[200] = 18'h25238;
    memory[201] = 18'h2509c;
    memory[202] = 18'h24f02;
    memory[203] = 18'h24d68;
    memory[204] = 18'h24bd0;
    memory[205] = 18'h24a3a;
    memory[206] = 18'h248a4;
    memory[207] = 18'h24710;
    memory[208] = 18'h2457c;
    memory[209] = 18'h243ea;
    memory[210] = 18'h24258;
    memory[211] = 18'h240c8;
    memory[212] = 18'h23f38;
    memory[213] = 18'h23daa;
    memory[214] = 18'h23c1c;
    memory[215] = 18'h23a90;
    memory[216] = 18'h23906;
    memory[217] = 18'h2377c;
    memory[218] = 18'h235f4;
    memory[219] = 18'h2346c;
    memory[220] = 18'h232e4;
    memory[221] = 18'h23160;
    memory[222] = 18'h22fda;
    memory[223] = 18'h22e58;
    memory[224] = 18'h22cd4;
    memory[225] = 18'h22b54;
    memory[226] = 18'h229d2;
    memory[227] = 18'h22854;
    memory[228] = 18'h226d6;
    memory[229] = 18'h22558;
    memory[230] = 18'h223dc;
    memory[231] = 18'h22260;
    memory[232] = 18'h220e6;
    memory[233] = 18'h21f6c;
    memory[234] = 18'h21df4;
    memory[235] = 18'h21c7e;
    memory[236] = 18'h21b08;
    memory[237] = 18'h21992;
    memory[238] = 18'h2181e;
    memory[239] = 18'h216ac;
    memory[240] = 18'h21538;
    memory[241] = 18'h213c8;
    memory[242] = 18'h21258;
    memory[243] = 18'h210e8;
    memory[244] = 18'h20f7a;
    memory[245] = 18'h20e0e;
    memory[246] = 18'h20ca2;
    memory[247] = 18'h20b36;
    memory[248] = 18'h209cc;
    memory[249] = 18'h20862;
    memory[250] = 18'h206fa;
    memory[251] = 18'h20594;
    memory[252] = 18'h2042e;
    memory[253] = 18'h202c8;
    memory[254] = 18'h20164;
    memory[255] = 18'h20000;
    memory[256] = 18'h1fe9e;
    memory[257] = 18'h1fd3c;
    memory[258] = 18'h1fbdc;
    memory[259] = 18'h1fa7c;
    memory[260] = 18'h1f91e;
    memory[261] = 18'h1f7c0;
    memory[262] = 18'h1f663;
    memory[263] = 18'h1f507;
    memory[264] = 18'h1f3ad;
    memory[265] = 18'h1f253;
    memory[266] = 18'h1f0fa;
    memory[267] = 18'h1efa2;
    memory[268] = 18'h1ee4b;
    memory[269] = 18'h1ecf5;
    memory[270] = 18'h1eb9f;
    memory[271] = 18'h1ea4b;
    memory[272] = 18'h1e8f8;
    memory[273] = 18'h1e7a5;
    memory[274] = 18'h1e654;
    memory[275] = 18'h1e503;
    memory[276] = 18'h1e3b3;
    memory[277] = 18'h1e264;
    memory[278] = 18'h1e116;
    memory[279] = 18'h1dfc9;
    memory[280] = 18'h1de7d;
    memory[281] = 18'h1dd32;
    memory[282] = 18'h1dbe8;
    memory[283] = 18'h1da9e;
    memory[284] = 18'h1d956;
    memory[285] = 18'h1d80e;
    memory[286] = 18'h1d6c7;
    memory[287] = 18'h1d582;
    memory[288] = 18'h1d43d;
    memory[289] = 18'h1d2f8;
    memory[290] = 18'h1d1b5;
    memory[291] = 18'h1d073;
    memory[292] = 18'h1cf31;
    memory[293] = 18'h1cdf1;
    memory[294] = 18'h1ccb1;
    memory[295] = 18'h1cb72;
    memory[296] = 18'h1ca34;
    memory[297] = 18'h1c8f7;
    memory[298] = 18'h1c7bb;
    memory[299] = 18'h1c67f;
    memory[300] = 18'h1c544;
    memory[301] = 18'h1c40b;
    memory[302] = 18'h1c2d2;
    memory[303] = 18'h1c19a;
    memory[304] = 18'h1c063;
    memory[305] = 18'h1bf2c;
    memory[306] = 18'h1bdf7;
    memory[307] = 18'h1bcc2;
    memory[308] = 18'h1bb8e;
    memory[309] = 18'h1ba5b;
    memory[310] = 18'h1b929;
    memory[311] = 18'h1b7f7;
    memory[312] = 18'h1b6c7;
    memory[313] = 18'h1b597;
    memory[314] = 18'h1b468;
    memory[315] = 18'h1b33a;
    memory[316] = 18'h1b20d;
    memory[317] = 18'h1b0e0;
    memory[318] = 18'h1afb5;
    memory[319] = 18'h1ae8a;
    memory[320] = 18'h1ad60;
    memory[321] = 18'h1ac37;
    memory[322] = 18'h1ab0e;
    memory[323] = 18'h1a9e7;
    memory[324] = 18'h1a8c0;
    memory[325] = 18'h1a79a;
    memory[326] = 18'h1a675;
    memory[327] = 18'h1a550;
    memory[328] = 18'h1a42d;
    memory[329] = 18'h1a30a;
    memory[330] = 18'h1a1e8;
    memory[331] = 18'h1a0c6;
    memory[332] = 18'h19fa6;
    memory[333] = 18'h19e86;
    memory[334] = 18'h19d67;
    memory[335] = 18'h19c49;
    memory[336] = 18'h19b2c;
    memory[337] = 18'h19a0f;
    memory[338] = 18'h198f3;
    memory[339] = 18'h197d8;
    memory[340] = 18'h196be;
    memory[341] = 18'h195a4;
    memory[342] = 18'h1948c;
    memory[343] = 18'h19373;
    memory[344] = 18'h1925c;
    memory[345] = 18'h19146;
    memory[346] = 18'h19030;
    memory[347] = 18'h18f1b;
    memory[348] = 18'h18e07;
    memory[349] = 18'h18cf3;
    memory[350] = 18'h18be0;
    memory[351] = 18'h18ace;
    memory[352] = 18'h189bd;
    memory[353] = 18'h188ac;
    memory[354] = 18'h1879d;
    memory[355] = 18'h1868e;
    memory[356] = 18'h1857f;
    memory[357] = 18'h18472;
    memory[358] = 18'h18365;
    memory[359] = 18'h18259;
    memory[360] = 18'h1814d;
    memory[361] = 18'h18042;
    memory[362] = 18'h17f38;
    memory[363] = 18'h17e2f;
    memory[364] = 18'h17d27;
    memory[365] = 18'h17c1f;
    memory[366] = 18'h17b18;
    memory[367] = 18'h17a11;
    memory[368] = 18'h1790c;
    memory[369] = 18'h17807;
    memory[370] = 18'h17702;
    memory[371] = 18'h175ff;
    memory[372] = 18'h174fc;
    memory[373] = 18'h173fa;
    memory[374] = 18'h172f8;
    memory[375] = 18'h171f7;
    memory[376] = 18'h170f7;
    memory[377] = 18'h16ff8;
    memory[378] = 18'h16ef9;
    memory[379] = 18'h16dfb;
    memory[380] = 18'h16cfe;
    memory[381] = 18'h16c01;
    memory[382] = 18'h16b05;
    memory[383] = 18'h16a0a;
    memory[384] = 18'h1690f;
    memory[385] = 18'h16815;
    memory[386] = 18'h1671c;
    memory[387] = 18'h16624;
    memory[388] = 18'h1652c;
    memory[389] = 18'h16434;
    memory[390] = 18'h1633e;
    memory[391] = 18'h16248;
    memory[392] = 18'h16153;
    memory[393] = 18'h1605e;
    memory[394] = 18'h15f6a;
    memory[395] = 18'h15e77;
    memory[396] = 18'h15d84;
    memory[397] = 18'h15c92;
    memory[398] = 18'h15ba1;
    memory[399] = 18'h15ab0;
    memory[400] = 18'h159c1;
    memory[401] = 18'h158d1;
    memory[402] = 18'h157e2;
    memory[403] = 18'h156f4;
    memory[404] = 18'h15607;
    memory[405] = 18'h1551a;
    memory[406] = 18'h1542e;
    memory[407] = 18'h15343;
    memory[408] = 18'h15258;
    memory[409] = 18'h1516e;
    memory[410] = 18'h15084;
    memory[411] = 18'h14f9b;
    memory[412] = 18'h14eb3;
    memory[413] = 18'h14dcb;
    memory[414] = 18'h14ce4;
    memory[415] = 18'h14bfe;
    memory[416] = 18'h14b18;
    memory[417] = 18'h14a33;
    memory[418] = 18'h1494e;
    memory[419] = 18'h1486a;
    memory[420] = 18'h14787;
    memory[421] = 18'h146a4;
    memory[422] = 18'h145c2;
    memory[423] = 18'h144e1;
    memory[424] = 18'h14400;
    memory[425] = 18'h1431f;
    memory[426] = 18'h14240;
    memory[427] = 18'h14161;
    memory[428] = 18'h14082;
    memory[429] = 18'h13fa4;
    memory[430] = 18'h13ec7;
    memory[431] = 18'h13dea;
    memory[432] = 18'h13d0e;
    memory[433] = 18'h13c33;
    memory[434] = 18'h13b58;
    memory[435] = 18'h13a7e;
    memory[436] = 18'h139a4;
    memory[437] = 18'h138cb;
    memory[438] = 18'h137f2;
    memory[439] = 18'h1371a;
    memory[440] = 18'h13643;
    memory[441] = 18'h1356c;
    memory[442] = 18'h13496;
    memory[443] = 18'h133c1;
    memory[444] = 18'h132ec;
    memory[445] = 18'h13217;
    memory[446] = 18'h13143;
    memory[447] = 18'h13070;
    memory[448] = 18'h12f9d;
    memory[449] = 18'h12ecb;
    memory[450] = 18'h12df9;
    memory[451] = 18'h12d28;
    memory[452] = 18'h12c58;
    memory[453] = 18'h12b88;
    memory[454] = 18'h12ab9;
    memory[455] = 18'h129ea;
    memory[456] = 18'h1291c;
    memory[457] = 18'h1284e;
    memory[458] = 18'h12781;
    memory[459] = 18'h126b4;
    memory[460] = 18'h125e8;
    memory[461] = 18'h1251d;
    memory[462] = 18'h12452;
    memory[463] = 18'h12388;
    memory[464] = 18'h122be;
    memory[465] = 18'h121f5;
    memory[466] = 18'h1212c;
    memory[467] = 18'h12064;
    memory[468] = 18'h11f9c;
    memory[469] = 18'h11ed5;
    memory[470] = 18'h11e0e;
    memory[471] = 18'h11d48;
    memory[472] = 18'h11c83;
    memory[473] = 18'h11bbe;
    memory[474] = 18'h11afa;
    memory[475] = 18'h11a36;
    memory[476] = 18'h11972;
    memory[477] = 18'h118b0;
    memory[478] = 18'h117ed;
    memory[479] = 18'h1172c;
    memory[480] = 18'h1166a;
    memory[481] = 18'h115aa;
    memory[482] = 18'h114e9;
    memory[483] = 18'h1142a;
    memory[484] = 18'h1136b;
    memory[485] = 18'h112ac;
    memory[486] = 18'h111ee;
    memory[487] = 18'h11130;
    memory[488] = 18'h11073;
    memory[489] = 18'h10fb6;
    memory[490] = 18'h10efa;
    memory[491] = 18'h10e3f;
    memory[492] = 18'h10d84;
    memory[493] = 18'h10cc9;
    memory[494] = 18'h10c0f;
    memory[495] = 18'h10b56;
    memory[496] = 18'h10a9c;
    memory[497] = 18'h109e4;
    memory[498] = 18'h1092c;
    memory[499] = 18'h10874;
    memory[500] = 18'h107bd;
    memory[501] = 18'h10707;
    memory[502] = 18'h10651;
    memory[503] = 18'h1059b;
    memory[504] = 18'h104e6;
    memory[505] = 18'h10431;
    memory[506] = 18'h1037d;
    memory[507] = 18'h102ca;
    memory[508] = 18'h10217;
    memory[509] = 18'h10164;
    memory[510] = 18'h100b2;
    memory[511] = 18'h10000;
    memory[512] = 18'h0ff4f;
    memory[513] = 18'h0fe9e;
    memory[514] = 18'h0fdee;
    memory[515] = 18'h0fd3e;
    memory[516] = 18'h0fc8f;
    memory[517] = 18'h0fbe0;
    memory[518] = 18'h0fb31;
    memory[519] = 18'h0fa83;
    memory[520] = 18'h0f9d6;
    memory[521] = 18'h0f929;
    memory[522] = 18'h0f87d;
    memory[523] = 18'h0f7d1;
    memory[524] = 18'h0f725;
    memory[525] = 18'h0f67a;
    memory[526] = 18'h0f5cf;
    memory[527] = 18'h0f525;
    memory[528] = 18'h0f47c;
    memory[529] = 18'h0f3d2;
    memory[530] = 18'h0f32a;
    memory[531] = 18'h0f281;
    memory[532] = 18'h0f1d9;
    memory[533] = 18'h0f132;
    memory[534] = 18'h0f08b;
    memory[535] = 18'h0efe4;
    memory[536] = 18'h0ef3e;
    memory[537] = 18'h0ee99;
    memory[538] = 18'h0edf4;
    memory[539] = 18'h0ed4f;
    memory[540] = 18'h0ecab;
    memory[541] = 18'h0ec07;
    memory[542] = 18'h0eb63;
    memory[543] = 18'h0eac1;
    memory[544] = 18'h0ea1e;
    memory[545] = 18'h0e97c;
    memory[546] = 18'h0e8da;
    memory[547] = 18'h0e839;
    memory[548] = 18'h0e798;
    memory[549] = 18'h0e6f8;
    memory[550] = 18'h0e658;
    memory[551] = 18'h0e5b9;
    memory[552] = 18'h0e51a;
    memory[553] = 18'h0e47b;
    memory[554] = 18'h0e3dd;
    memory[555] = 18'h0e33f;
    memory[556] = 18'h0e2a2;
    memory[557] = 18'h0e205;
    memory[558] = 18'h0e169;
    memory[559] = 18'h0e0cd;
    memory[560] = 18'h0e031;
    memory[561] = 18'h0df96;
    memory[562] = 18'h0defb;
    memory[563] = 18'h0de61;
    memory[564] = 18'h0ddc7;
    memory[565] = 18'h0dd2d;
    memory[566] = 18'h0dc94;
    memory[567] = 18'h0dbfb;
    memory[568] = 18'h0db63;
    memory[569] = 18'h0dacb;
    memory[570] = 18'h0da34;
    memory[571] = 18'h0d99d;
    memory[572] = 18'h0d906;
    memory[573] = 18'h0d870;
    memory[574] = 18'h0d7da;
    memory[575] = 18'h0d745;
    memory[576] = 18'h0d6b0;
    memory[577] = 18'h0d61b;
    memory[578] = 18'h0d587;
    memory[579] = 18'h0d4f3;
    memory[580] = 18'h0d460;
    memory[581] = 18'h0d3cd;
    memory[582] = 18'h0d33a;
    memory[583] = 18'h0d2a8;
    memory[584] = 18'h0d216;
    memory[585] = 18'h0d185;
    memory[586] = 18'h0d0f4;
    memory[587] = 18'h0d063;
    memory[588] = 18'h0cfd3;
    memory[589] = 18'h0cf43;
    memory[590] = 18'h0ceb3;
    memory[591] = 18'h0ce24;
    memory[592] = 18'h0cd96;
    memory[593] = 18'h0cd07;
    memory[594] = 18'h0cc79;
    memory[595] = 18'h0cbec;
    memory[596] = 18'h0cb5f;
    memory[597] = 18'h0cad2;
    memory[598] = 18'h0ca46;
    memory[599] = 18'h0c9b9;
    memory[600] = 18'h0c92e;
    memory[601] = 18'h0c8a3;
    memory[602] = 18'h0c818;
    memory[603] = 18'h0c78d;
    memory[604] = 18'h0c703;
    memory[605] = 18'h0c679;
    memory[606] = 18'h0c5f0;
    memory[607] = 18'h0c567;
    memory[608] = 18'h0c4de;
    memory[609] = 18'h0c456;
    memory[610] = 18'h0c3ce;
    memory[611] = 18'h0c347;
    memory[612] = 18'h0c2bf;
    memory[613] = 18'h0c239;
    memory[614] = 18'h0c1b2;
    memory[615] = 18'h0c12c;
    memory[616] = 18'h0c0a6;
    memory[617] = 18'h0c021;
    memory[618] = 18'h0bf9c;
    memory[619] = 18'h0bf17;
    memory[620] = 18'h0be93;
    memory[621] = 18'h0be0f;
    memory[622] = 18'h0bd8c;
    memory[623] = 18'h0bd08;
    memory[624] = 18'h0bc86;
    memory[625] = 18'h0bc03;
    memory[626] = 18'h0bb81;
    memory[627] = 18'h0baff;
    memory[628] = 18'h0ba7e;
    memory[629] = 18'h0b9fd;
    memory[630] = 18'h0b97c;
    memory[631] = 18'h0b8fb;
    memory[632] = 18'h0b87b;
    memory[633] = 18'h0b7fc;
    memory[634] = 18'h0b77c;
    memory[635] = 18'h0b6fd;
    memory[636] = 18'h0b67f;
    memory[637] = 18'h0b600;
    memory[638] = 18'h0b582;
    memory[639] = 18'h0b505;
    memory[640] = 18'h0b487;
    memory[641] = 18'h0b40a;
    memory[642] = 18'h0b38e;
    memory[643] = 18'h0b312;
    memory[644] = 18'h0b296;
    memory[645] = 18'h0b21a;
    memory[646] = 18'h0b19f;
    memory[647] = 18'h0b124;
    memory[648] = 18'h0b0a9;
    memory[649] = 18'h0b02f;
    memory[650] = 18'h0afb5;
    memory[651] = 18'h0af3b;
    memory[652] = 18'h0aec2;
    memory[653] = 18'h0ae49;
    memory[654] = 18'h0add0;
    memory[655] = 18'h0ad58;
    memory[656] = 18'h0ace0;
    memory[657] = 18'h0ac68;
    memory[658] = 18'h0abf1;
    memory[659] = 18'h0ab7a;
    memory[660] = 18'h0ab03;
    memory[661] = 18'h0aa8d;
    memory[662] = 18'h0aa17;
    memory[663] = 18'h0a9a1;
    memory[664] = 18'h0a92c;
    memory[665] = 18'h0a8b7;
    memory[666] = 18'h0a842;
    memory[667] = 18'h0a7cd;
    memory[668] = 18'h0a759;
    memory[669] = 18'h0a6e5;
    memory[670] = 18'h0a672;
    memory[671] = 18'h0a5ff;
    memory[672] = 18'h0a58c;
    memory[673] = 18'h0a519;
    memory[674] = 18'h0a4a7;
    memory[675] = 18'h0a435;
    memory[676] = 18'h0a3c3;
    memory[677] = 18'h0a352;
    memory[678] = 18'h0a2e1;
    memory[679] = 18'h0a270;
    memory[680] = 18'h0a200;
    memory[681] = 18'h0a18f;
    memory[682] = 18'h0a120;
    memory[683] = 18'h0a0b0;
    memory[684] = 18'h0a041;
    memory[685] = 18'h09fd2;
    memory[686] = 18'h09f63;
    memory[687] = 18'h09ef5;
    memory[688] = 18'h09e87;
    memory[689] = 18'h09e19;
    memory[690] = 18'h09dac;
    memory[691] = 18'h09d3f;
    memory[692] = 18'h09cd2;
    memory[693] = 18'h09c65;
    memory[694] = 18'h09bf9;
    memory[695] = 18'h09b8d;
    memory[696] = 18'h09b21;
    memory[697] = 18'h09ab6;
    memory[698] = 18'h09a4b;
    memory[699] = 18'h099e0;
    memory[700] = 18'h09976;
    memory[701] = 18'h0990b;
    memory[702] = 18'h098a1;
    memory[703] = 18'h09838;
    memory[704] = 18'h097ce;
    memory[705] = 18'h09765;
    memory[706] = 18'h096fc;
    memory[707] = 18'h09694;
    memory[708] = 18'h0962c;
    memory[709] = 18'h095c4;
    memory[710] = 18'h0955c;
    memory[711] = 18'h094f5;
    memory[712] = 18'h0948e;
    memory[713] = 18'h09427;
    memory[714] = 18'h093c0;
    memory[715] = 18'h0935a;
    memory[716] = 18'h092f4;
    memory[717] = 18'h0928e;
    memory[718] = 18'h09229;
    memory[719] = 18'h091c4;
    memory[720] = 18'h0915f;
    memory[721] = 18'h090fa;
    memory[722] = 18'h09096;
    memory[723] = 18'h09032;
    memory[724] = 18'h08fce;
    memory[725] = 18'h08f6a;
    memory[726] = 18'h08f07;
    memory[727] = 18'h08ea4;
    memory[728] = 18'h08e41;
    memory[729] = 18'h08ddf;
    memory[730] = 18'h08d7d;
    memory[731] = 18'h08d1b;
    memory[732] = 18'h08cb9;
    memory[733] = 18'h08c58;
    memory[734] = 18'h08bf6;
    memory[735] = 18'h08b96;
    memory[736] = 18'h08b35;
    memory[737] = 18'h08ad5;
    memory[738] = 18'h08a74;
    memory[739] = 18'h08a15;
    memory[740] = 18'h089b5;
    memory[741] = 18'h08956;
    memory[742] = 18'h088f7;
    memory[743] = 18'h08898;
    memory[744] = 18'h08839;
    memory[745] = 18'h087db;
    memory[746] = 18'h0877d;
    memory[747] = 18'h0871f;
    memory[748] = 18'h086c2;
    memory[749] = 18'h08664;
    memory[750] = 18'h08607;
    memory[751] = 18'h085ab;
    memory[752] = 18'h0854e;
    memory[753] = 18'h084f2;
    memory[754] = 18'h08496;
    memory[755] = 18'h0843a;
    memory[756] = 18'h083de;
    memory[757] = 18'h08383;
    memory[758] = 18'h08328;
    memory[759] = 18'h082cd;
    memory[760] = 18'h08273;
    memory[761] = 18'h08218;
    memory[762] = 18'h081be;
    memory[763] = 18'h08165;
    memory[764] = 18'h0810b;
    memory[765] = 18'h080b2;
    memory[766] = 18'h08059;
    memory[767] = 18'h08000;
    memory[768] = 18'h07fa7;
    memory[769] = 18'h07f4f;
    memory[770] = 18'h07ef7;
    memory[771] = 18'h07e9f;
    memory[772] = 18'h07e47;
    memory[773] = 18'h07df0;
    memory[774] = 18'h07d98;
    memory[775] = 18'h07d41;
    memory[776] = 18'h07ceb;
    memory[777] = 18'h07c94;
    memory[778] = 18'h07c3e;
    memory[779] = 18'h07be8;
    memory[780] = 18'h07b92;
    memory[781] = 18'h07b3d;
    memory[782] = 18'h07ae7;
    memory[783] = 18'h07a92;
    memory[784] = 18'h07a3e;
    memory[785] = 18'h079e9;
    memory[786] = 18'h07995;
    memory[787] = 18'h07940;
    memory[788] = 18'h078ec;
    memory[789] = 18'h07899;
    memory[790] = 18'h07845;
    memory[791] = 18'h077f2;
    memory[792] = 18'h0779f;
    memory[793] = 18'h0774c;
    memory[794] = 18'h076fa;
    memory[795] = 18'h076a7;
    memory[796] = 18'h07655;
    memory[797] = 18'h07603;
    memory[798] = 18'h075b1;
    memory[799] = 18'h07560;
    memory[800] = 18'h0750f;
    memory[801] = 18'h074be;
    memory[802] = 18'h0746d;
    memory[803] = 18'h0741c;
    memory[804] = 18'h073cc;
    memory[805] = 18'h0737c;
    memory[806] = 18'h0732c;
    memory[807] = 18'h072dc;
    memory[808] = 18'h0728d;
    memory[809] = 18'h0723d;
    memory[810] = 18'h071ee;
    memory[811] = 18'h0719f;
    memory[812] = 18'h07151;
    memory[813] = 18'h07102;
    memory[814] = 18'h070b4;
    memory[815] = 18'h07066;
    memory[816] = 18'h07018;
    memory[817] = 18'h06fcb;
    memory[818] = 18'h06f7d;
    memory[819] = 18'h06f30;
    memory[820] = 18'h06ee3;
    memory[821] = 18'h06e96;
    memory[822] = 18'h06e4a;
    memory[823] = 18'h06dfd;
    memory[824] = 18'h06db1;
    memory[825] = 18'h06d65;
    memory[826] = 18'h06d1a;
    memory[827] = 18'h06cce;
    memory[828] = 18'h06c83;
    memory[829] = 18'h06c38;
    memory[830] = 18'h06bed;
    memory[831] = 18'h06ba2;
    memory[832] = 18'h06b58;
    memory[833] = 18'h06b0d;
    memory[834] = 18'h06ac3;
    memory[835] = 18'h06a79;
    memory[836] = 18'h06a30;
    memory[837] = 18'h069e6;
    memory[838] = 18'h0699d;
    memory[839] = 18'h06954;
    memory[840] = 18'h0690b;
    memory[841] = 18'h068c2;
    memory[842] = 18'h0687a;
    memory[843] = 18'h06831;
    memory[844] = 18'h067e9;
    memory[845] = 18'h067a1;
    memory[846] = 18'h06759;
    memory[847] = 18'h06712;
    memory[848] = 18'h066cb;
    memory[849] = 18'h06683;
    memory[850] = 18'h0663c;
    memory[851] = 18'h065f6;
    memory[852] = 18'h065af;
    memory[853] = 18'h06569;
    memory[854] = 18'h06523;
    memory[855] = 18'h064dc;
    memory[856] = 18'h06497;
    memory[857] = 18'h06451;
    memory[858] = 18'h0640c;
    memory[859] = 18'h063c6;
    memory[860] = 18'h06381;
    memory[861] = 18'h0633c;
    memory[862] = 18'h062f8;
    memory[863] = 18'h062b3;
    memory[864] = 18'h0626f;
    memory[865] = 18'h0622b;
    memory[866] = 18'h061e7;
    memory[867] = 18'h061a3;
    memory[868] = 18'h0615f;
    memory[869] = 18'h0611c;
    memory[870] = 18'h060d9;
    memory[871] = 18'h06096;
    memory[872] = 18'h06053;
    memory[873] = 18'h06010;
    memory[874] = 18'h05fce;
    memory[875] = 18'h05f8b;
    memory[876] = 18'h05f49;
    memory[877] = 18'h05f07;
    memory[878] = 18'h05ec6;
    memory[879] = 18'h05e84;
    memory[880] = 18'h05e43;
    memory[881] = 18'h05e01;
    memory[882] = 18'h05dc0;
    memory[883] = 18'h05d7f;
    memory[884] = 18'h05d3f;
    memory[885] = 18'h05cfe;
    memory[886] = 18'h05cbe;
    memory[887] = 18'h05c7d;
    memory[888] = 18'h05c3d;
    memory[889] = 18'h05bfe;
    memory[890] = 18'h05bbe;
    memory[891] = 18'h05b7e;
    memory[892] = 18'h05b3f;
    memory[893] = 18'h05b00;
    memory[894] = 18'h05ac1;
    memory[895] = 18'h05a82;
    memory[896] = 18'h05a43;
    memory[897] = 18'h05a05;
    memory[898] = 18'h059c7;
    memory[899] = 18'h05989;
    memory[900] = 18'h0594b;
    memory[901] = 18'h0590d;
    memory[902] = 18'h058cf;
    memory[903] = 18'h05892;
    memory[904] = 18'h05854;
    memory[905] = 18'h05817;
    memory[906] = 18'h057da;
    memory[907] = 18'h0579d;
    memory[908] = 18'h05761;
    memory[909] = 18'h05724;
    memory[910] = 18'h056e8;
    memory[911] = 18'h056ac;
    memory[912] = 18'h05670;
    memory[913] = 18'h05634;
    memory[914] = 18'h055f8;
    memory[915] = 18'h055bd;
    memory[916] = 18'h05581;
    memory[917] = 18'h05546;
    memory[918] = 18'h0550b;
    memory[919] = 18'h054d0;
    memory[920] = 18'h05496;
    memory[921] = 18'h0545b;
    memory[922] = 18'h05421;
    memory[923] = 18'h053e6;
    memory[924] = 18'h053ac;
    memory[925] = 18'h05372;
    memory[926] = 18'h05339;
    memory[927] = 18'h052ff;
    memory[928] = 18'h052c6;
    memory[929] = 18'h0528c;
    memory[930] = 18'h05253;
    memory[931] = 18'h0521a;
    memory[932] = 18'h051e1;
    memory[933] = 18'h051a9;
    memory[934] = 18'h05170;
    memory[935] = 18'h05138;
    memory[936] = 18'h05100;
    memory[937] = 18'h050c7;
    memory[938] = 18'h05090;
    memory[939] = 18'h05058;
    memory[940] = 18'h05020;
    memory[941] = 18'h04fe9;
    memory[942] = 18'h04fb1;
    memory[943] = 18'h04f7a;
    memory[944] = 18'h04f43;
    memory[945] = 18'h04f0c;
    memory[946] = 18'h04ed6;
    memory[947] = 18'h04e9f;
    memory[948] = 18'h04e69;
    memory[949] = 18'h04e32;
    memory[950] = 18'h04dfc;
    memory[951] = 18'h04dc6;
    memory[952] = 18'h04d90;
    memory[953] = 18'h04d5b;
    memory[954] = 18'h04d25;
    memory[955] = 18'h04cf0;
    memory[956] = 18'h04cbb;
    memory[957] = 18'h04c85;
    memory[958] = 18'h04c50;
    memory[959] = 18'h04c1c;
    memory[960] = 18'h04be7;
    memory[961] = 18'h04bb2;
    memory[962] = 18'h04b7e;
    memory[963] = 18'h04b4a;
    memory[964] = 18'h04b16;
    memory[965] = 18'h04ae2;
    memory[966] = 18'h04aae;
    memory[967] = 18'h04a7a;
    memory[968] = 18'h04a47;
    memory[969] = 18'h04a13;
    memory[970] = 18'h049e0;
    memory[971] = 18'h049ad;
    memory[972] = 18'h0497a;
    memory[973] = 18'h04947;
    memory[974] = 18'h04914;
    memory[975] = 18'h048e2;
    memory[976] = 18'h048af;
    memory[977] = 18'h0487d;
    memory[978] = 18'h0484b;
    memory[979] = 18'h04819;
    memory[980] = 18'h047e7;
    memory[981] = 18'h047b5;
    memory[982] = 18'h04783;
    memory[983] = 18'h04752;
    memory[984] = 18'h04720;
    memory[985] = 18'h046ef;
    memory[986] = 18'h046be;
    memory[987] = 18'h0468d;
    memory[988] = 18'h0465c;
    memory[989] = 18'h0462c;
    memory[990] = 18'h045fb;
    memory[991] = 18'h045cb;
    memory[992] = 18'h0459a;
    memory[993] = 18'h0456a;
    memory[994] = 18'h0453a;
    memory[995] = 18'h0450a;
    memory[996] = 18'h044da;
    memory[997] = 18'h044ab;
    memory[998] = 18'h0447b;
    memory[999] = 18'h0444c;
    memory[1000] = 18'h0441c;
    memory[1001] = 18'h043ed;
    memory[1002] = 18'h043be;
    memory[1003] = 18'h0438f;
    memory[1004] = 18'h04361;
    memory[1005] = 18'h04332;
    memory[1006] = 18'h04303;
    memory[1007] = 18'h042d5;
    memory[1008] = 18'h042a7;
    memory[1009] = 18'h04279;
    memory[1010] = 18'h0424b;
    memory[1011] = 18'h0421d;
    memory[1012] = 18'h041ef;
    memory[1013] = 18'h041c1;
    memory[1014] = 18'h04194;
    memory[1015] = 18'h04166;
    memory[1016] = 18'h04139;
    memory[1017] = 18'h0410c;
    memory[1018] = 18'h040df;
    memory[1019] = 18'h040b2;
    memory[1020] = 18'h04085;
    memory[1021] = 18'h04059;
    memory[1022] = 18'h0402c;
    memory[1023] = 18'h04000;
  end
  reg [17:0] _0_;
  reg [17:0] _1_;
  always @(posedge clk) begin
    if (enable[0]) begin
      _0_ <= memory[port__addr];
    end
    if (enable[1]) begin
      _1_ <= memory[{ 2'h0, address_2 }];
    end
  end
  assign entry_1 = _0_;
  assign entry_2 = _1_;
endmodule

// softmax_quantizer_l2_axis: rows of logits to logsqrt2 codes of their softmax, without a divider.
//
// Parameters: lanes=2, bits=4, zero_code=top, width=12, rom_bits=8, exp_bits=17, tokens=256
// Latency 301 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                      clock of all ports
//   input  aresetn                   synchronous reset, active low
//   input  s_axis_tdata    [23:0]    lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid             a beat is offered
//   output s_axis_tready             a beat is taken
//   input  s_axis_tlast              the row's last beat
//   output m_axis_tdata    [7:0]     lanes, lane 0 in the least significant bits
//   output m_axis_tvalid             a beat is offered
//   input  m_axis_tready             a beat is taken
//   output m_axis_tlast              the row's last beat
//   input  multiplier      [15:0]    configuration: multiplier of the exponent
//   input  shift           [5:0]     configuration: shift of the exponent
//   input  threshold_a     [31:0]    configuration: threshold of even codes, 1 to 2 times threshold_b
//   input  threshold_b     [31:0]    configuration: threshold of odd codes, at least 2**30
//   input  threshold_shift [5:0]     configuration: the thresholds are in units of 2**-threshold_shift
//
// s_axis_tdata: 2 lanes of 12 bits, lane 0 lowest:
//   [12*n + 0 +: 12]       logit, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// m_axis_tdata: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//   Rows: each begins a beat, last marks its last beat.
//

module softmax_quantizer_l2_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, m_axis_tready, multiplier, shift, threshold_a, threshold_b, threshold_shift, s_axis_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, aclk);
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
  input [15:0] multiplier;
  wire [15:0] multiplier;
  wire o_valid;
  wire rst;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TDATA" *)
  input [23:0] s_axis_tdata;
  wire [23:0] s_axis_tdata;
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
  input [31:0] threshold_a;
  wire [31:0] threshold_a;
  input [31:0] threshold_b;
  wire [31:0] threshold_b;
  input [5:0] threshold_shift;
  wire [5:0] threshold_shift;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  softmax_quantizer_l2 unit (
    .clk(aclk),
    .i__payload({ s_axis_tlast, s_axis_tdata }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .multiplier(multiplier),
    .o__payload({ m_axis_tlast, m_axis_tdata }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .rst(rst),
    .shift(shift),
    .threshold_a(threshold_a),
    .threshold_b(threshold_b),
    .threshold_shift(threshold_shift)
  );
endmodule
