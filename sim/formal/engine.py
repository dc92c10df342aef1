"""Proofs about the engine's control: a harness beside the Verilog of one component.

By induction, for any number of cycles, with memories of which nothing is known: so what is proved
of counters holds whatever they hold. Or for so many cycles from reset, with memories as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vit2rtl.rtl.verilog import modules, yosys

if TYPE_CHECKING:
    from amaranth.hdl import Elaboratable

PROVED, BOUNDED, FAILED, OPEN = "proved", "bounded", "failed", "open"

_SCRIPT = """
read_verilog dut.v
read_verilog -sv -formal harness.v
hierarchy -check -top contract
proc
flatten
opt_clean
memory -nomap
{memories}
setundef -undriven -expose contract
opt -full
async2sync
dffunmap
opt -full
sat -set-assumes -prove-asserts {steps} -show-public contract
"""
_INDUCTION = "-tempinduct -maxsteps 2"
_REACHED = "Reached maximum number of time steps"

_HARNESS = """\
module contract(input clk, input rst{inputs});
{body}
  // Nothing is known of any register until the first reset.
  reg reset_seen = 0;
  always @(posedge clk) if (rst) reset_seen <= 1;
  wire live = reset_seen && !rst;
  always @* begin
    assume (reset_seen || rst);
    assume (!live || ({assumed}));
    assert (!live || ({claimed}));
  end
endmodule
"""


@dataclass(frozen=True)
class Proof:
    """A property of a component.

    claim      what is proved, a sentence
    component  makes what becomes the module ``dut``
    inputs     Verilog declarations of what the solver drives
    body       Verilog of the harness: an instance of ``dut``, and what is remembered of the past
    claimed    what holds in every cycle after the first reset, outside of resets
    assumed    of the inputs, in the same cycles
    cycles     from reset that are searched; 0: any number of them, by induction
    """

    claim: str
    component: "Callable[[], Elaboratable]"
    inputs: tuple[str, ...]
    body: str
    claimed: tuple[str, ...]
    assumed: tuple[str, ...] = ()
    cycles: int = 0


def verilog(proof: Proof) -> str:
    """Of the component."""
    return modules("dut", proof.component())[0]


def prove(proof: Proof, folder: Path, *, text: str | None = None, timeout: int = 300) -> str:
    """``proved``, ``bounded``, ``failed``: there is a case against it, or ``open``: out of time.

    Of an induction that fails, the case is a step from any state that the claim allows: it says
    that the claim does not carry itself, whether or not the step can be reached from reset.

    folder  where scripts and log are left
    text    Verilog of ``dut``, in place of what vit2rtl generates
    """
    harness = _HARNESS.format(
        inputs="".join(f",\n  input {declaration}" for declaration in proof.inputs),
        body=proof.body,
        assumed=" && ".join(f"({one})" for one in proof.assumed) or "1",
        claimed=" &&\n      ".join(f"({one})" for one in proof.claimed),
    )
    steps, memories = _INDUCTION, "delete t:$mem_v2"
    if proof.cycles:
        steps = f"-tempinduct -tempinduct-baseonly -maxsteps {proof.cycles}"
        memories = "memory_map"
    script = _SCRIPT.format(memories=memories, steps=steps)
    files = {"dut.v": text or verilog(proof), "harness.v": harness, "prove.ys": script}
    try:
        log = yosys.run(script, folder, files=files, timeout=timeout)
    except yosys.YosysTimeout:
        log = "Interrupted\n"
    (folder / "prove.log").write_text(log, encoding="utf-8")
    if proof.cycles and "FAIL!" not in log and _REACHED in log:
        return BOUNDED
    if "FAIL!" in log or _REACHED in log:
        return FAILED
    return PROVED if "SUCCESS!" in log else OPEN
