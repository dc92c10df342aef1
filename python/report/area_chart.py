"""The chart of ``docs/area.md``: cells and clocks of the designs that its comparisons name."""

from vit2rtl.report.page import new_figure, report
from vit2rtl.report.plots import BLUE, GREY
from vit2rtl.rtl.synthesis.comparisons import MACS, SHIFTS, find, title

_QUANTIZERS = ("log_sqrt2_quantizer", "log_sqrt2_quantizer_parallel")


def area_chart(rows, path):
    """Write a PNG of bars, one per design of the comparisons; ours in blue, references in grey.

    rows   of a whole table, see :func:`vit2rtl.rtl.synthesis.table.committed`
    """
    split, rom = (find(rows, source, fabric=fabric)["cells"]["COMB"]
                  for source, fabric in (MACS[2], MACS[1]))
    panels = [
        ("A lane of attention × V, 4 × 8 bits, no multiplier blocks",
         [_bar(title(source, fabric), find(rows, source, fabric=fabric), "mac_parity_split")
          for source, fabric in MACS[:3]]),
        ("Requantizer, 27 bits to 8",
         [_bar(f"{name}, {kind}", find(rows, source, bits=8, **parameters), "requantizer")
          for source, kind in (("requantizer", "the unit"), ("requantizer_direct", "as written"))
          for name, parameters in SHIFTS]),
        ("log√2 quantizer, 16 bits to 4",
         [_bar(title(source), find(rows, source), _QUANTIZERS[0]) for source in _QUANTIZERS]),
        ("Dequantizer, code to 16 bits, no block RAM",
         [_bar(f"{bits} bits: {title(source)}",
               find(rows, source, fabric=source.endswith("_rom"), bits=bits), "log2_dequantizer")
          for bits in (4, 6, 8) for source in ("log2_dequantizer", "log2_dequantizer_rom")]),
    ]
    shown = f"Parity split: {split} COMB a lane of attention × V; ROM and multiplier: {rom}"
    with new_figure(shown, height=8.4) as figure:
        heights = [len(bars) + 1.2 for _, bars in panels]
        for axes, (name, bars) in zip(
            figure.subplots(len(panels), 1, height_ratios=heights), panels, strict=True
        ):
            _draw(axes, name, bars)
    report([figure], path)


def _bar(label, row, ours):
    return label, row["cells"]["COMB"], row["fmax_mhz"], BLUE if row["source"] == ours else GREY


def _draw(axes, name, bars):
    labels, cells, clocks, colours = zip(*bars, strict=True)
    axes.barh(range(len(bars)), cells, color=colours, height=0.7)
    axes.set_yticks(range(len(bars)), labels)
    axes.invert_yaxis()
    axes.set_title(f"{name}: COMB on ECP5, at its MHz")
    axes.set_xlim(0, max(cells) * 1.18)
    for n, (count, clock) in enumerate(zip(cells, clocks, strict=True)):
        axes.text(count, n, f" {count} at {clock:.0f} MHz", va="center", fontsize=9)
