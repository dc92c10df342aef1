"""The plain SystemVerilog bench of a bundle's unit: replays files, compares in HDL, no Python."""

from collections.abc import Iterable, Mapping, Sequence
from string import Template
from typing import Any

from vit2rtl.golden.units import Field, Instance, Stream
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors import replay_template as text
from vit2rtl.golden.vectors.bundle_schema import file_key

SHOWN_MISMATCHES = 10
DRAIN_CYCLES = 64
WATCHDOG_CYCLES = 20000
# Where the generators of stalls start: far from each other, whatever the streams' number.
_GOLDEN_RATIO = 0x9E3779B9

Described = Mapping[str, Any]


def replay_bench(instance: Instance, records: Sequence[Described]) -> str:
    """Text of ``replay.sv`` for records as the manifest describes them.

    Drives one beat a cycle on every stream where nothing stalls. Plain SystemVerilog for Icarus 11,
    Verilator 5, xsim and Questa; the module is ``<instance.name>_replay``.
    """
    streams = [_names(instance, s, records) for s in instance.streams]
    sinks = [s for s in streams if not s["stream"].enters]
    drivers = [s for s in streams if s["stream"].enters]
    fields = instance.configuration
    return text.BENCH.substitute(
        name=instance.name,
        shown=SHOWN_MISMATCHES,
        watchdog=WATCHDOG_CYCLES,
        drain=DRAIN_CYCLES,
        ports=_all(text.PORTS_IN, drivers) + _all(text.PORTS_OUT, sinks),
        connections=_all(text.CONNECTIONS, streams)
        + "".join(f",\n    .{f.name}({f.name})" for f in fields),
        settings="".join(f"  reg [{f.width - 1}:0] {f.name} = 0;\n" for f in fields),
        counters=_all(text.COUNTERS, streams) + _all(text.MASK, [s for s in sinks if s["masked"]]),
        outstanding=_outstanding(streams),
        generators=_all(text.GENERATOR, streams),
        mismatches=_all(text.MISMATCH, sinks),
        takings=_all(text.TAKING, sinks),
        taken=" + ".join(f"taken_{s['s']}" for s in sinks),
        seeds="\n".join(_seed(n, s) for n, s in enumerate(streams)),
        steps="\n".join(f"      state_{s['s']} <= xorshift(state_{s['s']});" for s in streams),
        idles=(_all(text.IDLE_IN, drivers) + _all(text.IDLE_OUT, sinks)).rstrip(),
        drivers=_all(text.DRIVER, drivers),
        checkers=_all(text.CHECKER, sinks).rstrip(),
        stabilities=_all(text.STABILITY, sinks),
        cases="\n".join(_case(n, r, instance) for n, r in enumerate(records)),
        checks="\n".join(_check(instance, s) for s in streams),
        loads="\n".join(
            f"        $readmemh({_file(instance, s)}, words_{s['s']}, 0, count_{s['s']} - 1);"
            for s in streams
        ),
        tables=text.TABLES if instance.tables else "",
        records=len(records),
        total=sum(record["beats"] for record in records),
    )


def _names(instance: Instance, stream: Stream, records: Iterable[Described]) -> dict[str, Any]:
    """What the parts of the text that are about one stream are filled in with."""
    files = [record["files"][file_key(stream)] for record in records]
    masked = not (stream.enters or instance.lane_wise)
    word = f"words_{stream.name}[moved_{stream.name}]"
    mask = f" & mask_{stream.name}" if masked else ""
    return {
        "stream": stream,
        "name": instance.name,
        "s": stream.name,
        "p": stream.axi,
        "top": stream.tdata_width - 1,
        "bits": stream.tdata_width,
        "last": max(_beats(stream, file) for file in files) - 1,
        "shown": SHOWN_MISMATCHES,
        "label": f" stream={stream.name}" if len(instance.sinks) > 1 else "",
        "phase": "loading" if stream.entries else "running",
        "masked": masked,
        "got": f"({stream.axi}_tdata{mask})" if masked else f"{stream.axi}_tdata",
        "want": f"({word}{mask})" if masked else word,
    }


def _beats(stream: Stream, file: Described) -> int:
    return file["rows"] * stream.beats(file["columns"])


def _all(template: Template, streams: Iterable[Mapping[str, Any]]) -> str:
    return "".join(template.substitute(names) for names in streams)


def _outstanding(streams: Iterable[Mapping[str, Any]]) -> str:
    """Whether a beat is still to come in the phase that is on."""
    waits: dict[str, list[str]] = {"loading": [], "running": []}
    for s in streams:
        waits[s["phase"]].append(f"moved_{s['s']} < count_{s['s']}")
        if s["stream"].enters:
            waits[s["phase"]].append(f"{s['p']}_tvalid")
    loading, running = (" || ".join(conditions) for conditions in waits.values())
    return f"loading ? {loading} : {running}" if loading else running


def _seed(number: int, names: Mapping[str, Any]) -> str:
    start = (_GOLDEN_RATIO * (number + 1)) % (1 << 32)
    seed = "seed" if number % 2 == 0 else "{seed[15:0], seed[31:16]}"
    return f"      state_{names['s']} <= 32'h{start:08x} ^ {seed};"


def _file(instance: Instance, names: Mapping[str, Any]) -> str:
    return f'{{bundle, "/{instance.name}/", record, "/{names["s"]}.mem"}}'


def _check(instance: Instance, names: Mapping[str, Any]) -> str:
    digits = packing.line_digits(names["stream"].beat_bits)
    file = _file(instance, names)
    return f"      if (!failed) check_file({file}, count_{names['s']}, {digits});"


def _case(number: int, record: Described, instance: Instance) -> str:
    """The branch that sets a record's counts, masks and configuration."""
    settings = [f'record = "{record["record"]}";']
    for stream in instance.streams:
        file = record["files"][file_key(stream)]
        row = stream.beats(file["columns"])
        settings.append(f"count_{stream.name} = {file['rows'] * row}; row_{stream.name} = {row};")
        if not (stream.enters or instance.lane_wise):
            bits = (file["columns"] - (row - 1) * stream.lanes) * stream.lane_bits
            used = f"{stream.tdata_width}'h{(1 << bits) - 1:x}"
            settings.append(f"used_{stream.name} = {used};")
    settings += [_setting(f, record["configuration"][f.name]) for f in instance.configuration]
    return f"        {number}: begin {' '.join(settings)} end"


def _setting(field: Field, value: int) -> str:
    return f"{field.name} = {field.width}'h{value % (1 << field.width):x};"
