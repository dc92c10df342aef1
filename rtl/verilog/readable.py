"""Verilog as yosys writes it, made readable: names, attributes, memories, registers, lanes.

Each step is a change of text that says in its comment what it takes and gives; the files of
``tests/rtl/verilog/expected`` hold the outcome byte by byte.
"""

import re

from vit2rtl.rtl.verilog.registers import grouped

# Yosys prints each attribute on a line of its own before what it belongs to. Three change what
# synthesis makes of the text: that nobody reads a memory's row while it is written, that a memory
# is to be block RAM, and that no two cases hold at once. The others (top, generator, enumerations)
# are Amaranth's own notes.
_NOTE = re.compile(
    r"^ *\(\* (?!no_rw_check\b|ram_style\b|parallel_case\b).*\*\)\n", re.MULTILINE)

# A name that is no Verilog identifier: a backslash, then up to a blank.
_ESCAPED = re.compile(r"\\(\S+) ")

# Words that no identifier of Verilog or SystemVerilog can be, for tools read .v files as either;
# yosys escapes a signal that has such a name.
_KEYWORDS = frozenset("""
accept_on alias always_comb always_ff always_latch assert assume before bind bins binsof bit break
byte chandle checker class clocking const constraint context continue cover covergroup coverpoint
cross dist do endchecker endclass endclocking endgroup endinterface endpackage endprogram
endproperty endsequence enum eventually expect export extends extern final first_match foreach
forkjoin global iff ignore_bins illegal_bins implements implies import inside int interconnect
interface intersect join_any join_none let local logic longint matches modport nettype new nexttime
null package packed priority program property protected pure rand randc randcase randsequence ref
reject_on restrict return s_always s_eventually s_nexttime s_until s_until_with sequence shortint
shortreal soft solve static string strong struct super sync_accept_on sync_reject_on tagged this
throughout timeprecision timeunit type typedef union unique unique0 until until_with untyped var
virtual void wait_order weak wildcard with within
always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign
default defparam design disable edge else end endcase endconfig endfunction endgenerate endmodule
endprimitive endspecify endtable endtask event for force forever fork function generate genvar
highz0 highz1 if ifnone incdir include initial inout input instance integer join large liblist
library localparam macromodule medium module nand negedge nmos nor noshowcancelled not notif0 notif1
or output parameter pmos posedge primitive pull0 pull1 pulldown pullup pulsestyle_ondetect
pulsestyle_onevent rcmos real realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1
scalared showcancelled signed small specify specparam strong0 strong1 supply0 supply1 table task
time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use vectored wait wand weak0
weak1 while wire wor xnor xor
""".split())

# `= ! value;` of a vector: the reduction means the same and lints clean.
_NOT = re.compile(r" = ! ([^;]+);")

# `{ e, e, e }`, a bit or a signal three times in a row, is `{ {3{e}} }`.
_REPEATED = re.compile(r"(\b\w+\b(?:\[\d+\])?)((?:, \1(?![\w\[]))+)")

# `reg [7:0] q = 8'h00;` is a declaration and an `initial` apart, which every tool reads.
_INITIAL = re.compile(r"^( +(?:output )?reg (?:\[\d+:0\] )?)(\w+) = (.*;)$", re.MULTILINE)

# `reg [7:0] name [15:0];` and, if any, the block that sets its rows one by one.
_MEMORY = re.compile(
    r"^(  reg (?:\[\d+:0\] )?(\w+)) \[(\d+):0\];\n"
    r"(?:  initial begin\n((?:    \2\[\d+\] = .*;\n)+)  end\n)?",
    re.MULTILINE,
)


def readable(text: str) -> str:
    """The modules of yosys' text, identical sub-modules once, a blank line between them."""
    bodies = _NOTE.sub("", text).split("endmodule\n")[:-1]
    return "\n".join(_merged([_readable(f"{body.lstrip()}endmodule\n") for body in bodies]))


def _readable(module: str) -> str:
    text = _NOT.sub(r" = ~| \1;", module)
    text = _REPEATED.sub(lambda m: f"{{{m[2].count(',') + 1}{{{m[1]}}}}}", text)
    text = _INITIAL.sub(r"\1\2;\n  initial \2 = \3", _plain(text))
    return grouped(_memories(text))


def _plain(module: str) -> str:
    """Escaped identifiers as plain ones: ``\\i$23.acc `` as ``i_23_acc``, ``\\$12 `` as ``n12``.

    An underscore more where that name is taken.
    """
    taken = _KEYWORDS | set(re.findall(r"[A-Za-z_]\w*", _ESCAPED.sub("", module)))
    names: dict[str, str] = {}
    for escaped in dict.fromkeys(_ESCAPED.findall(module)):
        numbered = re.fullmatch(r"\$(?:.*\$)?(\d+)", escaped)
        name = f"n{numbered[1]}" if numbered else re.sub(r"\W+", "_", escaped).strip("_")
        while name in taken:
            name += "_"
        taken |= {name}
        names[escaped] = name
    return _ESCAPED.sub(lambda match: names[match[1]], module)


def _memories(module: str) -> str:
    """Rows counted upwards, and rows that begin alike set in a loop, not a line each::

        reg [7:0] sums [15:0];              reg [7:0] sums [0:15];
        initial begin                       integer initial_row;
          sums[0] = 8'h00;                  initial
          … 14 lines …                        for (initial_row = 0; …; …)
          sums[15] = 8'h00;                     sums[initial_row] = 8'h00;
        end

    All memories of a module share the counter, which the first one declares.
    """
    counter = "initial_row"
    while re.search(rf"\b{counter}\b", module):
        counter += "_"
    declared = False

    def memory(match: re.Match) -> str:
        nonlocal declared
        declaration, name, top, rows = match.groups()
        text = f"{declaration} [0:{top}];\n"
        values = {row.partition(" = ")[2] for row in (rows or "").splitlines()}
        if len(values) != 1:
            return text + match[0].partition("\n")[2]
        text += "" if declared else f"  integer {counter};\n"
        declared = True
        count = int(top) + 1
        loop = f"for ({counter} = 0; {counter} < {count}; {counter} = {counter} + 1)"
        return f"{text}  initial\n    {loop}\n      {name}[{counter}] = {values.pop()}\n"

    return _MEMORY.sub(memory, module)


def _merged(modules: list[str]) -> list[str]:
    """The lanes are one module each, ``unit_lane_0`` to ``unit_lane_3``: if they differ in nothing
    but their names, one ``unit_lane`` takes the place of all, behind the others.
    """
    families = (_family(module) for module in modules)
    for family in dict.fromkeys(family for family in families if family):
        number = re.compile(rf"\b{family}_\d+\b")
        alike = [module for module in modules if _family(module) == family]
        bodies = [number.sub(family, module, count=1) for module in alike]
        if len({_items(body) for body in bodies}) == 1:
            modules = [number.sub(family, m) for m in modules if m not in alike] + bodies[:1]
    return modules


def _family(module: str) -> str:
    """``unit_lane`` of ``module unit_lane_3(…``; empty for a module without a number."""
    name, _, number = module.removeprefix("module ").partition("(")[0].rpartition("_")
    return name if number.isdecimal() else ""


def _items(module: str) -> tuple[str, ...]:
    """The items of a module in an order of their own: the backend's says nothing."""
    return tuple(sorted(re.split(r"\n(?=  \S)", module.removesuffix("\nendmodule\n"))))
