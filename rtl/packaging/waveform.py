"""A timing diagram of simulated cycles: WaveJSON, and the SVG that WaveDrom draws from it."""

import json

import wavedrom

_ROWS = (
    ("aresetn",),
    ("s_axis_tvalid", "s_axis_tready", "s_axis_tdata", "s_axis_tlast"),
    ("m_axis_tvalid", "m_axis_tready", "m_axis_tdata", "m_axis_tlast"),
)
_DIGITS = 8  # longer data are named in the diagram, and spelled out beside it


def wave_json(name, cycles, stimulus, expected):
    """The cycles of :func:`~vit2rtl.rtl.packaging.example.trace` as WaveJSON text.

    Data are hexadecimal, or ``in 0``, ``out 0`` and so on where they are long; they are looked up
    among the beats, and one that is not there is shown as it is.
    """
    signals = [{"name": "aclk", "wave": "p" + "." * (len(cycles) - 1)}]
    for group in _ROWS:
        if len(group) > 1:
            signals.append({})
        for port in group:
            values = [cycle[port] for cycle in cycles]
            if port == "aresetn" or port.endswith(("valid", "ready")):
                signals.append({"name": port, "wave": _steps([str(value) for value in values])})
                continue
            valid = [cycle[f"{port[:6]}_tvalid"] for cycle in cycles]
            ready = [cycle[f"{port[:6]}_tready"] for cycle in cycles]
            if port.endswith("tlast"):
                shown = [str(v) if on else "x" for v, on in zip(values, valid, strict=True)]
                signals.append({"name": port, "wave": _steps(shown)})
            else:
                beats, word = (stimulus, "in") if port[0] == "s" else (expected, "out")
                signals.append(_data(port, values, valid, ready, beats, word))
    diagram = {
        "signal": signals,
        "head": {"text": f"{name}, simulated", "tick": 0},
        "config": {"hscale": 2},
    }
    return json.dumps(diagram, indent=1) + "\n"


def svg(text):
    """WaveJSON drawn by WaveDrom."""
    return wavedrom.render(text).tostring() + "\n"


def _steps(states):
    """States of a wave: a dot where nothing changes."""
    return "".join(
        "." if n and state == states[n - 1] else state for n, state in enumerate(states)
    )


def _data(port, values, valid, ready, beats, word):
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
    return {"name": port, "wave": "".join(wave), "data": labels}
