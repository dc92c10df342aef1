"""Registers of the command reader as plain data."""

from dataclasses import dataclass

from vit2rtl.rtl.packaging.register_map import WORD, Bits, Register, Table

NAME = "command_reader"
ID = int.from_bytes(b"V2RC")
VERSION = 1, 0
ADDRESS_WIDTH = 6
_IDLE = "; a write while STATUS.busy is 1 answers SLVERR"


def register_map() -> tuple[Register, ...]:
    """Registers in the order of their offsets; access and source as of the engine's."""
    return (
        Register("ID", 0x00, "r", "what this is: `V2RC` in ASCII",
                 (Bits("id", 0, WORD, "`V2RC`", reset=ID),)),
        Register("VERSION", 0x04, "r", "version of the register map", (
            Bits("minor", 0, 16, "additions that older software may ignore", reset=VERSION[1]),
            Bits("major", 16, 16, "changes that it may not", reset=VERSION[0]),
        )),
        Register("CONTROL", 0x08, "rw", "starts and stops; reads as 0", (
            Bits("start", 0, 1, "write 1: reads and sends; SLVERR while STATUS has busy or error"),
            Bits("soft_reset", 1, 1, "write 1: forgets beats and errors; reads under way come to "
                 "their end first"),
        ), source="control"),
        Register("STATUS", 0x0C, "r", "what goes on", (
            Bits("busy", 0, 1, "beats are still to come or to be taken"),
            Bits("error", 1, 1, "it has stopped or not begun, until a soft reset"),
            Bits("misaligned", 2, 1, "the address is not a multiple of 8"),
            Bits("response", 4, 2, "AXI4's RRESP that stopped it: 2 SLVERR, 3 DECERR"),
        ), source="status"),
        Register("ADDRESS_LOW", 0x10, "rw", f"of the first beat, lower half{_IDLE}",
                 (Bits("address", 0, WORD, "a multiple of 8"),), source="address_low"),
        Register("ADDRESS_HIGH", 0x14, "rw", f"of the first beat, upper half{_IDLE}",
                 (Bits("address", 0, WORD, "bits 63 to 32"),), source="address_high"),
        Register("BEATS", 0x18, "rw", f"of 64 bits, of the command stream{_IDLE}",
                 (Bits("beats", 0, WORD, "0: start sends nothing"),), source="beats"),
        Register("COUNT", 0x1C, "rw", f"how often it is sent, once an image{_IDLE}",
                 (Bits("count", 0, WORD, "0: start sends nothing", reset=1),), source="count"),
    )


@dataclass(frozen=True)
class ReaderMap:
    """The registers of the reader ``top``, for SystemRDL and C."""

    top: str
    name: str = NAME
    table: Table | None = None

    @property
    def registers(self) -> tuple[Register, ...]:
        return register_map()
