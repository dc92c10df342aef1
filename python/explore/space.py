"""What is explored: SPACE.toml, read and checked without torch; nothing that it says is ignored."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite, prod
from pathlib import Path
from typing import Any

from vit2rtl.explore.area.parts import PARTS
from vit2rtl.explore.choices import NATIVE, Hardware, Recipe
from vit2rtl.explore.values import check_keys, listed, one_of, path_of, table_of, whole
from vit2rtl.golden.engine.instructions import WORD
from vit2rtl.origin import EMBEDDED
from vit2rtl.quantization.settings import (
    EITHER_WEIGHTS,
    HESSIANS,
    LAYERNORMS,
    METHODS,
    OPTIONS,
    PROFILES,
    SOFTMAXES,
    check_bits,
    check_search,
    check_steps,
)

# Quantized by images from noise, which take minutes to make.
_LEFT_OUT = ("psaq",)
MACS = ("digit", NATIVE)
COSTS = ("cycles", "bops", "bytes", "area")
_COLUMNS = (WORD, 64)
# Rows of a table: planned within seconds.
_MOST_ROWS = 20_000


@dataclass(frozen=True)
class Mixed:
    """A search for widths by layer, see :func:`vit2rtl.explore.mixed.search`.

    cost      what the budgets are shares of
    search    images that rank widths, and ``judge``: others that choose among settings, where it is
              not 0; none of those that measure
    """

    widths: tuple[int, ...]
    cost: str
    budgets: tuple[float, ...]
    search: int = 64
    judge: int = 0


@dataclass(frozen=True)
class Limits:
    """What rows must keep to, at most, to be in the front.

    top1_drop   points of top-1 lost against the float model
    comb, lut   cells of logic of Lattice's parts, and of AMD's
    others      of cycles, multipliers and block memories
    """

    top1_drop: float | None = None
    cycles: float | None = None
    comb: float | None = None
    lut: float | None = None
    multipliers: float | None = None
    memories: float | None = None


@dataclass(frozen=True)
class Space:
    """A space, read.

    data        what the file says
    weights     file of float weights; None for the embedded model, or timm's download
    images      folder; None for the embedded model's own
    calibrate   images that calibrate; ``evaluate``: that measure, drawn by ``seed`` from the others
    """

    data: Mapping[str, Any]
    model: str
    weights: Path | None
    images: Path | None
    calibrate: int
    evaluate: int
    seed: int
    recipes: tuple[Recipe, ...]
    hardware: tuple[Hardware, ...]
    mixed: Mixed | None
    limits: Limits


def read(path: str | Path) -> Space:
    """The space in a file; paths in it are relative to its folder.

    raises   ValueError, one line that names the key and says what would be right
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ValueError(f"Space {path} does not exist") from None
    except IsADirectoryError:
        raise ValueError(f"Space {path} is a folder, not a file *.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"Space {path} is not TOML: {error}") from None
    try:
        return _space(data, path.absolute().parent)
    except ValueError as error:
        raise ValueError(f"Space {path}: {error}") from None


def _space(data: dict[str, Any], folder: Path) -> Space:
    check_keys(data, "", ("model", "weights", "images", "calibrate", "evaluate", "seed", "recipe",
                      "hardware", "mixed", "limits"))
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise ValueError(f"model must be {EMBEDDED} or a name of timm's in quotes, not {model!r}")
    paths = {key: path_of(data, key, folder) for key in ("weights", "images")}
    if model == EMBEDDED and (given := [key for key in paths if paths[key]]):
        raise ValueError(f"{given[0]} must be left out: {EMBEDDED} has its own")
    if model != EMBEDDED and paths["images"] is None:
        raise ValueError("images must be a folder of labelled images, and is missing")
    mixed = _mixed(table_of(data, "mixed")) if "mixed" in data else None
    recipe, hardware = table_of(data, "recipe"), table_of(data, "hardware")
    _check_size(recipe, hardware)
    devices = _hardware(hardware)
    if mixed:
        priced_on(mixed, devices)
    return Space(
        data, model, paths["weights"], paths["images"],
        whole(data, "calibrate", 32, 2), whole(data, "evaluate", 500, 1),
        whole(data, "seed", 0, 0), _recipes(recipe), devices, mixed,
        _limits(table_of(data, "limits")))


def _check_size(*tables: Mapping[str, Any]) -> None:
    """Before anything is crossed."""
    lists = {key: len(value) for table in tables for key, value in table.items()
             if isinstance(value, list) and len(value) > 1}
    if (rows := prod(lists.values())) > _MOST_ROWS:
        crossed = " × ".join(f"{count} {key}" for key, count in lists.items())
        raise ValueError(f"crosses {crossed}: up to {rows:,} rows, and at most {_MOST_ROWS:,} "
                         "can be explored; leave some out")


def priced_on(mixed: Mixed, hardware: Sequence[Hardware]) -> Hardware | None:
    """The first hardware that has the cost of a search; None of costs that need none.

    raises   ValueError where there is none
    """
    if mixed.cost not in ("cycles", "area"):
        return None
    mac = NATIVE if mixed.cost == "area" else MACS[0]
    found = next((one for one in hardware if one.mac == mac), None)
    if found is None:
        raise ValueError(f"[mixed] cost {mixed.cost} needs [hardware] with mac {mac}")
    return found


# Checks of the options of methods, each as a list in [recipe].
_OPTIONS: dict[str, Callable[[Any], None]] = {
    "profile": one_of(PROFILES), "layernorm": one_of(LAYERNORMS),
    "softmax": one_of(SOFTMAXES), "without": check_steps, "mirrors": one_of((False, True)),
    "softmax_bits": lambda value: check_bits("Softmax bits", value),
    "hessian": one_of(HESSIANS), "candidates": lambda value: check_search(value, 1),
    "rounds": lambda value: check_search(1, value), "symmetric_weights": one_of((False, True)),
}


def _has(method: str, option: str) -> bool:
    return option in OPTIONS[method] or (
        option == "symmetric_weights" and method in EITHER_WEIGHTS)


def _recipes(table: dict[str, Any]) -> tuple[Recipe, ...]:
    """All combinations; a method goes without the options that it does not have."""
    name = "recipe"
    check_keys(table, name, ("weights", "activations", "method", *_OPTIONS))
    bits = [listed(table, name, key, lambda value: check_bits("Bits", value), (4,))
            for key in ("weights", "activations")]
    methods = listed(table, name, "method", one_of([*(
        method for method in METHODS if method not in _LEFT_OUT)]), ("closed-form",))
    options = {key: listed(table, name, key, check) for key, check in _OPTIONS.items()
               if key in table}
    for option in options:
        if not any(_has(method, option) for method in methods):
            raise ValueError(f"[{name}] {option} is no option of {' or '.join(methods)}")
    recipes = []
    for method in methods:
        own = {key: values for key, values in options.items() if _has(method, key)}
        for weights, activations, *values in product(*bits, *own.values()):
            recipes.append(Recipe(method, weights, activations,
                                  tuple(zip(own, values, strict=True))))
    return tuple(recipes)


def _array(value: Any) -> None:
    sizes = value.split("x") if isinstance(value, str) else []
    if len(sizes) == 2 and sizes[0] == sizes[1] and sizes[0].isdecimal() and sizes[0].isascii():
        columns = int(sizes[0])
        if _COLUMNS[0] <= columns <= _COLUMNS[1] and columns % WORD == 0:
            return
    raise ValueError(f"must look like \"8x8\": as many rows as columns, a multiple of {WORD} up to "
                     f"{_COLUMNS[1]}, not {value!r}")


def _hardware(table: dict[str, Any]) -> tuple[Hardware, ...]:
    name = "hardware"
    check_keys(table, name, ("array", "groups", "device", "mac", "packed"))
    if not table:
        return ()
    arrays = listed(table, name, "array", _array, ("8x8",))
    groups = listed(table, name, "groups", one_of((1, 2)), (2,))
    devices = listed(table, name, "device", one_of([*PARTS]), ("LFE5U-85F",))
    macs = listed(table, name, "mac", one_of(MACS), ("digit",))
    packed = listed(table, name, "packed", _packed, (0,))
    found = [Hardware(int(array.partition("x")[0]), group, device, mac,
                      0 if mac == NATIVE else blocks)
             for array, group, device, mac, blocks in product(
                 arrays, groups, devices, macs, packed)]
    if wrong := next((one for one in found if one.packed > one.columns), None):
        raise ValueError(f"[{name}] packed must be at most the columns of {wrong.array}, not "
                         f"{wrong.packed}")
    return tuple(dict.fromkeys(found))


def _packed(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("must be columns that multiply in blocks of 18 x 18 bits, 0 or more, not "
                         f"{value!r}")


def _mixed(table: dict[str, Any]) -> Mixed:
    name = "mixed"
    check_keys(table, name, ("widths", "cost", "budgets", "search", "judge"))

    def share(value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise ValueError("must be shares of what 8 bits everywhere cost, above 0 and at most "
                             f"1, not {value!r}")

    cost = table.get("cost", "bops")
    if cost not in COSTS:
        raise ValueError(f"[{name}] cost must be of {', '.join(COSTS)}, not {cost!r}")
    if "budgets" not in table:
        raise ValueError(f"[{name}] budgets must be a list such as [0.2, 0.25, 0.3], and is "
                         "missing")
    return Mixed(
        tuple(listed(table, name, "widths", lambda value: check_bits("Widths", value),
                      (3, 4, 6, 8))),
        cost, tuple(listed(table, name, "budgets", share)), whole(table, "search", 64, 2),
        whole(table, "judge", 0, 0))


def _limits(table: dict[str, Any]) -> Limits:
    keys = tuple(Limits.__dataclass_fields__)
    check_keys(table, "limits", keys)
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not (
                isfinite(value) and value >= 0):
            raise ValueError(f"[limits] {key} must be a number of at least 0, not {value!r}")
    return Limits(**table)
