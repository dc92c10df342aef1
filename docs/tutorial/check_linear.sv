// Feeds `linear` with the files of one op and compares what comes out with the file of its output.
// Runs in the folder of the vectors. Parameters are those of the op, from manifest.json.
module check_linear #(
  parameter OP = "", X = "", Y = "",               // names of the op, its input, its output
  parameter ROWS = 1, IN = 4, OUT = 1, LANES = 4,  // ROWS of all images
  parameter X_BITS = 4, W_BITS = 4, Z_BITS = 5, B_BITS = 10, M_BITS = 16, S_BITS = 5, Y_BITS = 16,
  parameter ACC_BITS = 11, ZERO_POINT = 0, LOW = -32768, HIGH = 32767
);
  localparam IN_BEATS = IN / LANES, OUT_BEATS = (OUT + LANES - 1) / LANES;
  reg [LANES*X_BITS-1:0] inputs [0:ROWS*IN_BEATS-1];
  reg [LANES*W_BITS-1:0] weights [0:OUT*IN_BEATS-1];
  reg [LANES*Z_BITS-1:0] weight_zero_points [0:OUT_BEATS-1];
  reg [LANES*B_BITS-1:0] biases [0:OUT_BEATS-1];
  reg [LANES*M_BITS-1:0] multipliers [0:OUT_BEATS-1];
  reg [LANES*S_BITS-1:0] shifts [0:OUT_BEATS-1];
  reg [LANES*Y_BITS-1:0] outputs [0:ROWS*OUT_BEATS-1];

  reg clk = 0, valid = 0, first = 0, last = 0;
  reg [LANES*X_BITS-1:0] x;
  reg [LANES*W_BITS-1:0] weight;
  reg [Z_BITS-1:0] weight_zero_point;
  reg [B_BITS-1:0] bias;
  reg [M_BITS-1:0] multiplier;
  reg [S_BITS-1:0] shift;
  wire y_valid;
  wire [Y_BITS-1:0] y;
  reg [Y_BITS-1:0] want;
  integer beat, lane, mismatches = 0;

  linear #(
    .LANES(LANES), .X_BITS(X_BITS), .W_BITS(W_BITS), .Z_BITS(Z_BITS), .B_BITS(B_BITS),
    .M_BITS(M_BITS), .S_BITS(S_BITS), .Y_BITS(Y_BITS), .ACC_BITS(ACC_BITS),
    .ZERO_POINT(ZERO_POINT), .LOW(LOW), .HIGH(HIGH)
  ) dut (
    .clk(clk), .valid(valid), .first(first), .last(last), .x(x), .weight(weight),
    .weight_zero_point(weight_zero_point), .bias(bias), .multiplier(multiplier), .shift(shift),
    .y_valid(y_valid), .y(y)
  );

  always #5 clk = !clk;

  initial begin
    $readmemh({"tensors/", X, ".mem"}, inputs);
    $readmemh({"tensors/", Y, ".mem"}, outputs);
    $readmemh({"constants/", OP, "/weight.mem"}, weights);
    $readmemh({"constants/", OP, "/weight_zero_point.mem"}, weight_zero_points);
    $readmemh({"constants/", OP, "/bias.mem"}, biases);
    $readmemh({"constants/", OP, "/multiplier.mem"}, multipliers);
    $readmemh({"constants/", OP, "/shift.mem"}, shifts);
    for (integer row = 0; row < ROWS; row++)
      for (integer channel = 0; channel < OUT; channel++) begin
        beat = channel / LANES;
        lane = channel % LANES;
        weight_zero_point = weight_zero_points[beat][lane*Z_BITS +: Z_BITS];
        bias = biases[beat][lane*B_BITS +: B_BITS];
        multiplier = multipliers[beat][lane*M_BITS +: M_BITS];
        shift = shifts[beat][lane*S_BITS +: S_BITS];
        for (integer n = 0; n < IN_BEATS; n++) begin
          @(negedge clk);
          valid = 1;
          first = n == 0;
          last = n == IN_BEATS - 1;
          x = inputs[row*IN_BEATS + n];
          weight = weights[channel*IN_BEATS + n];
        end
        @(negedge clk) valid = 0;
        while (!y_valid) @(negedge clk);
        want = outputs[row*OUT_BEATS + beat][lane*Y_BITS +: Y_BITS];
        if (y !== want) begin
          if (mismatches == 0)
            $display("MISMATCH row=%0d channel=%0d got=%h want=%h", row, channel, y, want);
          mismatches++;
        end
      end
    if (mismatches == 0) $display("PASS %0d elements", ROWS * OUT);
    else $display("FAIL %0d of %0d elements", mismatches, ROWS * OUT);
    $finish(0);
  end
endmodule
