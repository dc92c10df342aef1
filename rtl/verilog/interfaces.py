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
    names = [match[3] for match in _PORT.finditer(top)]
    prefixes = (re.match(r"[sm]_axis?(?=_)", name) for name in names)
    buses = sorted({prefix[0] for prefix in prefixes if prefix}, reverse=True)
    return _PORT.sub(lambda match: _attributes(match, buses) + match[0], top) + end + rest


def _attributes(match, buses):
    name = match[3]
    if name == "aclk":
        kind, role = "signal:clock", "aclk CLK"
        parameter = f"XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF {':'.join(buses)}, "
        parameter += "ASSOCIATED_RESET aresetn"
    elif name == "aresetn":
        kind, role = "signal:reset", "aresetn RST"
        parameter = "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW"
    else:
        found = re.fullmatch(r"([sm]_(axis?))_(\w+)", name)
        if not found:
            return ""
        kind, role = f"interface:{_BUSES[found[2]]}", f"{found[1]} {found[3].upper()}"
        parameter = ""
        if name == "s_axi_awaddr":
            width = int(match[2]) + 1
            parameter = f"XIL_INTERFACENAME s_axi, PROTOCOL AXI4LITE, ADDR_WIDTH {width}"
    info = f'  (* X_INTERFACE_INFO = "xilinx.com:{kind}:1.0 {role}" *)\n'
    return info + (f'  (* X_INTERFACE_PARAMETER = "{parameter}" *)\n' if parameter else "")
