"""What options are thought to add to the noise, corrected by every assignment that is measured.

An assignment takes one option of each group, and its noise is a sum: each measurement of one is a
linear equation in what the options add, and tells most of those that are least sure (Kalman 1960).
So an option that promised too much by chance is found out once it is part of a measured
assignment, and the next assignment does without it.
"""

from collections.abc import Sequence

import numpy as np

# Of the anchor's noise: how far an option's estimate is off, and how far noises are from adding up.
_OFF, _APART = 0.06, 0.05


class Belief:
    """About options, in shares of the anchor's noise.

    groups     of each option, a name
    expected   what each adds; 0 of those that the anchor has
    known      which are known for sure: those that the anchor has
    costs      of each option
    """

    def __init__(
        self, groups: Sequence[str], expected: Sequence[float], known: Sequence[bool],
        costs: Sequence[float],
    ) -> None:
        self.mean = np.array(expected, float)
        self.covariance = np.diag(np.where(known, 0.0, _OFF**2))
        self._costs = np.array(costs, float)
        self._one_of = np.array([[name == group for name in groups]
                                 for group in dict.fromkeys(groups)], float)

    def best(self, budget: float) -> np.ndarray | None:
        """bool[options]: the assignment with the least noise within a budget, by integer
        programming (HiGHS); None where there is none."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        result = milp(
            self.mean, integrality=np.ones(len(self.mean)), bounds=Bounds(0, 1),
            constraints=[LinearConstraint(self._one_of, 1, 1),
                         LinearConstraint(self._costs[np.newaxis], -np.inf, budget)])
        return None if result.x is None else result.x > 0.5

    def predicted(self, chosen: np.ndarray) -> float:
        """Noise of an assignment, as a share of the anchor's."""
        return 1 + float(self.mean[chosen].sum())

    def learn(self, chosen: np.ndarray, noise: float) -> None:
        """Correct the options of an assignment that was measured.

        noise   as a share of the anchor's
        """
        spread = self.covariance @ chosen
        gain = spread / (chosen @ spread + _APART**2)
        self.mean += gain * (noise - self.predicted(chosen))
        self.covariance -= np.outer(gain, spread)
