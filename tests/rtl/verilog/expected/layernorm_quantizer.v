// layernorm_quantizer_l2: rows of the residual stream to codes: LayerNorm with one reciprocal root a row.
//
// Parameters: lanes=2, bits=4, width=16, channels=192
// Latency 45 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i, i_affine and o: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 16 bits, lane 0 lowest:
//   [16*n + 0 +: 16]       element, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// i_affine__payload: 2 lanes of 58 bits, lane 0 lowest:
//   [58*n + 0 +: 17]       gain, two's complement
//   [58*n + 17 +: 41]      offset, two's complement
//   A table: 192 entries in order, last with the last beat, while nothing is inside; kept until
//   they come again.
//
// o__payload: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//   Rows: each begins a beat, last marks its last beat.
//

module layernorm_quantizer_l2(i__valid, i_affine__payload, i_affine__valid, o__ready, columns, shift, epsilon, clk, rst, i__ready, i_affine__ready, o__payload, o__valid, i__payload);
  wire n1;
  wire n2;
  wire n3;
  wire [7:0] n4;
  wire [7:0] n5;
  reg [5:0] amount;
  initial amount = 6'h00;
  reg [5:0] amount_1;
  initial amount_1 = 6'h00;
  reg [5:0] amount_2;
  initial amount_2 = 6'h00;
  reg [5:0] amount_3;
  initial amount_3 = 6'h00;
  reg [5:0] amount_4;
  initial amount_4 = 6'h00;
  reg [5:0] amount_5;
  initial amount_5 = 6'h00;
  reg [2:0] amount_fine;
  initial amount_fine = 3'h0;
  input clk;
  wire clk;
  wire [3:0] code;
  wire [3:0] code_74;
  input [7:0] columns;
  wire [7:0] columns;
  wire enable;
  input [45:0] epsilon;
  wire [45:0] epsilon;
  wire fires;
  reg gain_read;
  initial gain_read = 1'h0;
  reg [6:0] gain_row;
  initial gain_row = 7'h00;
  wire [33:0] gains;
  input [32:0] i__payload;
  wire [32:0] i__payload;
  wire [61:0] i__payload_24;
  output i__ready;
  wire i__ready;
  wire i__ready_14;
  wire i__ready_15;
  wire i__ready_29;
  input i__valid;
  wire i__valid;
  wire i__valid_16;
  wire i__valid_17;
  wire i__valid_26;
  input [116:0] i_affine__payload;
  wire [116:0] i_affine__payload;
  output i_affine__ready;
  wire i_affine__ready;
  input i_affine__valid;
  wire i_affine__valid;
  reg last_1;
  initial last_1 = 1'h0;
  reg last_10;
  initial last_10 = 1'h0;
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
  reg last_9;
  initial last_9 = 1'h0;
  reg [40:0] mean;
  initial mean = 41'h00000000000;
  output [8:0] o__payload;
  wire [8:0] o__payload;
  wire [32:0] o__payload_39;
  wire [71:0] o__payload_54;
  input o__ready;
  wire o__ready;
  wire o__ready_37;
  wire o__ready_38;
  output o__valid;
  reg o__valid;
  initial o__valid = 1'h0;
  wire o__valid_35;
  wire o__valid_36;
  reg offset_read;
  initial offset_read = 1'h0;
  reg [6:0] offset_row;
  initial offset_row = 7'h00;
  wire [83:0] offsets;
  reg [6:0] row;
  initial row = 7'h00;
  reg [6:0] row_2;
  initial row_2 = 7'h00;
  reg [6:0] row_3;
  initial row_3 = 7'h00;
  reg [6:0] row_4;
  initial row_4 = 7'h00;
  reg [6:0] row_5;
  initial row_5 = 7'h00;
  input rst;
  wire rst;
  input [5:0] shift;
  wire [5:0] shift;
  reg valid_2;
  initial valid_2 = 1'h0;
  reg valid_3;
  initial valid_3 = 1'h0;
  reg valid_4;
  initial valid_4 = 1'h0;
  reg valid_5;
  initial valid_5 = 1'h0;
  reg valid_7;
  initial valid_7 = 1'h0;
  reg valid_8;
  initial valid_8 = 1'h0;
  reg valid_9;
  initial valid_9 = 1'h0;
  assign i__ready = i__ready_14 & i__ready_15;
  assign i__valid_16 = i__valid & i__ready_15;
  assign i__valid_17 = i__valid & i__ready_14;
  assign n1 = ~ o__valid;
  assign enable = n1 | o__ready;
  assign fires = o__valid_35 & o__valid_36;
  assign o__ready_37 = enable & o__valid_36;
  assign n2 = enable & o__valid_35;
  assign o__ready_38 = n2 & o__payload_39[32];
  assign n3 = enable & fires;
  assign n4 = row + 1'h1;
  assign n5 = o__payload_39[32] ? 8'h00 : n4;
  always @(posedge clk) begin
    if (enable) begin
      amount <= amount_5;
      amount_1 <= o__payload_54[71:66];
      amount_2 <= amount_1;
      amount_3 <= amount_2;
      amount_4 <= amount_3;
      amount_5 <= amount_4;
      amount_fine <= amount[2:0];
      gain_row <= row;
      last_1 <= o__payload_39[32];
      last_2 <= last_1;
      last_3 <= last_2;
      last_4 <= last_3;
      last_5 <= last_4;
      last_6 <= last_5;
      last_7 <= last_6;
      last_8 <= last_7;
      last_9 <= last_8;
      last_10 <= last_9;
      mean <= o__payload_54[65:25];
      offset_row <= row_5;
      row_2 <= gain_row;
      row_3 <= row_2;
      row_4 <= row_3;
      row_5 <= row_4;
    end
    if (rst) begin
      gain_read <= 1'h0;
      o__valid <= 1'h0;
      offset_read <= 1'h0;
      row <= 7'h00;
      valid_2 <= 1'h0;
      valid_3 <= 1'h0;
      valid_4 <= 1'h0;
      valid_5 <= 1'h0;
      valid_7 <= 1'h0;
      valid_8 <= 1'h0;
      valid_9 <= 1'h0;
    end else begin
      if (enable) begin
        gain_read <= fires;
        o__valid <= valid_9;
        offset_read <= valid_5;
        valid_2 <= gain_read;
        valid_3 <= valid_2;
        valid_4 <= valid_3;
        valid_5 <= valid_4;
        valid_7 <= offset_read;
        valid_8 <= valid_7;
        valid_9 <= valid_8;
      end
      if (n3) row <= n5[6:0];
    end
  end
  layernorm_quantizer_l2_affine affine (
    .clk(clk),
    .enable(enable),
    .gain_read(gain_read),
    .gains(gains),
    .i__payload(i_affine__payload),
    .i__valid(i_affine__valid),
    .offset_read(offset_read),
    .offsets(offsets),
    .read__addr(gain_row),
    .read__addr_18(offset_row),
    .rst(rst)
  );
  layernorm_quantizer_l2_lane lane_0 (
    .amount(amount),
    .clipped(code),
    .clk(clk),
    .element(o__payload_39[15:0]),
    .enable(enable),
    .factor(o__payload_54[24:0]),
    .fine(amount_fine),
    .gain(gains[16:0]),
    .mean(mean),
    .offset(offsets[41:0]),
    .rst(rst)
  );
  layernorm_quantizer_l2_lane lane_1 (
    .amount(amount),
    .clipped(code_74),
    .clk(clk),
    .element(o__payload_39[31:16]),
    .enable(enable),
    .factor(o__payload_54[24:0]),
    .fine(amount_fine),
    .gain(gains[33:17]),
    .mean(mean),
    .offset(offsets[83:42]),
    .rst(rst)
  );
  layernorm_quantizer_l2_root root (
    .clk(clk),
    .columns(columns),
    .epsilon(epsilon),
    .i__payload(i__payload_24),
    .i__ready(i__ready_29),
    .i__valid(i__valid_26),
    .o__payload(o__payload_54),
    .o__ready(o__ready_38),
    .o__valid(o__valid_36),
    .rst(rst),
    .shift(shift)
  );
  layernorm_quantizer_l2_rows rows (
    .beat(o__payload_39),
    .clk(clk),
    .i__payload(i__payload),
    .i__ready(i__ready_15),
    .i__valid(i__valid_17),
    .o__ready(o__ready_37),
    .o__valid(o__valid_35),
    .rst(rst)
  );
  layernorm_quantizer_l2_statistics statistics (
    .clk(clk),
    .columns(columns),
    .enable(i__ready_14),
    .i__payload(i__payload),
    .i__valid(i__valid_16),
    .o__payload(i__payload_24),
    .o__ready(i__ready_29),
    .o__valid(i__valid_26),
    .rst(rst)
  );
  assign i_affine__ready = 1'h1;
  assign o__payload = { last_10, code_74, code };
endmodule

module layernorm_quantizer_l2_affine(i__valid, clk, rst, enable, gain_read, offset_read, read__addr, read__addr_18, gains, offsets, i__payload);
  wire [7:0] n3;
  wire [7:0] n4;
  reg [6:0] signature__addr;
  initial signature__addr = 7'h00;
  input clk;
  wire clk;
  input enable;
  wire enable;
  input gain_read;
  wire gain_read;
  output [33:0] gains;
  reg [33:0] gains;
  initial gains = 34'h000000000;
  input [116:0] i__payload;
  wire [116:0] i__payload;
  input i__valid;
  wire i__valid;
  input offset_read;
  wire offset_read;
  output [83:0] offsets;
  reg [83:0] offsets;
  initial offsets = 84'h000000000000000000000;
  input [6:0] read__addr;
  wire [6:0] read__addr;
  input [6:0] read__addr_18;
  wire [6:0] read__addr_18;
  wire [33:0] read__data;
  wire [83:0] read__data_27;
  wire read__en;
  wire read__en_20;
  input rst;
  wire rst;
  wire [41:0] stored_0;
  wire [41:0] stored_1;
  (* no_rw_check = 32'd1 *)
  (* ram_style = "block" *)
  reg [33:0] gain_memory [0:95];
  integer initial_row;
  initial
    for (initial_row = 0; initial_row < 96; initial_row = initial_row + 1)
      gain_memory[initial_row] = 34'h000000000;
  always @(posedge clk) begin
    if (i__valid)
      gain_memory[signature__addr] <= { i__payload[74:58], i__payload[16:0] };
  end
  reg [33:0] _0_;
  always @(posedge clk) begin
    if (read__en) begin
      _0_ <= gain_memory[read__addr];
    end
  end
  assign read__data = _0_;
  (* no_rw_check = 32'd1 *)
  (* ram_style = "block" *)
  reg [83:0] offset_memory [0:95];
  initial
    for (initial_row = 0; initial_row < 96; initial_row = initial_row + 1)
      offset_memory[initial_row] = 84'h000000000000000000000;
  always @(posedge clk) begin
    if (i__valid)
      offset_memory[signature__addr] <= { stored_1, stored_0 };
  end
  reg [83:0] _1_;
  always @(posedge clk) begin
    if (read__en_20) begin
      _1_ <= offset_memory[read__addr_18];
    end
  end
  assign read__data_27 = _1_;
  assign read__en = enable & gain_read;
  assign read__en_20 = enable & offset_read;
  assign n3 = signature__addr + 1'h1;
  assign n4 = i__payload[116] ? 8'h00 : n3;
  assign stored_0 = $signed(i__payload[57:17]) + $signed(17'h08000);
  assign stored_1 = $signed(i__payload[115:75]) + $signed(17'h08000);
  always @(posedge clk) begin
    if (enable) begin
      gains <= read__data;
      offsets <= read__data_27;
    end
    if (rst) begin
      signature__addr <= 7'h00;
    end else begin
      if (i__valid) signature__addr <= n4[6:0];
    end
  end
endmodule

module layernorm_quantizer_l2_root(shift, epsilon, clk, rst, o__ready, i__ready, i__payload, i__valid, o__valid, o__payload, columns);
  wire n1;
  wire n10;
  wire [37:0] n100;
  wire n11;
  wire n12;
  wire n13;
  wire n14;
  wire n15;
  wire [6:0] n16;
  wire n17;
  wire n2;
  wire [5:0] n24;
  wire n26;
  wire n27;
  wire n28;
  wire n29;
  wire n3;
  wire [73:0] n30;
  wire n31;
  wire [79:0] n32;
  wire n33;
  wire [63:0] n34;
  wire n35;
  wire [43:0] n36;
  wire n37;
  wire [39:0] n38;
  wire n39;
  wire n4;
  wire [37:0] n40;
  wire [24:0] n41;
  wire [24:0] n43;
  wire [24:0] n44;
  wire [24:0] n45;
  wire [24:0] n46;
  wire [24:0] n47;
  wire [24:0] n48;
  wire [24:0] n49;
  wire [48:0] n5;
  wire [24:0] n50;
  wire [24:0] n52;
  wire [24:0] n53;
  wire [24:0] n54;
  wire [24:0] n55;
  wire [24:0] n57;
  wire [24:0] n58;
  wire [27:0] n59;
  wire [5:0] n6;
  wire [16:0] n7;
  wire n8;
  wire n9;
  wire [47:0] n94;
  wire n563;
  wire n584;
  wire n595;
  wire n597;
  wire n611;
  wire n590;
  wire n599;
  wire n587;
  wire n589;
  wire procmux_121_Y;
  wire procmux_123_Y;
  wire [19:0] procmux_163_Y;
  wire [19:0] procmux_165_Y;
  wire [37:0] procmux_171_Y;
  wire [37:0] procmux_173_Y;
  wire [37:0] procmux_175_Y;
  wire [37:0] procmux_177_Y;
  wire [47:0] procmux_191_Y;
  wire [24:0] a;
  reg [35:0] aligned;
  initial aligned = 36'h000000000;
  wire [24:0] b;
  reg busy;
  initial busy = 1'h0;
  input clk;
  wire clk;
  reg [1:0] coarse_zeros;
  initial coarse_zeros = 2'h0;
  input [7:0] columns;
  wire [7:0] columns;
  reg [6:0] distance;
  initial distance = 7'h00;
  wire enable;
  input [45:0] epsilon;
  wire [45:0] epsilon;
  reg [19:0] estimate;
  initial estimate = 20'h00000;
  reg [24:0] factor;
  initial factor = 25'h0000000;
  reg [2:0] fine_zeros;
  initial fine_zeros = 3'h0;
  reg [37:0] given;
  initial given = 38'h0000000000;
  input [61:0] i__payload;
  wire [61:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  wire [35:0] led_by_1;
  wire [47:0] led_by_16;
  wire [35:0] led_by_2;
  wire [35:0] led_by_4;
  wire [47:0] led_by_8;
  reg [4:0] level;
  initial level = 5'h00;
  reg [21:0] mantissa;
  initial mantissa = 22'h000000;
  reg negate;
  initial negate = 1'h0;
  wire none_of_1;
  wire none_of_16;
  wire none_of_2;
  wire none_of_4;
  wire none_of_8;
  output [71:0] o__payload;
  reg [71:0] o__payload;
  initial o__payload = 72'h000000000000000000;
  input o__ready;
  wire o__ready;
  output o__valid;
  reg o__valid;
  initial o__valid = 1'h0;
  wire [49:0] product;
  wire [29:0] read__data;
  reg read__en;
  initial read__en = 1'h0;
  input rst;
  wire rst;
  input [5:0] shift;
  wire [5:0] shift;
  wire [31:0] start;
  reg step_1;
  initial step_1 = 1'h0;
  reg step_10;
  initial step_10 = 1'h0;
  reg step_11;
  initial step_11 = 1'h0;
  reg step_12;
  initial step_12 = 1'h0;
  reg step_13;
  initial step_13 = 1'h0;
  reg step_14;
  initial step_14 = 1'h0;
  reg step_15;
  initial step_15 = 1'h0;
  reg step_16;
  initial step_16 = 1'h0;
  reg step_17;
  initial step_17 = 1'h0;
  reg step_18;
  initial step_18 = 1'h0;
  reg step_19;
  initial step_19 = 1'h0;
  reg step_2;
  initial step_2 = 1'h0;
  reg step_20;
  initial step_20 = 1'h0;
  reg step_21;
  initial step_21 = 1'h0;
  reg step_22;
  initial step_22 = 1'h0;
  reg step_23;
  initial step_23 = 1'h0;
  reg step_24;
  initial step_24 = 1'h0;
  reg step_25;
  initial step_25 = 1'h0;
  reg step_26;
  initial step_26 = 1'h0;
  reg step_27;
  initial step_27 = 1'h0;
  reg step_28;
  initial step_28 = 1'h0;
  reg step_29;
  initial step_29 = 1'h0;
  reg step_3;
  initial step_3 = 1'h0;
  reg step_30;
  initial step_30 = 1'h0;
  reg step_4;
  initial step_4 = 1'h0;
  reg step_5;
  initial step_5 = 1'h0;
  reg step_6;
  initial step_6 = 1'h0;
  reg step_7;
  initial step_7 = 1'h0;
  reg step_9;
  initial step_9 = 1'h0;
  reg steps_10_19;
  initial steps_10_19 = 1'h0;
  reg steps_11_20;
  initial steps_11_20 = 1'h0;
  reg steps_13_22;
  initial steps_13_22 = 1'h0;
  reg steps_14_23;
  initial steps_14_23 = 1'h0;
  reg steps_1_2_10_26_27;
  initial steps_1_2_10_26_27 = 1'h0;
  reg steps_1_2_26;
  initial steps_1_2_26 = 1'h0;
  reg steps_3_27;
  initial steps_3_27 = 1'h0;
  reg steps_4_5_6;
  initial steps_4_5_6 = 1'h0;
  wire taken;
  wire [47:0] term;
  reg [23:0] total;
  initial total = 24'h000000;
  reg [47:0] variance;
  initial variance = 48'h000000000000;
  reg [29:0] seeds [0:255];
  initial begin
    seeds[0] = 30'h00000000;
    seeds[1] = 30'h00000000;
    seeds[2] = 30'h00000000;
    seeds[3] = 30'h00000000;
    seeds[4] = 30'h00000000;
    seeds[5] = 30'h00000000;
    seeds[6] = 30'h00000000;
    seeds[7] = 30'h00000000;
    seeds[8] = 30'h00000000;
    seeds[9] = 30'h00000000;
    seeds[10] = 30'h00000000;
    seeds[11] = 30'h00000000;
    seeds[12] = 30'h00000000;
    seeds[13] = 30'h00000000;
    seeds[14] = 30'h00000000;
    seeds[15] = 30'h00000000;
    seeds[16] = 30'h00000000;
    seeds[17] = 30'h00000000;
    seeds[18] = 30'h00000000;
    seeds[19] = 30'h00000000;
    seeds[20] = 30'h00000000;
    seeds[21] = 30'h00000000;
    seeds[22] = 30'h00000000;
    seeds[23] = 30'h00000000;
    seeds[24] = 30'h00000000;
    seeds[25] = 30'h00000000;
    seeds[26] = 30'h00000000;
    seeds[27] = 30'h00000000;
    seeds[28] = 30'h00000000;
    seeds[29] = 30'h00000000;
    seeds[30] = 30'h00000000;
    seeds[31] = 30'h00000000;
    seeds[32] = 30'h00000000;
    seeds[33] = 30'h00000000;
    seeds[34] = 30'h00000000;
    seeds[35] = 30'h00000000;
    seeds[36] = 30'h00000000;
    seeds[37] = 30'h00000000;
    seeds[38] = 30'h00000000;
    seeds[39] = 30'h00000000;
    seeds[40] = 30'h00000000;
    seeds[41] = 30'h00000000;
    seeds[42] = 30'h00000000;
    seeds[43] = 30'h00000000;
    seeds[44] = 30'h00000000;
    seeds[45] = 30'h00000000;
    seeds[46] = 30'h00000000;
    seeds[47] = 30'h00000000;
    seeds[48] = 30'h00000000;
    seeds[49] = 30'h00000000;
    seeds[50] = 30'h00000000;
    seeds[51] = 30'h00000000;
    seeds[52] = 30'h00000000;
    seeds[53] = 30'h00000000;
    seeds[54] = 30'h00000000;
    seeds[55] = 30'h00000000;
    seeds[56] = 30'h00000000;
    seeds[57] = 30'h00000000;
    seeds[58] = 30'h00000000;
    seeds[59] = 30'h00000000;
    seeds[60] = 30'h00000000;
    seeds[61] = 30'h00000000;
    seeds[62] = 30'h00000000;
    seeds[63] = 30'h00000000;
    seeds[64] = 30'h3fcfe010;
    seeds[65] = 30'h3f4fa090;
    seeds[66] = 30'h3edf6969;
    seeds[67] = 30'h3e5f2ad9;
    seeds[68] = 30'h3deef484;
    seeds[69] = 30'h3d7ebe91;
    seeds[70] = 30'h3d0e8900;
    seeds[71] = 30'h3c9e53d1;
    seeds[72] = 30'h3c2e1f04;
    seeds[73] = 30'h3bcdf210;
    seeds[74] = 30'h3b5dbdf9;
    seeds[75] = 30'h3afd91a1;
    seeds[76] = 30'h3a9d6591;
    seeds[77] = 30'h3a3d39c9;
    seeds[78] = 30'h39dd0e49;
    seeds[79] = 30'h397ce311;
    seeds[80] = 30'h391cb821;
    seeds[81] = 30'h38bc8d79;
    seeds[82] = 30'h386c6a24;
    seeds[83] = 30'h380c4000;
    seeds[84] = 30'h37bc1d19;
    seeds[85] = 30'h376bfa64;
    seeds[86] = 30'h371bd7e1;
    seeds[87] = 30'h36cbb590;
    seeds[88] = 30'h367b9371;
    seeds[89] = 30'h362b7184;
    seeds[90] = 30'h35db4fc9;
    seeds[91] = 30'h358b2e40;
    seeds[92] = 30'h354b1390;
    seeds[93] = 30'h34faf261;
    seeds[94] = 30'h34bad7f9;
    seeds[95] = 30'h346ab724;
    seeds[96] = 30'h342a9d04;
    seeds[97] = 30'h33ea8304;
    seeds[98] = 30'h339a62b1;
    seeds[99] = 30'h335a48f9;
    seeds[100] = 30'h331a2f61;
    seeds[101] = 30'h32da15e9;
    seeds[102] = 30'h3299fc91;
    seeds[103] = 30'h3259e359;
    seeds[104] = 30'h3219ca41;
    seeds[105] = 30'h31e9b784;
    seeds[106] = 30'h31a99ea4;
    seeds[107] = 30'h316985e4;
    seeds[108] = 30'h31296d44;
    seeds[109] = 30'h30f95ae1;
    seeds[110] = 30'h30b94279;
    seeds[111] = 30'h30893040;
    seeds[112] = 30'h30491810;
    seeds[113] = 30'h30190601;
    seeds[114] = 30'h2fe8f404;
    seeds[115] = 30'h2fa8dc24;
    seeds[116] = 30'h2f78ca51;
    seeds[117] = 30'h2f48b890;
    seeds[118] = 30'h2f18a6e1;
    seeds[119] = 30'h2ed88f69;
    seeds[120] = 30'h2ea87de4;
    seeds[121] = 30'h2e786c71;
    seeds[122] = 30'h2e485b10;
    seeds[123] = 30'h2e1849c1;
    seeds[124] = 30'h2de83884;
    seeds[125] = 30'h2db82759;
    seeds[126] = 30'h2d881640;
    seeds[127] = 30'h2d580539;
    seeds[128] = 30'h2d37f9e9;
    seeds[129] = 30'h2d07e900;
    seeds[130] = 30'h2cd7d829;
    seeds[131] = 30'h2ca7c764;
    seeds[132] = 30'h2c87bc40;
    seeds[133] = 30'h2c57ab99;
    seeds[134] = 30'h2c279b04;
    seeds[135] = 30'h2c079000;
    seeds[136] = 30'h2bd77f89;
    seeds[137] = 30'h2bb77499;
    seeds[138] = 30'h2b876440;
    seeds[139] = 30'h2b675964;
    seeds[140] = 30'h2b374929;
    seeds[141] = 30'h2b173e61;
    seeds[142] = 30'h2ae72e44;
    seeds[143] = 30'h2ac72390;
    seeds[144] = 30'h2a971391;
    seeds[145] = 30'h2a7708f1;
    seeds[146] = 30'h2a56fe59;
    seeds[147] = 30'h2a36f3c9;
    seeds[148] = 30'h2a06e400;
    seeds[149] = 30'h29e6d984;
    seeds[150] = 30'h29c6cf10;
    seeds[151] = 30'h29a6c4a4;
    seeds[152] = 30'h2976b511;
    seeds[153] = 30'h2956aab9;
    seeds[154] = 30'h2936a069;
    seeds[155] = 30'h29169621;
    seeds[156] = 30'h28f68be1;
    seeds[157] = 30'h28d681a9;
    seeds[158] = 30'h28b67779;
    seeds[159] = 30'h28966d51;
    seeds[160] = 30'h28766331;
    seeds[161] = 30'h28565919;
    seeds[162] = 30'h28364f09;
    seeds[163] = 30'h28164501;
    seeds[164] = 30'h27f63b01;
    seeds[165] = 30'h27d63109;
    seeds[166] = 30'h27b62719;
    seeds[167] = 30'h27961d31;
    seeds[168] = 30'h27761351;
    seeds[169] = 30'h27560979;
    seeds[170] = 30'h2735ffa9;
    seeds[171] = 30'h2725fac4;
    seeds[172] = 30'h2705f100;
    seeds[173] = 30'h26e5e744;
    seeds[174] = 30'h26c5dd90;
    seeds[175] = 30'h26a5d3e4;
    seeds[176] = 30'h2695cf11;
    seeds[177] = 30'h2675c571;
    seeds[178] = 30'h2655bbd9;
    seeds[179] = 30'h2635b249;
    seeds[180] = 30'h2625ad84;
    seeds[181] = 30'h2605a400;
    seeds[182] = 30'h25e59a84;
    seeds[183] = 30'h25d595c9;
    seeds[184] = 30'h25b58c59;
    seeds[185] = 30'h259582f1;
    seeds[186] = 30'h25857e40;
    seeds[187] = 30'h256574e4;
    seeds[188] = 30'h25557039;
    seeds[189] = 30'h253566e9;
    seeds[190] = 30'h25256244;
    seeds[191] = 30'h25055900;
    seeds[192] = 30'h24e54fc4;
    seeds[193] = 30'h24d54b29;
    seeds[194] = 30'h24b541f9;
    seeds[195] = 30'h24a53d64;
    seeds[196] = 30'h24853440;
    seeds[197] = 30'h24752fb1;
    seeds[198] = 30'h24552699;
    seeds[199] = 30'h24452210;
    seeds[200] = 30'h24351d89;
    seeds[201] = 30'h24151481;
    seeds[202] = 30'h24051000;
    seeds[203] = 30'h23e50704;
    seeds[204] = 30'h23d50289;
    seeds[205] = 30'h23b4f999;
    seeds[206] = 30'h23a4f524;
    seeds[207] = 30'h2394f0b1;
    seeds[208] = 30'h2374e7d1;
    seeds[209] = 30'h2364e364;
    seeds[210] = 30'h2354def9;
    seeds[211] = 30'h2334d629;
    seeds[212] = 30'h2324d1c4;
    seeds[213] = 30'h2314cd61;
    seeds[214] = 30'h22f4c4a1;
    seeds[215] = 30'h22e4c044;
    seeds[216] = 30'h22d4bbe9;
    seeds[217] = 30'h22b4b339;
    seeds[218] = 30'h22a4aee4;
    seeds[219] = 30'h2294aa91;
    seeds[220] = 30'h2284a640;
    seeds[221] = 30'h22649da4;
    seeds[222] = 30'h22549959;
    seeds[223] = 30'h22449510;
    seeds[224] = 30'h223490c9;
    seeds[225] = 30'h22248c84;
    seeds[226] = 30'h22048400;
    seeds[227] = 30'h21f47fc1;
    seeds[228] = 30'h21e47b84;
    seeds[229] = 30'h21d47749;
    seeds[230] = 30'h21c47310;
    seeds[231] = 30'h21a46aa4;
    seeds[232] = 30'h21946671;
    seeds[233] = 30'h21846240;
    seeds[234] = 30'h21745e11;
    seeds[235] = 30'h216459e4;
    seeds[236] = 30'h215455b9;
    seeds[237] = 30'h21445190;
    seeds[238] = 30'h21244944;
    seeds[239] = 30'h21144521;
    seeds[240] = 30'h21044100;
    seeds[241] = 30'h20f43ce1;
    seeds[242] = 30'h20e438c4;
    seeds[243] = 30'h20d434a9;
    seeds[244] = 30'h20c43090;
    seeds[245] = 30'h20b42c79;
    seeds[246] = 30'h20a42864;
    seeds[247] = 30'h20942451;
    seeds[248] = 30'h20842040;
    seeds[249] = 30'h20741c31;
    seeds[250] = 30'h20641824;
    seeds[251] = 30'h20541419;
    seeds[252] = 30'h20441010;
    seeds[253] = 30'h20340c09;
    seeds[254] = 30'h20240804;
    seeds[255] = 30'h20140401;
  end
  reg [29:0] _0_;
  always @(posedge clk) begin
    if (read__en) begin
      _0_ <= seeds[led_by_1[35:28]];
    end
  end
  assign read__data = _0_;
  assign n2 = busy & n1;
  assign n3 = taken | n2;
  assign n4 = | { step_5, step_4, step_3 };
  assign n5 = variance + term;
  assign n6 = 5'h17 - { coarse_zeros, fine_zeros };
  assign n7 = product[42:26] | { {17{product[43]}} };
  assign n8 = | { step_25, taken, step_1 };
  assign n9 = | { step_26, step_2 };
  assign n10 = | { step_18, step_9 };
  assign n11 = | { step_21, step_12 };
  assign n12 = | { step_26, step_25, step_9, taken, step_1 };
  assign n13 = | { step_19, step_10 };
  assign n14 = | { step_22, step_13 };
  assign n15 = | { step_19, step_10, step_3 };
  assign n16 = shift + level;
  assign n17 = step_30 & enable;
  assign n24 = distance[5:0] | { {6{distance[6]}} };
  assign n1 = ~ step_30;
  assign n26 = ~ o__valid;
  assign n27 = n1 | n26;
  assign enable = n27 | o__ready;
  assign n28 = ~ busy;
  assign n29 = n28 | step_30;
  assign i__ready = n29 & enable;
  assign taken = i__valid & i__ready;
  assign { n30[73:48], term } = step_5 ? { product, 24'h000000 } : { {24{product[49]}}, product };
  assign n31 = | variance[47:16];
  assign none_of_16 = ~ n31;
  assign { n32[79:48], led_by_16 } = n31 ? { 32'h00000000, variance } : { variance, 32'h00000000 };
  assign n33 = | led_by_16[47:32];
  assign none_of_8 = ~ n33;
  assign { n34[63:48], led_by_8 } = n33 ? { 16'h0000, led_by_16 } : { led_by_16, 16'h0000 };
  assign n35 = | aligned[35:28];
  assign none_of_4 = ~ n35;
  assign { n36[43:36], led_by_4 } = n35 ? { 8'h00, aligned } : { aligned, 8'h00 };
  assign n37 = | led_by_4[35:32];
  assign none_of_2 = ~ n37;
  assign { n38[39:36], led_by_2 } = n37 ? { 4'h0, led_by_4 } : { led_by_4, 4'h0 };
  assign n39 = | led_by_2[35:34];
  assign none_of_1 = ~ n39;
  assign { n40[37:36], led_by_1 } = n39 ? { 2'h0, led_by_2 } : { led_by_2, 2'h0 };
  assign n41 = { 17'h00000, columns } & { {25{steps_1_2_26}} };
  assign n43 = { total[23], total } & { {25{steps_3_27}} };
  assign n44 = n41 | n43;
  assign n45 = { 3'h0, mantissa } & { {25{steps_10_19}} };
  assign n46 = n44 | n45;
  assign n47 = { 5'h00, estimate } & { {25{steps_13_22}} };
  assign n48 = n46 | n47;
  assign a = n48 | n49;
  assign n50 = { 1'h0, given[23:0] } & { {25{steps_1_2_10_26_27}} };
  assign n52 = { total[23], total } & { {25{step_3}} };
  assign n53 = n50 | n52;
  assign n54 = { 1'h0, product[45:22] } & { {25{steps_13_22}} };
  assign n55 = n53 | n54;
  assign n49 = { 5'h00, product[42:23] } & { {25{step_16}} };
  assign n57 = n55 | n49;
  assign n58 = { 1'h0, product[39:16] } & { {25{step_19}} };
  assign b = n57 | n58;
  assign n59 = { {2{steps_11_20}}, 26'h0000000 } | { 20'h00000, step_23, 7'h00 };
  assign start[27:0] = n59 | { 23'h000000, steps_14_23, 4'h0 };
  always @(posedge clk) begin
    if (n590) begin
      estimate[19:10] <= procmux_165_Y[19:10];
      if (step_9) estimate[9:0] <= 10'h000;
      else estimate[9:0] <= procmux_163_Y[9:0];
    end
    if (n599) given <= n100;
    if (n611) variance[45:0] <= n94[45:0];
    if (read__en) begin
      fine_zeros <= { none_of_4, none_of_2, none_of_1 };
      mantissa <= led_by_1[35:14];
    end
    if (rst) begin
      busy <= 1'h0;
      negate <= 1'h0;
      o__payload <= 72'h000000000000000000;
      o__valid <= 1'h0;
      read__en <= 1'h0;
      step_1 <= 1'h0;
      step_2 <= 1'h0;
      step_3 <= 1'h0;
      step_4 <= 1'h0;
      step_5 <= 1'h0;
      step_6 <= 1'h0;
      step_7 <= 1'h0;
      step_9 <= 1'h0;
      step_10 <= 1'h0;
      step_11 <= 1'h0;
      step_12 <= 1'h0;
      step_13 <= 1'h0;
      step_14 <= 1'h0;
      step_15 <= 1'h0;
      step_16 <= 1'h0;
      step_17 <= 1'h0;
      step_18 <= 1'h0;
      step_19 <= 1'h0;
      step_20 <= 1'h0;
      step_21 <= 1'h0;
      step_22 <= 1'h0;
      step_23 <= 1'h0;
      step_24 <= 1'h0;
      step_25 <= 1'h0;
      step_26 <= 1'h0;
      step_27 <= 1'h0;
      step_28 <= 1'h0;
      step_29 <= 1'h0;
      step_30 <= 1'h0;
      steps_1_2_10_26_27 <= 1'h0;
      steps_1_2_26 <= 1'h0;
      steps_3_27 <= 1'h0;
      steps_4_5_6 <= 1'h0;
      steps_10_19 <= 1'h0;
      steps_11_20 <= 1'h0;
      steps_13_22 <= 1'h0;
      steps_14_23 <= 1'h0;
    end else begin
      if (enable) begin
        busy <= n3;
        negate <= n15;
        read__en <= step_7;
        step_1 <= taken;
        step_2 <= step_1;
        step_3 <= step_2;
        step_4 <= step_3;
        step_5 <= step_4;
        step_6 <= step_5;
        step_7 <= step_6;
        step_9 <= read__en;
        step_10 <= step_9;
        step_11 <= step_10;
        step_12 <= step_11;
        step_13 <= step_12;
        step_14 <= step_13;
        step_15 <= step_14;
        step_16 <= step_15;
        step_17 <= step_16;
        step_18 <= step_17;
        step_19 <= step_18;
        step_20 <= step_19;
        step_21 <= step_20;
        step_22 <= step_21;
        step_23 <= step_22;
        step_24 <= step_23;
        step_25 <= step_24;
        step_26 <= step_25;
        step_27 <= step_26;
        step_28 <= step_27;
        step_29 <= step_28;
        step_30 <= step_29;
        steps_1_2_10_26_27 <= n12;
        steps_1_2_26 <= n8;
        steps_3_27 <= n9;
        steps_4_5_6 <= n4;
        steps_10_19 <= n10;
        steps_11_20 <= n13;
        steps_13_22 <= n11;
        steps_14_23 <= n14;
      end
      if (n17) o__payload <= { n24, product[40:0], factor };
      if (n563) o__valid <= procmux_123_Y;
    end
    if (step_7) begin
      aligned[35:4] <= led_by_8[47:16];
      coarse_zeros <= { none_of_16, none_of_8 };
      if (!n33) aligned[3:0] <= 4'h0;
      else aligned[3:0] <= led_by_16[15:12];
    end
    if (step_9) level <= n6[4:0];
    if (step_10) distance <= n16;
    if (step_29) factor <= product[24:0];
    if (taken) begin
      total <= i__payload[23:0];
      variance[47:46] <= 2'h0;
    end else begin
      if (steps_4_5_6) variance[47:46] <= n5[47:46];
    end
  end
  assign n563 = | { n17, o__ready };
  assign n584 = | { step_16, step_9 };
  assign n595 = | { step_25, step_16, step_9, taken, step_1 };
  assign n597 = { step_16, step_9, taken, step_1 } != 4'h8;
  assign n611 = | { steps_4_5_6, taken };
  assign n587 = ~ step_1;
  assign n589 = ~ taken;
  assign n590 = & { n584, n587, n589 };
  assign n599 = & { n595, n597 };
  assign procmux_121_Y = o__ready ? 1'h0 : 1'hx;
  assign procmux_123_Y = n17 ? 1'h1 : procmux_121_Y;
  assign procmux_163_Y = step_16 ? product[42:23] : 20'hxxxxx;
  assign procmux_165_Y = step_9 ? { read__data[29:20], 10'h000 } : procmux_163_Y;
  assign procmux_171_Y = step_25 ? { 21'h000000, n7 } : 38'hxxxxxxxxxx;
  assign procmux_173_Y = step_16 ? 38'hxxxxxxxxxx : procmux_171_Y;
  assign procmux_175_Y = step_9 ? { 14'h0000, read__data[19:0], 4'h0 } : procmux_173_Y;
  assign procmux_177_Y = step_1 ? { 24'h000000, given[37:24] } : procmux_175_Y;
  assign n100 = taken ? i__payload[61:24] : procmux_177_Y;
  assign procmux_191_Y = steps_4_5_6 ? n5[47:0] : { variance[47:46], 46'hxxxxxxxxxxxx };
  assign n94 = taken ? { 2'h0, epsilon } : procmux_191_Y;
  layernorm_quantizer_l2_root_multiplier multiplier (
    .a(a),
    .b(b),
    .clk(clk),
    .enable(enable),
    .negate(negate),
    .port_141_0(start[27:0]),
    .rst(rst),
    .sum(product)
  );
  assign n30[47:0] = term;
  assign n32[47:0] = led_by_16;
  assign n34[47:0] = led_by_8;
  assign n36[35:0] = led_by_4;
  assign n38[35:0] = led_by_2;
  assign n40[35:0] = led_by_1;
  assign start[31:28] = 4'h0;
endmodule

module layernorm_quantizer_l2_root_multiplier(rst, enable, a, b, port_141_0, negate, sum, clk);
  wire [33:0] n1;
  wire [15:0] n2;
  wire [24:0] n3;
  wire [24:0] n4;
  wire [50:0] n5;
  wire [25:0] n6;
  wire [26:0] n7;
  wire [34:0] n8;
  input [24:0] a;
  wire [24:0] a;
  input [24:0] b;
  wire [24:0] b;
  reg [49:0] base;
  initial base = 50'h0000000000000;
  input clk;
  wire clk;
  wire [25:0] crossed;
  input enable;
  wire enable;
  wire [49:0] flipped;
  reg [15:0] high_high;
  initial high_high = 16'h0000;
  reg [24:0] high_low;
  initial high_low = 25'h0000000;
  reg [25:0] inner;
  initial inner = 26'h0000000;
  reg [24:0] low_high;
  initial low_high = 25'h0000000;
  reg [33:0] low_low;
  initial low_low = 34'h000000000;
  input negate;
  wire negate;
  reg negate_inner;
  initial negate_inner = 1'h0;
  input [27:0] port_141_0;
  wire [27:0] port_141_0;
  input rst;
  wire rst;
  output [49:0] sum;
  reg [49:0] sum;
  initial sum = 50'h0000000000000;
  wire [32:0] upper;
  assign n1 = a[16:0] * b[16:0];
  assign n2 = $signed(a[24:17]) * $signed(b[24:17]);
  assign n3 = $signed(a[24:17]) * $signed({ 1'h0, b[16:0] });
  assign n4 = $signed({ 1'h0, a[16:0] }) * $signed(b[24:17]);
  assign n5 = { port_141_0, negate, 16'h0000, negate } + flipped;
  assign n6 = $signed(high_low) + $signed(low_high);
  assign flipped = { high_high, low_low } ^ { {50{negate}} };
  assign { n7[26], crossed } = { inner[25], inner } ^ { 1'h0, {26{negate_inner}} };
  assign { n8[34:33], upper } = $signed({ 1'h0, base[49:17] }) + $signed(crossed);
  always @(posedge clk) begin
    if (enable) begin
      base <= n5[49:0];
      high_high <= n2;
      high_low <= n3;
      inner <= n6;
      low_high <= n4;
      low_low <= n1;
      negate_inner <= negate;
      sum <= { upper, base[16:0] };
    end
  end
  assign n7[25:0] = crossed;
  assign n8[32:0] = upper;
endmodule

module layernorm_quantizer_l2_rows(clk, rst, i__valid, o__ready, i__ready, beat, o__valid, i__payload);
  wire n1;
  wire n10;
  wire n11;
  wire n12;
  wire n13;
  wire n2;
  wire [8:0] n3;
  wire [8:0] n4;
  wire n5;
  wire [8:0] n6;
  wire [8:0] n7;
  wire [8:0] n8;
  wire [9:0] n9;
  reg [7:0] signature__addr;
  initial signature__addr = 8'h00;
  wire signature__en;
  output [32:0] beat;
  reg [32:0] beat;
  initial beat = 33'h000000000;
  input clk;
  wire clk;
  reg held;
  initial held = 1'h0;
  input [32:0] i__payload;
  wire [32:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  reg [7:0] level;
  initial level = 8'h00;
  wire loads;
  input o__ready;
  wire o__ready;
  output o__valid;
  reg o__valid;
  initial o__valid = 1'h0;
  wire passes;
  reg [7:0] read__addr;
  initial read__addr = 8'h00;
  wire [32:0] read__data;
  input rst;
  wire rst;
  (* no_rw_check = 32'd1 *)
  reg [32:0] memory [0:140];
  integer initial_row;
  initial
    for (initial_row = 0; initial_row < 141; initial_row = initial_row + 1)
      memory[initial_row] = 33'h000000000;
  always @(posedge clk) begin
    if (signature__en)
      memory[signature__addr] <= i__payload;
  end
  reg [32:0] _0_;
  always @(posedge clk) begin
    if (loads) begin
      _0_ <= memory[read__addr];
    end
  end
  assign read__data = _0_;
  assign n1 = held & passes;
  assign n2 = signature__addr == 8'h8c;
  assign n3 = signature__addr + 1'h1;
  assign n4 = n2 ? 9'h000 : n3;
  assign n5 = read__addr == 8'h8c;
  assign n6 = read__addr + 1'h1;
  assign n7 = n5 ? 9'h000 : n6;
  assign n8 = level + signature__en;
  assign n9 = n8 - loads;
  assign i__ready = level != 8'h8d;
  assign signature__en = i__valid & i__ready;
  assign n12 = ~ o__valid;
  assign passes = n12 | o__ready;
  assign n13 = | level;
  assign n10 = ~ held;
  assign n11 = n10 | passes;
  assign loads = n13 & n11;
  always @(posedge clk) begin
    if (n1) beat <= read__data;
    if (rst) begin
      held <= 1'h0;
      level <= 8'h00;
      o__valid <= 1'h0;
      read__addr <= 8'h00;
      signature__addr <= 8'h00;
    end else begin
      level <= n9[7:0];
      if (loads) read__addr <= n7[7:0];
      if (n11) held <= loads;
      if (passes) o__valid <= held;
      if (signature__en) signature__addr <= n4[7:0];
    end
  end
endmodule

module layernorm_quantizer_l2_statistics(clk, rst, i__valid, enable, o__ready, i__payload, o__payload, o__valid, columns);
  wire n1;
  wire [16:0] n10;
  wire [31:0] n11;
  wire n12;
  wire [23:0] n13;
  wire [24:0] n14;
  wire [37:0] n15;
  wire [38:0] n16;
  wire n17;
  wire n2;
  wire [8:0] n3;
  wire n4;
  wire n6;
  wire [31:0] n8;
  wire [31:0] n9;
  input clk;
  wire clk;
  input [7:0] columns;
  wire [7:0] columns;
  reg [15:0] element_0;
  initial element_0 = 16'h0000;
  reg [15:0] element_1;
  initial element_1 = 16'h0000;
  reg [15:0] element_delayed_0;
  initial element_delayed_0 = 16'h0000;
  reg [15:0] element_delayed_1;
  initial element_delayed_1 = 16'h0000;
  output enable;
  wire enable;
  reg first;
  initial first = 1'h1;
  reg first_26;
  initial first_26 = 1'h1;
  input [32:0] i__payload;
  wire [32:0] i__payload;
  input i__valid;
  wire i__valid;
  reg last_0;
  initial last_0 = 1'h0;
  reg last_1;
  initial last_1 = 1'h0;
  reg last_2;
  initial last_2 = 1'h0;
  reg [7:0] left;
  initial left = 8'h00;
  output [61:0] o__payload;
  reg [61:0] o__payload;
  initial o__payload = 62'h0000000000000000;
  input o__ready;
  wire o__ready;
  output o__valid;
  reg o__valid;
  initial o__valid = 1'h0;
  wire [7:0] remaining;
  input rst;
  wire rst;
  reg [30:0] square_0;
  initial square_0 = 31'h00000000;
  reg [30:0] square_1;
  initial square_1 = 31'h00000000;
  reg [31:0] squares_0_0;
  initial squares_0_0 = 32'd0;
  reg [16:0] total_0_0;
  initial total_0_0 = 17'h00000;
  reg valid_0;
  initial valid_0 = 1'h0;
  reg valid_1;
  initial valid_1 = 1'h0;
  reg valid_2;
  initial valid_2 = 1'h0;
  assign n1 = ~ o__valid;
  assign enable = n1 | o__ready;
  assign remaining = first ? columns : left;
  assign n2 = enable & i__valid;
  assign n3 = remaining - 2'h2;
  assign n4 = remaining > 1'h0;
  assign n6 = remaining > 1'h1;
  assign n8 = $signed(element_0) * $signed(element_0);
  assign n9 = $signed(element_1) * $signed(element_1);
  assign n10 = $signed(element_delayed_0) + $signed(element_delayed_1);
  assign n11 = square_0 + square_1;
  assign n12 = enable & valid_2;
  assign n13 = first_26 ? 24'h000000 : o__payload[23:0];
  assign n14 = $signed(n13) + $signed(total_0_0);
  assign n15 = first_26 ? 38'h0000000000 : o__payload[61:24];
  assign n16 = n15 + squares_0_0;
  assign n17 = valid_2 & last_2;
  always @(posedge clk) begin
    if (enable) begin
      element_delayed_0 <= element_0;
      element_delayed_1 <= element_1;
      last_0 <= i__payload[32];
      last_1 <= last_0;
      last_2 <= last_1;
      square_0 <= n8[30:0];
      square_1 <= n9[30:0];
      squares_0_0 <= n11;
      total_0_0 <= n10;
      if (!n4) element_0 <= 16'h0000;
      else element_0 <= i__payload[15:0];
      if (!n6) element_1 <= 16'h0000;
      else element_1 <= i__payload[31:16];
    end
    if (rst) begin
      first <= 1'h1;
      first_26 <= 1'h1;
      left <= 8'h00;
      o__payload <= 62'h0000000000000000;
      o__valid <= 1'h0;
      valid_0 <= 1'h0;
      valid_1 <= 1'h0;
      valid_2 <= 1'h0;
    end else begin
      if (enable) begin
        o__valid <= n17;
        valid_0 <= i__valid;
        valid_1 <= valid_0;
        valid_2 <= valid_1;
      end
      if (n2) begin
        first <= i__payload[32];
        left <= n3[7:0];
      end
      if (n12) begin
        first_26 <= last_2;
        o__payload <= { n16[37:0], n14[23:0] };
      end
    end
  end
endmodule

module layernorm_quantizer_l2_lane(rst, enable, mean, amount, fine, factor, element, gain, offset, clipped, clk);
  wire [32:0] n1;
  wire n10;
  wire [3:0] n14;
  wire [26:0] n16;
  wire [56:0] n19;
  wire [23:0] n2;
  wire [51:0] n21;
  wire [43:0] n23;
  wire [39:0] n25;
  wire [37:0] n27;
  wire [41:0] n3;
  wire [33:0] n4;
  wire [33:0] n5;
  wire [24:0] n6;
  wire [34:0] n7;
  wire [25:0] n8;
  wire [42:0] n9;
  input [5:0] amount;
  wire [5:0] amount;
  output [3:0] clipped;
  reg [3:0] clipped;
  initial clipped = 4'h0;
  input clk;
  wire clk;
  reg [43:0] coarse;
  initial coarse = 44'h00000000000;
  input [15:0] element;
  wire [15:0] element;
  input enable;
  wire enable;
  input [24:0] factor;
  wire [24:0] factor;
  input [2:0] fine;
  wire [2:0] fine;
  input [16:0] gain;
  wire [16:0] gain;
  reg [23:0] high_delayed;
  initial high_delayed = 24'h000000;
  reg [23:0] high_product;
  initial high_product = 24'h000000;
  reg [24:0] highest;
  initial highest = 25'h0000000;
  reg [16:0] low_bits;
  initial low_bits = 17'h00000;
  reg [32:0] low_product;
  initial low_product = 33'h000000000;
  input [40:0] mean;
  wire [40:0] mean;
  reg [33:0] middle;
  initial middle = 34'h000000000;
  reg [41:0] normal;
  initial normal = 42'h00000000000;
  input [41:0] offset;
  wire [41:0] offset;
  reg [41:0] partial;
  initial partial = 42'h00000000000;
  reg [33:0] product_0;
  initial product_0 = 34'h000000000;
  reg [33:0] product_1;
  initial product_1 = 34'h000000000;
  reg [24:0] product_2;
  initial product_2 = 25'h0000000;
  input rst;
  wire rst;
  reg [57:0] scaled;
  initial scaled = 58'h000000000000000;
  reg [36:0] shifted;
  initial shifted = 37'h0000000000;
  wire [36:0] shifted_by_1;
  wire [51:0] shifted_by_16;
  wire [37:0] shifted_by_2;
  wire [56:0] shifted_by_32;
  wire [39:0] shifted_by_4;
  wire [43:0] shifted_by_8;
  reg [41:0] total;
  initial total = 42'h00000000000;
  wire [24:0] upper;
  assign n1 = $signed(element) * $signed({ 1'h0, factor[16:0] });
  assign n2 = $signed(element) * $signed({ 1'h0, factor[24:17] });
  assign n3 = $signed(low_product) - $signed(mean);
  assign n4 = $signed({ 1'h0, normal[16:0] }) * $signed(gain);
  assign n5 = $signed({ 1'h0, normal[33:17] }) * $signed(gain);
  assign n6 = $signed(normal[41:34]) * $signed(gain);
  assign n7 = $signed(product_1) + $signed(product_0[33:17]);
  assign n8 = $signed(highest) + $signed(middle[33:17]);
  assign n9 = $signed(shifted) + $signed(offset);
  assign n10 = | total[40:20];
  assign n14 = total[19:16] | { n10, n10, n10, n10 };
  assign { n16[26:25], upper } = $signed({ 1'h0, partial[41:17] }) + $signed(high_delayed);
  assign shifted_by_32 = amount[5] ? { {32{scaled[57]}}, scaled[57:33] } : scaled[57:1];
  assign { n19[56:52], shifted_by_16 } = amount[4] ? { {16{shifted_by_32[56]}}, shifted_by_32[56:16] } : shifted_by_32;
  assign { n21[51:44], shifted_by_8 } = amount[3] ? { {8{shifted_by_16[51]}}, shifted_by_16[51:8] } : shifted_by_16;
  assign { n23[43:40], shifted_by_4 } = fine[2] ? { {4{coarse[43]}}, coarse[43:4] } : coarse;
  assign { n25[39:38], shifted_by_2 } = fine[1] ? { {2{shifted_by_4[39]}}, shifted_by_4[39:2] } : shifted_by_4;
  assign { n27[37], shifted_by_1 } = fine[0] ? { shifted_by_2[37], shifted_by_2[37:1] } : shifted_by_2;
  always @(posedge clk) begin
    if (enable) begin
      coarse <= shifted_by_8;
      high_delayed <= high_product;
      high_product <= n2;
      highest <= product_2;
      low_bits <= product_0[16:0];
      low_product <= n1;
      middle <= n7[33:0];
      normal <= { upper, partial[16:0] };
      partial <= n3;
      product_0 <= n4;
      product_1 <= n5;
      product_2 <= n6;
      scaled <= { n8[23:0], middle[16:0], low_bits };
      shifted <= shifted_by_1;
      total <= n9[41:0];
      if (total[41]) clipped <= 4'h0;
      else clipped <= n14;
    end
  end
  assign n16[24:0] = upper;
  assign n19[51:0] = shifted_by_16;
  assign n21[43:0] = shifted_by_8;
  assign n23[39:0] = shifted_by_4;
  assign n25[37:0] = shifted_by_2;
  assign n27[36:0] = shifted_by_1;
endmodule

// layernorm_quantizer_l2_axis: rows of the residual stream to codes: LayerNorm with one reciprocal root a row.
//
// Parameters: lanes=2, bits=4, width=16, channels=192
// Latency 45 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                           clock of all ports
//   input  aresetn                        synchronous reset, active low
//   input  s_axis_tdata         [31:0]    lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid                  a beat is offered
//   output s_axis_tready                  a beat is taken
//   input  s_axis_tlast                   the row's last beat
//   input  s_axis_affine_tdata  [119:0]   table of 192 entries: lanes, lane 0 in the least significant bits
//   input  s_axis_affine_tvalid           a beat is offered
//   output s_axis_affine_tready           a beat is taken
//   input  s_axis_affine_tlast            the table's last beat
//   output m_axis_tdata         [7:0]     lanes, lane 0 in the least significant bits
//   output m_axis_tvalid                  a beat is offered
//   input  m_axis_tready                  a beat is taken
//   output m_axis_tlast                   the row's last beat
//   input  columns              [7:0]     configuration: elements of a row
//   input  shift                [5:0]     configuration: fraction bits of the gains
//   input  epsilon              [45:0]    configuration: in units of the variance
//
// s_axis_tdata: 2 lanes of 16 bits, lane 0 lowest:
//   [16*n + 0 +: 16]       element, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// s_axis_affine_tdata: 2 lanes of 58 bits, lane 0 lowest:
//   [58*n + 0 +: 17]       gain, two's complement
//   [58*n + 17 +: 41]      offset, two's complement
//   A table: 192 entries in order, last with the last beat, while nothing is inside; kept until
//   they come again.
//
// m_axis_tdata: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//   Rows: each begins a beat, last marks its last beat.
//

module layernorm_quantizer_l2_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, s_axis_affine_tdata, s_axis_affine_tvalid, s_axis_affine_tlast, m_axis_tready, columns, shift, epsilon, s_axis_tready, s_axis_affine_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, aclk);
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 aclk CLK" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF s_axis_affine:s_axis:m_axis, ASSOCIATED_RESET aresetn" *)
  input aclk;
  wire aclk;
  (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 aresetn RST" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW" *)
  input aresetn;
  wire aresetn;
  input [7:0] columns;
  wire [7:0] columns;
  input [45:0] epsilon;
  wire [45:0] epsilon;
  wire i_affine_ready;
  wire i_affine_valid;
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
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_affine TDATA" *)
  input [119:0] s_axis_affine_tdata;
  wire [119:0] s_axis_affine_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_affine TLAST" *)
  input s_axis_affine_tlast;
  wire s_axis_affine_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_affine TREADY" *)
  output s_axis_affine_tready;
  wire s_axis_affine_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_affine TVALID" *)
  input s_axis_affine_tvalid;
  wire s_axis_affine_tvalid;
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
  input [5:0] shift;
  wire [5:0] shift;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign i_affine_valid = s_axis_affine_tvalid & aresetn;
  assign s_axis_affine_tready = i_affine_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  layernorm_quantizer_l2 unit (
    .clk(aclk),
    .columns(columns),
    .epsilon(epsilon),
    .i__payload({ s_axis_tlast, s_axis_tdata }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .i_affine__payload({ s_axis_affine_tlast, s_axis_affine_tdata[115:0] }),
    .i_affine__ready(i_affine_ready),
    .i_affine__valid(i_affine_valid),
    .o__payload({ m_axis_tlast, m_axis_tdata }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .rst(rst),
    .shift(shift)
  );
endmodule
