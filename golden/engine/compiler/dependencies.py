"""What has to come before what, from the words that instructions touch."""

from collections.abc import Sequence

from vit2rtl.golden.engine.compiler.atoms import Touched


class History:
    """Who wrote an atom last, and who read it since; instructions are added in order."""

    def __init__(self) -> None:
        self._writer: dict[int, int] = {}
        self._readers: dict[int, list[int]] = {}

    def read_after(self, touched: Touched) -> set[int]:
        """Instructions whose results the next one reads."""
        return {self._writer[atom] for atom in touched.reads if atom in self._writer}

    def write_after(self, touched: Touched) -> set[int]:
        """Instructions that wrote or read what the next one writes."""
        earlier = {self._writer[atom] for atom in touched.writes if atom in self._writer}
        for atom in touched.writes:
            earlier.update(self._readers.get(atom, ()))
        return earlier

    def add(self, number: int, touched: Touched) -> None:
        for atom in touched.reads:
            self._readers.setdefault(atom, []).append(number)
        for atom in touched.writes:
            self._writer[atom] = number
            self._readers[atom] = []


def dependencies(all_touched: Sequence[Touched]) -> list[set[int]]:
    """For each instruction those before it that it must not overtake."""
    history, result = History(), []
    for number, touched in enumerate(all_touched):
        result.append(history.read_after(touched) | history.write_after(touched))
        history.add(number, touched)
    return result
