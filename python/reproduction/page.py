"""A table as people and programs read it: ours, published, and what chance may be."""

from collections.abc import Iterator, Mapping, Sequence
from math import hypot, sqrt
from typing import Any

from vit2rtl.reproduction.published import MODELS, Line, Table

# Measured figures, by place of the line in its table and key of the model.
Results = Mapping[tuple[int, str], Mapping[str, Any]]


def half_width(top1: float, images: int) -> float:
    """Points within which 95 of 100 draws of so many images have top-1: 1.96 √(p (1 - p) / n)."""
    p = top1 / 100
    return 196 * sqrt(p * (1 - p) / images)


def markdown(table: Table, models: Sequence[str], results: Results) -> str:
    """Title, table, and notes."""
    counts = sorted({result["images"] for result in results.values()})
    subset = " and ".join(f"{count:,}" for count in counts)
    cost = any(line.minutes for line in table.lines)
    head = ["Method", "W/A", *(MODELS[model].title for model in models)]
    lines = [f"# {table.title}, on a subset of {subset} images" if counts else f"# {table.title}",
             "", "Top-1 in percent: ours; published on ImageNet; the difference ± 1.96 binomial "
             "standard errors of ours.", "",
             "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for place, line in enumerate(table.lines):
        cells = [_cell(line, results.get((place, model)), line.top1.get(model), cost, model)
                 for model in models]
        bits = line.bits.upper().replace("A", "/A") or "32/32"
        lines.append("| " + " | ".join([line.title, bits, *cells]) + " |")
    notes = [*order(table, models, results), *_nearness(table, models, results),
             *_refusals(table, models, results)]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])


def _cell(
    line: Line, result: Mapping[str, Any] | None, published: float | None, cost: bool, model: str
) -> str:
    if result is None:
        left_out = line.beside_published and line.runs(model)
        ours = "not run" if left_out or not line.missing else f"not reproduced ({line.missing})"
        return ours if published is None else f"{ours}; {published:.2f}"
    ours = f"{result['top1']:.2f}"
    if "refused" in result:
        ours += " (chance: no result)"
    width = half_width(result["top1"], result["images"])
    parts = [ours]
    if published is not None:
        parts += [f"{published:.2f}", f"{result['top1'] - published:+.2f} ± {width:.2f}"]
    else:
        parts[0] += f" ± {width:.2f}"
    if cost and "calibration_cpu_seconds" in result:
        forwards = result["calibration_cpu_seconds"] / result["forward_cpu_seconds"]
        parts.append(f"{forwards:.1f} forward passes of {result['calibration_images']} images")
        if model in line.minutes:
            parts.append(f"published: {line.minutes[model]} GPU minutes, {line.images} images")
    return "; ".join(parts)


def order(table: Table, models: Sequence[str], results: Results) -> Iterator[str]:
    """Whether methods follow each other as published, by pairs in a column of the same bits."""
    pairs, reversed_ = 0, []
    for model in models:
        rows = [(line, results[place, model]) for place, line in enumerate(table.lines)
                if line.bits and (place, model) in results and model in line.top1]
        for n, (one, first) in enumerate(rows):
            for other, second in rows[n + 1:]:
                published = one.top1[model] - other.top1[model]
                if one.bits != other.bits or not published:
                    continue
                pairs += 1
                ours = first["top1"] - second["top1"]
                noise = hypot(*(half_width(one["top1"], one["images"])
                                for one in (first, second)))
                if ours * published < 0 and abs(ours) > noise:
                    reversed_.append(
                        f"{MODELS[model].title} {one.bits}: {one.title} and {other.title} are "
                        f"{ours:+.2f} points apart, published {published:+.2f} (noise {noise:.2f})")
    if pairs:
        yield (f"order of methods: {pairs - len(reversed_)} of {pairs} pairs as published, or "
               "within the noise")
        yield from reversed_


def _nearness(table: Table, models: Sequence[str], results: Results) -> Iterator[str]:
    """SQNR of methods of the same bits, the nearest to the float network first: of a few hundred
    images it ranks them where top-1 does not."""
    for model in models:
        for bits in dict.fromkeys(line.bits for line in table.lines if line.bits):
            rows = {line.title: results[place, model]["sqnr"]
                    for place, line in enumerate(table.lines)
                    if line.bits == bits and "sqnr" in results.get((place, model), {})}
            if len(rows) > 1:
                ranked = sorted(rows.items(), key=lambda row: -row[1])
                yield (f"{MODELS[model].title} {bits}, SQNR of the logits: "
                       + ", ".join(f"{title} {value:.2f} dB" for title, value in ranked))


def _refusals(table: Table, models: Sequence[str], results: Results) -> Iterator[str]:
    for model in models:
        for place, line in enumerate(table.lines):
            refused = results.get((place, model), {}).get("refused")
            if refused:
                yield f"{MODELS[model].title} {line.bits} {line.title}: {refused}"


def document(table: Table, models: Sequence[str], results: Results) -> dict[str, Any]:
    """The same as JSON data."""
    return {
        "title": table.title,
        "order": [*order(table, models, results)],
        "cells": [
            {"model": MODELS[model].name, "method": line.title, "bits": line.bits or None,
             "published": line.top1.get(model), "missing": line.missing or None,
             "half_width": half_width(result["top1"], result["images"]) if result else None,
             "measured": dict(result) if result else None}
            for place, line in enumerate(table.lines) for model in models
            for result in [results.get((place, model))]
        ],
    }
