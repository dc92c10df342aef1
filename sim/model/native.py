"""The engine's bench in C++: a main program around Verilator's model, files in, files out."""

from collections.abc import Mapping
from importlib import resources

from vit2rtl.sim.model.exits import Tap

SOURCE = "main.cpp"


def text(taps: Mapping[str, Tap], control: int) -> str:
    """The program.

    taps     {port: what of it is recorded}
    control  address of the register whose bit 0 lets the engine run
    """
    parts = {
        "@NAMES@": ", ".join(f'"{name}"' for name in taps),
        "@TAPS@": "\n".join(_tap(n, name, *taps[name]) for n, name in enumerate(taps, start=1)),
        "@CONTROL@": str(control),
    }
    result = resources.files(__package__).joinpath(SOURCE).read_text(encoding="utf-8")
    for mark, part in parts.items():
        result = result.replace(mark, part)
    return result


def words(bits: int) -> int:
    """32-bit words of a port of so many bits, in a tap's file."""
    return -(-bits // 32)


def _tap(n: int, name: str, bits: int, mask: int) -> str:
    size = words(bits)
    if bits <= 64:
        data = f"const uint64_t data = top->{name}; memcpy(words, &data, {4 * size});"
        valid = f"top->{name} & {mask}"
    else:
        data = f"for (int n = 0; n < {size}; n++) words[n] = top->{name}[n];"
        valid = f"top->{name}[0] & {mask}"
    return (f"      if ({valid}) {{\n        uint32_t words[{max(size, 2)}];\n"
            f"        {data}\n        records[{n}]->put(cycle, words, {size});\n"
            "        moves = true;\n      }")
