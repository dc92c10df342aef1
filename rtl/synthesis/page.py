"""The words of ``docs/area.md`` that do not depend on the figures."""

BEFORE = """\
# Area and clock frequency

This page is made by `make area` from the measurements in `rtl/synthesis/area.json`; do not edit it.
Measured {when} with {tools}, all of them from PyPI.

```sh
{example}    # any unit, any parameters
vit2rtl synthesize --check                                           # all of this page again
```

`--check` fails where a count or a clock is more than 15 % off the committed one; with names and
`--device` it checks a part. Every row here is one of its rows, the reference designs included.
A row knows the Verilog that it was measured with; a test compares that with the Verilog of today.

![Cells and clocks of the comparisons below](area.png)

## How it is measured

**Cells** are those of the bare unit (streams, registers, valid bits and back pressure included)
alone in its module, flattened: `synth_ecp5`, `synth_ice40 -device u -dsp`,
`synth_xilinx -family xcup` or `xc7` with `-flatten -noiopad -noclkbuf`. On ECP5,

    COMB = LUT4 + 2 × CCU2C + 6 × DPR16X4

since a carry cell takes two LUT4 places and a 16 × 4 RAM six; this is what fills the device. FF are
registers, MULT18 the 18 × 18 multiplier blocks, EBR the block RAMs. On AMD devices LUT counts LUTs
of any size, inverters and shift registers; yosys has no CARRY8, so carries of UltraScale+ are in
CARRY4. Those counts are from before placement, and placement packs LUTs in pairs: no clock and no
claim of one is made there.

**Clock**: every input of the unit, its reset too, is driven by a register of a shift chain, every
output goes to a register, and trees of XORs with registers join those in one pin: so input and
output paths count, and what surrounds the unit is not in the cells. nextpnr places and routes for
250 MHz (iCE40: 50 MHz) with seeds 1 to 3; the figure is the median, and the seeds' own figures
stand beside it. ECP5 is the LFE5U-85F in CABGA756, speed grade 6, the slowest; iCE40 is the UP5K in
SG48, which has multiplier blocks and is slow.

Cells vary with the context that yosys sees, clocks with the seed: a difference below 15 % says
nothing. yosys does not use the registers inside ECP5's multiplier blocks, so that a multiplication
is one unpipelined path, for everybody alike.
"""

AFTER = """\
## Files

`vit2rtl synthesize --out DIR` keeps, per module, `NAME.v`, `NAME.harness.v`, and per device yosys'
log and cells (`NAME.DEVICE.log`, `.cells.json`), the placed netlist and, for each seed, nextpnr's
report and log. `measurements.json` there, `rtl/synthesis/area.json` and `--json` hold rows with
these keys:

| key | |
|---|---|
| `instance` | Verilog module |
| `source` | the unit, or the reference, that it is |
| `unit`, `parameters` | unit whose parameters it has (null for a MAC lane), and those |
| `verilog` | digest of the Verilog that was measured: SHA-256 without comments, 16 hex digits |
| `device` | `ecp5`, `ice40`, `xcup` or `xc7` |
| `fabric` | true where multiplier blocks and block RAM were left out |
| `cells` | counts by the names in the tables above |
| `fmax_mhz` | in MHz, the median of the seeds; null where nothing was placed |
| `fmax_by_seed`, `seeds` | the seeds' clocks, and how many |
| `date`, `tools` | day of the run; versions of Amaranth, yosys and nextpnr |

`vit2rtl.rtl.synthesis.table.measured(unit)` reads the committed rows of a unit.

## Limits

- No figure here is from a vendor's tools, and none is from a board.
- ECP5 and iCE40 clocks are nextpnr's timing models at their worst case.
"""
