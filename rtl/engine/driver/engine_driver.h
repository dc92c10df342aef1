/* Driver of the encoder engine: C99, no allocation, little-endian CPUs.
 *
 * The engine has AXI4-Lite registers, which this driver reads and writes, and three AXI4-Streams of
 * 64 bits, which a board connects to something that moves beats: a DMA or FIFOs. `struct
 * engine_streams` is all that the driver has to know of that.
 *
 * Registers are memory at `base`. ENGINE_LINUX_UIO adds engine_open_uio for Linux; with
 * ENGINE_EXTERNAL_BUS the functions engine_bus_read and engine_bus_write are somebody else's.
 */
#ifndef ENGINE_DRIVER_H
#define ENGINE_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "encoder_engine.h"
#include "encoder_engine_names.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0, what the engine's ERROR register says, or what the driver found. */
enum engine_result {
#define ENGINE_ENTRY(number, name, text) ENGINE_##name = number,
    ENCODER_ENGINE_ERRORS(ENGINE_ENTRY)
#undef ENGINE_ENTRY
    ENGINE_ABSENT = 32,  /* ID is not the engine's */
    ENGINE_VERSION = 33, /* VERSION.major is not this driver's */
    ENGINE_TIMEOUT = 34, /* `patience` polls without a beat */
    ENGINE_SYSTEM = 35   /* the operating system refused */
};

enum engine_unit {
#define ENGINE_ENTRY(number, name) ENGINE_UNIT_##name = number,
    ENCODER_ENGINE_UNITS(ENGINE_ENTRY)
#undef ENGINE_ENTRY
    ENGINE_UNITS
};

enum engine_port { ENGINE_COMMANDS, ENGINE_IMAGE };

/* How beats get in and out. None of the functions may wait: the engine takes its streams in an
 * order of its own, so that a stream that blocks would wait for one that is not served.
 *
 * send     as many of `count` beats as can go now; returns how many. `tlast` goes with the last
 *          of the `count`. A DMA takes all of them at once, and reads them until the image is done.
 * receive  up to `count` beats of logits that are there; returns how many. A DMA is started by the
 *          first call, before anything is sent, and has nothing until all are there.
 * flush    forgets what is under way on all streams.
 * idle     called when nothing moved, e.g. engine_wait_uio with a DMA; may be NULL.
 */
struct engine_streams {
    void *context;
    size_t (*send)(void *context, enum engine_port port, const uint64_t *beats, size_t count);
    size_t (*receive)(void *context, uint64_t *beats, size_t count);
    void (*flush)(void *context);
    void (*idle)(void *context);
};

struct engine {
    volatile void *base;
    struct engine_streams streams;
    const uint64_t *commands; /* engine.bin, of engine_load */
    size_t command_beats;
    uint32_t patience; /* polls of engine_run in which nothing moves; 0: no limit */
    uint32_t error;    /* the ERROR register, when engine_run gave one of its codes */
    int uio;           /* file of engine_open_uio, -1: none */
};

struct engine_counters {
    uint32_t images;             /* done since reset */
    uint32_t cycles;             /* of the last image */
    uint32_t busy[ENGINE_UNITS]; /* of these, cycles in which a unit executed an instruction */
    uint32_t wait[ENGINE_UNITS]; /* … in which its next one waited for others */
    uint32_t done[ENGINE_UNITS]; /* instructions since reset, modulo 65536 */
};

/* The engine at `base`, reset: NONE, ABSENT or VERSION. */
int engine_open(struct engine *engine, volatile void *base, struct engine_streams streams);

/* A compiled image, engine.bin of `vit2rtl compile`, which has to stay where it is: NONE, MAGIC, or
 * CONFIGURATION where it is for another engine than this one. */
int engine_load(struct engine *engine, const uint64_t *commands, size_t count);

/* Codes of a word of the image's stream. */
size_t engine_rows(const struct engine *engine);

/* Codes of an image as beats. `order` are the words × rows entries of image_order.npy, and `beats`
 * has room for engine_image_beats(engine, words). */
size_t engine_image_beats(const struct engine *engine, size_t words);
void engine_image(const struct engine *engine, uint64_t *beats, const int32_t *order, size_t words,
                  const uint8_t *codes);

/* One image: `count` logits, in `beats` of (count + 3) / 4. After any result but NONE only
 * engine_reset helps. */
int engine_run(struct engine *engine, const uint64_t *image, size_t image_beats, uint64_t *beats,
               int16_t *logits, size_t count);

/* Soft reset and empty streams; memories, the watchdog and the loaded image stay. */
void engine_reset(struct engine *engine);

/* Cycles in which nothing moves before the engine stops with WATCHDOG; 0: never. Where a CPU sends
 * the command stream, more than its longest pause. */
void engine_set_watchdog(struct engine *engine, uint32_t cycles);

/* Whether `irq` rises when an image is done and when the engine stops. */
void engine_enable_irq(struct engine *engine, int enabled);

void engine_read_counters(const struct engine *engine, struct engine_counters *counters);

/* Of engine->error: the unit, ENGINE_UNITS or more for none, and the number of its instruction. */
unsigned engine_error_unit(const struct engine *engine);
unsigned engine_error_instruction(const struct engine *engine);

const char *engine_result_text(int result);
const char *engine_unit_name(unsigned unit);

#ifdef ENGINE_LINUX_UIO
/* The engine behind /dev/uioN, `size` bytes of registers: as engine_open, or SYSTEM, see errno. */
int engine_open_uio(struct engine *engine, const char *path, size_t size,
                    struct engine_streams streams);
/* Sleeps until `irq`: NONE or SYSTEM. */
int engine_wait_uio(struct engine *engine);
#endif

#ifdef ENGINE_EXTERNAL_BUS
uint32_t engine_bus_read(volatile void *base, uint32_t offset);
void engine_bus_write(volatile void *base, uint32_t offset, uint32_t value);
#else
#define engine_bus_read encoder_engine_read
#define engine_bus_write encoder_engine_write
#endif

#ifdef __cplusplus
}
#endif

#endif /* ENGINE_DRIVER_H */
