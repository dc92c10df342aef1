"""The text of ``replay.sv``, with the places that :mod:`vit2rtl.golden.vectors.replay` fills in."""

from string import Template

BENCH = Template("""\
// Replays the golden vectors of $name through ${name}_axis and compares them.
//
// +bundle=DIR  folder of the bundle (default: the working folder)
// +stall=N     percentage of idle cycles and of back pressure, 0 to 99 (default 0)
// +seed=S      which cycles these are (default 1)
// +token=T     repeated in the verdict: who started the run knows it from a text of the unit's own
//
// Prints the first $shown mismatches and one verdict line; ends with $$finish (pass) or $$fatal.
`timescale 1ns/1ps

module ${name}_replay;
  reg aclk = 1'b0;
  reg aresetn = 1'b0;
  always #5 aclk = ~aclk;

  // Results, stable once `done` rises; the simulation ends four cycles later.
  reg done = 1'b0;
  integer beats = 0;
  integer mismatches = 0;

$ports
$settings
  ${name}_axis dut (
    .aclk(aclk),
    .aresetn(aresetn)$connections
  );

  // The record that is being replayed: first its tables, then, when all is quiet, its data.
  string record;
  reg loading = 1'b0;
  reg running = 1'b0;
  reg finished = 1'b0;
  integer quiet = 0;  // cycles since a beat last moved
$counters
  wire outstanding = $outstanding;

  // Stalls: a xorshift generator a stream, each compared with a threshold of 65536ths.
  integer stall = 0;
  integer seed = 1;
  reg [16:0] threshold = 0;
$generators
  function automatic [31:0] xorshift(input [31:0] state);
    reg [31:0] x;
    begin
      x = state ^ (state << 13);
      x = x ^ (x >> 17);
      xorshift = x ^ (x << 5);
    end
  endfunction

$mismatches$takings
  always @(posedge aclk) begin
    if (!aresetn) begin
$seeds
    end else if (threshold != 0) begin
$steps
    end

    if (!running && !loading) begin
$idles
      finished <= 0;
      quiet <= 0;
    end else begin
      quiet <= quiet + 1;
      finished <= quiet >= (outstanding ? $watchdog : $drain);
$drivers$checkers
      beats <= beats + $taken;
    end
  end
$stabilities
  string bundle;
  string token;
  string reason;
  reg failed = 1'b0;
  integer index;

  task fail(input string why);
    begin
      failed = 1'b1;
      reason = why;
    end
  endtask

  // A file must exist and have one line a beat: $$readmemh alone takes less for good.
  task check_file(input string path, input integer count, input integer digits);
    integer descriptor, outcome, size;
    begin
      descriptor = $$fopen(path, "r");
      if (descriptor == 0)
        fail({"cannot open ", path});
      else begin
        outcome = $$fseek(descriptor, 0, 2);
        size = $$ftell(descriptor);
        $$fclose(descriptor);
        if (outcome != 0 || size != count * (digits + 1))
          fail({"wrong length of ", path});
      end
    end
  endtask

  task select(input integer number);
    begin
      case (number)
$cases
        default: fail("no such record");
      endcase
    end
  endtask

  // From the first beat until nothing has moved for long.
  task play;
    begin
      @(posedge finished);
      @(negedge aclk);
      if (outstanding) fail({"watchdog: beats missing in ", record});
    end
  endtask

  initial begin
    reason = "";
    if (!$$value$$plusargs("bundle=%s", bundle)) bundle = ".";
    if ($$value$$plusargs("stall=%d", stall))
      threshold = stall < 0 ? 17'd0 : stall > 99 ? 17'd64880 : 17'(stall * 65536 / 100);
    if ($$value$$plusargs("seed=%d", seed)) begin end
    if ($$value$$plusargs("token=%s", token)) token = {" token=", token};
    else token = "";
    repeat (8) @(negedge aclk);
    aresetn = 1'b1;
    repeat (4) @(negedge aclk);

    for (index = 0; index < $records && !failed; index = index + 1) begin
      select(index);
$checks
      if (!failed) begin
$loads
        repeat (8) @(negedge aclk);
$tables        running = 1'b1;
        play;
        running = 1'b0;
        repeat (2) @(negedge aclk);
      end
    end

    if (!failed && mismatches != 0) fail("mismatches");
    if (!failed && beats != $total) fail("wrong number of beats");
    if (failed)
      $$display("FAIL $name beats=%0d mismatches=%0d%0s reason: %0s",
               beats, mismatches, token, reason);
    else
      $$display("PASS $name beats=%0d mismatches=0 records=%0d%0s", beats, index, token);
    done = 1'b1;
    repeat (4) @(negedge aclk);
    if (failed) $$fatal(1, "$name failed");
    // 0: without a word of the simulator's own behind the verdict.
    $$finish(0);
  end
endmodule
""")

# Each of the following is there once for every stream that it is about: $s is its name in the
# bench, $p the prefix of its ports.
PORTS_IN = Template("""\
  reg [$top:0] ${p}_tdata = 0;
  reg ${p}_tvalid = 1'b0;
  reg ${p}_tlast = 1'b0;
  wire ${p}_tready;
""")
PORTS_OUT = Template("""\
  wire [$top:0] ${p}_tdata;
  wire ${p}_tvalid;
  wire ${p}_tlast;
  reg ${p}_tready = 1'b0;
""")
CONNECTIONS = Template("""\
,
    .${p}_tdata(${p}_tdata),
    .${p}_tvalid(${p}_tvalid),
    .${p}_tready(${p}_tready),
    .${p}_tlast(${p}_tlast)""")
# Words of the file, beats of the record and of one row of it, beats moved and the place in the row.
COUNTERS = Template("""\
  reg [$top:0] words_$s [0:$last];
  integer count_$s = 0;
  integer row_$s = 1;
  integer moved_$s = 0;
  integer place_$s = 1;
""")
# Lanes that the last beat of a row does not use are not compared.
MASK = Template("""\
  reg [$top:0] used_$s = 0;
  wire [$top:0] mask_$s = place_$s == row_$s ? used_$s : {$bits{1'b1}};
""")
GENERATOR = Template("""\
  reg [31:0] state_$s = 0;
  wire pause_$s = {1'b0, state_${s}[15:0]} < threshold;
""")
MISMATCH = Template("""\
  task mismatch_$s(input [$top:0] want, input want_last);
    begin
      if (mismatches < $shown)
        $$display(
          "MISMATCH $name record=%0s$label beat=%0d got=%h want=%h got_last=%b want_last=%b",
          record, moved_$s, ${p}_tdata, want, ${p}_tlast, want_last);
      mismatches = mismatches + 1;
    end
  endtask
""")
TAKING = Template("""\
  wire taken_$s = ${p}_tready && ${p}_tvalid === 1'b1;
""")
IDLE_IN = Template("""\
      ${p}_tvalid <= 1'b0;
      moved_$s <= 0;
      place_$s <= 1;
""")
IDLE_OUT = Template("""\
      ${p}_tready <= 1'b0;
      moved_$s <= 0;
      place_$s <= 1;
""")
DRIVER = Template("""\

      if ($phase && (!${p}_tvalid || ${p}_tready === 1'b1)) begin
        ${p}_tvalid <= moved_$s != count_$s && !pause_$s;
        if (moved_$s != count_$s && !pause_$s) begin
          ${p}_tdata <= words_$s[moved_$s];
          ${p}_tlast <= place_$s == row_$s;
          place_$s <= place_$s == row_$s ? 1 : place_$s + 1;
          moved_$s <= moved_$s + 1;
          quiet <= 0;
        end
      end
""")
CHECKER = Template("""\

      ${p}_tready <= running && (!pause_$s || moved_$s >= count_$s);
      if (taken_$s) begin
        if (moved_$s >= count_$s || loading)
          mismatch_$s({$bits{1'bx}}, 1'bx);
        else if ($got !== $want
                 || ${p}_tlast !== (place_$s == row_$s))
          mismatch_$s(words_$s[moved_$s], place_$s == row_$s);
        moved_$s <= moved_$s + 1;
        place_$s <= place_$s == row_$s ? 1 : place_$s + 1;
        if (moved_$s < count_$s) quiet <= 0;
      end
""")
STABILITY = Template("""\

  // A stalled beat must stay as it is.
  reg held_$s = 1'b0;
  reg held_last_$s = 1'b0;
  reg [$top:0] held_data_$s = 0;
  always @(posedge aclk)
    if (threshold != 0) begin
      held_$s <= ${p}_tvalid === 1'b1 && !${p}_tready;
      held_data_$s <= ${p}_tdata;
      held_last_$s <= ${p}_tlast;
      if (held_$s && (${p}_tvalid !== 1'b1 || ${p}_tdata !== held_data_$s
                   || ${p}_tlast !== held_last_$s)) begin
        $$display(
          "UNSTABLE $name record=%0s$label beat=%0d: a stalled beat changed", record, moved_$s);
        mismatch_$s(held_data_$s, held_last_$s);
      end
    end
""")
TABLES = """\
        loading = 1'b1;
        if (!failed) play;
        loading = 1'b0;
        repeat (8) @(negedge aclk);
"""
