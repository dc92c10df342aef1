"""The text of ``replay.sv``, with the places that :mod:`vit2rtl.golden.vectors.replay` fills in."""

from string import Template

BENCH = Template("""\
// Replays the golden vectors of $name through ${name}_axis and compares them.
//
// +bundle=DIR  folder of the bundle (default: the working folder)
// +stall=N     percentage of idle cycles and of back pressure, 0 to 99 (default 0)
// +seed=S      which cycles these are (default 1)
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

  reg [$i_top:0] s_axis_tdata = 0;
  reg s_axis_tvalid = 1'b0;
  reg s_axis_tlast = 1'b0;
  wire s_axis_tready;
  wire [$o_top:0] m_axis_tdata;
  wire m_axis_tvalid;
  wire m_axis_tlast;
  reg m_axis_tready = 1'b0;
$settings
  ${name}_axis dut (
    .aclk(aclk),
    .aresetn(aresetn),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .s_axis_tlast(s_axis_tlast),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .m_axis_tlast(m_axis_tlast)$connections
  );

  // The record that is being replayed.
  reg [$i_top:0] stimulus [0:$last];
  reg [$o_top:0] expected [0:$last];
  string record;
  integer count = 0;
  reg running = 1'b0;
  reg finished = 1'b0;
  integer sent = 0;
  integer received = 0;
  integer quiet = 0;  // cycles since a beat last moved

  // Stalls: two xorshift generators, each compared with a threshold of 65536ths.
  integer stall = 0;
  integer seed = 1;
  reg [16:0] threshold = 0;
  reg [31:0] idle_state = 0;
  reg [31:0] pressure_state = 0;
  wire idle = {1'b0, idle_state[15:0]} < threshold;
  wire pressure = {1'b0, pressure_state[15:0]} < threshold;

  function automatic [31:0] xorshift(input [31:0] state);
    reg [31:0] x;
    begin
      x = state ^ (state << 13);
      x = x ^ (x >> 17);
      xorshift = x ^ (x << 5);
    end
  endfunction

  task mismatch(input [$o_top:0] want, input want_last);
    begin
      if (mismatches < $shown)
        $$display("MISMATCH $name record=%0s beat=%0d got=%h want=%h got_last=%b want_last=%b",
                 record, received, m_axis_tdata, want, m_axis_tlast, want_last);
      mismatches = mismatches + 1;
    end
  endtask

  always @(posedge aclk) begin
    if (!aresetn) begin
      idle_state <= 32'h9e3779b9 ^ seed;
      pressure_state <= 32'h7f4a7c15 ^ {seed[15:0], seed[31:16]};
    end else if (threshold != 0) begin
      idle_state <= xorshift(idle_state);
      pressure_state <= xorshift(pressure_state);
    end

    if (!running) begin
      s_axis_tvalid <= 1'b0;
      m_axis_tready <= 1'b0;
      finished <= 1'b0;
      sent <= 0;
      received <= 0;
      quiet <= 0;
    end else begin
      quiet <= quiet + 1;
      finished <= quiet >= (received < count ? $watchdog : $drain);

      if (!s_axis_tvalid || s_axis_tready === 1'b1) begin
        s_axis_tvalid <= sent != count && !idle;
        if (sent != count && !idle) begin
          s_axis_tdata <= stimulus[sent];
          s_axis_tlast <= sent == count - 1;
          sent <= sent + 1;
          quiet <= 0;
        end
      end

      m_axis_tready <= !pressure || received >= count;
      if (m_axis_tready && m_axis_tvalid === 1'b1) begin
        if (received >= count)
          mismatch({$o_bits{1'bx}}, 1'bx);
        else if (m_axis_tdata !== expected[received]
                 || m_axis_tlast !== (received == count - 1))
          mismatch(expected[received], received == count - 1);
        received <= received + 1;
        beats <= beats + 1;
        if (received < count) quiet <= 0;
      end
    end
  end

  // A stalled beat must stay as it is.
  reg held = 1'b0;
  reg held_tlast = 1'b0;
  reg [$o_top:0] held_tdata = 0;
  always @(posedge aclk)
    if (threshold != 0) begin
      held <= m_axis_tvalid === 1'b1 && !m_axis_tready;
      held_tdata <= m_axis_tdata;
      held_tlast <= m_axis_tlast;
      if (held && (m_axis_tvalid !== 1'b1 || m_axis_tdata !== held_tdata
                   || m_axis_tlast !== held_tlast)) begin
        $$display("UNSTABLE $name record=%0s beat=%0d: a stalled beat changed", record, received);
        mismatch(held_tdata, held_tlast);
      end
    end

  string bundle;
  string stimulus_file;
  string expected_file;
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
  task check_file(input string path, input integer digits);
    integer file, outcome, size;
    begin
      file = $$fopen(path, "r");
      if (file == 0)
        fail({"cannot open ", path});
      else begin
        outcome = $$fseek(file, 0, 2);
        size = $$ftell(file);
        $$fclose(file);
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

  initial begin
    reason = "";
    if (!$$value$$plusargs("bundle=%s", bundle)) bundle = ".";
    if ($$value$$plusargs("stall=%d", stall))
      threshold = stall < 0 ? 17'd0 : stall > 99 ? 17'd64880 : 17'(stall * 65536 / 100);
    if ($$value$$plusargs("seed=%d", seed)) begin end
    repeat (8) @(negedge aclk);
    aresetn = 1'b1;
    repeat (4) @(negedge aclk);

    for (index = 0; index < $records && !failed; index = index + 1) begin
      select(index);
      stimulus_file = {bundle, "/$name/", record, "/i.mem"};
      expected_file = {bundle, "/$name/", record, "/o.mem"};
      check_file(stimulus_file, $i_digits);
      if (!failed) check_file(expected_file, $o_digits);
      if (!failed) begin
        $$readmemh(stimulus_file, stimulus, 0, count - 1);
        $$readmemh(expected_file, expected, 0, count - 1);
        repeat (8) @(negedge aclk);
        running = 1'b1;
        @(posedge finished);
        @(negedge aclk);
        if (received < count) fail({"watchdog: beats missing in ", record});
        running = 1'b0;
        repeat (2) @(negedge aclk);
      end
    end

    if (!failed && mismatches != 0) fail("mismatches");
    if (!failed && beats != $total) fail("wrong number of beats");
    if (failed)
      $$display("FAIL $name beats=%0d mismatches=%0d reason: %0s", beats, mismatches, reason);
    else
      $$display("PASS $name beats=%0d mismatches=0 records=%0d", beats, index);
    done = 1'b1;
    repeat (4) @(negedge aclk);
    if (failed) $$fatal(1, "$name failed");
    $$finish;
  end
endmodule
""")
