"""What the inputs of a unit keep to, its domain: a mutant that shows only elsewhere is no bug."""

from collections.abc import Sequence

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Field, Limit, Stream
from vit2rtl.rtl.verilog.describe import axi_ports


def environment(instance: Instance) -> str:
    """Verilog of a module ``environment``: every input of the AXI4-Stream top, output ``assumed``.

    ``assumed`` is high where the inputs are what the unit may meet: a limit on the fields of a
    stream counts in each lane while its ``tvalid`` is high, one on configuration alone always. No
    table is sent while data come.
    """
    inputs = [port for port in axi_ports(instance) if port["direction"] == "input"]
    ports = "\n".join(f"  input [{port['width'] - 1}:0] {port['name']}," for port in inputs)
    streams = [stream for stream in instance.streams if stream.enters]
    claims = [f"{f.name} <= {f.top}" for f in instance.configuration if f.top is not None]
    claims += [limit.verilog(instance.fields) for limit in _limits(instance, ())]
    claims += [f"{s.name}_lane[{lane}]" for s in streams for lane in range(s.lanes)]
    claims += [f"!{t.axi}_tvalid || !{s.axi}_tvalid"
               for t in instance.tables for s in instance.sources]
    lanes = "".join(_lanes(instance, stream) for stream in streams)
    return f"""\
module environment (
{ports}
  output assumed
);
{lanes}  assign assumed = {_all(claims)};
endmodule
"""


def _limits(instance: Instance, fields: Sequence[Field]) -> list[Limit]:
    """Limits on these fields of a stream, or on none of any stream, and on configuration.

    One on fields of several streams is left out: elements of a place come at different times.
    """
    configuration = {field.name for field in instance.configuration}
    own = {field.name for field in fields}
    return [
        limit
        for limit in instance.domain
        if (names := set(limit.terms) & set(instance.fields)) <= own | configuration
        and bool(names & own) == bool(own)
    ]


def _lanes(instance: Instance, stream: Stream) -> str:
    claims = [f"{f.name} <= {f.top}" for f in stream.fields if f.top is not None]
    claims += [limit.verilog(instance.fields) for limit in _limits(instance, stream.fields)]
    blocks = "".join(_lane(stream, lane, claims) for lane in range(stream.lanes))
    return f"  wire [{stream.lanes - 1}:0] {stream.name}_lane;\n{blocks}"


def _lane(stream: Stream, lane: int, claims: Sequence[str]) -> str:
    wires, low = "", lane * stream.lane_bits
    for field in stream.fields:
        wires += f"    wire [{field.width - 1}:0] {field.name}"
        wires += f" = {stream.axi}_tdata[{low} +: {field.width}];\n"
        low += field.width
    return f"""\
  generate if (1) begin : {stream.name}_fields_{lane}
{wires}    assign {stream.name}_lane[{lane}] = !{stream.axi}_tvalid || ({_all(claims)});
  end endgenerate
"""


def _all(claims: Sequence[str]) -> str:
    return " && ".join(f"({claim})" for claim in claims) or "1'b1"
