"""The directed rows of LayerNorm show every bit of a lane's scaled difference."""

import numpy as np

from vit2rtl.golden.units import UNITS
from vit2rtl.golden.units.layernorm_quantizer.directed import reciprocal_root

PARAMETERS = {"lanes": 2, "channels": 18, "width": 16, "bits": 8}
# Of (D x - S) r gain: five bits for D, 16 + 1 for x, 17 each for r and gain, less what cannot be.
WIDTH = 55


def test_a_change_of_one_bit_shows_whatever_another_bit_is():
    unit = UNITS["layernorm_quantizer"]
    shown = np.zeros((WIDTH, WIDTH, 2), bool)  # of a bit, while another one is 0 or 1
    for case in unit.directed(unit.resolve(**PARAMETERS)):
        settings = case.configuration
        for row in {tuple(row) for row in case.inputs["element"].tolist()}:
            count, total = len(row), sum(row)
            variance = count * sum(x * x for x in row) - total**2 + settings["epsilon"]
            root, places = reciprocal_root(variance)
            for n, x in enumerate(row):
                gain, offset = int(settings["gain"][n]), int(settings["offset"][n])
                scaled = (count * x - total) * root * gain
                shift = places + settings["shift"] - 16

                def code(value, shift=shift, offset=offset):
                    product = value >> shift if shift >= 0 else value << -shift
                    return min(max(product + offset + (1 << 15) >> 16, 0), 255)

                changes = [code(scaled ^ 1 << bit) != code(scaled) for bit in range(WIDTH)]
                bits = np.array([scaled >> bit & 1 for bit in range(WIDTH)])
                shown[:, np.arange(WIDTH), bits] |= np.array(changes)[:, None]
    # The lowest bit is never part of a result, so that the one above it counts as lowest.
    missed = [(bit + 1, other + 2, value) for bit, other, value in np.argwhere(~shown[1:, 2:])]
    assert [(bit, *rest) for bit, *rest in missed if bit != rest[0]] == []
