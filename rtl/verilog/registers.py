"""Registers of a module in one clocked block: what is reset together, what is enabled together.

yosys writes a block for each register. Simulators wake each of them every cycle, and readers look
for the reset in each of them.
"""

import re
from collections.abc import Iterator

# `  reg [7:0] q;`, its name and nothing behind it.
_DECLARED = re.compile(r"^  (?:output )?reg (?:\[\d+:0\] )?(\w+);$", re.MULTILINE)

# `  always @(posedge clk)` and one statement behind it, on lines of its own.
_CLOCKED = re.compile(r"^  always @\((\w+ \w+)\)\n((?:    .*\n)+)", re.MULTILINE)


class _Block:
    """Assignments, and what is done if a condition holds and if it does not."""

    def __init__(self) -> None:
        self.assignments: list[str] = []
        self.branches: dict[str, tuple[_Block, _Block]] = {}

    def add(self, text: str) -> str:
        """The first statement of a text; what is behind it."""
        if not text.startswith("if ("):
            statement, _, rest = text.partition(";")
            self.assignments.append(f"{statement};")
            return rest.lstrip()
        end = _closing(text)
        then, otherwise = self.branches.setdefault(text[4:end], (_Block(), _Block()))
        rest = then.add(text[end + 1:].lstrip())
        return otherwise.add(rest[5:]) if rest.startswith("else ") else rest

    def lines(self) -> Iterator[str]:
        """By name, since lanes that differ in the order of their registers alone are one module."""
        yield from sorted(self.assignments, key=_natural)
        for condition in sorted(self.branches, key=_natural):
            then, otherwise = self.branches[condition]
            inner, other = [*then.lines()], [*otherwise.lines()]
            short = not then.branches and not otherwise.branches
            if len(inner) == 1 and (not other or (short and len(other) == 1)):
                yield f"if ({condition}) {inner[0]}"
                yield from (f"else {line}" for line in other)
                continue
            yield f"if ({condition}) begin"
            yield from (f"  {line}" for line in inner)
            if other:
                yield "end else begin"
                yield from (f"  {line}" for line in other)
            yield "end"


def _natural(text: str) -> list[tuple[str, int]]:
    """Sorts ``n9`` before ``n10``."""
    return [(word, int(number or 0)) for word, number in re.findall(r"(\D+)(\d*)", text)]


def _closing(text: str) -> int:
    """Where the first parenthesis of a text is closed."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and not depth:
            return place
    raise ValueError(f"No statement: {text}")


def grouped(module: str) -> str:
    """One block for each clock edge, where the first of its registers was, but behind all of their
    declarations, as Verilog has it (IEEE 1364-2005, 6.2.1); memories stay as is::

        always @(posedge clk)             always @(posedge clk) begin
          if (rst) a <= 4'h0;               if (rst) begin
          else if (n1) a <= n2;               a <= 4'h0;
        always @(posedge clk)                 b <= 4'h0;
          if (rst) b <= 4'h0;        →      end else begin
          else if (n1) b <= n3;               if (n1) begin
                                                a <= n2;
                                                b <= n3;
                                              end
                                            end
                                          end
    """
    blocks: dict[str, _Block] = {}
    for edge, body in _CLOCKED.findall(module):
        blocks.setdefault(edge, _Block()).add(" ".join(body.split()))
    texts = {edge: "".join(f"    {line}\n" for line in block.lines())
             for edge, block in blocks.items()}
    places = {match[1]: match.end() for match in _DECLARED.finditer(module)}
    begin = {edge: max((places.get(word, 0) for word in re.findall(r"\w+", text)), default=0)
             for edge, text in texts.items()}

    def block(match: re.Match) -> str:
        if match[1] not in texts or match.start() < begin[match[1]]:
            return ""
        return f"  always @({match[1]}) begin\n{texts.pop(match[1])}  end\n"

    return _CLOCKED.sub(block, module)
