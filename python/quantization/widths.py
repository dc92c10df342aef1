"""Widths by name: every quantity of a network has one, and a rule gives bits to those it matches.

Quantities are named as in programs: ``blocks.0.attn.qkv.weight``, ``blocks.0.attn.qkv.input``,
``blocks.0.attn.qkv.q``, ``blocks.0.attn.softmax``. A rule is ``PATTERN=BITS``, of several rules
that match the last one counts. None of it needs torch.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from vit2rtl.quantization.settings import check_bits

Rules = tuple[str, ...]
# What a rule may be given as: {pattern: bits}, or texts.
Given = Mapping[str, int | str] | Iterable[str]

_BITS = re.compile(r"w(\d{1,9})a(\d{1,9})(\+{0,2})", re.IGNORECASE | re.ASCII)
_RULE = re.compile(r"([^=\s]+)=(?:w(\d{1,9})a)?(\d{1,9})", re.IGNORECASE | re.ASCII)
# The first block of a ViT, and of a Swin.
_FIRST_BLOCK = "blocks.0.*,layers.0.blocks.0.*"


def parse_bits(text: str) -> tuple[int, int, Rules]:
    """``"w4a8"`` -> (4, 8, ()): bits of weights, of activations, and the rules of a preset, which
    ``+`` or ``++`` behind them names; a ValueError for widths that they cannot have."""
    match = _BITS.fullmatch(text)
    if not match:
        raise ValueError(f"Bits must look like w4a4 (weights 4, activations 4), w4a4+ or w4a4++, "
                         f"not {text!r}")
    weights, activations = int(match[1]), int(match[2])
    check_bits("Weight bits", weights)
    check_bits("Activation bits", activations)
    return weights, activations, rules_of(preset(weights, activations, len(match[3])))


def preset(weight_bits: int, activation_bits: int, more: int) -> Rules:
    """So many bits more where they gain most: fc2's input and the first block; with two, q and k
    get one more, too."""
    w, a = weight_bits + more, activation_bits + more
    query_key = (f"*.qkv.[qk]={activation_bits + 1}",) if more == 2 else ()
    return (f"*.fc2.input={a}", _rule(_FIRST_BLOCK, w, a), *query_key) if more else ()


def rules_of(given: Given) -> Rules:
    """Rules as texts ``PATTERN=BITS``, checked, those that mean the same spelled alike.

    ``BITS`` is ``w5a6``, for the weights and the activations among the quantities that match, or
    one number for both. ``PATTERN`` is of the shell's kind, or several with commas between them.
    """
    if isinstance(given, Mapping):
        given = [f"{pattern}={bits}" for pattern, bits in given.items()]
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(f"Bits of quantities must be a list of rules PATTERN=BITS, not {given!r}")
    return tuple(_spelled(rule) for rule in given)


def _spelled(rule: str) -> str:
    match = _RULE.fullmatch(rule.strip()) if isinstance(rule, str) else None
    if not match or not all(match[1].split(",")):
        raise ValueError("Bits of quantities must look like blocks.0.*=w5a5 or *.fc2.input=5, "
                         f"not {rule!r}")
    pattern, activations = match[1], int(match[3])
    weights = int(match[2] or activations)
    for bits in (weights, activations):
        check_bits(f"Bits of {pattern}", bits)
    return _rule(pattern, weights, activations)


def _rule(pattern: str, weights: int, activations: int) -> str:
    bits = activations if weights == activations else f"w{weights}a{activations}"
    return f"{pattern}={bits}"


def read_rules(path: str | Path) -> list[str]:
    """Rules from a text file, one a line; ``#`` begins a comment."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 (byte {error.start})") from error
    rules = [line.partition("#")[0].strip() for line in lines]
    return [rule for rule in rules if rule]


def width(name: str, rules: Rules, *, weight: int, activation: int) -> int:
    """Bits of a quantity; ``weight`` and ``activation`` are those where no rule matches."""
    is_weight = name.endswith(".weight")
    for rule in reversed(rules):
        pattern, _, bits = rule.partition("=")
        if _matches(name, pattern):
            weights, _, activations = bits.removeprefix("w").rpartition("a")
            return int(weights if is_weight and weights else activations)
    return weight if is_weight else activation


def fewest(weight_bits: int, activation_bits: int, rules: Rules = ()) -> int:
    """The least width that is stated, in general or by a rule; ValueError for one that cannot
    be."""
    check_bits("Weight bits", weight_bits)
    check_bits("Activation bits", activation_bits)
    stated = (re.findall(r"\d+", rule.rpartition("=")[2]) for rule in rules)
    return min(weight_bits, activation_bits, *(int(bits) for each in stated for bits in each))


def check_names(rules: Rules, names: Iterable[str]) -> None:
    """A ValueError that names near ones unless every rule matches a quantity."""
    names = list(names)
    for rule in rules:
        pattern = rule.partition("=")[0]
        if not any(_matches(name, pattern) for name in names):
            near = difflib.get_close_matches(pattern, names, n=3, cutoff=0)
            raise ValueError(f"No quantity of this network is called {pattern!r}; near names are "
                             f"{', '.join(near)}")


def _matches(name: str, pattern: str) -> bool:
    return any(fnmatchcase(name, part) for part in pattern.split(","))
