"""What the inputs of a unit keep to: a mutant that shows only elsewhere is no bug."""

import re

from vit2rtl.rtl.verilog.describe import axi_ports, lane_fields


def _log_sqrt2_quantizer(parameters):
    return (
        "threshold_b != 0",
        "threshold_b <= threshold_a",
        "{1'b0, threshold_a} <= {threshold_b, 1'b0}",
    )


def _requantizer(parameters):
    if parameters["shift_base"]:
        return ()
    shift = "shift_base + shift" if parameters["shift_width"] else "shift_base"
    return f"{shift} >= 1", f"{shift} <= 47"


# Verilog expressions over configuration inputs and the fields of a lane. The range of a field is
# the registry's; a unit that is not here may meet every value of its fields.
ASSUMPTIONS = {"log_sqrt2_quantizer": _log_sqrt2_quantizer, "requantizer": _requantizer}


def environment(instance):
    """Verilog of a module ``environment``: every input of the AXI4-Stream top, output ``assumed``.

    ``assumed`` is high where the inputs are what the unit may meet: a claim on the fields of a
    lane counts while ``s_axis_tvalid`` is high, one on configuration inputs alone counts always.
    """
    inputs = [port for port in axi_ports(instance) if port["direction"] == "input"]
    ports = "\n".join(f"  input [{port['width'] - 1}:0] {port['name']}," for port in inputs)
    claims = ASSUMPTIONS.get(instance.unit.name, lambda parameters: ())(instance.parameters)
    names = "|".join(field.name for field in instance.inputs)
    of_lanes = [claim for claim in claims if re.search(rf"\b({names})\b", claim)]
    of_lanes += [f"{f.name} <= {f.top}" for f in instance.inputs if f.top is not None]
    held = [claim for claim in claims if claim not in of_lanes]
    held += [f"lane[{lane}]" for lane in range(instance.lanes)]
    lanes = "".join(_lane(instance, lane, of_lanes) for lane in range(instance.lanes))
    return f"""\
module environment (
{ports}
  output assumed
);
  wire [{instance.lanes - 1}:0] lane;
{lanes}  assign assumed = {_all(held)};
endmodule
"""


def _lane(instance, lane, claims):
    low = lane * instance.sources[0].lane_bits
    wires = "".join(
        f"    wire [{field['width'] - 1}:0] {field['name']}"
        f" = s_axis_tdata[{low + field['lsb']} +: {field['width']}];\n"
        for field in lane_fields(instance.inputs)
    )
    return f"""\
  generate if (1) begin : fields_{lane}
{wires}    assign lane[{lane}] = !s_axis_tvalid || ({_all(claims)});
  end endgenerate
"""


def _all(claims):
    return " && ".join(f"({claim})" for claim in claims) or "1'b1"
