// The example accelerator: a linear layer with its requantizer. It takes LANES inputs and weights a
// cycle, sums up a row of them, and gives one code two cycles after the row's last beat.
module linear #(
  parameter LANES = 4, X_BITS = 4, W_BITS = 4, Z_BITS = 5, B_BITS = 10, M_BITS = 16, S_BITS = 5,
  parameter Y_BITS = 16,
  parameter ACC_BITS = 11,                      // ample: no sum of our test images was above 600
  parameter ZERO_POINT = 0, LOW = -32768, HIGH = 32767
) (
  input  wire                     clk,
  input  wire                     valid, first, last,  // of a row of inputs
  input  wire [LANES*X_BITS-1:0]  x,                   // codes, lane 0 in the lowest bits
  input  wire [LANES*W_BITS-1:0]  weight,
  input  wire signed [Z_BITS-1:0] weight_zero_point,   // these four are one output channel's
  input  wire signed [B_BITS-1:0] bias,
  input  wire [M_BITS-1:0]        multiplier,
  input  wire [S_BITS-1:0]        shift,
  output reg                      y_valid,
  output reg  [Y_BITS-1:0]        y
);
  reg signed [ACC_BITS-1:0] acc;
  reg summed;
  longint sum, scaled, q, w, m;

  always @* begin
    sum = first ? bias : acc;
    for (integer n = 0; n < LANES; n++) begin
      q = x[n*X_BITS +: X_BITS];
      w = weight[n*W_BITS +: W_BITS];
      sum += q * (w - weight_zero_point);
    end

    // One rounding, half up: acc · multiplier / 2^shift, plus the zero point, saturated.
    m = multiplier;
    scaled = ((acc * m + (64'sd1 <<< (shift - 1))) >>> shift) + ZERO_POINT;
    if (scaled < LOW) scaled = LOW;
    if (scaled > HIGH) scaled = HIGH;
  end

  initial {summed, y_valid} = 2'b00;
  always @(posedge clk) begin
    if (valid) acc <= sum[ACC_BITS-1:0];
    summed <= valid && last;
    y_valid <= summed;
    y <= scaled[Y_BITS-1:0];
  end
endmodule
