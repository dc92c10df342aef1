/* Driver of the encoder engine, see engine_driver.h. */
#ifdef ENGINE_LINUX_UIO
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "engine_driver.h"

#define VERSION_MAJOR (ENCODER_ENGINE_VERSION_RESET >> ENCODER_ENGINE_VERSION_MAJOR_LSB)
#define UNIT_STRIDE 4u
#define LOGITS_OF_A_BEAT 4u
#define BYTES_OF_A_BEAT 8u

static uint32_t get(const struct engine *engine, uint32_t offset)
{
    return engine_bus_read(engine->base, offset);
}

static void put(const struct engine *engine, uint32_t offset, uint32_t value)
{
    engine_bus_write(engine->base, offset, value);
}

static uint32_t field(uint32_t value, uint32_t mask, unsigned lsb)
{
    return (value & mask) >> lsb;
}

int engine_open(struct engine *engine, volatile void *base, struct engine_streams streams)
{
    engine->base = base;
    engine->streams = streams;
    engine->commands = NULL;
    engine->command_beats = 0;
    engine->patience = 1000000u;
    engine->error = 0;
    engine->uio = -1;
    if (get(engine, ENCODER_ENGINE_ID_OFFSET) != ENCODER_ENGINE_ID_RESET)
        return ENGINE_ABSENT;
    if (get(engine, ENCODER_ENGINE_VERSION_OFFSET) >> ENCODER_ENGINE_VERSION_MAJOR_LSB
        != VERSION_MAJOR)
        return ENGINE_VERSION;
    put(engine, ENCODER_ENGINE_CONTROL_OFFSET, 0);
    engine_reset(engine);
    return ENGINE_NONE;
}

int engine_load(struct engine *engine, const uint64_t *commands, size_t count)
{
    if (count == 0 || (uint32_t)commands[0] != ENCODER_ENGINE_MAGIC)
        return ENGINE_MAGIC;
    if (commands[0] >> 32 != get(engine, ENCODER_ENGINE_CONFIGURATION_OFFSET))
        return ENGINE_CONFIGURATION;
    engine->commands = commands;
    engine->command_beats = count;
    return ENGINE_NONE;
}

size_t engine_rows(const struct engine *engine)
{
    return field(get(engine, ENCODER_ENGINE_GEOMETRY_OFFSET), ENCODER_ENGINE_GEOMETRY_ROWS_MASK,
                 ENCODER_ENGINE_GEOMETRY_ROWS_LSB);
}

/* A word of fewer than eight codes takes a beat as well. */
static size_t beats_of_a_word(size_t rows)
{
    return (rows + BYTES_OF_A_BEAT - 1) / BYTES_OF_A_BEAT;
}

size_t engine_image_beats(const struct engine *engine, size_t words)
{
    return words * beats_of_a_word(engine_rows(engine));
}

void engine_image(const struct engine *engine, uint64_t *beats, const int32_t *order, size_t words,
                  const uint8_t *codes)
{
    const size_t rows = engine_rows(engine), parts = beats_of_a_word(rows);
    size_t word, row, part;

    for (word = 0; word < words; word++) {
        uint64_t *const beat = beats + word * parts;
        for (part = 0; part < parts; part++)
            beat[part] = 0;
        for (row = 0; row < rows; row++, order++) {
            if (*order >= 0)
                beat[row / BYTES_OF_A_BEAT] |=
                    (uint64_t)codes[*order] << 8 * (row % BYTES_OF_A_BEAT);
        }
    }
}

static size_t move(struct engine *engine, enum engine_port port, const uint64_t *beats,
                   size_t count, size_t *sent)
{
    size_t moved = 0;

    if (*sent < count) {
        moved = engine->streams.send(engine->streams.context, port, beats + *sent, count - *sent);
        *sent += moved;
    }
    return moved;
}

static void unpack(const uint64_t *beats, int16_t *logits, size_t count)
{
    size_t n;

    for (n = 0; n < count; n++) {
        const unsigned place = 16 * (n % LOGITS_OF_A_BEAT);
        logits[n] = (int16_t)(uint16_t)(beats[n / LOGITS_OF_A_BEAT] >> place);
    }
}

int engine_run(struct engine *engine, const uint64_t *image, size_t image_beats, uint64_t *beats,
               int16_t *logits, size_t count)
{
    const struct engine_streams *const streams = &engine->streams;
    const size_t wanted = (count + LOGITS_OF_A_BEAT - 1) / LOGITS_OF_A_BEAT;
    size_t commands = 0, shown = 0, received = 0;
    uint32_t quiet = 0;

    /* An error stays until reset. */
    put(engine, ENCODER_ENGINE_INTERRUPT_OFFSET, ENCODER_ENGINE_INTERRUPT_IMAGE_MASK);
    for (;;) {
        size_t moved = 0;
        uint32_t events;

        if (received < wanted) {
            moved = streams->receive(streams->context, beats + received, wanted - received);
            received += moved;
        }
        moved += move(engine, ENGINE_COMMANDS, engine->commands, engine->command_beats, &commands);
        moved += move(engine, ENGINE_IMAGE, image, image_beats, &shown);
        events = get(engine, ENCODER_ENGINE_INTERRUPT_OFFSET);
        if (events & ENCODER_ENGINE_INTERRUPT_ERROR_MASK) {
            engine->error = get(engine, ENCODER_ENGINE_ERROR_OFFSET);
            return (int)field(engine->error, ENCODER_ENGINE_ERROR_CODE_MASK,
                              ENCODER_ENGINE_ERROR_CODE_LSB);
        }
        if (events & ENCODER_ENGINE_INTERRUPT_IMAGE_MASK && received == wanted) {
            unpack(beats, logits, count);
            return ENGINE_NONE;
        }
        quiet = moved ? 0 : quiet + 1;
        if (engine->patience && quiet > engine->patience)
            return ENGINE_TIMEOUT;
        if (!moved && streams->idle)
            streams->idle(streams->context);
    }
}

static void control(const struct engine *engine, uint32_t cleared, uint32_t set)
{
    const uint32_t value = get(engine, ENCODER_ENGINE_CONTROL_OFFSET);

    put(engine, ENCODER_ENGINE_CONTROL_OFFSET, (value & ~cleared) | set);
}

/* Streams are empty before the engine is, and it takes no header in between. */
void engine_reset(struct engine *engine)
{
    control(engine, ENCODER_ENGINE_CONTROL_RUN_MASK, 0);
    engine->streams.flush(engine->streams.context);
    control(engine, 0, ENCODER_ENGINE_CONTROL_SOFT_RESET_MASK);
    control(engine, 0, ENCODER_ENGINE_CONTROL_RUN_MASK);
    engine->error = 0;
}

void engine_set_watchdog(struct engine *engine, uint32_t cycles)
{
    put(engine, ENCODER_ENGINE_WATCHDOG_OFFSET, cycles);
}

void engine_enable_irq(struct engine *engine, int enabled)
{
    control(engine, ENCODER_ENGINE_CONTROL_IRQ_ENABLE_MASK,
            enabled ? ENCODER_ENGINE_CONTROL_IRQ_ENABLE_MASK : 0);
}

void engine_read_counters(const struct engine *engine, struct engine_counters *counters)
{
    unsigned n;

    counters->images = get(engine, ENCODER_ENGINE_IMAGES_OFFSET);
    counters->cycles = get(engine, ENCODER_ENGINE_CYCLES_OFFSET);
    for (n = 0; n < ENGINE_UNITS; n++) {
        counters->busy[n] = get(engine, ENCODER_ENGINE_BUSY_LOAD_OFFSET + UNIT_STRIDE * n);
        counters->wait[n] = get(engine, ENCODER_ENGINE_WAIT_LOAD_OFFSET + UNIT_STRIDE * n);
        counters->done[n] = get(engine, ENCODER_ENGINE_DONE_LOAD_OFFSET + UNIT_STRIDE * n);
    }
}

unsigned engine_error_unit(const struct engine *engine)
{
    return field(engine->error, ENCODER_ENGINE_ERROR_UNIT_MASK, ENCODER_ENGINE_ERROR_UNIT_LSB);
}

unsigned engine_error_instruction(const struct engine *engine)
{
    return field(engine->error, ENCODER_ENGINE_ERROR_INSTRUCTION_MASK,
                 ENCODER_ENGINE_ERROR_INSTRUCTION_LSB);
}

const char *engine_result_text(int result)
{
    switch (result) {
#define ENGINE_ENTRY(number, name, text) case number: return text;
    ENCODER_ENGINE_ERRORS(ENGINE_ENTRY)
#undef ENGINE_ENTRY
    case ENGINE_ABSENT: return "no engine at this address";
    case ENGINE_VERSION: return "the engine has another version of the register map";
    case ENGINE_TIMEOUT: return "no beat moved for as long as the driver waits";
    case ENGINE_SYSTEM: return "the operating system refused";
    default: return "unknown";
    }
}

const char *engine_unit_name(unsigned unit)
{
    switch (unit) {
#define ENGINE_ENTRY(number, name) case number: return #name;
    ENCODER_ENGINE_UNITS(ENGINE_ENTRY)
#undef ENGINE_ENTRY
    default: return "none";
    }
}

#ifdef ENGINE_LINUX_UIO
int engine_open_uio(struct engine *engine, const char *path, size_t size,
                    struct engine_streams streams)
{
    const int uio = open(path, O_RDWR);
    void *base;
    int result;

    if (uio < 0)
        return ENGINE_SYSTEM;
    base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, uio, 0);
    if (base == MAP_FAILED) {
        close(uio);
        return ENGINE_SYSTEM;
    }
    result = engine_open(engine, base, streams);
    engine->uio = uio;
    return result;
}

/* The kernel masks the interrupt when it comes; a write of 1 lets the next one through. */
int engine_wait_uio(struct engine *engine)
{
    const uint32_t enable = 1;
    uint32_t count;

    if (write(engine->uio, &enable, sizeof enable) != (ssize_t)sizeof enable
        || read(engine->uio, &count, sizeof count) != (ssize_t)sizeof count)
        return ENGINE_SYSTEM;
    return ENGINE_NONE;
}
#endif
