"""The log√2 quantizer beside one with a comparator for every threshold."""

from amaranth.hdl import Const, Module, Mux

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import Lane
from vit2rtl.rtl.synthesis.comparisons import HEAD, RULE, find, line
from vit2rtl.rtl.synthesis.references.reference import (
    Bar,
    Measurement,
    Panel,
    Reference,
    References,
    Rows,
)
from vit2rtl.rtl.units.log_sqrt2_quantizer import LogSqrt2Quantizer, last_code

_SEARCH, _PARALLEL = "log_sqrt2_quantizer", "log_sqrt2_quantizer_parallel"
_TITLES = {_SEARCH: "binary search (the unit)", _PARALLEL: "a comparator for every threshold"}


class ParallelLane(Lane):
    """All thresholds compared at once, then the comparisons that hold are counted."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        below = []
        for k in range(last_code(self.parameters)):
            threshold = self.threshold_b if k & 1 else self.threshold_a
            below.append((self.i.probability << (k >> 1)) < threshold)
        zero = self.i.probability == 0
        terms = below
        if self.parameters["zero_code"] == "none":
            zero = Const(0)
        for stage in range(len(self.enable)):
            final = stage == len(self.enable) - 1
            if stage:
                step = len(terms) if final else 4
                terms = [sum(terms[n : n + step]) for n in range(0, len(terms), step)]
            if final:
                terms = [Mux(zero, last_code(self.parameters), terms[0])]
            terms = [
                registered(m, term, self.enable[stage], name=f"count_{stage}_{n}")
                for n, term in enumerate(terms)
            ]
            zero = registered(m, zero, self.enable[stage], name=f"zero_{stage}")
        m.d.comb += self.o.code.eq(terms[0])
        return m


class ParallelQuantizer(LogSqrt2Quantizer):
    """:class:`~vit2rtl.rtl.LogSqrt2Quantizer` as Eq. 18 reads: a comparator for every threshold."""

    lane = ParallelLane


def section(rows: Rows) -> list[str]:
    """Lines of the page."""
    search, parallel = (find(rows, source) for source in _TITLES)
    return [
        "### log√2 quantizer: search or all thresholds", "",
        f"| 16 bits to 4 | {HEAD} |", f"|---|{RULE}|",
        line(_TITLES[_SEARCH], search, rows),
        line(_TITLES[_PARALLEL], parallel, rows), "",
        f"The search takes {search['cells']['COMB'] / parallel['cells']['COMB']:.2f} of the COMB of"
        " Eq. 18 read as 15 comparisons, and more registers. It is not the faster one:"
        f" {search['fmax_mhz']:.0f} MHz against {parallel['fmax_mhz']:.0f}; each of its cycles has"
        " a comparison and then a shift.", "",
    ]


def panel(rows: Rows) -> Panel:
    """Bars of the chart."""
    bars = [Bar(title, find(rows, source), source == _SEARCH) for source, title in _TITLES.items()]
    search, parallel = (bar.row["cells"]["COMB"] for bar in bars)
    return Panel(
        "log√2 quantizer, 16 bits to 4",
        bars,
        f"log√2 quantizer: {search} COMB by search, {parallel} with all thresholds",
    )


REFERENCES = References(
    designs={_PARALLEL: Reference(ParallelQuantizer, _TITLES[_PARALLEL], _SEARCH)},
    variants=({"bits": 8},),
    measurements=(Measurement(_PARALLEL, {}),),
    section=section,
    panel=panel,
)
