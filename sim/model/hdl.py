"""The engine's bench in Verilog, for Icarus: the same files in, text files out."""

from collections.abc import Mapping, Sequence

from vit2rtl.sim.model.exits import Tap

TOP = "engine_bench"
SOURCE = f"{TOP}.v"

_TEXT = """\
// Streams in, streams out, AXI4-Lite: see vit2rtl.sim.model.
module engine_bench;
  reg aclk = 0, aresetn = 0;
  reg [63:0] command_data = 0, image_data = 0;
  reg command_valid = 0, image_valid = 0, command_last = 0, image_last = 0, logits_ready = 0;
  wire command_ready, image_ready, logits_valid, logits_last;
  wire [63:0] logits_data;
  reg [@ADDRESS@:0] araddr = 0, awaddr = 0;
  reg [31:0] wdata = 0;
  reg arvalid = 0, rready = 0, awvalid = 0, wvalid = 0;
  wire arready, rvalid, awready, wready, bvalid;
  wire [31:0] rdata;
@WIRES@

  engine dut(
    .aclk(aclk), .aresetn(aresetn),
    .s_axis_cmd_tdata(command_data), .s_axis_cmd_tvalid(command_valid),
    .s_axis_cmd_tready(command_ready), .s_axis_cmd_tlast(command_last),
    .s_axis_image_tdata(image_data), .s_axis_image_tvalid(image_valid),
    .s_axis_image_tready(image_ready), .s_axis_image_tlast(image_last),
    .m_axis_logits_tdata(logits_data), .m_axis_logits_tvalid(logits_valid),
    .m_axis_logits_tready(logits_ready), .m_axis_logits_tlast(logits_last),
    .s_axi_awaddr(awaddr), .s_axi_awvalid(awvalid), .s_axi_awready(awready),
    .s_axi_wdata(wdata), .s_axi_wstrb(4'b1111), .s_axi_wvalid(wvalid), .s_axi_wready(wready),
    .s_axi_bvalid(bvalid), .s_axi_bready(1'b1),
    .s_axi_araddr(araddr), .s_axi_arvalid(arvalid), .s_axi_arready(arready),
    .s_axi_rdata(rdata), .s_axi_rvalid(rvalid), .s_axi_rready(rready)@PORTS@
  );

  integer images = 1, patience = 100000, stall = 0, bursts = 0, seed = 1;
  integer command_file, image_file, logits_file, result_file, phases_file, got, n;
  integer phases = 1, phase, limit = 0, resets = 0, takes = 1, watchdog = 0;
  integer command_beats, image_beats, beat, place, image, finished = 0, quiet = 0;
  reg [8*1024-1:0] folder;
  reg [8*1100-1:0] path;
  reg [31:0] cycle = 0;
  integer left [0:2];
  reg [2:0] pausing = 0;
  reg running = 0;
@FILES@

  always #5 aclk = ~aclk;

  function [63:0] swapped(input [63:0] data);
    swapped = {data[7:0], data[15:8], data[23:16], data[31:24],
               data[39:32], data[47:40], data[55:48], data[63:56]};
  endfunction

  task pause(input integer port, output reg now);
    begin
      if (bursts) begin
        if (left[port] == 0) begin
          pausing[port] = ~pausing[port];
          left[port] = $urandom(seed) % 200;
        end else left[port] = left[port] - 1;
        now = pausing[port];
      end else now = stall != 0 && $urandom(seed) % 100 < stall;
    end
  endtask

  // One beat of each stream that goes in is read ahead.
  reg paused, address_taken, data_taken;
  reg [63:0] raw;
  always @(negedge aclk) if (running) begin
    if (!command_valid && image < images) begin
      pause(0, paused);
      if (!paused) begin
        got = $fread(raw, command_file);
        command_data = swapped(raw);
        beat = beat + 1;
        command_last = beat == command_beats;
        command_valid = 1;
      end
    end
    if (!image_valid && place < image_beats * images) begin
      pause(1, paused);
      if (!paused) begin
        got = $fread(raw, image_file);
        image_data = swapped(raw);
        place = place + 1;
        image_last = place % image_beats == 0;
        image_valid = 1;
      end
    end
    pause(2, paused);
    logits_ready = !paused && takes;
  end

  always @(posedge aclk) if (running) begin
    cycle <= cycle + 1;
    quiet = quiet + 1;
    if (command_valid && command_ready) begin
      quiet = 0;
      if (beat == 1) $fdisplay(result_file, "began %0d", cycle);
      command_valid <= 0;
      if (command_last) begin
        image = image + 1;
        beat = 0;
        got = $fseek(command_file, 0, 0);
      end
    end
    if (image_valid && image_ready) begin
      quiet = 0;
      image_valid <= 0;
    end
    if (logits_valid && logits_ready) begin
      quiet = 0;
      $fdisplay(logits_file, "%0d %b", cycle, logits_data);
      if (logits_last) begin
        finished = finished + 1;
        $fdisplay(result_file, "ended %0d", cycle);
      end
    end
@TAPS@
    if (^{logits_valid, command_ready, image_ready} === 1'bx) begin
      $fdisplay(result_file, "unknown %0d", cycle);
      $finish(0);
    end
  end

  task write(input integer address, input integer data);
    begin
      @(negedge aclk);
      awaddr = address;
      wdata = data;
      awvalid = 1;
      wvalid = 1;
      while (awvalid || wvalid) begin
        @(posedge aclk);
        address_taken = awvalid && awready;
        data_taken = wvalid && wready;
        @(negedge aclk);
        if (address_taken) awvalid = 0;
        if (data_taken) wvalid = 0;
      end
      while (!bvalid) @(negedge aclk);
      @(negedge aclk);
    end
  endtask

  task register(input integer address);
    begin
      @(negedge aclk);
      araddr = address;
      arvalid = 1;
      rready = 1;
      while (!arready) @(negedge aclk);
      @(negedge aclk);
      arvalid = 0;
      while (!rvalid) @(negedge aclk);
      $fdisplay(result_file, "register %0d %0d", address, rdata);
      @(negedge aclk);
      rready = 0;
    end
  endtask

  initial begin
    if (!$value$plusargs("folder=%s", folder)) $finish(0);
    if ($value$plusargs("patience=%d", patience)) ;
    if ($value$plusargs("stall=%d", stall)) ;
    if ($value$plusargs("bursts=%d", bursts)) ;
    if ($value$plusargs("seed=%d", seed)) ;
    if ($value$plusargs("phases=%d", phases)) ;
    if ($value$plusargs("watchdog=%d", watchdog)) ;
    $sformat(path, "%0s/phases.txt", folder); phases_file = $fopen(path, "r");
    for (n = 0; n < 3; n = n + 1) left[n] = 0;
    repeat (4) @(negedge aclk);
    aresetn = 1;
    @(negedge aclk);
    if (watchdog != 0) write(@WATCHDOG@, watchdog);
    write(@CONTROL@, 1);
    for (phase = 0; phase < phases; phase = phase + 1) begin
      got = $fscanf(phases_file, "%d %d %d %d %d %d",
                    command_beats, image_beats, images, limit, resets, takes);
      $sformat(path, "%0s/%0d/command.bin", folder, phase); command_file = $fopen(path, "rb");
      $sformat(path, "%0s/%0d/images.bin", folder, phase); image_file = $fopen(path, "rb");
      $sformat(path, "%0s/%0d/logits.txt", folder, phase); logits_file = $fopen(path, "w");
      $sformat(path, "%0s/%0d/result.txt", folder, phase); result_file = $fopen(path, "w");
@OPEN@
      if (resets) write(@CONTROL@, 5);
      beat = 0; place = 0; image = 0; finished = 0; quiet = 0; cycle = 0;
      running = 1;
      while (finished < images && quiet < patience && (limit == 0 || cycle < limit))
        @(negedge aclk);
      if (limit == 0) repeat (64) @(negedge aclk);
      running = 0;
      // What is offered in the meantime is taken back once nobody offers any more.
      @(negedge aclk);
      command_valid = 0; image_valid = 0; logits_ready = 0;
      $fdisplay(result_file, "cycles %0d", cycle);
@READS@
      $fclose(command_file); $fclose(image_file); $fclose(logits_file); $fclose(result_file);
@CLOSE@
    end
    $finish(0);
  end
endmodule
"""


def text(
    taps: Mapping[str, Tap], control: int, watchdog: int, address_width: int,
    registers: Sequence[int],
) -> str:
    """The bench.

    taps       {port: what of it is recorded}
    control    address of the register whose bit 0 lets the engine run and bit 2 resets it
    watchdog   of the register with the watchdog's limit
    registers  addresses that are read at the end of a phase
    """

    def each(template: str) -> str:
        return "\n".join(template.format(name=name, top=tap.bits - 1, mask=tap.valid)
                         for name, tap in taps.items())

    parts = {
        "@ADDRESS@": str(address_width - 1),
        "@CONTROL@": str(control),
        "@WATCHDOG@": str(watchdog),
        "@WIRES@": each("  wire [{top}:0] {name};"),
        "@PORTS@": "".join(f",\n    .{name}({name})" for name in taps),
        "@FILES@": each("  integer {name}_file;"),
        "@TAPS@": each("    if (({name} & {mask}) != 0) begin\n      quiet = 0;\n"
                       '      $fdisplay({name}_file, "%0d %b", cycle, {name});\n    end'),
        "@OPEN@": each('      $sformat(path, "%0s/%0d/{name}.txt", folder, phase); '
                       '{name}_file = $fopen(path, "w");'),
        "@CLOSE@": each("      $fclose({name}_file);"),
        "@READS@": "\n".join(f"      register({address});" for address in registers),
    }
    result = _TEXT
    for mark, part in parts.items():
        result = result.replace(mark, part)
    return result
