"""The comparisons of ``docs/area.md``: units beside the reference designs, what follows from them.
"""

_TITLES = {
    "log2_dequantizer": "shift",
    "log2_dequantizer_rom": "ROM",
    "log_sqrt2_quantizer": "binary search (the unit)",
    "log_sqrt2_quantizer_parallel": "a comparator for every threshold",
    "mac_multiply": "uniform codes: multiply",
    "mac_rom_multiply": "log√2 codes: ROM, then multiply",
    "mac_parity_split": "log√2 codes: shift, two sums by parity",
}
MACS = (("mac_multiply", True), ("mac_rom_multiply", True), ("mac_parity_split", False),
        ("mac_multiply", False), ("mac_rom_multiply", False))
# Of a requantizer to 8 bits, from the most that an element can choose to nothing.
SHIFTS: tuple[tuple[str, dict[str, int]], ...] = (
    ("run-time base, 3 bits above", {}),
    ("constant base, 3 bits above", {"shift_base": 20}),
    ("constant", {"shift_base": 20, "shift_width": 0}),
)
_HEAD = "LUT4 | CCU2C | COMB | FF | MULT18 | EBR | MHz | LUTs on UltraScale+"
_RULE = "---:|---:|---:|---:|---:|---:|---:|---:"


def find(rows, source, device="ecp5", *, fabric=False, **parameters):
    """The one-lane row with these parameters and the unit's defaults."""
    found = [
        row for row in rows
        if (row["source"], row["device"], row["fabric"]) == (source, device, fabric)
        and row["parameters"].get("lanes", 1) == 1
        and row["parameters"].items() >= parameters.items()
    ]
    # Defaults make the shortest name.
    return min(found, key=lambda row: len(row["instance"]))


def title(source, fabric=False):
    """What a design of the comparisons does, in words."""
    blocks = {"mac_multiply": ", in a multiplier block", "mac_rom_multiply": ", with a block"}
    return _TITLES[source] + ("" if fabric else blocks.get(source, ""))


def comparisons(rows):
    """Lines of the page's section."""
    return [
        "## What the arrangements are worth", "",
        "Each design of a comparison has the same ports, handshake, registers at its output and,"
        " but where stated, the same golden function and latency; tests simulate every one against"
        " it. The references are in `rtl/synthesis/references/`.", "",
        *_dequantizer(rows), *_mac(rows), *_requantizer(rows), *_quantizer(rows),
    ]


def _dequantizer(rows):
    lines = []
    for bits in (4, 6, 8):
        shift = find(rows, "log2_dequantizer", bits=bits)
        rom = find(rows, "log2_dequantizer_rom", fabric=True, bits=bits)
        lines.append(_line(f"{bits} bits | shift", shift, rows))
        lines.append(_line(f"{bits} bits | ROM", rom, rows))
    block = find(rows, "log2_dequantizer_rom", bits=8)
    lines.append(_line("8 bits | ROM, block RAM allowed", block, rows))
    shift, rom = (find(rows, name, fabric=fabric)["cells"]["COMB"] for name, fabric in
                  (("log2_dequantizer", False), ("log2_dequantizer_rom", True)))
    luts = [find(rows, name, "xcup", fabric=fabric, bits=8)["cells"]["LUT"] for name, fabric in
            (("log2_dequantizer", False), ("log2_dequantizer_rom", True))]
    return [
        "### Dequantizer: shift or ROM", "",
        f"| code to 16 bits | by | {_HEAD} |", f"|---|---|{_RULE}|", *lines, "",
        f"The stand-alone dequantizer wins nothing: {shift} COMB by shift, {rom} by ROM with 4-bit"
        " codes, since each bit of the result is one function of four inputs, one LUT. With 6 and 8"
        " bits synthesis finds about the same logic in both on ECP5; a block RAM replaces it where"
        f" one is to spare, at {block['fmax_mhz']:.0f} MHz. With the six-input LUTs of UltraScale+"
        f" the ROM of 8 bits is the smaller one: {luts[1]} LUTs against {luts[0]}.", "",
    ]


def _mac(rows):
    lines = [_line(title(source, fabric), find(rows, source, fabric=fabric), rows)
             for source, fabric in MACS]
    multiply, rom, split = (find(rows, s, fabric=f) for s, f in MACS[:3])
    comb = [row["cells"]["COMB"] for row in (multiply, rom, split)]
    return [
        "### A multiply-accumulate lane of attention × V", "",
        "4-bit codes times 8-bit signed values, sums of 197 elements, an element a cycle, widths"
        " from the bounds and no more; without valid bits, as in an array of lanes. The plain"
        " multiplication is for uniform codes, another quantizer; the ROM takes a register and a"
        " cycle more than the others.", "",
        f"| lane | {_HEAD} |", f"|---|{_RULE}|", *lines, "",
        f"Here is the win: without multiplier blocks, {comb[2]} COMB for the parity split against"
        f" {comb[1]} for ROM and multiplication ({comb[1] / comb[2]:.1f} times) and {comb[0]} for"
        f" uniform codes ({comb[0] / comb[2]:.1f} times), and its sums are exact where the ROM's"
        " 8-bit levels round √2. What it costs: a second sum, so more registers; and one"
        " multiplication more for each result, not for each element: requantizing E·M_E + O·M_O"
        " takes at most a second requantizer, once in 197 elements. With multiplier blocks to"
        f" spare the plain lane takes {find(rows, 'mac_multiply')['cells']['COMB']} COMB and one"
        " block. And attention × V is 7 % of the multiplications of DeiT-Tiny, less in larger"
        " models: most of an accelerator is the other matrix products.", "",
    ]


def _requantizer(rows):
    lines = []
    for name, parameters in SHIFTS:
        wide = find(rows, "requantizer", bits=8, **parameters)
        direct = find(rows, "requantizer_direct", bits=8, **parameters)
        lines += [_line(f"{name} | the unit", wide, rows),
                  _line(f"{name} | as written", direct, rows)]
    comb = [find(rows, "requantizer", bits=8, **p)["cells"]["COMB"] for _, p in SHIFTS]
    direct = find(rows, "requantizer_direct", bits=8)
    return [
        "### Requantizer: run-time, windowed and constant shift", "",
        "27-bit accumulator, 16-bit multiplier, 8-bit code. *As written* is"
        " [the formula](units.md#requantizer) with a register after each operation and the same"
        " latency: rounding constant added before the shift, a shift of the whole product,"
        " saturation at the end.", "",
        f"| shift | data path | {_HEAD} |", f"|---|---|{_RULE}|", *lines, "",
        f"A base set at run time needs the whole shifter: {comb[0]} COMB; three bits above a"
        f" constant base take {comb[1]}, a constant shift {comb[2]}. The formula as written takes"
        f" {direct['cells']['COMB']} COMB and reaches {direct['fmax_mhz']:.0f} MHz with a run-time"
        " shift. The unit keeps one fraction bit and rounds after the shift, drops the upper bits"
        " that saturation does not need as it shifts, and adds zero point and rounding in one"
        " short adder.", "",
    ]


def _quantizer(rows):
    search, parallel = (find(rows, source) for source in
                        ("log_sqrt2_quantizer", "log_sqrt2_quantizer_parallel"))
    return [
        "### log√2 quantizer: search or all thresholds", "",
        f"| 16 bits to 4 | {_HEAD} |", f"|---|{_RULE}|",
        _line(title("log_sqrt2_quantizer"), search, rows),
        _line(title("log_sqrt2_quantizer_parallel"), parallel, rows), "",
        f"The search takes {search['cells']['COMB'] / parallel['cells']['COMB']:.2f} of the COMB of"
        " Eq. 18 read as 15 comparisons, and more registers. It is not the faster one:"
        f" {search['fmax_mhz']:.0f} MHz against {parallel['fmax_mhz']:.0f}; each of its cycles has"
        " a comparison and then a shift.", "",
    ]


def _line(name, row, rows):
    (xcup,) = [other for other in rows if other["device"] == "xcup" and
               (other["instance"], other["fabric"]) == (row["instance"], row["fabric"])]
    cells = row["cells"]
    numbers = [str(cells["LUT4"]), str(cells["CCU2C"]), f"**{cells['COMB']}**",
               *(str(cells[name]) for name in ("FF", "MULT18", "EBR")),
               f"{row['fmax_mhz']:.0f}", str(xcup["cells"]["LUT"])]
    return f"| {name} | " + " | ".join(numbers) + " |"
