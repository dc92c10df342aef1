"""The mutation run of Python: which mutants there are, and that they are imported, not written."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import mutate_python
from tools.mutants import mutants_of

ROOT = Path(__file__).resolve().parents[2]
SOURCE = '''"""Text 1 stays."""
def f(x: int = 2, *, y: bool = True) -> int:
    """So does 3."""
    if x is None:
        return None
    if not x or x <= 4:
        raise ValueError(f"{x + 5} is {y} and 6")
    check(x)
    match x:
        case 8 | "nine":
            x -= max(-x, 7.5)
    x = y.reshape(-1, 6)
    return x if x is not None else y
'''
CHANGES = """\
(2 + 1) for 2
False for True
(not (x is None)) for x is None
is not for is
(not (not x or x <= 4)) for not x or x <= 4
 for not
and for or
< for <=
> for <=
(4 + 1) for 4
pass for raise ValueError(f"{x + 5} is {y} and 6")
pass for check(x)
9 for 8
+= for -=
min for max
 for -
(7.5 + 1) for 7.5
(6 + 1) for 6
 for -
return None for return x if x is not None else y
(not (x is not None)) for x is not None
is for is not"""


def test_every_operator_number_and_statement_is_changed(tmp_path):
    path = tmp_path / "f.py"
    path.write_text(SOURCE)
    mutants = mutants_of(path, "golden/f.py")
    source = path.read_bytes()
    changes = [f"{m.change[2]} for {source[m.change[0]:m.change[1]].decode()}" for m in mutants]
    assert sorted(changes) == sorted(CHANGES.splitlines())
    for mutant in mutants:
        compile(mutant.text(source), "f.py", "exec")
        assert mutant.text(source) != source
    (loop,) = [m for m in mutants if m.change[2] == "+="]
    assert (str(loop), loop.line) == (
        "golden/f.py: x -= max(-x, 7.5) -> x += max(-x, 7.5)", 11)


def test_every_mutant_of_the_project_compiles_and_has_tests():
    mutants = mutate_python.all_mutants()
    assert len(mutants) > 5000
    sources = {m.file: (ROOT / m.file).read_bytes() for m in mutants}
    assert all(mutant.text(sources[mutant.file]) != sources[mutant.file] for mutant in mutants)
    for mutant in mutants[::10]:
        compile(mutant.text(sources[mutant.file]), mutant.file, "exec")
    for file in sources:
        assert all((ROOT / tests).exists() for tests in mutate_python.tests_of(file)), file


def test_what_is_called_equivalent_is_a_mutant_and_has_a_reason():
    every = {str(mutant) for mutant in mutate_python.all_mutants()}
    for mutant, reason in mutate_python.reviewed().items():
        assert mutant in every, mutant
        assert reason, mutant


def test_a_mutant_is_imported_and_the_file_stays():
    program = """if True:
        import sys
        from tools import mutate_python
        (mutant,) = [m for m in mutate_python.all_mutants("arithmetic/residual")
                     if m.before.startswith("return -(1 <<") and m.change[2] == ""]
        sys.meta_path.insert(0, mutate_python.Mutated(mutant))
        from vit2rtl.golden.arithmetic import residual
        print(residual.limits(4))
    """
    before = (ROOT / "golden/arithmetic/residual.py").read_bytes()
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(8, 7)\n", "")
    assert (ROOT / "golden/arithmetic/residual.py").read_bytes() == before


def test_the_score_leaves_reviewed_mutants_out():
    first, second, third, *_ = mutate_python.all_mutants("arithmetic/residual")
    text, score = mutate_python.table(
        {first: True, second: False, third: False}, {str(second): "why"})
    assert score == pytest.approx(1 / 2)
    assert text.splitlines()[2:] == [
        "| golden/arithmetic | 3 | 1 | 1 | 1 | 50.0 % |",
        "| all of them | 3 | 1 | 1 | 1 | 50.0 % |",
    ]
