"""Matmul array in simulation: bins of tiles and products, a naive model, bounded proofs."""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.units.face import FUNCTION, SPECIFICATION, Face, Part
from vit2rtl.sim.units.matmul_array.bins import bins
from vit2rtl.sim.units.matmul_array.cores import CORES
from vit2rtl.sim.units.matmul_array.model import model

_SMALL = {"lanes": 1, "rows": 1, "acc_width": 8, "depth": 2}
_PACKED = {"lanes": 2, "rows": 2, "acc_width": 10, "depth": 2, "lane": "packed"}
_CODES = {"lanes": 1, "rows": 1, "acc_width": 10, "depth": 2, "weights": "codes"}


def interval(instance: Instance) -> int:
    """Of tiles of many passes 1; of the shortest ones, which wait for weights and banks, more."""
    return 2 if instance.parameters["depth"] > instance.lanes else 4


FACE = Face(
    bins=bins,
    model=model,
    waits=("i", "i_weight"),
    pauses=("i_weight",),
    interval=interval,
    mutated={"rows": 2, "depth": 4, "acc_width": 10},
    cores=CORES,
    plan=(
        Part(
            FUNCTION,
            "any shape of tiles, codes, weights and traffic; 1 column of 1 row, 8-bit "
            "accumulators, 2 tokens",
            (_SMALL,),
            cycles=14,
        ),
        Part(
            "columns",
            "every code and operand of 1 row: by digits of two bits, of 4, 5 and 6; and of two "
            "rows in a multiplier, of 3 bits",
            (*({**_SMALL, "base": base} for base in (4, 5, 6)), _PACKED),
            core=True,
        ),
        Part(
            SPECIFICATION,
            "directed tiles and random ones of the same shapes; signed weights in both forms, "
            "weights that are codes, a base of 5 bits",
            (
                {"lanes": 2, "rows": 2, "depth": 4},
                _PACKED,
                {"lanes": 2, "rows": 2, "depth": 4, "weights": "codes"},
                {"lanes": 1, "rows": 2, "depth": 4, "base": 5},
            ),
        ),
    ),
)
