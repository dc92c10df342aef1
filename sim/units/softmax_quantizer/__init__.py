"""Softmax quantizer: rows of logits, groups of queries side by side (R4)."""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.units.contracts import whole_rows
from vit2rtl.sim.units.face import EXHAUSTIVE, SPECIFICATION, STREAM, Face, Part
from vit2rtl.sim.units.softmax_quantizer.bins import bins
from vit2rtl.sim.units.softmax_quantizer.cores import CORES
from vit2rtl.sim.units.softmax_quantizer.model import model

# Small enough for every row, and for solvers.
SMALL = {"width": 4, "rom_bits": 2, "exp_bits": 11}
# As of scale 1, and with both thresholds alike; about two octaves and about a half a logit's step.
SETTINGS = (
    {"multiplier": 40000, "shift": 12, "threshold_a": 1805811302, "threshold_b": 1276901417,
     "threshold_shift": 31},
    {"multiplier": 46341, "shift": 14, "threshold_a": 1 << 31, "threshold_b": 1 << 31,
     "threshold_shift": 32},
)

PLAN = (
    Part(STREAM, "any traffic, stalls and resets of groups of 1 and of up to 2 tokens, as far as "
         "the thresholds: the first codes come after 38 cycles",
         ({"lanes": 1, "tokens": 1, **SMALL}, {"lanes": 1, "tokens": 2, **SMALL}), cycles=20),
    Part("comparison", "every exponent, mantissa and pair of thresholds; 4 bits, 2 bits, and 5 "
         "with an extra zero code", ({"lanes": 1}, {"lanes": 1, "bits": 2},
                                {"lanes": 1, "bits": 5, "zero_code": "extra"}), core=True),
    Part("exponential", "every logit, maximum, shift and mantissa, products being any numbers; "
         "logits of 4 and 12 bits", ({"lanes": 1, **SMALL}, {"lanes": 1}), core=True),
    Part(SPECIFICATION, "directed groups of 2 lanes and up to 8 tokens, and random ones",
         ({"lanes": 2, "tokens": 8, "width": 6, "rom_bits": 3, "exp_bits": 11},)),
    Part(EXHAUSTIVE, "every group of 1 and of 2 logits of 4 bits in 1 lane, two configurations",
         ({"lanes": 1, "tokens": 2, **SMALL},), SETTINGS, columns=(1, 2)),
)

MUTATED = {"tokens": 6, "bits": 6, "width": 8, "rom_bits": 4, "exp_bits": 12}


def interval(instance: Instance) -> int:
    """Of groups as long as there may be: a token a cycle, unless the thresholds take longer."""
    tokens = instance.parameters["tokens"]
    return -(-max(tokens + 1, 8 * instance.lanes + 14) // tokens)


def contract(instance: Instance) -> str:
    """Of groups of as many tokens as there may be, and of fewer."""
    return whole_rows(instance, instance.parameters["tokens"])


FACE = Face(bins=bins, model=model, contract=contract, cores=CORES, plan=PLAN,
            interval=interval, mutated=MUTATED)
