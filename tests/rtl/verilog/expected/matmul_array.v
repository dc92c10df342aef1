// matmul_array_l2_r2_d8: codes times stationary weights, summed up exactly over tiles and digits.
//
// Parameters: lanes=2, rows=2, base=4, lane=lut, weights=signed, acc_width=20, depth=8
// Latency 9 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i, i_weight and o: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//   Rows: each begins a beat, last marks its last beat.
//
// i_weight__payload: 2 lanes of 5 bits, lane 0 lowest:
//   [5*n + 0 +: 5]         weight, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// o__payload: 2 lanes of 20 bits, lane 0 lowest:
//   [20*n + 0 +: 20]       acc, two's complement
//   Rows: each begins a beat, last marks its last beat.
//

module matmul_array_l2_r2_d8(i__valid, i_weight__payload, i_weight__valid, o__ready, tokens, k_tiles, code_digits, weight_digits, clk, rst, i__ready, i_weight__ready, o__payload, o__valid, i__payload);
  input clk;
  wire clk;
  input [1:0] code_digits;
  wire [1:0] code_digits;
  input [8:0] i__payload;
  wire [8:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  input [10:0] i_weight__payload;
  wire [10:0] i_weight__payload;
  output i_weight__ready;
  wire i_weight__ready;
  input i_weight__valid;
  wire i_weight__valid;
  input [9:0] k_tiles;
  wire [9:0] k_tiles;
  output [40:0] o__payload;
  wire [40:0] o__payload;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  input rst;
  wire rst;
  input [3:0] tokens;
  wire [3:0] tokens;
  input [1:0] weight_digits;
  wire [1:0] weight_digits;
  matmul_array_l2_r2_d8_core core (
    .clk(clk),
    .code(i__payload[7:0]),
    .i__payload(i_weight__payload[9:0]),
    .i__ready(i__ready),
    .i__valid(i__valid),
    .i__valid_17(i_weight__valid),
    .i_operand__ready(i_weight__ready),
    .k_tiles(k_tiles),
    .o__payload(o__payload),
    .o__ready(o__ready),
    .o__valid(o__valid),
    .rst(rst),
    .tokens(tokens),
    .two_code_digits(code_digits[1]),
    .two_weight_digits(weight_digits[1])
  );
endmodule

module matmul_array_l2_r2_d8_core(i__valid_17, o__ready, tokens, k_tiles, two_code_digits, two_weight_digits, clk, rst, i__ready, i_operand__ready, code, i__payload, o__payload, o__valid, i__valid);
  wire n1;
  wire [39:0] addend;
  reg bank;
  initial bank = 1'h0;
  wire bank_71;
  wire bank_81;
  reg bank_0;
  initial bank_0 = 1'h0;
  reg bank_1;
  initial bank_1 = 1'h0;
  wire begun;
  input clk;
  wire clk;
  input [7:0] code;
  wire [7:0] code;
  wire [1:0] digits;
  wire [2:0] drain_row;
  wire [39:0] drained;
  wire [1:0] enable;
  wire ends_16;
  reg ends_0;
  initial ends_0 = 1'h0;
  reg ends_1;
  initial ends_1 = 1'h0;
  reg ends_2;
  initial ends_2 = 1'h0;
  reg ends_3;
  initial ends_3 = 1'h0;
  reg ends_4;
  initial ends_4 = 1'h0;
  reg ends_5;
  initial ends_5 = 1'h0;
  wire filled;
  reg first;
  initial first = 1'h0;
  wire first_83;
  reg first_0;
  initial first_0 = 1'h0;
  reg first_1;
  initial first_1 = 1'h0;
  reg [5:0] follows;
  initial follows = 6'h00;
  wire [1:0] free;
  wire full;
  wire given;
  input [9:0] i__payload;
  wire [9:0] i__payload;
  wire i__payload_61;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  input i__valid_17;
  wire i__valid_17;
  wire i__valid_59;
  output i_operand__ready;
  wire i_operand__ready;
  input [9:0] k_tiles;
  wire [9:0] k_tiles;
  wire last;
  wire [1:0] load;
  output [40:0] o__payload;
  wire [40:0] o__payload;
  wire o__payload_73;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  wire [23:0] operand;
  wire reads;
  reg [2:0] row;
  initial row = 3'h0;
  wire [2:0] row_79;
  reg [2:0] row_0;
  initial row_0 = 3'h0;
  reg [2:0] row_1;
  initial row_1 = 3'h0;
  input rst;
  wire rst;
  wire swap;
  wire taken;
  input [3:0] tokens;
  wire [3:0] tokens;
  input two_code_digits;
  wire two_code_digits;
  input two_weight_digits;
  wire two_weight_digits;
  wire written;
  assign taken = i__valid & i__ready;
  assign filled = written & ends_5;
  assign n1 = o__valid & o__ready;
  assign given = n1 & o__payload_73;
  assign reads = enable[0] & i__valid_59;
  always @(posedge clk) begin
    if (follows[0]) begin
      bank_1 <= bank_0;
      ends_1 <= ends_0;
      first_1 <= first_0;
      row_1 <= row_0;
    end
    if (follows[1]) begin
      bank <= bank_1;
      ends_2 <= ends_1;
      first <= first_1;
      row <= row_1;
    end
    if (follows[2]) ends_3 <= ends_2;
    if (follows[3]) ends_4 <= ends_3;
    if (follows[4]) ends_5 <= ends_4;
    if (rst) follows <= 6'h00;
    else follows <= { follows[4:0], taken };
    if (taken) begin
      bank_0 <= bank_81;
      ends_0 <= ends_16;
      first_0 <= first_83;
      row_0 <= row_79;
    end
  end
  matmul_array_l2_r2_d8_core_accumulators accumulators (
    .addend(addend),
    .bank(bank),
    .clk(clk),
    .drain_bank(bank_71),
    .drain_row(drain_row),
    .drained(drained),
    .fill(follows[2]),
    .first(first),
    .moves(enable[1]),
    .reads(reads),
    .row(row),
    .rst(rst),
    .written(written)
  );
  matmul_array_l2_r2_d8_core_banks banks (
    .bank(bank_71),
    .begun(begun),
    .clk(clk),
    .filled(filled),
    .free(free),
    .given(given),
    .last(i__payload_61),
    .ready(enable[0]),
    .row(drain_row),
    .rst(rst),
    .tokens(tokens),
    .valid(i__valid_59)
  );
  matmul_array_l2_r2_d8_core_control control (
    .clk(clk),
    .enable(enable),
    .i__payload(i__payload_61),
    .i__valid(i__valid_59),
    .o__payload(o__payload_73),
    .o__ready(o__ready),
    .rst(rst),
    .valid_1(o__valid)
  );
  matmul_array_l2_r2_d8_core_dots dots (
    .clk(clk),
    .code(code),
    .digits(digits),
    .load_21(load),
    .operand_26(operand),
    .rst(rst),
    .sums(addend),
    .swap_8(swap),
    .valid(taken)
  );
  matmul_array_l2_r2_d8_core_loader loader (
    .clk(clk),
    .full(full),
    .i__payload(i__payload),
    .i__ready(i_operand__ready),
    .i__valid(i__valid_17),
    .last(last),
    .load(load),
    .operand(operand),
    .rst(rst),
    .swap(swap)
  );
  matmul_array_l2_r2_d8_core_sequencer sequencer (
    .bank(bank_81),
    .begun(begun),
    .clk(clk),
    .digits(digits),
    .ends(ends_16),
    .first(first_83),
    .free(free),
    .full(full),
    .k_tiles(k_tiles),
    .ready(i__ready),
    .row(row_79),
    .rst(rst),
    .swap(swap),
    .taken(taken),
    .tokens(tokens),
    .two_code_digits(two_code_digits),
    .two_digits(two_weight_digits)
  );
  assign o__payload = { o__payload_73, drained };
endmodule

module matmul_array_l2_r2_d8_core_accumulators(rst, reads, fill, row, bank, first, addend, written, drained, drain_row, drain_bank, moves, clk);
  wire [20:0] n2;
  wire [20:0] n3;
  wire n4;
  wire [39:0] signature__data;
  wire [39:0] n17;
  wire signature__en;
  input [39:0] addend;
  wire [39:0] addend;
  input bank;
  wire bank;
  input clk;
  wire clk;
  input drain_bank;
  wire drain_bank;
  input [2:0] drain_row;
  wire [2:0] drain_row;
  output [39:0] drained;
  reg [39:0] drained;
  initial drained = 40'h0000000000;
  input fill;
  wire fill;
  reg [2:0] filling;
  initial filling = 3'h0;
  input first;
  wire first;
  reg first_1;
  initial first_1 = 1'h0;
  reg [39:0] kept;
  initial kept = 40'h0000000000;
  input moves;
  wire moves;
  reg [3:0] place_1;
  initial place_1 = 4'h0;
  reg [3:0] place_2;
  initial place_2 = 4'h0;
  reg [3:0] place_3;
  initial place_3 = 4'h0;
  input reads;
  wire reads;
  input [2:0] row;
  wire [2:0] row;
  input rst;
  wire rst;
  reg [39:0] total;
  initial total = 40'h0000000000;
  output written;
  wire written;
  (* no_rw_check = 32'd1 *)
  reg [39:0] memory [0:15];
  integer initial_row;
  initial
    for (initial_row = 0; initial_row < 16; initial_row = initial_row + 1)
      memory[initial_row] = 40'h0000000000;
  always @(posedge clk) begin
    if (filling[2])
      memory[place_3] <= total;
  end
  reg [39:0] _0_;
  reg [39:0] _1_;
  always @(posedge clk) begin
    if (signature__en) begin
      _0_ <= memory[{ bank, row }];
    end
    if (reads) begin
      _1_ <= memory[{ drain_bank, drain_row }];
    end
  end
  assign signature__data = _0_;
  assign n17 = _1_;
  assign n2 = $signed(kept[19:0]) + $signed(addend[19:0]);
  assign n3 = $signed(kept[39:20]) + $signed(addend[39:20]);
  assign n4 = ~ first;
  assign signature__en = fill & n4;
  always @(posedge clk) begin
    if (fill) begin
      first_1 <= first;
      place_1 <= { bank, row };
    end
    if (filling[0]) begin
      place_2 <= place_1;
      if (first_1) kept <= 40'h0000000000;
      else kept <= signature__data;
    end
    if (filling[1]) begin
      place_3 <= place_2;
      total <= { n3[19:0], n2[19:0] };
    end
    if (rst) begin
      drained <= 40'h0000000000;
      filling <= 3'h0;
    end else begin
      filling <= { filling[1:0], fill };
      if (moves) drained <= n17;
    end
  end
  assign written = filling[2];
endmodule

module matmul_array_l2_r2_d8_core_banks(clk, rst, filled, given, begun, last, valid, row, bank, free, ready, tokens);
  wire [3:0] n1;
  wire n10;
  wire n11;
  wire n12;
  wire n13;
  wire n15;
  wire n16;
  wire n17;
  wire n18;
  wire n2;
  wire n20;
  wire n21;
  wire n22;
  wire n23;
  wire n24;
  wire n26;
  wire [3:0] n4;
  wire n5;
  wire n6;
  wire n284;
  wire n287;
  wire n296;
  wire n299;
  output bank;
  reg bank;
  initial bank = 1'h0;
  reg begins;
  initial begins = 1'h0;
  input begun;
  wire begun;
  input clk;
  wire clk;
  wire ends;
  input filled;
  wire filled;
  reg fills;
  initial fills = 1'h0;
  wire [3:0] following;
  output [1:0] free;
  reg [1:0] free;
  initial free = 2'h3;
  reg [1:0] full;
  initial full = 2'h0;
  input given;
  wire given;
  reg gives;
  initial gives = 1'h0;
  output last;
  wire last;
  input ready;
  wire ready;
  output [2:0] row;
  reg [2:0] row;
  initial row = 3'h0;
  reg [3:0] rows_0;
  initial rows_0 = 4'h0;
  reg [3:0] rows_1;
  initial rows_1 = 4'h0;
  input rst;
  wire rst;
  input [3:0] tokens;
  wire [3:0] tokens;
  output valid;
  wire valid;
  assign following = row + 1'h1;
  assign n1 = bank ? rows_1 : rows_0;
  assign last = following == n1;
  assign valid = bank ? full[1] : full[0];
  assign ends = n2 & last;
  assign n2 = valid & ready;
  assign n4 = last ? 4'h0 : following;
  assign n5 = ~ bank;
  assign n6 = ~ begins;
  assign n11 = ~ gives;
  assign n12 = ~| gives;
  assign n13 = given & n12;
  assign n15 = given & gives;
  assign n16 = ~ fills;
  assign n17 = ~| fills;
  assign n18 = filled & n17;
  assign n20 = filled & fills;
  assign n21 = ~| bank;
  assign n22 = ends & n21;
  assign n23 = ~| begins;
  assign n24 = begun & n23;
  assign n26 = ends & bank;
  assign n10 = begun & begins;
  always @(posedge clk) begin
    if (n10) rows_1 <= tokens;
    if (n24) rows_0 <= tokens;
    if (n284) begin
      full[0] <= 1'h0;
    end else begin
      if (n18) full[0] <= 1'h1;
    end
    if (n287) begin
      full[1] <= 1'h0;
    end else begin
      if (n20) full[1] <= 1'h1;
    end
    if (n296) begin
      free[0] <= 1'h1;
    end else begin
      if (n24) free[0] <= 1'h0;
    end
    if (n299) begin
      free[1] <= 1'h1;
    end else begin
      if (n10) free[1] <= 1'h0;
    end
    if (rst) begin
      bank <= 1'h0;
      begins <= 1'h0;
      fills <= 1'h0;
      gives <= 1'h0;
      row <= 3'h0;
    end else begin
      if (begun) begins <= n6;
      if (ends) bank <= n5;
      if (filled) fills <= n16;
      if (given) gives <= n11;
      if (n2) row <= n4[2:0];
    end
  end
  assign n284 = | { n22, rst };
  assign n287 = | { n26, rst };
  assign n296 = | { n13, rst };
  assign n299 = | { n15, rst };
endmodule

module matmul_array_l2_r2_d8_core_control(clk, rst, i__payload, i__valid, enable, valid_1, o__payload, o__ready);
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

module matmul_array_l2_r2_d8_core_dots(rst, valid, swap_8, digits, code, load_21, operand_26, sums, clk);
  wire [16:0] n3;
  wire [24:0] n4;
  wire [16:0] n7;
  wire [24:0] n8;
  wire n319;
  input clk;
  wire clk;
  input [7:0] code;
  wire [7:0] code;
  reg [7:0] code_19;
  initial code_19 = 8'h00;
  reg [7:0] code_0;
  initial code_0 = 8'h00;
  input [1:0] digits;
  wire [1:0] digits;
  reg [1:0] digits_0;
  initial digits_0 = 2'h0;
  reg [1:0] digits_1;
  initial digits_1 = 2'h0;
  reg [1:0] digits_2;
  initial digits_2 = 2'h0;
  reg [1:0] digits_3;
  initial digits_3 = 2'h0;
  input [1:0] load_21;
  wire [1:0] load_21;
  reg [3:0] occupied;
  initial occupied = 4'h0;
  input [23:0] operand_26;
  wire [23:0] operand_26;
  input rst;
  wire rst;
  wire [19:0] shifted_0;
  wire [19:0] shifted_1;
  output [39:0] sums;
  reg [39:0] sums;
  initial sums = 40'h0000000000;
  reg swap;
  initial swap = 1'h0;
  input swap_8;
  wire swap_8;
  wire [9:0] total;
  wire [9:0] total_27;
  input valid;
  wire valid;
  assign n3 = digits_3[0] ? { {3{total[9]}}, total, 4'h0 } : { {7{total[9]}}, total };
  assign { n4[24:20], shifted_0 } = digits_3[1] ? { {7{total[9]}}, total, 8'h00 } : { n3[16], n3[16], n3[16], n3[16], n3[16], n3[16], n3[16], n3[16], n3 };
  assign n7 = digits_3[0] ? { total_27[9], total_27[9], total_27[9], total_27, 4'h0 } : { total_27[9], total_27[9], total_27[9], total_27[9], total_27[9], total_27[9], total_27[9], total_27 };
  assign { n8[24:20], shifted_1 } = digits_3[1] ? { total_27[9], total_27[9], total_27[9], total_27[9], total_27[9], total_27[9], total_27[9], total_27, 8'h00 } : { n7[16], n7[16], n7[16], n7[16], n7[16], n7[16], n7[16], n7[16], n7 };
  always @(posedge clk) begin
    if (occupied[0]) begin
      code_19 <= code_0;
      digits_1 <= digits_0;
    end
    if (occupied[1]) digits_2 <= digits_1;
    if (occupied[2]) digits_3 <= digits_2;
    if (occupied[3]) begin
      sums[19:8] <= shifted_0[19:8];
      sums[39:28] <= shifted_1[19:8];
      if (digits_3[1]) begin
        sums[7:4] <= 4'h0;
        sums[27:24] <= 4'h0;
      end else begin
        sums[7:4] <= n3[7:4];
        sums[27:24] <= n7[7:4];
      end
      if (n319) begin
        sums[3:0] <= 4'h0;
        sums[23:20] <= 4'h0;
      end else begin
        sums[3:0] <= total[3:0];
        sums[23:20] <= total_27[3:0];
      end
    end
    if (rst) begin
      occupied <= 4'h0;
      swap <= 1'h0;
    end else begin
      occupied <= { occupied[2:0], valid };
      swap <= swap_8;
    end
    if (valid) begin
      code_0 <= code;
      digits_0 <= digits;
    end
  end
  assign n319 = | digits_3;
  matmul_array_l2_r2_d8_core_dots_column column_0 (
    .clk(clk),
    .code(code_19),
    .enable(occupied[2:1]),
    .joined_1_0(total),
    .load(load_21[0]),
    .operand(operand_26),
    .rst(rst),
    .swap(swap)
  );
  matmul_array_l2_r2_d8_core_dots_column column_1 (
    .clk(clk),
    .code(code_19),
    .enable(occupied[2:1]),
    .joined_1_0(total_27),
    .load(load_21[1]),
    .operand(operand_26),
    .rst(rst),
    .swap(swap)
  );
  assign n4[19:0] = shifted_0;
  assign n8[19:0] = shifted_1;
endmodule

module matmul_array_l2_r2_d8_core_loader(clk, rst, swap, i__ready, i__payload, load, last, full, operand, i__valid);
  wire n1;
  wire n7;
  wire n9;
  wire n357;
  wire n366;
  wire n365;
  wire procmux_157_Y;
  wire procmux_159_Y;
  reg signal;
  initial signal = 1'h0;
  reg [1:0] centered;
  initial centered = 2'h0;
  reg [9:0] centered_11;
  initial centered_11 = 10'h000;
  input clk;
  wire clk;
  output full;
  reg full;
  initial full = 1'h0;
  input [9:0] i__payload;
  wire [9:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  output last;
  wire last;
  output [1:0] load;
  reg [1:0] load;
  initial load = 2'h0;
  output [23:0] operand;
  reg [23:0] operand;
  initial operand = 24'h000000;
  input rst;
  wire rst;
  input swap;
  wire swap;
  wire taken;
  wire takes;
  reg [1:0] turn;
  initial turn = 2'h1;
  wire [5:0] upper_0;
  wire [5:0] upper_1;
  wire waits;
  assign n1 = signal & centered[0];
  assign waits = n1 & full;
  assign takes = i__valid & i__ready;
  assign i__ready = ~ waits;
  assign taken = signal & i__ready;
  assign upper_0 = $signed({ centered_11[4], centered_11[4:1] }) + $signed(centered_11[4:0]);
  assign upper_1 = $signed({ centered_11[9], centered_11[9:6] }) + $signed(centered_11[9:5]);
  assign n7 = takes | waits;
  assign n9 = taken & centered[1];
  always @(posedge clk) begin
    if (n366) load <= 2'h0;
    else load <= centered;
    if (rst) begin
      centered <= 2'h0;
      centered_11 <= 10'h000;
      full <= 1'h0;
      operand <= 24'h000000;
      signal <= 1'h0;
      turn <= 2'h1;
    end else begin
      signal <= n7;
      if (n357) full <= procmux_159_Y;
      if (taken) operand <= { upper_1, centered_11[5], centered_11[9:5], upper_0, centered_11[0], centered_11[4:0] };
      if (takes) begin
        centered <= turn;
        centered_11 <= i__payload;
        turn <= { turn[0], turn[1] };
      end
    end
  end
  assign n357 = | { n9, swap };
  assign n365 = ~ taken;
  assign n366 = | { n365, rst };
  assign procmux_157_Y = swap ? 1'h0 : 1'hx;
  assign procmux_159_Y = n9 ? 1'h1 : procmux_157_Y;
  assign last = turn[1];
endmodule

module matmul_array_l2_r2_d8_core_sequencer(k_tiles, two_code_digits, two_digits, clk, rst, taken, swap, digits, first, begun, ends, ready, row, bank, full, free, tokens);
  wire n1;
  wire n10;
  wire n11;
  wire n12;
  wire n13;
  wire n14;
  wire n15;
  wire [2:0] n16;
  wire n17;
  wire n18;
  wire [4:0] n19;
  wire n2;
  wire [4:0] n20;
  wire n21;
  wire n5;
  wire n6;
  wire n7;
  wire n8;
  wire n9;
  wire n371;
  wire n375;
  wire procmux_203_Y;
  wire [2:0] procmux_209_Y;
  wire [1:0] procmux_215_Y;
  wire [1:0] procmux_217_Y;
  wire [1:0] procmux_219_Y;
  wire signal;
  wire n4;
  output bank;
  reg bank;
  initial bank = 1'h0;
  wire begins;
  output begun;
  wire begun;
  input clk;
  wire clk;
  wire closing;
  output [1:0] digits;
  wire [1:0] digits;
  output ends;
  wire ends;
  output first;
  wire first;
  wire first_16;
  wire [3:0] following;
  input [1:0] free;
  wire [1:0] free;
  reg fresh;
  initial fresh = 1'h1;
  input full;
  wire full;
  wire high;
  input [9:0] k_tiles;
  wire [9:0] k_tiles;
  wire last_pass;
  reg low;
  initial low = 1'h0;
  reg [1:0] pause;
  initial pause = 2'h0;
  output ready;
  wire ready;
  output [2:0] row;
  reg [2:0] row;
  initial row = 3'h0;
  input rst;
  wire rst;
  wire step;
  output swap;
  wire swap;
  input taken;
  wire taken;
  input [3:0] tokens;
  wire [3:0] tokens;
  input two_code_digits;
  wire two_code_digits;
  input two_digits;
  wire two_digits;
  assign following = row + 1'h1;
  assign signal = following == tokens;
  assign n1 = ~ two_code_digits;
  assign n4 = low | n1;
  assign last_pass = closing & n4;
  assign begins = taken & fresh;
  assign swap = begins & n2;
  assign digits = high + n17;
  assign n2 = ~ low;
  assign first = first_16 & n2;
  assign begun = begins & first;
  assign ends = signal & last_pass;
  assign n5 = taken & signal;
  assign step = n5 & n4;
  assign n6 = ~| pause;
  assign n7 = ~ fresh;
  assign n8 = n7 | low;
  assign n9 = n8 | full;
  assign n10 = n6 & n9;
  assign n11 = fresh & first;
  assign n12 = ~ n11;
  assign n13 = bank ? free[1] : free[0];
  assign n14 = n12 | n13;
  assign ready = n10 & n14;
  assign n15 = | pause;
  assign n16 = pause - 1'h1;
  assign n17 = ~ n4;
  assign n18 = tokens < 3'h4;
  assign n19 = 3'h4 - tokens;
  assign n20 = n18 ? n19 : 5'h00;
  assign n21 = ~ bank;
  always @(posedge clk) begin
    if (rst) begin
      bank <= 1'h0;
      fresh <= 1'h1;
      low <= 1'h0;
      pause <= 2'h0;
      row <= 3'h0;
    end else begin
      pause <= procmux_219_Y;
      if (n371) bank <= n21;
      if (n375) low <= n17;
      if (taken) begin
        fresh <= procmux_203_Y;
        row <= procmux_209_Y;
      end
    end
  end
  assign n371 = & { last_pass, signal, taken };
  assign n375 = & { signal, taken };
  assign procmux_203_Y = signal ? 1'h1 : 1'h0;
  assign procmux_209_Y = signal ? 3'h0 : following[2:0];
  assign procmux_215_Y = n15 ? n16[1:0] : pause;
  assign procmux_217_Y = signal ? n20[1:0] : procmux_215_Y;
  assign procmux_219_Y = taken ? procmux_217_Y : procmux_215_Y;
  matmul_array_l2_r2_d8_core_sequencer_tiles tiles (
    .clk(clk),
    .closing(closing),
    .first(first_16),
    .high(high),
    .k_tiles(k_tiles),
    .rst(rst),
    .step(step),
    .two_digits(two_digits)
  );
endmodule

module matmul_array_l2_r2_d8_core_sequencer_tiles(two_digits, clk, rst, step, first, closing, high, k_tiles);
  wire n1;
  wire [10:0] n2;
  wire n3;
  wire n4;
  wire n5;
  wire [9:0] n7;
  wire n384;
  input clk;
  wire clk;
  output closing;
  wire closing;
  wire ends;
  output first;
  wire first;
  wire [9:0] following;
  output high;
  wire high;
  input [9:0] k_tiles;
  wire [9:0] k_tiles;
  reg low;
  initial low = 1'h0;
  input rst;
  wire rst;
  input step;
  wire step;
  reg [9:0] tile;
  initial tile = 10'h000;
  input two_digits;
  wire two_digits;
  assign n1 = ~ two_digits;
  assign ends = low | n1;
  assign { n2[10], following } = tile + 1'h1;
  assign n3 = ~| tile;
  assign n4 = ~ low;
  assign first = n3 & n4;
  assign n5 = following == k_tiles;
  assign closing = n5 & ends;
  assign high = ~ ends;
  assign n7 = closing ? 10'h000 : following;
  always @(posedge clk) begin
    if (rst) begin
      low <= 1'h0;
      tile <= 10'h000;
    end else begin
      if (n384) tile <= n7;
      if (step) low <= high;
    end
  end
  assign n384 = & { step, ends };
  assign n2[9:0] = following;
endmodule

module matmul_array_l2_r2_d8_core_dots_column(rst, load, enable, code, swap, operand, joined_1_0, clk);
  wire [7:0] n1;
  wire [7:0] n10;
  wire [7:0] n11;
  wire [7:0] n12;
  wire [7:0] n14;
  wire [6:0] n15;
  wire [7:0] n16;
  wire [7:0] n17;
  wire [7:0] n18;
  wire [6:0] n19;
  wire [7:0] n2;
  wire [7:0] n20;
  wire [7:0] n21;
  wire [7:0] n22;
  wire [7:0] n24;
  wire [6:0] n25;
  wire [7:0] n26;
  wire [7:0] n27;
  wire [7:0] n28;
  wire [6:0] n29;
  wire [7:0] n30;
  wire [7:0] n31;
  wire [7:0] n32;
  wire [7:0] n34;
  wire [6:0] n35;
  wire [7:0] n36;
  wire [7:0] n37;
  wire [7:0] n38;
  wire [6:0] n39;
  wire [7:0] n4;
  wire [7:0] n40;
  wire [7:0] n41;
  wire [7:0] n42;
  wire [6:0] n5;
  wire [7:0] n6;
  wire [7:0] n7;
  wire [7:0] n8;
  wire [6:0] n9;
  reg [11:0] active_0;
  initial active_0 = 12'h000;
  reg [11:0] active_1;
  initial active_1 = 12'h000;
  input clk;
  wire clk;
  input [7:0] code;
  wire [7:0] code;
  wire [6:0] digit_0_0;
  reg [7:0] digit_0_0_0;
  initial digit_0_0_0 = 8'h00;
  wire [6:0] digit_0_1;
  wire [6:0] digit_2_0;
  reg [7:0] digit_2_0_0;
  initial digit_2_0_0 = 8'h00;
  wire [6:0] digit_2_1;
  input [1:0] enable;
  wire [1:0] enable;
  output [9:0] joined_1_0;
  reg [9:0] joined_1_0;
  initial joined_1_0 = 10'h000;
  input load;
  wire load;
  input [23:0] operand;
  wire [23:0] operand;
  input rst;
  wire rst;
  reg [11:0] shadow_0;
  initial shadow_0 = 12'h000;
  reg [11:0] shadow_1;
  initial shadow_1 = 12'h000;
  input swap;
  wire swap;
  wire [8:0] upper_1_0;
  assign n1 = $signed(digit_0_0) + $signed(digit_0_1);
  assign n2 = $signed(digit_2_0) + $signed(digit_2_1);
  assign n4 = { 1'h0, {7{code[1]}} } & { active_0[11], active_0[11:5] };
  assign n5 = ~ { {7{code[1]}} };
  assign n6 = { 1'h0, n5 } & { {3{active_0[4]}}, active_0[4:0] };
  assign n7 = n4 | n6;
  assign n8 = { 1'h0, {7{code[0]}} } & n7;
  assign n9 = ~ { {7{code[0]}} };
  assign n10 = { 1'h0, {7{code[1]}} } & { {2{active_0[4]}}, active_0[4:0], 1'h0 };
  assign n11 = { 1'h0, n9 } & n10;
  assign { n12[7], digit_0_0 } = n8 | n11;
  assign n14 = { 1'h0, {7{code[5]}} } & { active_1[11], active_1[11:5] };
  assign n15 = ~ { {7{code[5]}} };
  assign n16 = { 1'h0, n15 } & { {3{active_1[4]}}, active_1[4:0] };
  assign n17 = n14 | n16;
  assign n18 = { 1'h0, {7{code[4]}} } & n17;
  assign n19 = ~ { {7{code[4]}} };
  assign n20 = { 1'h0, {7{code[5]}} } & { {2{active_1[4]}}, active_1[4:0], 1'h0 };
  assign n21 = { 1'h0, n19 } & n20;
  assign { n22[7], digit_0_1 } = n18 | n21;
  assign n24 = { 1'h0, {7{code[3]}} } & { active_0[11], active_0[11:5] };
  assign n25 = ~ { {7{code[3]}} };
  assign n26 = { 1'h0, n25 } & { {3{active_0[4]}}, active_0[4:0] };
  assign n27 = n24 | n26;
  assign n28 = { 1'h0, {7{code[2]}} } & n27;
  assign n29 = ~ { {7{code[2]}} };
  assign n30 = { 1'h0, {7{code[3]}} } & { {2{active_0[4]}}, active_0[4:0], 1'h0 };
  assign n31 = { 1'h0, n29 } & n30;
  assign { n32[7], digit_2_0 } = n28 | n31;
  assign n34 = { 1'h0, {7{code[7]}} } & { active_1[11], active_1[11:5] };
  assign n35 = ~ { {7{code[7]}} };
  assign n36 = { 1'h0, n35 } & { {3{active_1[4]}}, active_1[4:0] };
  assign n37 = n34 | n36;
  assign n38 = { 1'h0, {7{code[6]}} } & n37;
  assign n39 = ~ { {7{code[6]}} };
  assign n40 = { 1'h0, {7{code[7]}} } & { {2{active_1[4]}}, active_1[4:0], 1'h0 };
  assign n41 = { 1'h0, n39 } & n40;
  assign { n42[7], digit_2_1 } = n38 | n41;
  assign upper_1_0 = $signed({ {2{digit_0_0_0[7]}}, digit_0_0_0[7:2] }) + $signed(digit_2_0_0);
  always @(posedge clk) begin
    if (enable[0]) begin
      digit_0_0_0 <= n1;
      digit_2_0_0 <= n2;
    end
    if (enable[1]) joined_1_0 <= { upper_1_0[7:0], digit_0_0_0[1:0] };
    if (load) begin
      shadow_0 <= operand[11:0];
      shadow_1 <= operand[23:12];
    end
    if (swap) begin
      active_0 <= shadow_0;
      active_1 <= shadow_1;
    end
  end
  assign n12[6:0] = digit_0_0;
  assign n22[6:0] = digit_0_1;
  assign n32[6:0] = digit_2_0;
  assign n42[6:0] = digit_2_1;
endmodule

// matmul_array_l2_r2_d8_axis: codes times stationary weights, summed up exactly over tiles and digits.
//
// Parameters: lanes=2, rows=2, base=4, lane=lut, weights=signed, acc_width=20, depth=8
// Latency 9 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                           clock of all ports
//   input  aresetn                        synchronous reset, active low
//   input  s_axis_tdata         [7:0]     lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid                  a beat is offered
//   output s_axis_tready                  a beat is taken
//   input  s_axis_tlast                   the row's last beat
//   input  s_axis_weight_tdata  [15:0]    lanes, lane 0 in the least significant bits
//   input  s_axis_weight_tvalid           a beat is offered
//   output s_axis_weight_tready           a beat is taken
//   input  s_axis_weight_tlast            the row's last beat
//   output m_axis_tdata         [39:0]    lanes, lane 0 in the least significant bits
//   output m_axis_tvalid                  a beat is offered
//   input  m_axis_tready                  a beat is taken
//   output m_axis_tlast                   the row's last beat
//   input  tokens               [3:0]     configuration: tokens of a tile
//   input  k_tiles              [9:0]     configuration: tiles of the inner dimension
//   input  code_digits          [1:0]     configuration: digits of a code
//   input  weight_digits        [1:0]     configuration: digits of a weight
//
// s_axis_tdata: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         code, unsigned
//   Rows: each begins a beat, last marks its last beat.
//
// s_axis_weight_tdata: 2 lanes of 5 bits, lane 0 lowest:
//   [5*n + 0 +: 5]         weight, two's complement
//   Rows: each begins a beat, last marks its last beat.
//
// m_axis_tdata: 2 lanes of 20 bits, lane 0 lowest:
//   [20*n + 0 +: 20]       acc, two's complement
//   Rows: each begins a beat, last marks its last beat.
//

module matmul_array_l2_r2_d8_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, s_axis_weight_tdata, s_axis_weight_tvalid, s_axis_weight_tlast, m_axis_tready, tokens, k_tiles, code_digits, weight_digits, s_axis_tready, s_axis_weight_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, aclk);
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 aclk CLK" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF s_axis_weight:s_axis:m_axis, ASSOCIATED_RESET aresetn" *)
  input aclk;
  wire aclk;
  (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 aresetn RST" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW" *)
  input aresetn;
  wire aresetn;
  input [1:0] code_digits;
  wire [1:0] code_digits;
  wire i_ready;
  wire i_valid;
  wire i_weight_ready;
  wire i_weight_valid;
  input [9:0] k_tiles;
  wire [9:0] k_tiles;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TDATA" *)
  output [39:0] m_axis_tdata;
  wire [39:0] m_axis_tdata;
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
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_weight TDATA" *)
  input [15:0] s_axis_weight_tdata;
  wire [15:0] s_axis_weight_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_weight TLAST" *)
  input s_axis_weight_tlast;
  wire s_axis_weight_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_weight TREADY" *)
  output s_axis_weight_tready;
  wire s_axis_weight_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_weight TVALID" *)
  input s_axis_weight_tvalid;
  wire s_axis_weight_tvalid;
  input [3:0] tokens;
  wire [3:0] tokens;
  input [1:0] weight_digits;
  wire [1:0] weight_digits;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign i_weight_valid = s_axis_weight_tvalid & aresetn;
  assign s_axis_weight_tready = i_weight_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  matmul_array_l2_r2_d8 unit (
    .clk(aclk),
    .code_digits(code_digits),
    .i__payload({ s_axis_tlast, s_axis_tdata }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .i_weight__payload({ s_axis_weight_tlast, s_axis_weight_tdata[9:0] }),
    .i_weight__ready(i_weight_ready),
    .i_weight__valid(i_weight_valid),
    .k_tiles(k_tiles),
    .o__payload({ m_axis_tlast, m_axis_tdata }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .rst(rst),
    .tokens(tokens),
    .weight_digits(weight_digits)
  );
endmodule
