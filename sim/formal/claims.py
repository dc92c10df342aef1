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


def claims(unit_name: str) -> list[Claim]:
    """What is claimed of a unit of the registry, in the order of the proofs.

    raises  ValueError naming the unit for which nothing is planned
    """
    return [
        Claim(part.property, plan.status(part), part.scope, plan.method(part))
        for part in plan.parts(unit_name)
    ]
