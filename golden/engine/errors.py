"""What stops the engine: the codes of its ERROR register."""

from enum import IntEnum


class Error(IntEnum):
    """The first one stays until a soft reset, with the unit and the number of its instruction."""

    NONE = 0
    MAGIC = 1  # the first beat of a command stream is no header
    CONFIGURATION = 2  # the stream was compiled for another configuration
    UNIT = 3  # an instruction for a unit that does not exist
    OPCODE = 4  # … that its unit does not have
    WAIT = 5  # … that waits for a unit that does not exist
    OPERAND = 6  # an operand outside its range
    PAYLOAD = 7  # beats of payload are not as many as the instruction takes
    ADDRESS = 8  # a word beyond the end of a buffer
    COMMAND_EARLY = 9  # the command stream ended before the image's last logits
    COMMAND_LATE = 10  # … did not end with the instruction that gives them
    IMAGE_EARLY = 11  # the image stream ended before the last patch
    IMAGE_LATE = 12  # … did not end with it
    WATCHDOG = 13  # nothing moved for too long


TITLES = {
    Error.NONE: "no error",
    Error.MAGIC: "the command stream does not begin with a header",
    Error.CONFIGURATION: "the command stream was compiled for another configuration",
    Error.UNIT: "an instruction names a unit that does not exist",
    Error.OPCODE: "an instruction has an opcode that its unit does not know",
    Error.WAIT: "an instruction waits for a unit that does not exist",
    Error.OPERAND: "an operand is outside its range",
    Error.PAYLOAD: "an instruction's payload has another length than it takes",
    Error.ADDRESS: "an address is beyond the end of a buffer",
    Error.COMMAND_EARLY: "the command stream ended before the last logits",
    Error.COMMAND_LATE: "the command stream did not end with the last logits",
    Error.IMAGE_EARLY: "the image stream ended before the last patch",
    Error.IMAGE_LATE: "the image stream did not end with the last patch",
    Error.WATCHDOG: "nothing moved for as long as the watchdog allows",
}
