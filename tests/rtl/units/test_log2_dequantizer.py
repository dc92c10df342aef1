# amaranth: UnusedElaboratable=no
"""The dequantizer equals golden for every code there is."""

import numpy as np
import pytest

from vit2rtl.golden.arithmetic.log_sqrt2 import ZERO_CODES, code_count
from vit2rtl.rtl import Log2Dequantizer


@pytest.mark.parametrize("zero_code", ZERO_CODES)
@pytest.mark.parametrize("bits", range(2, 9))
def test_matches_golden_for_every_code(bench, bits, zero_code):
    codes = np.arange(code_count(bits, zero_code))
    for width in (2, 3, 8, 15, 16, 31, 32):
        dut = Log2Dequantizer(lanes=1, bits=bits, width=width, zero_code=zero_code)
        bench.assert_matches_golden(dut, ({"code": codes}, {}))


def test_known_values(bench):
    """1, 1/√2 and 1/2 in 15 fractional bits, the smallest level, and the zero code."""
    (seen,) = bench.simulate(Log2Dequantizer(lanes=1), ({"code": np.array([0, 1, 2, 14, 15])}, {}))
    assert seen["value"].tolist() == [32768, 23170, 16384, 256, 0]


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        ({"bits": 9}, ValueError, "Bits must be between 2 and 8, not 9"),
        ({"width": 33}, ValueError, "Width must be between 2 and 32, not 33"),
        ({"width": 16.0}, TypeError, "Width must be an integer, not 16.0"),
        ({"lanes": 0}, ValueError, "Lanes must be between 1 and 64, not 0"),
        (
            {"zero_code": "bottom"},
            ValueError,
            "Zero code must be one of top, extra, none, not 'bottom'",
        ),
    ],
)
def test_rejects(parameters, error, text):
    with pytest.raises(error) as caught:
        Log2Dequantizer(**parameters)
    assert str(caught.value) == text
