"""What may be said of a unit: proved, bounded or only simulated, and for which inputs."""

from dataclasses import dataclass

from vit2rtl.sim.formal import plan


@dataclass(frozen=True)
class Claim:
    """One property: ``status`` is proved, bounded or simulated; ``scope`` says for what.

    Proved is for all inputs of the scope and any number of cycles. ``vit2rtl prove`` establishes
    each claim, and fails where it cannot.
    """

    property: str
    status: str
    scope: str
    method: str


def claims(unit_name):
    """``list[Claim]`` of a unit of the registry, in the order of the proofs.

    raises  ValueError naming the unit for which nothing is planned
    """
    return [
        Claim(part.property, plan.STATUS[part.property], part.scope, plan.METHOD[part.property])
        for part in plan.parts(unit_name)
    ]
