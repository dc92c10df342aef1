/* Driver of the command reader, see reader_driver.h. */
#include "reader_driver.h"

#define VERSION_MAJOR (COMMAND_READER_VERSION_RESET >> COMMAND_READER_VERSION_MAJOR_LSB)
#define POLLS 1000000u

static uint32_t get(const struct reader *reader, uint32_t offset)
{
    return engine_bus_read(reader->base, offset);
}

static void put(const struct reader *reader, uint32_t offset, uint32_t value)
{
    engine_bus_write(reader->base, offset, value);
}

int reader_open(struct reader *reader, volatile void *base)
{
    reader->base = base;
    if (get(reader, COMMAND_READER_ID_OFFSET) != COMMAND_READER_ID_RESET)
        return ENGINE_ABSENT;
    if (get(reader, COMMAND_READER_VERSION_OFFSET) >> COMMAND_READER_VERSION_MAJOR_LSB
        != VERSION_MAJOR)
        return ENGINE_VERSION;
    return reader_reset(reader, POLLS);
}

/* What the reader would refuse with SLVERR is not written: not every CPU survives that. */
int reader_start(struct reader *reader, uint64_t address, uint32_t beats, uint32_t count)
{
    const int error = reader_error(reader);

    if (error)
        return error;
    if (reader_busy(reader))
        return READER_BUSY;
    if (address % 8)
        return READER_MISALIGNED;
    put(reader, COMMAND_READER_ADDRESS_LOW_OFFSET, (uint32_t)address);
    put(reader, COMMAND_READER_ADDRESS_HIGH_OFFSET, (uint32_t)(address >> 32));
    put(reader, COMMAND_READER_BEATS_OFFSET, beats);
    put(reader, COMMAND_READER_COUNT_OFFSET, count);
    put(reader, COMMAND_READER_CONTROL_OFFSET, COMMAND_READER_CONTROL_START_MASK);
    return READER_NONE;
}

int reader_busy(const struct reader *reader)
{
    return (get(reader, COMMAND_READER_STATUS_OFFSET) & COMMAND_READER_STATUS_BUSY_MASK) != 0;
}

int reader_error(const struct reader *reader)
{
    const uint32_t status = get(reader, COMMAND_READER_STATUS_OFFSET);

    if (status & COMMAND_READER_STATUS_MISALIGNED_MASK)
        return READER_MISALIGNED;
    return (int)((status & COMMAND_READER_STATUS_RESPONSE_MASK)
                 >> COMMAND_READER_STATUS_RESPONSE_LSB);
}

int reader_reset(struct reader *reader, uint32_t polls)
{
    put(reader, COMMAND_READER_CONTROL_OFFSET, COMMAND_READER_CONTROL_SOFT_RESET_MASK);
    while (reader_busy(reader)) {
        if (polls-- == 0)
            return ENGINE_TIMEOUT;
    }
    return ENGINE_NONE;
}

const char *reader_error_text(int error)
{
    switch (error) {
    case READER_NONE: return "no error";
    case READER_EXOKAY: return "the memory answers EXOKAY";
    case READER_SLVERR: return "the memory answers SLVERR";
    case READER_DECERR: return "nothing is at the address: DECERR";
    case READER_MISALIGNED: return "the address is not a multiple of 8";
    case READER_BUSY: return "the stream before is not sent";
    default: return "unknown";
    }
}
