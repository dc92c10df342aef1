"""Where the names of a Verilog text are declared, and where they are used first."""

import re
from collections.abc import Iterator

_DECLARATION = re.compile(r" *(?:(?:input|output|reg|wire) )+(?:\[\d+:0\] )?(\w+)[ ;\[]")


def used_too_early(text: str) -> Iterator[str]:
    """Names that a module's statement has and a line behind it declares (IEEE 1364-2005, 6.2.1).

    A tool may refuse them: Icarus does since its version 13.
    """
    for module in text.split("endmodule")[:-1]:
        body = module.partition("\nmodule ")[2].partition(");\n")[2].splitlines()
        assert body, "a module has a list of ports, and more behind it"
        declared = {}
        for number, line in enumerate(body):
            if found := _DECLARATION.match(line):
                declared.setdefault(found[1], number)
        for number, line in enumerate(body):
            words = re.sub(r"//.*|\(\*.*?\*\)|\.\w+\(", "", line)
            yield from (f"{word}: {line.strip()}" for word in re.findall(r"\b\w+\b", words)
                        if declared.get(word, -1) > number)
