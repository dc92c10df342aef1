"""What became of the mutants of one instance."""

from dataclasses import dataclass, field
from typing import Any

BAR = 0.95


@dataclass(frozen=True)
class Score:
    """The mutants of an instance, each killed, equivalent or a survivor.

    ``killed``      bench to numbers of the mutants that it was the first to fail for
    ``equivalent``  numbers of those proved to make no difference
    ``survivors``   numbers of the others
    ``seconds``     of the whole run: sampling, compiling, simulating, proving
    """

    instance: str
    unit: str
    parameters: dict
    mutants: tuple
    killed: dict[str, list[int]]
    equivalent: list[int]
    survivors: list[int]
    seconds: float = field(compare=False, default=0.0)

    @property
    def value(self) -> float:
        """Killed mutants over those that are not equivalent, 0 to 1; 1 where there are none."""
        judged = len(self.mutants) - len(self.equivalent)
        return sum(map(len, self.killed.values())) / judged if judged else 1.0

    @property
    def passed(self) -> bool:
        return self.value >= BAR

    def line(self) -> str:
        """One line of a report."""
        killed = {bench: len(numbers) for bench, numbers in self.killed.items() if numbers}
        benches = ", ".join(f"{bench} {count}" for bench, count in killed.items())
        return (
            f"{self.instance}: {len(self.mutants)} mutants, {sum(killed.values())} killed"
            f"{f' ({benches})' if benches else ''}, {len(self.equivalent)} equivalent, "
            f"{len(self.survivors)} survived: {self.value:.1%}"
        )

    def described(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "instance": self.instance,
            "unit": self.unit,
            "parameters": self.parameters,
            "mutants": len(self.mutants),
            "killed": {bench: len(numbers) for bench, numbers in self.killed.items()},
            "equivalent": len(self.equivalent),
            "score": round(self.value, 4),
            "seconds": round(self.seconds, 1),
            "survivors": [
                {"number": n, **self.mutants[n - 1].described()} for n in self.survivors
            ],
        }
