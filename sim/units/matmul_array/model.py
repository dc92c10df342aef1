"""The matmul array as naively as Verilog can say it: a product after the other, sums in registers.
"""

from vit2rtl.golden.units.instance import Instance


def model(instance: Instance) -> str:
    """A token's row is due in the cycle in which its last codes are taken.

    Codes wait for the weights of their tile, weights for the tile before to be in use, but for
    those of one column, which wait inside.
    """
    p = instance.parameters
    (codes, weights), (sums,) = instance.sources, instance.sinks
    settings = "".join(
        f",\n  input {'signed ' if f.signed else ''}[{f.width - 1}:0] {f.name}"
        for f in instance.configuration
    )
    coded = p["weights"] == "codes"
    digit = "weights[(c * ROWS + r) * WEIGHT +: WEIGHT]"
    return _MODEL.format(
        codes=codes.beat_bits, weights=weights.beat_bits, sums=sums.beat_bits,
        settings=settings, lanes=p["lanes"], rows=p["rows"], base=p["base"],
        weight=weights.lane_bits, acc=p["acc_width"], depth=p["depth"],
        value=f"$signed({{1'b0, {digit}}}) - $signed({{1'b0, zero_point}})" if coded
        else f"$signed({digit})",
        zero_point=_ZERO_POINT if coded else "",
        correction=_CORRECTION if coded else "",
    )


_ZERO_POINT = """\
    zero_point = weight_digits == 1 ? weight_zero_point
      : weight_high ? weight_zero_point >> BASE : weight_zero_point[BASE - 1:0];
"""
_CORRECTION = """\
        if (!code_low)
          total = total - ((code_zero_point * value) <<< (weight_high ? BASE : 0));
"""
_MODEL = """\
module model(
  input clk, input aresetn, input i_taken, input [{codes}:0] i,
  input i_weight_taken, input [{weights}:0] i_weight,
  output i_open, output i_weight_open, output o_due, output reg [{sums}:0] o{settings}
);
  localparam LANES = {lanes}, ROWS = {rows}, BASE = {base}, WEIGHT = {weight}, ACC = {acc};
  reg [LANES * ROWS * WEIGHT - 1:0] coming, staying, weights;
  reg [LANES * ACC - 1:0] rows [0:{depth} - 1];
  reg [LANES * ACC - 1:0] kept;
  reg [ROWS * WEIGHT - 1:0] ahead;
  reg loaded, waits, code_low, weight_low;
  reg [7:0] column;
  reg [10:0] row, tile;
  wire begins = row == 0 && !code_low;
  wire weight_high = weight_digits == 2 && !weight_low;
  wire code_high = code_digits == 2 && !code_low;
  wire ends_row = row + 11'd1 == tokens;
  wire swaps = i_taken && begins;
  wire last_pass = tile + 11'd1 == k_tiles && !code_high && !weight_high;
  assign i_open = loaded || !begins;
  assign i_weight_open = !waits;
  assign o_due = i_taken && last_pass;

  integer c, r;
  reg signed [ACC - 1:0] total;
  reg signed [BASE + 1:0] value;
  reg signed [BASE:0] code;
  reg [BASE:0] zero_point;
  always @* begin
    weights = begins ? coming : staying;
    kept = tile == 0 && !weight_low && !code_low ? 0 : rows[row];
    zero_point = 0;
    value = 0;
    code = 0;
    total = 0;
{zero_point}    for (c = 0; c < LANES; c = c + 1) begin
      total = kept[c * ACC +: ACC];
      for (r = 0; r < ROWS; r = r + 1) begin
        code = $signed({{1'b0, i[r * BASE +: BASE]}});
        value = {value};
        total = total + ((code * value) <<< ((code_high + weight_high) * BASE));
{correction}      end
      o[c * ACC +: ACC] = total;
    end
    o[LANES * ACC] = ends_row;
  end
  always @(posedge clk)
    if (!aresetn) begin
      loaded <= 0;
      waits <= 0;
      column <= 0;
      row <= 0;
      tile <= 0;
      code_low <= 0;
      weight_low <= 0;
    end else begin
      if (i_weight_taken) begin
        column <= column == LANES - 1 ? 0 : column + 1;
        if (loaded && !swaps) begin
          ahead <= i_weight[ROWS * WEIGHT - 1:0];
          waits <= 1;
        end else begin
          coming[column * ROWS * WEIGHT +: ROWS * WEIGHT] <= i_weight[ROWS * WEIGHT - 1:0];
          if (column == LANES - 1) loaded <= 1;
        end
      end
      if (i_taken) begin
        rows[row] <= o[LANES * ACC - 1:0];
        if (begins) begin
          staying <= coming;
          loaded <= LANES == 1 && (waits || i_weight_taken);
          waits <= 0;
          if (waits) coming[ROWS * WEIGHT - 1:0] <= ahead;
        end
        row <= ends_row ? 0 : row + 1;
        if (ends_row) begin
          code_low <= code_high;
          if (!code_high) begin
            weight_low <= weight_high;
            if (!weight_high) tile <= last_pass ? 0 : tile + 1;
          end
        end
      end
    end
endmodule
"""
