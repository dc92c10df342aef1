"""Public functions say what they take and give: read from the source, no framework needed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("golden", "rtl", "sim", "python", "tools")
# Folders that are not done yet.
UNANNOTATED: set[str] = set()


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions, classes, and methods of public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_"):
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(ast.Module(node.body, []))


def lacking(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The parameters without an annotation, ``return`` among them."""
    spec = node.args
    arguments = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    arguments += [one for one in (spec.vararg, spec.kwarg) if one]
    names = [one.arg for one in arguments
             if one.annotation is None and one.arg not in ("self", "cls")]
    return names + (["return"] if node.returns is None else [])


def objects(node: ast.ClassDef) -> list[str]:
    """Fields that are annotated as any object at all."""
    return [ast.unparse(one.target) for one in node.body
            if isinstance(one, ast.AnnAssign) and ast.unparse(one.annotation) == "object"]


def omissions(file: str, text: str) -> list[str]:
    """``file:line name: what lacks``, of a source text."""
    lines = []
    for node in public(ast.parse(text)):
        names = objects(node) if isinstance(node, ast.ClassDef) else lacking(node)
        if names:
            lines.append(f"{file}:{node.lineno} {node.name}: {', '.join(names)}")
    return lines


def of_folder(folder: str) -> list[str]:
    """Of the files in a folder, not of those below it."""
    return [line for path in sorted((ROOT / folder).glob("*.py"))
            for line in omissions(path.relative_to(ROOT).as_posix(),
                                  path.read_text(encoding="utf-8"))]


def folders() -> list[str]:
    paths = {path.parent for top in FOLDERS for path in (ROOT / top).rglob("*.py")}
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


@pytest.mark.parametrize("folder", sorted({*folders()} - UNANNOTATED))
def test_public_signatures_are_annotated(folder):
    assert of_folder(folder) == []


def test_folders_that_are_not_done_exist():
    assert {*folders()} >= UNANNOTATED


def test_an_omission_is_named():
    text = """
class Public:
    value: object
    fine: int
    def method(self, a, *, b: int): ...
    def _own(self, a): ...
def whole(a: int) -> int: ...
async def part(*args, **kwargs) -> None: ...
class _Private:
    def method(self, a): ...
"""
    assert omissions("x.py", text) == [
        "x.py:2 Public: value", "x.py:5 method: a, return", "x.py:8 part: args, kwargs",
    ]
