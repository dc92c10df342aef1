"""The naive Verilog of a unit's face as a module: what the solver compares one lane with.

``simulation.check_specification`` holds it against the golden function.
"""

from collections.abc import Sequence

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Field
from vit2rtl.sim.units import FACES
from vit2rtl.sim.units.face import Specification, condition


def element_fields(instance: Instance) -> tuple[Field, ...]:
    """What the function of one element depends on: its fields and the configuration."""
    return (*instance.inputs, *instance.configuration)


def specification_of(instance: Instance) -> Specification:
    """The naive Verilog of one lane; ValueError for a unit that has none."""
    specification = FACES[instance.unit.name].specification
    if specification is None:
        raise ValueError(f"Unit {instance.unit.name} has no naive Verilog of one lane in its FACE")
    return specification


def module(instance: Instance, *, product_given: bool = False) -> str:
    """The Verilog module ``specification`` of one lane; ``defined`` is high on its domain.

    With ``product_given`` its ``product`` is an input.
    """
    specification = specification_of(instance)
    width = specification.width(instance)
    product = f"signed [{width - 1}:0] product"
    fields = element_fields(instance)
    ports = [
        *(_port("input", f) for f in fields),
        *(_port("output reg", f) for f in instance.outputs),
        "output defined",
        *([f"input {product}"] if product_given else []),
    ]
    computed = ""
    if specification.product and not product_given:
        computed = f"  wire {product} = {specification.product.verilog()};\n"
    return _MODULE.format(
        ports=", ".join(ports),
        top=width - 1,
        computed=computed,
        defined=condition(instance, fields),
        body=_indented(specification.body(instance)),
    )


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def _port(direction: str, field: Field) -> str:
    return f"{direction} {'signed ' if field.signed else ''}[{field.width - 1}:0] {field.name}"


_MODULE = """\
module specification(
  {ports}
);
  integer k;
  reg [6:0] n;
  reg signed [{top}:0] total;
{computed}  assign defined = {defined};
  always @* begin
    k = 0;
    n = 0;
    total = 0;
{body}
  end
endmodule
"""
