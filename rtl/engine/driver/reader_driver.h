/* Driver of the command reader, which sends an engine its command stream out of a memory.
 *
 * Registers are reached as those of the engine, see engine_driver.h. No function waits, but
 * reader_reset. The memory holds engine.bin as it is, from an address that is a multiple of 8, and
 * as the reader sees it: a physical address, and what a cache holds back is written there before.
 */
#ifndef READER_DRIVER_H
#define READER_DRIVER_H

#include "command_reader.h"
#include "engine_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

struct reader {
    volatile void *base;
};

/* 0, what the memory answered (RRESP of AXI4), or what is wrong with a start. */
enum reader_error {
    READER_NONE = 0,
    READER_EXOKAY = 1, /* an answer to exclusive reads, which these are not */
    READER_SLVERR = 2,
    READER_DECERR = 3,
    READER_MISALIGNED = 4, /* the address is not a multiple of 8 */
    READER_BUSY = 5        /* the stream before is not sent */
};

/* The reader at `base`, reset: ENGINE_NONE, ENGINE_ABSENT, ENGINE_VERSION or ENGINE_TIMEOUT. */
int reader_open(struct reader *reader, volatile void *base);

/* Sends the `beats` of 64 bits from `address` on, `count` times, once an image: NONE, BUSY,
 * MISALIGNED, or an error that a reset has to clear. */
int reader_start(struct reader *reader, uint64_t address, uint32_t beats, uint32_t count);

/* Whether beats are still to come or to be taken. */
int reader_busy(const struct reader *reader);

/* NONE, MISALIGNED, or the memory's response, after which nothing is sent until reader_reset. */
int reader_error(const struct reader *reader);

/* Forgets beats and errors. Reads under way come to their end: NONE, or ENGINE_TIMEOUT after
 * `polls` looks. The engine needs a reset of its own, after this one. */
int reader_reset(struct reader *reader, uint32_t polls);

const char *reader_error_text(int error);

#ifdef __cplusplus
}
#endif

#endif /* READER_DRIVER_H */
