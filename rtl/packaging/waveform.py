"""A timing diagram of simulated cycles, as WaveJSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vit2rtl.golden.units import Stream
from vit2rtl.rtl.packaging.example import Example
from vit2rtl.rtl.packaging.trace import Cycle

_DIGITS = 8  # longer data are named in the diagram, and spelled out beside it


def wave_json(name: str, cycles: Sequence[Cycle], shown: Example) -> str:
    """The cycles of :func:`~vit2rtl.rtl.packaging.trace.trace` as WaveJSON text.

    Data are hexadecimal, or ``in 0``, ``out 0`` and so on where they are long; they are looked up
    among the beats, and one that is not there is shown as it is.
    """
    signals: list[dict[str, Any]] = [
        {"name": "aclk", "wave": "p" + "." * (len(cycles) - 1)},
        _bit("aresetn", cycles),
    ]
    for passage in shown.passages.values():
        if not passage.stream.entries:
            signals += [{}, *_stream(passage.stream, passage.beats, cycles)]
    diagram = {
        "signal": signals,
        "head": {"text": f"{name}, simulated", "tick": 0},
        "config": {"hscale": 2},
    }
    return json.dumps(diagram, indent=1) + "\n"


def beat_name(stream: Stream) -> str:
    """What beats of a stream are called: ``in`` and ``out``, or by the rest of its name."""
    side, _, rest = stream.name.partition("_")
    return rest or {"i": "in", "o": "out"}[side]


def _stream(
    stream: Stream, beats: Sequence[int], cycles: Sequence[Cycle]
) -> list[dict[str, Any]]:
    valid, ready, data, last = (
        [cycle[f"{stream.axi}_{port}"] for cycle in cycles]
        for port in ("tvalid", "tready", "tdata", "tlast")
    )
    ends = [str(bit) if on else "x" for bit, on in zip(last, valid, strict=True)]
    labelled = _data(data, valid, ready, beats, beat_name(stream))
    return [
        _bit(f"{stream.axi}_tvalid", cycles),
        _bit(f"{stream.axi}_tready", cycles),
        {"name": f"{stream.axi}_tdata", **labelled},
        {"name": f"{stream.axi}_tlast", "wave": _steps(ends)},
    ]


def _bit(port: str, cycles: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    return {"name": port, "wave": _steps([str(cycle[port]) for cycle in cycles])}


def _steps(states: Sequence[str]) -> str:
    """States of a wave: a dot where nothing changes."""
    return "".join(
        "." if n and state == states[n - 1] else state for n, state in enumerate(states)
    )


def _data(
    values: Sequence[int], valid: Sequence[int], ready: Sequence[int], beats: Sequence[int],
    word: str,
) -> dict[str, Any]:
    """A beat that stays is drawn once, one that follows it anew, even if it looks the same."""
    digits = max(len(f"{beat:x}") for beat in beats)
    wave, labels = [], []
    for n, (value, on) in enumerate(zip(values, valid, strict=True)):
        if not on:
            wave.append("." if n and not valid[n - 1] else "x")
        elif n and valid[n - 1] and not ready[n - 1]:
            wave.append(".")
        else:
            wave.append("=")
            long = digits > _DIGITS and value in beats
            labels.append(f"{word} {beats.index(value)}" if long else f"{value:0{digits}x}")
    return {"wave": "".join(wave), "data": labels}
