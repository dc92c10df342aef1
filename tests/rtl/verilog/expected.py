"""The Verilog of a small instance of each unit, and of memories, as it was last looked at.

``python -m tests.rtl.verilog.expected`` writes the files again, after a change that was meant to
change them; the difference is to be read before it is committed.
"""

from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.verilog import convert, modules

FOLDER = Path(__file__).parent / "expected"


class Memories(wiring.Component):
    """Two memories of one module: one begins with zeros and is never read while it is written."""

    address: In(4)
    entry: In(8)
    write: In(1)
    sum: Out(8)
    weight: Out(3)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sums = sums = Memory(shape=8, depth=16, init=[], attrs={"no_rw_check": 1})
        m.submodules.weights = weights = Memory(shape=3, depth=4, init=[1, 5, 2])
        for memory, port in ((sums, self.sum), (weights, self.weight)):
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.addr.eq(self.address),
                write.data.eq(self.entry),
                write.en.eq(self.write),
                read.addr.eq(self.address),
                port.eq(read.data),
            ]
        return m


# Parameters of units that are long at their defaults.
SHORT = {"matmul_array": {"rows": 2, "depth": 8}}


def text(unit: str) -> str:
    """Bare unit and top, without the line that states versions."""
    files = convert(Instance.of(unit, lanes=2, **SHORT.get(unit, {})))
    lines = "\n".join(files.values()).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("// vit2rtl "))


def memories() -> str:
    return modules("memories", Memories())[0]


if __name__ == "__main__":
    for name in UNITS:
        (FOLDER / f"{name}.v").write_text(text(name), "utf-8", newline="\n")
    (FOLDER / "memories.v").write_text(memories(), "utf-8", newline="\n")
