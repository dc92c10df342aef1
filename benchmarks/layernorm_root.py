"""The serial root of the LayerNorm quantizer on every mantissa of 22 bits, against golden.

``python benchmarks/layernorm_root.py [--count N]``. Verilator runs the component alone: variances
2**20 to 2**22 - 1 one after the other, whose leading bits are all there are. Seconds, 100 million
cycles.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from vit2rtl.golden.arithmetic.layernorm import reciprocal_sqrt
from vit2rtl.rtl.units.layernorm_quantizer import Budget, ReciprocalRoot
from vit2rtl.rtl.verilog import modules
from vit2rtl.sim.tools import simulators

FIRST, LAST = 1 << 20, 1 << 22
FLAGS = ("-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-Wno-fatal",
         "-CFLAGS", "-O2 -std=c++20", "-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")
# One column, sums of zero: V is epsilon, and D r is r. Verilator spells two underscores ___05F.
MAIN = """\
#include "Vroot.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
  std::vector<uint32_t> wanted(COUNT);
  FILE* file = fopen("wanted.bin", "rb");
  if (fread(wanted.data(), 4, COUNT, file) != COUNT) return 2;
  VerilatedContext context;
  Vroot root(&context);
  uint64_t cycles = 0, differences = 0;
  auto tick = [&] { root.clk = 0; root.eval(); root.clk = 1; root.eval(); cycles++; };
  root.rst = 1;
  root.columns = 1;
  root.o___05Fready = 1;
  tick();
  root.rst = 0;
  for (uint32_t n = 0; n < COUNT; n++) {
    root.epsilon = FIRST + n;
    root.i___05Fvalid = 1;
    root.eval();
    while (!root.i___05Fready) tick();
    tick();
    root.i___05Fvalid = 0;
    while (!root.o___05Fvalid) tick();
    uint32_t factor = root.o___05Fpayload[0] & FACTOR;
    if (factor != wanted[n] && differences++ < 5)
      printf("%u: got %u, want %u\\n", FIRST + n, factor, wanted[n]);
    tick();
  }
  printf("%u mantissas, %lu cycles, %lu differences\\n", COUNT, cycles, differences);
  return differences != 0;
}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=LAST - FIRST, help="the first so many")
    count = parser.parse_args().count
    budget, tool = Budget(16, 192), simulators.find("verilator")
    wanted, _ = reciprocal_sqrt(np.arange(FIRST, FIRST + count))
    constants = {"COUNT": f"{count}u", "FIRST": f"{FIRST}u",
                 "FACTOR": f"{(1 << budget.factor.width) - 1}u"}
    defines = "".join(f"#define {name} {value}\n" for name, value in constants.items())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "root.v").write_text(modules("root", ReciprocalRoot(budget))[0])
        (Path(folder) / "main.cpp").write_text(defines + MAIN)
        wanted.astype(np.uint32).tofile(Path(folder) / "wanted.bin")
        subprocess.run(
            [tool.path, "--cc", "--exe", "--build", *FLAGS, "root.v", "main.cpp",
             "--top-module", "root"],
            cwd=folder, env=tool.environment, check=True, capture_output=True)
        sys.exit(subprocess.run(["obj_dir/Vroot"], cwd=folder).returncode)


if __name__ == "__main__":
    main()
