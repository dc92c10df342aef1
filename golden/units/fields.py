"""Parameters and fields that several units share."""

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.units.unit import Field, Parameter, Parameters

LANES = Parameter(4, "elements a beat; lane 0 is in the least significant bits", 1, 64)
CODE_BITS = Parameter(4, "activation bits", 2, 8)
ZERO_CODE = Parameter("top", "which code means zero", choices=log_sqrt2.ZERO_CODES)


def log_sqrt2_code(p: Parameters) -> Field:
    """log√2 codes of ``bits`` and ``zero_code``, the zero code among them."""
    top = log_sqrt2.code_count(p["bits"], p["zero_code"]) - 1
    return Field("code", top.bit_length(), top=top)
