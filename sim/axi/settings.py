"""Settings of a top out of directed records: registers, tables, and items with what they give."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from vit2rtl.golden.units import Field, Instance, Stream, directed_records
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_record import Content, checked
from vit2rtl.rtl.packaging.register_map import WORD, RegisterMap, Role, Table

SETTINGS = 4
CANDIDATES, ITEMS = 160, 24
TABLES = 4  # contents of the channel tables, of which one is chosen

Arrays = Mapping[str, np.ndarray]


def beatwise(instance: Instance) -> bool:
    """Whether items are beats: no stream has rows, all have as many lanes."""
    data = (*instance.sources, *instance.sinks)
    return not any(s.rows for s in data) and len({s.lanes for s in data}) == 1


class Settings:
    """Of a top: ``registers``, ``table`` (address, word), ``elements`` of each table stream,
    ``items``, rows of the channel tables that are ``used``, and ``row_beats`` to try."""

    def __init__(self, register_map: RegisterMap, rng: random.Random) -> None:
        self.map, self.instance = register_map, register_map.instance
        self.rng = np.random.default_rng(rng.getrandbits(32))
        self.streams = {s.name: s for s in register_map.streams}
        self.contents = [
            checked(self.instance, r["inputs"], r["outputs"], r["configuration"])
            for r in directed_records(self.instance)
        ]

    def few(self, rows: int) -> list[dict[str, Any]]:
        """Under different configurations and of those the ones with most different results."""
        rated: dict[str, tuple[int, dict[str, Any]]] = {}
        for content in self.contents:
            setting, variety = self._setting(content, rows)
            key = repr([setting["registers"], setting["elements"]])
            if key in rated and not beatwise(self.instance) and not setting["table"]:
                setting["items"] += rated[key][1]["items"]  # rows of every length
                rated[key] = variety, setting
            elif setting["items"] and variety > rated.get(key, (-1,))[0]:
                rated[key] = variety, setting
        if not rated:
            raise ValueError(f"No directed record of {self.instance.name} fits its channel tables")
        chosen: list[dict[str, Any]] = []
        left = list(rated.values())
        while left and len(chosen) < SETTINGS:
            left.sort(key=lambda pair: (_new(pair[1], chosen), pair[0]))
            chosen.append(left.pop()[1])
        return chosen

    def one(self, rows: int) -> dict[str, Any]:
        """One setting, its most varied record, with all rows."""
        best = max(self.contents, key=lambda content: self._setting(content, 4)[1])
        setting = self._setting(best, rows)[0]
        return setting | {"row_beats": [0, rows, 2 * rows - 1]}

    def _setting(self, content: Content, rows: int) -> tuple[dict[str, Any], int]:
        tables = {f.name: content.arrays[f.name] for t in self.instance.tables for f in t.fields}
        configuration = configuration_words(self.map, content.settings)
        if beatwise(self.instance):
            table, items, variety = self._beats(content, tables, rows)
        else:
            table, items, variety = self._rows(content, tables, rows)
        total = self.map.table.rows if self.map.table else 0
        few = dict.fromkeys([0, 1, max(2, rows // 2), rows])
        if rows == total:
            few |= {2 * rows - 1: None}
        return {
            "registers": configuration,
            "table": table,
            "elements": {s.name: _elements(s, tables) for s in self.instance.tables},
            "items": items,
            "used": rows,
            "row_beats": list(few) if total and beatwise(self.instance) else [0],
        }, variety

    def _beats(
        self, content: Content, tables: Arrays, rows: int
    ) -> tuple[list[tuple[int, int]], list[dict[str, Any]], int]:
        """Beats put together of a record's elements, each with what every row makes of it."""
        lanes = self.instance.lanes
        flat = {f.name: content.matrices(s)[f.name].reshape(-1)
                for s in self.instance.sources for f in s.fields}
        count = len(next(iter(flat.values())))
        held = self.map.table.fields if self.map.table else ()
        picked = self.rng.integers(count, size=(CANDIDATES, 1, lanes))
        inputs = {name: values[picked] for name, values in flat.items()}
        best: tuple[Any, ...] = (-1,)
        for _ in range(TABLES if held and rows <= 64 else 1):
            channels = self.rng.integers(count, size=(1, max(rows, 1), lanes))
            values = inputs | {f.name: flat[f.name][channels] for f in held}
            whole = {n: np.broadcast_to(v, (CANDIDATES, max(rows, 1), lanes))
                     for n, v in values.items()}
            settings: dict[str, Any] = {**content.settings, **tables}
            results = self.instance.evaluate(whole, settings)
            inside = np.ones((CANDIDATES, max(rows, 1), lanes), dtype=bool)
            for limit in self.instance.domain:
                inside &= limit.holds({**whole, **settings})
            merged = sum(np.asarray(results[f.name]).astype(np.int64) * 7919**n
                         for n, f in enumerate(self.instance.outputs))
            kinds = np.array([len(np.unique(m)) for m in merged]) * inside.all(axis=(1, 2))
            if kinds.sum() > best[0]:
                best = int(kinds.sum()), kinds, whole, results
        _, kinds, whole, results = best
        chosen = [n for n in np.argsort(-kinds, kind="stable")[:ITEMS] if kinds[n]]
        items = [self._beat_item(n, whole, results, rows) for n in chosen]
        words = _table_words(self.map.table, rows, {f.name: whole[f.name][0] for f in held})
        return words, items, best[0]

    def _beat_item(
        self, n: int, whole: Arrays, results: Arrays, rows: int
    ) -> dict[str, Any]:
        beats = {name: _packed(s, {f.name: whole[f.name][n, 0] for f in s.fields})
                 for name, s in self.streams.items() if s.enters}
        sinks = self.instance.sinks
        return {
            "beats": beats,
            "results": [
                {s.name: [[beat, (1 << s.tdata_width) - 1] for beat in _packed(
                    s, {f.name: np.asarray(results[f.name])[n, row] for f in s.fields})]
                 for s in sinks}
                for row in range(max(rows, 1))
            ],
        }

    def _rows(
        self, content: Content, tables: Arrays, rows: int
    ) -> tuple[list[tuple[int, int]], list[dict[str, Any]], int]:
        """The rows of a record, with the per-channel values of its first where there are tables."""
        matrices = {f.name: content.matrices(s)[f.name]
                    for s in (*self.instance.sources, *self.instance.sinks) for f in s.fields}
        held = self.map.table.fields if self.map.table else ()
        first: dict[str, np.ndarray] = {}
        if held:
            columns = matrices[held[0].name].shape[1]
            if columns > rows * self.instance.lanes:
                return [], [], 0
            first = {f.name: matrices[f.name][:1] for f in held}
            inputs = {f.name: np.broadcast_to(first[f.name], matrices[f.name].shape)
                      if f.name in first else matrices[f.name] for f in self.instance.inputs}
            matrices |= self.instance.evaluate(inputs, {**content.settings, **tables})
        count = max(len(m) for m in matrices.values())
        items = [self._row_item(n, matrices) for n in range(count)][:ITEMS]
        variety = len({repr(item["results"]) for item in items})
        padded = {name: self._channels(m[0], rows) for name, m in first.items()}
        return _table_words(self.map.table, rows, padded), items, variety

    def _channels(self, values: np.ndarray, rows: int) -> np.ndarray:
        """int[rows, lanes]: a channel that fills up a row's last beat is the last one again."""
        lanes = self.instance.lanes
        whole = np.pad(values, (0, -len(values) % lanes), mode="edge")
        return np.resize(whole, (rows, lanes))

    def _row_item(self, n: int, matrices: Arrays) -> dict[str, Any]:
        def beats(s: Stream) -> list[int]:
            return _packed(s, {f.name: matrices[f.name][min(n, len(matrices[f.name]) - 1)]
                               for f in s.fields})

        owed = {}
        for s in self.instance.sinks:
            columns = matrices[s.fields[0].name].shape[1]
            given = beats(s)
            used = columns - (len(given) - 1) * s.lanes
            masks = [(1 << s.tdata_width) - 1] * (len(given) - 1)
            owed[s.name] = [list(pair) for pair in zip(
                given, [*masks, (1 << used * s.lane_bits) - 1], strict=True)]
        return {"beats": {name: beats(s) for name, s in self.streams.items() if s.enters},
                "results": [owed]}


def _new(setting: Mapping[str, Any], chosen: list[dict[str, Any]]) -> int:
    """How many registers hold what they hold in none of the chosen settings."""
    return sum(all(other["registers"][name] != value for other in chosen)
               for name, value in setting["registers"].items())


def configuration_words(
    register_map: RegisterMap, configuration: Mapping[str, Any]
) -> dict[str, int]:
    """Register name to value, for the configuration of a record."""
    fields = register_map.instance.fields
    values: dict[str, int] = {}
    for register in register_map.registers:
        if register.role is Role.CONFIGURATION:
            value = int(configuration[register.source])
            value &= (1 << fields[register.source].width) - 1
            values[register.name] = value >> WORD * register.word & (1 << WORD) - 1
    return values


def _packed(s: Stream, values: Arrays) -> list[int]:
    """A row of elements as beats; a short last one repeats its last element."""
    size = len(next(iter(values.values())))
    full = {name: np.pad(np.asarray(v), (0, -size % s.lanes), mode="edge")
            for name, v in values.items()}
    words = packing.pack(s.fields, full, s.lanes)
    return [sum(int(word) << 64 * k for k, word in enumerate(np.atleast_1d(beat)))
            for beat in words]


def _elements(s: Stream, tables: Arrays) -> list[int]:
    return [_joined(s.fields, {f.name: int(tables[f.name][n]) for f in s.fields})
            for n in range(s.entries)]


def _joined(fields: tuple[Field, ...], values: Mapping[str, int]) -> int:
    word, low = 0, 0
    for f in fields:
        word |= (values[f.name] & (1 << f.width) - 1) << low
        low += f.width
    return word


def _table_words(table: Table | None, rows: int, values: Arrays) -> list[tuple[int, int]]:
    """(address, word) of every channel of so many rows; values are int[rows, lanes] a field."""
    if table is None:
        return []
    words = []
    for row in range(rows):
        for lane in range(table.lanes):
            value = _joined(table.fields, {f.name: int(values[f.name][row, lane])
                                           for f in table.fields})
            address = table.offset + row * table.row_stride + lane * table.lane_stride
            words += [(address + 4 * k, value >> WORD * k & (1 << WORD) - 1)
                      for k in range(len(table.words))]
    return words
