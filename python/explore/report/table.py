"""The table of all settings, which is the page's data, too: its plots read the cells.

So the page works without JavaScript, and holds nothing twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from vit2rtl.explore.report.marks import marks
from vit2rtl.explore.report.rows import Row, done, fits, main_device, number, rows_of, text, values

MOST_CHOICES = 8  # a column of more values than this is searched, not chosen from


@dataclass(frozen=True)
class Column:
    """A column of the table.

    key     of the row
    title   the column's head
    hint    what it is, with its unit
    show    the row's cell as text; empty where the row has none
    number  whether cells are numbers (which may be grouped by commas), and sort as such
    shared  whether it moves above the table where all rows have one value
    """

    key: str
    title: str
    hint: str
    show: Callable[[Row], str]
    number: bool = True
    shared: bool = False


def _number(key: str, title: str, hint: str, form: str, factor: float = 1) -> Column:
    def show(row: Row) -> str:
        found = number(row, key)
        return "" if found is None else format(found * factor, form)

    return Column(key, title, hint, show)


def _text(key: str, title: str, hint: str, *, shared: bool = True) -> Column:
    return Column(key, title, hint, lambda row: text(row, key), number=False, shared=shared)


def _interval(row: Row) -> str:
    low, high = number(row, "top1_low"), number(row, "top1_high")
    return "" if low is None or high is None else f"{low:.1f}–{high:.1f}"


def _one_decimal(row: Row, key: str) -> str:
    found = number(row, key)
    return "" if found is None else f"{found:.1f}"


def _fits(row: Row) -> str:
    return {True: "yes", False: "no", None: ""}[fits(row)]


COLUMNS = (
    _text("name", "setting", "Name of the setting", shared=False),
    _text("method", "method", "Method of quantization"),
    _number("weights", "W", "Bits of the weights", "g"),
    _number("activations", "A", "Bits of the activations", "g"),
    _text("mixed", "mixed", "Cost and budget that bits of each layer were chosen for"),
    _text("array", "array", "Rows x columns of the MAC array"),
    _text("mac", "MAC", "Kind of MAC: digits of 4 bits, or built for the widths"),
    Column("packed", "packed", "Columns that multiply two products in a block of 18 x 18 bits",
           lambda row: text(row, "packed").removeprefix("0")),
    _text("groups", "groups", "Groups of tokens at work at once"),
    _text("device", "device", "FPGA"),
    _number("top1", "top-1, %", "Top-1 accuracy, percent, measured", ".1f"),
    Column("top1_interval", "95 %", "Interval of top-1, percent", _interval),
    Column("float_top1", "float top-1, %", "Top-1 accuracy of the float model, percent",
           lambda row: _one_decimal(row, "float_top1"), shared=True),
    _number("sqnr_db", "SQNR, dB", "SQNR of the logits, mean over images of each image's", ".2f"),
    _number("predicted_db", "pred., dB", "SQNR that the search predicted", ".2f"),
    _number("cycles", "cycles", "Clock cycles an image", ",.0f"),
    _number("utilization", "busy, %", "Share of cycles in which the array works", ".0f", 100),
    _number("logic", "logic", "Logic cells: COMB of ECP5, LUT of others", ",.0f"),
    _number("multipliers", "mult.", "Multiplier blocks", ",.0f"),
    _number("memories", "mem.", "Memory blocks", ",.0f"),
    Column("fits", "fits", "Whether the device holds it", _fits, number=False, shared=True),
    _text("area_source", "area by", "Where the cells come from: measured table, or fit"),
    _number("energy", "energy", "Relative proxy, W8A8 = 1", ".3f"),
    _number("weight_bytes", "weights, kB", "Memory of the weights, 1000 bytes", ",.1f", 0.001),
    _number("bops", "BOPs", "Bit operations, 8/8 bits = 1", ".3f"),
    Column("front", "front", "No other on its device is as good in SQNR, cycles, logic and weights",
           lambda row: "●" if row.get("front") is True else "", number=False),
)


def columns(rows: Sequence[Row]) -> tuple[list[Column], dict[str, str]]:
    """(the columns to show, what all rows share {key: text}); columns of no value are left out."""
    shown, shared = [], {}
    for column in COLUMNS:
        texts = {column.show(row) for row in rows}
        if texts <= {""} and column.key != "name":
            continue
        if column.shared and len(rows) > 1 and len(texts) == 1:
            shared[column.key] = texts.pop()
        else:
            shown.append(column)
    return shown, shared


def settings(rows: Sequence[Row]) -> str:
    """HTML of the table of the rows, which are those that are done."""
    shown, shared = columns(rows)
    titles = {column.key: column.title for column in COLUMNS}
    common = "; ".join(f"{titles[key]}: {text}" for key, text in shared.items())
    heads = "".join(_head(column) for column in shown)
    numbers = ",".join(f"#settings tr>:nth-child({n})"
                       for n, column in enumerate(shown, start=1) if column.number)
    body = "\n".join(_row(row, shown) for row in rows)
    return (
        (f"<p class=note>The same for all: {escape(common)}.</p>\n" if common else "")
        + (f"<style>{numbers}{{text-align:right}}</style>\n" if numbers else "")
        + "<div class=scroll tabindex=0 role=region aria-label='All settings'>"
        f"<table id=settings>\n<thead><tr>{heads}</thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _head(column: Column) -> str:
    kind = " data-number" if column.number else ""
    return (f'<th scope=col data-key="{column.key}"{kind} title="{escape(column.hint)}">'
            f"{escape(column.title)}</th>")


def _row(row: Row, shown: Sequence[Column]) -> str:
    """End tags of cells and rows may be left out in HTML; of thousands of rows they are much."""
    first, *others = (escape(column.show(row)) for column in shown)
    return f"<tr><th scope=row>{first}" + "".join(f"<td>{cell}" for cell in others)


def filters(rows: Sequence[Row]) -> str:
    """HTML of the controls that choose rows of the table and marks of the plots.

    The device of most rows is chosen at the start: cells of several do not compare.
    """
    shown = {column.key: column for column in columns(rows)[0]}
    methods = marks(values(rows, "method"))
    parts = []
    if "method" in shown:
        boxes = "".join(
            f'<label><input type=checkbox name=method value="{escape(name)}" checked>'
            f"<span style='color:{mark.colour}' aria-hidden=true>{mark.glyph}</span> "
            f"{escape(name)}</label>"
            for name, mark in methods.items()
        )
        parts.append(f"<fieldset><legend>method</legend>{boxes}</fieldset>")
    for key in ("device", "array", "mac", "groups"):
        choices = values(rows, key) if key in shown else []
        if 1 < len(choices) <= MOST_CHOICES:
            parts.append(_select(shown[key], choices, main_device(rows) if key == "device" else ""))
    if len({row.get("front") is True for row in rows}) > 1:
        parts.append("<label><input type=checkbox name=front> only the front</label>")
    parts.append("<label>search <input type=search name=text placeholder='w4 16x16'></label>")
    return f"<form id=filters class=script hidden>{''.join(parts)}<output id=shown></output></form>"


def _select(column: Column, choices: Iterable[str], chosen: str) -> str:
    options = "".join(
        f'<option value="{escape(choice)}"{" selected" if choice == chosen else ""}>'
        f"{escape(choice)}</option>"
        for choice in choices
    )
    return (f"<label>{escape(column.title)} <select name={column.key}>"
            f'<option value="">all</option>{options}</select></label>')


def failures(results: Mapping[str, Any]) -> str:
    """HTML of what has no results, by status and error; empty where there is no such row."""
    rows = rows_of(results)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        status = text(row, "status")
        if status not in ("", "done"):
            groups.setdefault((status, text(row, "error") or "no reason given"), []).append(row)
    if not groups:
        return ""
    body = "".join(
        f"<tr><td>{escape(status)}<td>{len(group)}<td>{escape(error)}<td>{_names(group)}"
        for (status, error), group in groups.items()
    )
    count = len(rows) - len(done(results))
    return (f"<section id=failures><h2>Without results: {count} of {len(rows)}</h2>"
            "<div class=scroll><table><thead><tr><th scope=col>status<th scope=col>settings"
            f"<th scope=col>reason<th scope=col>which</thead><tbody>{body}</tbody></table></div>"
            "</section>")


def _names(group: Sequence[Row]) -> str:
    names = [", ".join(part for part in (text(row, key) for key in ("name", "array", "device"))
                       if part) for row in group]
    if len(names) <= 3:
        return escape("; ".join(names))
    return f"<details><summary>{escape(names[0])} ...</summary>{escape('; '.join(names))}</details>"
