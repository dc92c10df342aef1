"""Vivado's attributes of the AXI ports, so that IP integrator draws buses instead of wires.

Vivado infers AXI interfaces from the names alone; the attributes also say which clock and reset
belong to which bus (UG994, "List of Supported X_ Attributes").
"""

import re

_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", re.MULTILINE)
_BUSES = {"axi": "aximm", "axis": "axis"}


def annotated(text: str) -> str:
    """Verilog of an AXI top, its first module, with attributes before each port of a bus."""
    top, end, rest = text.partition("endmodule\n")
    signals = filter(None, (_signal(match[3]) for match in _PORT.finditer(top)))
    buses = sorted({bus for bus, _, _ in signals}, reverse=True)
    return _PORT.sub(lambda match: _attributes(match, buses) + match[0], top) + end + rest


def _signal(name: str) -> tuple[str, str, str] | None:
    """Bus, kind and signal: s_axis_table, axis, TDATA of s_axis_table_tdata; None for others."""
    match = re.fullmatch(r"([sm]_(axis?)(?:_\w+)?)_([a-z]+)", name)
    return (match[1], match[2], match[3].upper()) if match else None


def _attributes(match: re.Match, buses: list[str]) -> str:
    name = match[3]
    if name == "aclk":
        kind, role = "signal:clock", "aclk CLK"
        parameter = f"XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF {':'.join(buses)}, "
        parameter += "ASSOCIATED_RESET aresetn"
    elif name == "aresetn":
        kind, role = "signal:reset", "aresetn RST"
        parameter = "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW"
    elif signal := _signal(name):
        bus, axi, role = signal
        kind, role = f"interface:{_BUSES[axi]}", f"{bus} {role}"
        parameter = ""
        if name.startswith("s_axi_") and role == "AWADDR":
            width = int(match[2]) + 1
            parameter = f"XIL_INTERFACENAME {bus}, PROTOCOL AXI4LITE, ADDR_WIDTH {width}"
    else:
        return ""
    info = f'  (* X_INTERFACE_INFO = "xilinx.com:{kind}:1.0 {role}" *)\n'
    return info + (f'  (* X_INTERFACE_PARAMETER = "{parameter}" *)\n' if parameter else "")
