"""The vectors of an instance as a C header: one array a field, one structure a record."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vit2rtl.golden.units import Field, Instance
from vit2rtl.golden.vectors.bundle_contents import RecordStream
from vit2rtl.golden.vectors.bundle_schema import array_name, file_key
from vit2rtl.golden.vectors.packing import narrowest

ROW = 12


def c_header(root: Path, instance: Instance, records: Sequence[Mapping[str, Any]]) -> str:
    """Text of ``vectors.h``: C99, nothing but ``<stdint.h>``.

    Element e of a record is ``record.FIELD[e]``, expected ``record.expected_FIELD[e]``; lanes and
    the padding of the last beat do not appear. Of a unit that is not lane-wise a record says rows
    and columns of each stream, element c of row r is ``record.FIELD[r * columns + c]``.

    root      Path of the bundle's folder
    records   the records of the instance as the manifest describes them
    """
    name, capital = instance.name, instance.name.upper()
    parts = [
        f"/* Golden vectors of {name}: {instance.unit.component}. */",
        f"#ifndef {capital}_VECTORS_H",
        f"#define {capital}_VECTORS_H\n",
        "#include <stdint.h>\n",
        *(
            f"#define {capital}_{key.upper()} {_literal(value)}"
            for key, value in instance.parameters.items()
        ),
        f"#define {capital}_RECORDS {len(records)}\n",
        *_structure(instance, records[0]),
    ]
    rows = []
    for number, record in enumerate(records):
        members = [f'"{record["record"]}"']
        members += [f"{count}u" for count in _counts(instance, record).values()]
        parts.append(f"/* {record['record']} */")
        for stream in instance.streams:
            file = record["files"][file_key(stream)]
            path = root / file["file"]
            values = RecordStream(stream, file["rows"], file["columns"], path).values()
            for field in stream.fields:
                array = f"{name}_{number}_{array_name(stream, field)}"
                listed = values[field.name].reshape(-1).tolist()
                parts.append(_array(f"{_type(field)} {array}", listed))
                members.append(array)
        members += [
            _literal(record["configuration"][field.name]) for field in instance.configuration
        ]
        rows.append(f"    {{{', '.join(members)}}}")
    table = ",\n".join(rows)
    parts += [
        f"static const struct {name}_record {name}_records[{capital}_RECORDS] = {{\n{table}\n}};\n",
        "#endif\n",
    ]
    return "\n".join(parts)


def _counts(instance: Instance, record: Mapping[str, Any]) -> dict[str, int]:
    """How many elements a record's arrays have, by the structure's member."""
    if instance.lane_wise:
        return {"elements": record["elements"]}
    return {
        f"{stream.name}_{count}": record["files"][file_key(stream)][count]
        for stream in instance.streams for count in ("rows", "columns")
    }


def _structure(instance: Instance, record: Mapping[str, Any]) -> Iterator[str]:
    yield f"struct {instance.name}_record {{"
    yield "    const char *name;"
    yield from (f"    uint32_t {member};" for member in _counts(instance, record))
    for stream in instance.streams:
        for field in stream.fields:
            yield f"    const {_type(field)} *{array_name(stream, field)};"
    for field in instance.configuration:
        yield f"    {_type(field)} {field.name};"
    yield "};\n"


def _type(field: Field) -> str:
    kind = narrowest(field)
    return f"{'int' if kind.kind == 'i' else 'uint'}{8 * kind.itemsize}_t"


def _array(declaration: str, values: Sequence[int]) -> str:
    rows = (values[n : n + ROW] for n in range(0, len(values), ROW))
    text = ",\n    ".join(", ".join(map(_literal, row)) for row in rows)
    return f"static const {declaration}[{len(values)}] = {{\n    {text}\n}};\n"


def _literal(value: int | str) -> str:
    """A constant that no compiler finds too large: its least one of 32 bits is none by itself."""
    if isinstance(value, str):
        return f'"{value}"'
    if value == -(2**31):
        return "(-2147483647 - 1)"
    return f"{value}u" if value >= 2**31 else str(value)
