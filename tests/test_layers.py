"""Arrows point one way: what each folder may import, of the project and of the heavy packages."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("golden", "rtl", "sim", "python", "tools")


@dataclass(frozen=True)
class Layer:
    """A row of the table; a folder's row holds for what is below it and has no row of its own.

    own    folders of the project, with all below them, beside itself
    heavy  packages that it may import anywhere
    used   packages that it may import in functions only: when used
    """

    own: str = ""
    heavy: str = ""
    used: str = ""


BELOW = "golden/arithmetic golden/files golden/registry.py"
LAYERS = {
    "golden": Layer("golden", "numpy"),
    "golden/registry.py": Layer(),
    "golden/arithmetic": Layer("", "numpy"),
    "golden/files": Layer(),
    "golden/units": Layer("golden/arithmetic golden/registry.py", "numpy"),
    "golden/program": Layer(BELOW, "numpy", "safetensors PIL"),
    "golden/engine": Layer(f"{BELOW} golden/units golden/program", "numpy"),
    "golden/vectors": Layer(f"{BELOW} golden/units golden/program", "numpy"),
    "rtl": Layer("rtl golden/units golden/arithmetic golden/registry.py", "amaranth numpy"),
    "rtl/engine": Layer(f"rtl {BELOW} golden/units golden/engine", "amaranth numpy"),
    "rtl/engine/package.py": Layer(
        f"rtl {BELOW} golden/units golden/engine golden/vectors"),
    "rtl/verilog": Layer(f"rtl {BELOW} golden/units", "amaranth numpy"),
    "rtl/packaging": Layer(f"rtl {BELOW} golden/units golden/vectors", "amaranth numpy"),
    "rtl/synthesis": Layer(f"rtl {BELOW} golden/units golden/engine python/farm",
                           "amaranth numpy"),
    "sim": Layer("sim golden rtl python/farm",
                 "cocotb cocotb_tools numpy bitwuzla filelock platformdirs",
                 "find_libpython amaranth"),
    "sim/units": Layer("sim/coverage sim/formal sim/mutation golden rtl", "numpy"),
    "python/quantization": Layer("golden", "torch numpy"),
    "python/models": Layer("golden python/quantization", "torch timm safetensors numpy",
                           "PIL mlxtend"),
    "python/models/images.py": Layer("golden python/models", "torch timm PIL"),
    "python/models/hub.py": Layer("", "", "huggingface_hub"),
    "python/lowering": Layer("golden python/quantization python/models", "torch timm numpy"),
    "python/detection": Layer("golden python/quantization python/models",
                              "torch timm torchvision safetensors numpy", "PIL pycocotools"),
    "python/onnx": Layer("golden python/quantization python/models python/lowering "
                         "python/quantized_vit.py python/evaluation",
                         "torch numpy onnx onnxruntime"),
    "python/evaluation": Layer("python/models", "torch"),
    "python/explore": Layer("golden rtl python", "torch numpy",
                            "scipy safetensors altair vl_convert matplotlib"),
    "python/explore/report": Layer("golden/files python/report",
                                   "matplotlib PIL altair vl_convert"),
    "python/farm": Layer("golden/files", "", "dask distributed dask_jobqueue"),
    "python/report": Layer("golden rtl/synthesis", "matplotlib PIL numpy"),
    "python/generated_images.py": Layer("golden python", "torch numpy safetensors PIL tqdm"),
    "python": Layer("golden rtl sim python", "torch numpy safetensors"),
    "python/__init__.py": Layer("python/api.py", ""),
    "python/api.py": Layer("", "", "torch numpy"),
    "sim/tools/system.py": Layer(),
    "tools": Layer("sim/tools/system.py"),
    "tools/torchvision_hook.py": Layer("", "", "torch"),
    "tools/mutate_python.py": Layer("tools/mutants.py"),
    "tools/compare_families.py": Layer("tools/train_mnist_vit.py python golden/files",
                                       "torch safetensors click"),
    "tools/train_detector.py": Layer("tools/train_mnist_vit.py python/detection",
                                     "torch click tqdm"),
    "tools/train_mnist_vit.py": Layer("golden/files python/models",
                                      "torch safetensors click tqdm"),
}
# Light ones, anywhere in the packages of `python/`.
LIGHT = {"click", "tqdm"}
# Import of the project what they use, when they use it.
LAZY = {"python/api.py"}


@dataclass(frozen=True)
class Import:
    """A module that a line imports; ``typing``: for type checkers alone; ``inner``: in a body."""

    line: int
    module: str
    inner: bool
    typing: bool


def imports(text: str) -> Iterator[Import]:
    """Every import of a source text; of ``from a import b`` both ``a.b``."""
    yield from _imports(ast.parse(text), inner=False, typing=False)


def _imports(node: ast.AST, *, inner: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(child.lineno, alias.name, inner, typing)
        elif isinstance(child, ast.ImportFrom):
            for alias in child.names:
                module = f"{'.' * child.level}{child.module or ''}.{alias.name}"
                yield Import(child.lineno, module, inner, typing)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            checking = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            yield from _imports(child, inner=inner or function, typing=typing or checking)


def place(module: str) -> str:
    """The file or folder of a module of the project: ``golden/units``, ``python/cli.py``."""
    parts = module.removeprefix("vit2rtl.").split(".")
    if parts[0] not in ("golden", "rtl", "sim", "tools"):
        parts = ["python", *parts]
    for size in range(len(parts), 0, -1):
        path = "/".join(parts[:size])
        if (ROOT / f"{path}.py").is_file():
            return f"{path}.py"
        if (ROOT / path).is_dir():
            return path
    raise AssertionError(f"{module} is no module of the project")


def row(file: str) -> str:
    """The key of the row that holds for a file."""
    parts = file.split("/")
    keys = ("/".join(parts[:size]) for size in range(len(parts), 0, -1))
    return next(key for key in keys if key in LAYERS)


def below(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def breaches(file: str, text: str) -> list[str]:
    """``file:line imports module`` of every import that the table does not allow."""
    key = row(file)
    layer = LAYERS[key]
    return [f"{file}:{one.line} imports {one.module}" for one in imports(text)
            if not one.typing and not _allowed(one, file, key, layer)]


def _allowed(one: Import, file: str, key: str, layer: Layer) -> bool:
    if one.module.startswith("."):
        return False
    top = one.module.partition(".")[0]
    # The last two: set-up runs in a clone, before anything is installed.
    if top in ("vit2rtl", "sim", "tools"):
        if one.module == "vit2rtl.__version__" or (key in LAZY and one.inner):
            return True
        return below(place(one.module), [*layer.own.split(), key])
    if top in sys.stdlib_module_names or top in layer.heavy.split():
        return True
    if top in LIGHT:
        return file.startswith("python/") and key not in LAZY
    return one.inner and top in layer.used.split()


def sources() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_every_import_is_allowed():
    assert [line for file, text in sources() for line in breaches(file, text)] == []


@pytest.mark.parametrize(
    ("file", "text", "breach"),
    [
        ("golden/arithmetic/x.py", "import torch", "1 imports torch"),
        ("golden/program/x.py", "import PIL", "1 imports PIL"),
        ("golden/files/x.py", "import numpy", "1 imports numpy"),
        ("golden/arithmetic/x.py", "\nfrom vit2rtl.golden.units import UNITS",
         "2 imports vit2rtl.golden.units.UNITS"),
        ("golden/units/x.py", "from . import unit", "1 imports ..unit"),
        ("rtl/units/x.py", "from vit2rtl.sim.tools import builds",
         "1 imports vit2rtl.sim.tools.builds"),
        ("sim/formal/x.py", "def f():\n    import torch", "2 imports torch"),
        ("sim/run/x.py", "from vit2rtl import checkpoint", "1 imports vit2rtl.checkpoint"),
        ("python/quantization/x.py", "import timm.models", "1 imports timm.models"),
        ("python/quantization/x.py", "from vit2rtl.models import zoo",
         "1 imports vit2rtl.models.zoo"),
        ("python/models/x.py", "from vit2rtl.lowering.lower import lower",
         "1 imports vit2rtl.lowering.lower.lower"),
        ("python/api.py", "import torch", "1 imports torch"),
        ("tools/x.py", "import numpy", "1 imports numpy"),
        ("tools/x.py", "from sim.tools import builds", "1 imports sim.tools.builds"),
    ],
)
def test_a_breach_is_named(file, text, breach):
    assert breaches(file, text) == [f"{file}:{breach}"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("golden/program/x.py", "def f():\n    from PIL import Image"),
        ("python/api.py", "if TYPE_CHECKING:\n    import torch"),
        ("python/api.py", "def f():\n    from vit2rtl import checkpoint"),
        ("python/commands/x.py", "from vit2rtl.lowering.lower import lower"),
    ],
)
def test_what_the_table_allows_is_no_breach(file, text):
    assert breaches(file, text) == []


def test_every_folder_of_the_tree_has_a_row():
    assert {row(file) for file, _ in sources()} == set(LAYERS)


def test_flat_files_are_few():
    flat = [path for folder in ("golden", "python") for path in (ROOT / folder).glob("*.py")]
    assert len(flat) <= 20
