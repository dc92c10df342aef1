"""The register map for others' tools: SystemRDL and a C header."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from vit2rtl.rtl.packaging.register_map import WORD, Bits, Register, Table


class Map(Protocol):
    """Registers of the module ``top``; C's names begin with ``name``."""

    @property
    def name(self) -> str: ...
    @property
    def top(self) -> str: ...
    @property
    def registers(self) -> tuple[Register, ...]: ...
    @property
    def table(self) -> Table | None: ...


def system_rdl(register_map: Map) -> str:
    """The register map as SystemRDL 2.0."""
    name = register_map.top
    lines = [
        f"// Register map of {name}.",
        f"addrmap {name} {{",
        f'  name = "{name}";',
        f"  default regwidth = {WORD};",
        "",
    ]
    for register in register_map.registers:
        lines += _rdl_register(
            register.bits, register.summary, register.access, _hardware(register))
        lines += [f"  }} {register.name} @ {register.offset:#x};", ""]
    if register_map.table:
        lines += _rdl_table(register_map.table)
    return "\n".join([*lines, "};", ""])


def _hardware(register: Register) -> str:
    """What the circuit does to a register's fields."""
    if register.constant:
        return "na"
    return "w" if register.access in ("r", "w1c") else "r"


_SOFTWARE = {"r": "r", "rw": "rw", "idle": "rw", "w": "w", "w1c": "rw; onwrite = woclr"}


def _rdl_register(
    bits: Iterable[Bits], summary: str, access: str, hardware: str, reset: bool = True,
    indent: str = "  ",
) -> list[str]:
    lines = [f"{indent}reg {{", f'{indent}  desc = "{_plain(summary)}";']
    for field in bits:
        value = f" = {field.width}'h{field.reset:x}" if reset else ""
        high = field.lsb + field.width - 1
        lines += [
            f"{indent}  field {{",
            f'{indent}    desc = "{_plain(field.summary)}";',
            f"{indent}    sw = {_SOFTWARE[access]};",
            f"{indent}    hw = {hardware};",
            f"{indent}  }} {field.name}[{high}:{field.lsb}]{value};",
        ]
    return lines


def _rdl_table(table: Table) -> list[str]:
    """Rows of lanes of words; what a table holds survives reset, so that it has no reset value."""
    lines = ["  regfile {", "    regfile {"]
    for number, bits in enumerate(table.words):
        lines += _rdl_register(bits, "values of one channel", "rw", "r", False, "      ")
        lines.append(f"      }} WORD_{number} @ {number * WORD // 8:#x};")
    return [
        *lines,
        f"    }} LANE[{table.lanes}] @ 0x0 += {table.lane_stride:#x};",
        f"  }} ROW[{table.rows}] @ {table.offset:#x} += {table.row_stride:#x};",
    ]


def _plain(text: str) -> str:
    return text.replace("`", "").replace('"', "'")


def c_header(register_map: Map) -> str:
    """The register map as a C99 header: offsets, bit positions, masks, reset values."""
    prefix = register_map.name.upper()
    lines = [
        f"/* Register map of {register_map.top}: byte offsets from its base address. */",
        f"#ifndef {prefix}_H",
        f"#define {prefix}_H",
        "",
        "#include <stdint.h>",
        "",
    ]
    for register in register_map.registers:
        name = f"{prefix}_{register.name}"
        lines += [
            f"/* {_plain(register.summary)}; {_ACCESS[register.access]} */",
            f"#define {name}_OFFSET {register.offset:#04x}u",
            f"#define {name}_RESET {register.reset:#010x}u",
            *_c_bits(name, register.bits),
            "",
        ]
    if register_map.table:
        lines += _c_table(prefix, register_map.table)
    lines += _C_ACCESS.format(prefix=prefix.lower()).splitlines()
    return "\n".join([*lines, "", f"#endif /* {prefix}_H */", ""])


_ACCESS = {
    "r": "read only",
    "rw": "read and write",
    "w1c": "read; a bit written as 1 is cleared",
    "idle": "read; write while CONTROL.enable and STATUS.busy are 0",
    "w": "write only, while CONTROL.enable and STATUS.busy are 0",
}

_C_ACCESS = """\
/* A register at an offset from the base address that the system gives this IP. */
static inline void {prefix}_write(volatile void *base, uint32_t offset, uint32_t value)
{{
    *(volatile uint32_t *)((volatile uint8_t *)base + offset) = value;
}}

static inline uint32_t {prefix}_read(volatile void *base, uint32_t offset)
{{
    return *(volatile uint32_t *)((volatile uint8_t *)base + offset);
}}"""


def _c_bits(name: str, bits: Iterable[Bits]) -> Iterator[str]:
    for field in bits:
        mask = ((1 << field.width) - 1) << field.lsb
        spelled = f"{name}_{field.name.upper()}"
        yield f"#define {spelled}_LSB {field.lsb}u"
        yield f"#define {spelled}_MASK {mask:#010x}u"


def _c_table(prefix: str, table: Table) -> Iterator[str]:
    rows, lanes = f"{prefix}_TABLE_ROWS", f"{prefix}_TABLE_LANES"
    yield "/* Values of channel c: row c / lanes, lane c % lanes; written like configuration. */"
    yield f"#define {rows} {table.rows}u"
    yield f"#define {lanes} {table.lanes}u"
    yield f"#define {prefix}_TABLE_OFFSET {table.offset:#x}u"
    yield f"#define {prefix}_CHANNEL_OFFSET(c) \\"
    yield (
        f"    ({prefix}_TABLE_OFFSET + (uint32_t)(c) / {lanes} * {table.row_stride:#x}u "
        f"+ (uint32_t)(c) % {lanes} * {table.lane_stride:#x}u)"
    )
    for number, bits in enumerate(table.words):
        yield f"#define {prefix}_CHANNEL_WORD_{number} {number * WORD // 8:#x}u"
        yield from _c_bits(f"{prefix}_CHANNEL", bits)
    yield ""
