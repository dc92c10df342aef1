"""What is proved of the command reader's bursts, beside a memory that keeps to AXI4.

The memory answers when it likes, with any data and response; software starts only what is idle.
"""

from collections.abc import Iterator

from vit2rtl.rtl.engine.burst_reader import ALIGNMENT, BORDER, BurstReader
from vit2rtl.sim.formal.engine import Proof

BURST, OUTSTANDING, DEPTH = 4, 2, 8
COUNT = DEPTH.bit_length()  # bits of a number of beats in the queue
INPUTS = (
    "start", "soft_reset", "[60:0] place", "[31:0] beats", "[31:0] count", "ar_ready", "r_valid",
    "[63:0] data", "[1:0] resp", "last", "o_ready",
)

_BODY = f"""\
  wire busy, ar_valid, r_ready, o_valid;
  wire [1:0] response;
  wire [71:0] ar;
  wire [64:0] o;
  dut dut(.clk(clk), .rst(rst), .start(start), .soft_reset(soft_reset), .place(place),
    .beats(beats), .count(count), .busy(busy), .response(response),
    .ar__valid(ar_valid), .ar__ready(ar_ready), .ar__payload(ar),
    .r__valid(r_valid), .r__ready(r_ready), .r__payload({{last, resp, data}}),
    .o__valid(o_valid), .o__ready(o_ready), .o__payload(o));
  (* hierconn *) wire \\dut.running ;
  (* hierconn *) wire \\dut.dropping ;
  (* hierconn *) wire [31:0] \\dut.left ;
  (* hierconn *) wire [{COUNT - 1}:0] \\dut.coming ;
  (* hierconn *) wire [{COUNT - 1}:0] \\dut.waiting ;
  (* hierconn *) wire [{COUNT - 1}:0] \\dut.fifo.waiting ;
  (* hierconn *) wire [1:0] \\dut.bursts ;
  wire [8:0] length = ar[71:64] + 1;
  wire [8:0] page = ar[{ALIGNMENT} +: 9];

  // The memory: beats of the older burst and of the younger one that are still to come.
  reg [8:0] older, younger;
  wire asked = ar_valid && ar_ready;
  wire [8:0] rest = older - r_valid;
  always @(posedge clk) begin
    older <= rest != 0 ? rest : younger != 0 ? younger : asked ? length : 0;
    younger <= rest != 0 ? (younger != 0 ? younger : asked ? length : 0)
      : younger != 0 && asked ? length : 0;
    if (rst) begin
      older <= 0;
      younger <= 0;
    end
  end

  reg ar_stalled, stopped;
  reg [71:0] ar_before;
  reg [1:0] response_before;
  reg [31:0] held;
  always @(posedge clk) begin
    ar_stalled <= !rst && ar_valid && !ar_ready;
    ar_before <= ar;
    stopped <= !rst && !soft_reset && response != 0;
    response_before <= response;
    if (start) held <= beats;
  end
"""


def _burst() -> BurstReader:
    return BurstReader(burst=BURST, outstanding=OUTSTANDING, depth=DEPTH)


def contracts() -> Iterator[tuple[str, Proof]]:
    """Name and proof of each."""
    yield "reader", Proof(
        "A burst crosses no border of 4 KiB and stays until it is taken; no more of them are under "
        "way than said, and every beat has a place in the queue; the first error stays",
        _burst, INPUTS, _BODY,
        (
            # Bursts.
            f"!ar_valid || (length <= {BURST} && page + length <= {BORDER})",
            "ar[2:0] == 0",
            "!ar_stalled || (ar_valid && ar == ar_before)",
            "!ar_valid || younger == 0",
            f"\\dut.bursts == (older != 0) + (younger != 0) && \\dut.bursts <= {OUTSTANDING}",
            f"older <= {BURST} && younger <= {BURST} && (older != 0 || younger == 0)",
            # Beats.
            "r_ready",
            f"!r_valid || \\dut.fifo.waiting != {DEPTH}",
            "\\dut.coming == older + younger",
            f"\\dut.waiting == \\dut.fifo.waiting + o_valid && \\dut.fifo.waiting <= {DEPTH}",
            f"older + younger + \\dut.waiting <= {DEPTH}",
            f"!ar_valid || older + younger + \\dut.waiting <= {DEPTH - BURST}",
            "!(\\dut.running || ar_valid) || \\dut.left != 0",
            "!\\dut.running || held != 0",
            # Errors, and when it is idle.
            "!stopped || response == response_before",
            "response == 0 || (\\dut.dropping && !\\dut.running )",
            "busy || !(ar_valid || o_valid || older != 0)",
        ),
        (
            "!r_valid || older != 0",
            "!r_valid || last == (older == 1)",
            "!start || (!busy && response == 0 && !soft_reset)",
            "!busy || beats == held",
        ),
    )
