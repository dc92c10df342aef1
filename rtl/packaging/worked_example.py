"""The part of a data sheet that works an example by hand, and shows it in simulated cycles."""

from collections.abc import Iterator, Mapping

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.example import Example, Passage
from vit2rtl.rtl.verilog.describe import table

_ENTRIES = 16  # of a table, that are listed


def by_hand(instance: Instance, shown: Example) -> Iterator[str]:
    """One beat, or one row where there are rows: what each field contributes to TDATA."""
    rows = any(stream.rows for stream in instance.streams)
    yield f"\n## One {'row' if rows else 'beat'} by hand\n"
    settings: Mapping[str, object] = dict(shown.configuration) | {
        name: _entries(passage.values[name][0].tolist())
        for passage in shown.of(instance.tables) for name in passage.values
    }
    configuration = ", ".join(f"`{name}` = {value}" for name, value in settings.items())
    yield f"From record `{shown.record}`" + (f", {configuration}" if configuration else "") + ".\n"
    for passage in shown.of((*instance.sources, *instance.sinks)):
        for beat in range(passage.row_beats if passage.stream.rows else 1):
            yield from table(("lane", "field", "value", "contributes"), _parts(passage, beat))
            which = f", beat {beat}" if passage.row_beats > 1 and passage.stream.rows else ""
            short = ": the lanes above repeat the last element" if _short(passage, beat) else ""
            digits = passage.stream.tdata_width // 4
            yield (f"\nThe sum of the last column: `{passage.stream.axi}_tdata` = "
                   f"`{passage.beats[beat]:0{digits}x}`{which}{short}.\n")


def diagram(instance: Instance, shown: Example) -> Iterator[str]:
    """The beats of the timing diagram, a table of them."""
    streams = (*instance.sources, *instance.sinks)
    what = "four beats" if instance.lane_wise else "beats"
    pressure = ("back pressure while the second\nresult is on offer"
                if len(shown.passages[instance.sinks[0].name].beats) > 1 else "no\nback pressure")
    loaded = ", after its tables have been loaded" if instance.tables else ""
    yield (
        "## Timing diagram\n\n![Simulated cycles](doc/timing.svg)\n\n"
        f"Simulated: `{instance.name}_axis` on {what} of record `{shown.record}`{loaded}, with "
        f"{pressure}. `doc/timing.json` is its WaveJSON.\n"
    )
    columns = [_hex(passage) for passage in shown.of(streams)]
    count = max(map(len, columns))
    rows = [
        (str(n), *(column[n] if n < len(column) else "" for column in columns))
        for n in range(count)
    ]
    yield from table(("beat", *(f"`{stream.axi}_tdata`" for stream in streams)), rows)


def _parts(passage: Passage, beat: int) -> list[tuple[str, str, str, str]]:
    """Every field of every lane that the data fill; short beats repeat their last element."""
    rows, position, lanes = [], 0, passage.stream.lanes
    for lane in range(lanes):
        for field in passage.stream.fields:
            row = passage.values[field.name][0]
            value = int(row[min(beat * lanes + lane, len(row) - 1)])
            pattern = value % (1 << field.width)
            rows.append((str(lane), f"`{field.name}`", str(value), f"{pattern:#x} << {position}"))
            position += field.width
    return rows


def _short(passage: Passage, beat: int) -> bool:
    """Whether the row ends within the beat."""
    (columns,) = {values.shape[1] for values in passage.values.values()}
    return (beat + 1) * passage.stream.lanes > columns


def _entries(entries: list[int]) -> str:
    return f"[{', '.join(map(str, entries[:_ENTRIES]))}{', …' if len(entries) > _ENTRIES else ''}]"


def _hex(passage: Passage) -> list[str]:
    digits = passage.stream.tdata_width // 4
    return [f"`{beat:0{digits}x}`" for beat in passage.beats]
