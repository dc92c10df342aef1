"""The plain SystemVerilog bench of a bundle's unit: replays files, compares in HDL, no Python."""

from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.replay_template import BENCH

SHOWN_MISMATCHES = 10
DRAIN_CYCLES = 64
WATCHDOG_CYCLES = 20000


def replay_bench(instance, records):
    """Text of ``replay.sv`` for records as the manifest describes them.

    Drives one beat a cycle where nothing stalls. Plain SystemVerilog for Icarus 11, Verilator 5,
    xsim and Questa; the module is ``<instance.name>_replay``.
    """
    i_bits, o_bits = (
        packing.beat_bits(fields, instance.lanes) for fields in (instance.inputs, instance.outputs)
    )
    fields = instance.configuration
    return BENCH.substitute(
        name=instance.name,
        shown=SHOWN_MISMATCHES,
        watchdog=WATCHDOG_CYCLES,
        drain=DRAIN_CYCLES,
        i_top=_octets(i_bits) * 8 - 1,
        o_top=_octets(o_bits) * 8 - 1,
        o_bits=_octets(o_bits) * 8,
        i_digits=packing.line_digits(i_bits),
        o_digits=packing.line_digits(o_bits),
        settings="".join(f"  reg [{f.width - 1}:0] {f.name} = 0;\n" for f in fields),
        connections="".join(f",\n    .{f.name}({f.name})" for f in fields),
        last=max(record["beats"] for record in records) - 1,
        records=len(records),
        total=sum(record["beats"] for record in records),
        cases="\n".join(_case(number, record, fields) for number, record in enumerate(records)),
    )


def _octets(bits):
    return -(-bits // 8)


def _case(number, record, fields):
    settings = "".join(
        f" {f.name} = {f.width}'h{record['configuration'][f.name] % (1 << f.width):x};"
        for f in fields
    )
    return (
        f'        {number}: begin record = "{record["record"]}"; count = {record["beats"]};'
        f"{settings} end"
    )
