"""Each unit once more, as naively as Verilog can say it: what the solver compares with.

Written from the definitions and from nothing in ``rtl``: a table, thresholds one by one, a product
as wide as it can get. ``simulation.check_specification`` holds them against the golden functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Specification:
    """Body of a module whose ports are the registry's fields, and where it is defined.

    body    instance -> statements of an ``always @*``; outputs are registers
    sample  instance, columns by field name -> rows of them that lie in the domain (bool array)
    width   instance -> bits of the signed variables ``total`` and ``product``
    product the value of ``product``, where there is one
    domain  instance -> Verilog condition on inputs and configuration
    """

    body: Callable
    domain: Callable
    sample: Callable
    width: Callable = lambda instance: 1
    product: str = ""


def _dequantizer_body(instance):
    """A table of the golden function: every code there is."""
    code, value = instance.inputs[0], instance.outputs[0]
    codes = np.arange(code.range[1] + 1)
    values = instance.evaluate({"code": codes}, {})["value"]
    rows = [
        f"{code.width}'d{c}: value = {value.width}'d{v};"
        for c, v in zip(codes, values, strict=True)
    ]
    return ["case (code)", *rows, "default: value = 0;", "endcase"]


def _quantizer_body(instance):
    """Eq. 18 by its definition: how many thresholds ``T_k`` are above the probability."""
    thresholds = instance.outputs[0].range[1]
    extra = (thresholds + 1) // 2
    return [
        "code = 0;",
        f"for (k = 0; k < {thresholds}; k = k + 1)",
        f"  if (({{{extra}'b0, probability}} << (k >> 1)) < (k & 1 ? threshold_b : threshold_a))",
        "    code = code + 1;",
    ]


def _requantizer_shift(instance):
    base = instance.parameters["shift_base"] or "shift_base"
    return f"{base} + shift" if instance.parameters["shift_width"] else f"{base}"


def _requantizer_body(instance):
    """R1: wide product, half a unit, arithmetic shift, zero point, clip."""
    width = _requantizer_width(instance)
    top = (1 << instance.parameters["bits"]) - 1
    return [
        f"n = {_requantizer_shift(instance)};",
        "total = product;",
        f"total = total + ({width}'sd1 <<< (n - 1));",
        "total = total >>> n;",
        "total = total + zero_point;",
        f"code = total < 0 ? 0 : total > {top} ? {top} : total;",
    ]


def _requantizer_width(instance):
    """Nothing overflows: the product or half a unit at the largest shift, zero point, signs."""
    p = instance.parameters
    return max(p["acc_width"] + p["multiplier_width"], 48, instance.configuration[-1].width) + 3


def _requantizer_domain(instance):
    p = instance.parameters
    limits = (
        []
        if p["shift_base"]
        else [
            f"{{2'b0, shift_base}} + {'shift' if p['shift_width'] else '0'} >= 1",
            f"{{2'b0, shift_base}} + {'shift' if p['shift_width'] else '0'} <= 47",
        ]
    )
    if p["acc_width"] == 32:
        limits.append("acc != 32'sh80000000")  # golden asks for |acc| < 2**31
    return " && ".join(limits) or "1"


def _quantizer_sample(instance, columns):
    """Golden takes one pair of thresholds at a time: a handful, each ``b <= a <= 2 * b``."""
    a, b = columns["threshold_a"], columns["threshold_b"]
    fits = np.flatnonzero((0 < b) & (b <= a) & (a <= 2 * b))
    pairs = fits[:: max(1, len(fits) // 40)]
    row = pairs[np.arange(len(a)) % len(pairs)]
    a[:], b[:] = a[row], b[row]
    return np.ones(len(a), dtype=bool)


def _requantizer_sample(instance, columns):
    p = instance.parameters
    shift = (p["shift_base"] or columns["shift_base"]) + columns.get("shift", 0)
    return (shift >= 1) & (shift <= 47) & (columns["acc"] > -(1 << 31))


SPECIFICATIONS: Mapping[str, Specification] = {
    "log2_dequantizer": Specification(
        _dequantizer_body,
        lambda instance: f"code <= {instance.inputs[0].range[1]}",
        lambda instance, columns: np.ones(len(columns["code"]), dtype=bool),
    ),
    "log_sqrt2_quantizer": Specification(
        _quantizer_body,
        lambda instance: (
            "threshold_b != 0 && threshold_b <= threshold_a && "
            "{1'b0, threshold_a} <= {threshold_b, 1'b0}"
        ),
        _quantizer_sample,
    ),
    "requantizer": Specification(
        _requantizer_body,
        _requantizer_domain,
        _requantizer_sample,
        _requantizer_width,
        "acc * $signed({1'b0, multiplier})",
    ),
}


def of(unit_name):
    """The specification of a unit; a ValueError names the unit that has none."""
    if unit_name not in SPECIFICATIONS:
        raise ValueError(
            f"{unit_name} has no naive Verilog to be proved equal to: "
            "add one to vit2rtl.sim.formal.specifications"
        )
    return SPECIFICATIONS[unit_name]


def module(instance, *, product_given=False):
    """The Verilog module ``specification`` of one lane; ``defined`` is high on its domain.

    With ``product_given`` its ``product`` is an input.
    """
    specification = of(instance.unit.name)
    width = specification.width(instance)
    product = f"signed [{width - 1}:0] product"
    ports = [
        *(_port("input", f) for f in (*instance.inputs, *instance.configuration)),
        *(_port("output reg", f) for f in instance.outputs),
        "output defined",
        *([f"input {product}"] if product_given else []),
    ]
    computed = f"  wire {product} = {specification.product};\n" if specification.product else ""
    body = "\n".join(f"    {line}" for line in specification.body(instance))
    return (
        f"module specification(\n  {', '.join(ports)}\n);\n"
        "  integer k;\n  reg [6:0] n;\n"
        f"  reg signed [{width - 1}:0] total;\n"
        f"{'' if product_given else computed}"
        f"  assign defined = {specification.domain(instance)};\n"
        f"  always @* begin\n    k = 0;\n    n = 0;\n    total = 0;\n{body}\n  end\nendmodule\n"
    )


def _port(direction, field):
    return f"{direction} {'signed ' if field.signed else ''}[{field.width - 1}:0] {field.name}"
