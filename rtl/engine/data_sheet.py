"""The data sheet of an engine: README.md of its package."""

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.errors import TITLES, Error
from vit2rtl.rtl.engine import reader_map, verilog
from vit2rtl.rtl.engine.register_map import WATCHDOG
from vit2rtl.rtl.verilog.describe import table

_START = """\
## Start

```text
verilator --lint-only -Wall lint/{name}.vlt -F {name}.f --top-module {name}
fusesoc --cores-root . run --target=lint vit2rtl:ip:{name}
vivado -mode batch -source vivado/synthesize.tcl
vivado -mode batch -source vivado/package_ip.tcl
quartus_sh -t quartus/project.tcl
sha256sum -c SHA256SUMS
```

| path | what it is |
|---|---|
| `rtl/{name}.v` | the engine, Verilog-2001 |
| `rtl/{name}_command_reader.v` | reads a command stream out of a memory, AXI4 |
| `rtl/{name}_with_reader.v` | the two of them together, nothing but wires |
| `{name}.f`, `{name}.core` | file list; FuseSoC core: `default`, `lint`, `lint_with_reader` |
| `lint/{name}.vlt` | Verilator waivers, explained |
| `registers/{name}.rdl`, `registers/{name}_command_reader.rdl` | register maps, SystemRDL |
| `software/encoder_engine.h`, `software/command_reader.h` | register maps, C99 |
| `software/encoder_engine_names.h` | names of errors and of units, C99 |
| `software/engine_driver.h`, `software/engine_driver.c` | the driver, C99 |
| `software/reader_driver.h`, `software/reader_driver.c` | that of the command reader, C99 |
| `software/simulation.cpp` | the driver with Verilator's model as its board |
| `constraints/`, `vivado/`, `quartus/` | skeletons of constraints, scripts |
| `manifest.json` | configuration and top, for programs |
"""

_BOARD = """\
## On a board

The engine takes a program's command stream anew for every image: `engine.bin` of `vit2rtl compile`,
eight bytes a cycle at most. It has no port to a memory of its own: whatever sends the beats will
do, and where that needs no memory, the board needs none. Mostly it is a memory that holds
`engine.bin`, and something that moves it to `s_axis_cmd`:

| mover | `send` | an image takes |
|---|---|---|
| the command reader, below | starts it | as long as the engine takes |
| a DMA for each stream | starts a transfer | as long as the engine takes |
| FIFOs that a CPU fills | writes while there is room | as long as the CPU takes |

The image and the logits are a few kilobytes, for which FIFOs do. Where a CPU sends commands, set
the watchdog above its longest pause. Connect `irq` or poll.

## The driver

`engine_driver.c` needs no memory but its caller's and no operating system. `base` is the address of
the registers; with `ENGINE_LINUX_UIO`, `engine_open_uio` maps them from `/dev/uioN`. How beats move
is up to the board: three functions of `struct engine_streams`, none of which waits. Here they are
for AXI DMA of AMD in direct register mode (PG021), one for commands and logits, one for the image,
buffers in memory that the DMAs see as the CPU does. It compiles; on a board it has not been run.

```c
#include "engine_driver.h"

/* Registers of a channel: to the engine at 0x00, from it at 0x30. */
enum {{ CONTROL = 0x00, STATUS = 0x04, ADDRESS = 0x18, ADDRESS_HIGH = 0x1c, LENGTH = 0x28 }};
enum {{ RUN = 1, RESET = 4, IDLE = 2 }};

struct board {{
    volatile uint8_t *command_dma, *image_dma;
    int receiving;
}};

static volatile uint32_t *at(volatile uint8_t *channel, unsigned offset)
{{
    return (volatile uint32_t *)(channel + offset);
}}

static void start(volatile uint8_t *channel, const void *memory, size_t bytes)
{{
    *at(channel, CONTROL) = RUN;
    *at(channel, ADDRESS) = (uint32_t)(uintptr_t)memory;
    *at(channel, ADDRESS_HIGH) = (uint32_t)((uint64_t)(uintptr_t)memory >> 32);
    *at(channel, LENGTH) = (uint32_t)bytes;
}}

static size_t send(void *context, enum engine_port port, const uint64_t *beats, size_t count)
{{
    struct board *board = context;

    start(port == ENGINE_COMMANDS ? board->command_dma : board->image_dma, beats, 8 * count);
    return count;
}}

static size_t receive(void *context, uint64_t *beats, size_t count)
{{
    struct board *board = context;
    volatile uint8_t *channel = board->command_dma + 0x30;

    if (!board->receiving)
        start(channel, beats, 8 * count);
    else if (*at(channel, STATUS) & IDLE) {{
        board->receiving = 0;
        return count;
    }}
    board->receiving = 1;
    return 0;
}}

static void flush(void *context)
{{
    struct board *board = context;

    *at(board->command_dma, CONTROL) = RESET;
    *at(board->image_dma, CONTROL) = RESET;
    while ((*at(board->command_dma, CONTROL) | *at(board->image_dma, CONTROL)) & RESET)
        continue;
    board->receiving = 0;
}}

int classify(struct board *board, volatile void *registers, const uint64_t *commands,
             size_t command_beats, const uint64_t *image, size_t image_beats, int16_t *logits)
{{
    struct engine_streams streams = {{board, send, receive, flush, NULL}};
    static uint64_t beats[250]; /* of 1000 logits */
    struct engine engine;
    int result = engine_open(&engine, registers, streams);

    if (result == ENGINE_NONE)
        result = engine_load(&engine, commands, command_beats);
    if (result == ENGINE_NONE)
        result = engine_run(&engine, image, image_beats, beats, logits, 1000);
    return result;
}}
```

The same driver runs against Verilator's model, with a board of FIFOs in C++; the image's codes are
a byte each, in the order of `pixel_codes`:

```text
cc -std=c99 -DENGINE_EXTERNAL_BUS -c -o engine_driver.o software/engine_driver.c
verilator --cc --exe --build -O3 -Wno-fatal --prefix Vtop --top-module {name} -F {name}.f \\
    -CFLAGS -I$PWD/software -o simulation $PWD/software/simulation.cpp $PWD/engine_driver.o
obj_dir/simulation IMAGE/image_order.npy codes.bin LOGITS IMAGE/engine.bin
```

## Commands from a memory

`{name}_with_reader` is the engine with the command reader in front of `s_axis_cmd`: an AXI4 manager
that only reads, in bursts of up to 16 beats of 64 bits, eight of them under way, none across a
border of 4 KiB; a beat a cycle where a burst's first one comes within 104 cycles. Its registers are
behind `s_axi_reader_*`. Software writes where `engine.bin` lies, its beats, for how many images,
and starts it; the image and the logits are moved as before. For a tool, name this top instead of
`{name}`. It is simulated with its driver, an engine and a slow memory; on a board it has not been
run.

```c
static size_t send(void *context, enum engine_port port, const uint64_t *beats, size_t count)
{{
    struct board *board = context;

    if (port == ENGINE_IMAGE)
        return send_image(board, beats, count);
    return reader_start(&board->reader, physical(beats), (uint32_t)count, 1) ? 0 : count;
}}

static void flush(void *context)
{{
    struct board *board = context;

    reader_reset(&board->reader, 1000000);
    flush_image(board);
}}
```

A response other than OKAY stops it: what came before is sent, nothing after, and `reader_error`
says which response it was. The engine then waits, until its watchdog says so. `engine_reset` resets
the reader first, by `flush`, then the engine. The reader has no interrupt of its own; the engine's
says when an image is done.

{reader}

## Errors

The engine stops at the first one; `ERROR` keeps its code, the unit and the number of its
instruction, and registers stay alive. `engine_run` returns the code; `engine_reset`, a soft reset
after the streams are emptied, makes the engine ready for the next image. A step in which nothing
moves for `WATCHDOG` cycles of an image, {watchdog:,} after reset, is an error as well: where logits
are not taken for longer, or commands come late, write more, or 0.
"""


def data_sheet(configuration: Configuration) -> str:
    """Markdown text."""
    name = verilog.name(configuration)
    title, _, rest = verilog.markdown(verilog.describe(configuration)).partition("## Ports")
    errors = [(str(error.value), f"`{error.name}`", text)
              for error, text in TITLES.items() if error is not Error.NONE]
    return "\n".join([
        title, _START.format(name=name),
        _BOARD.format(name=name, watchdog=WATCHDOG,
                      reader="\n".join(verilog.register_table(reader_map.register_map()))),
        *table(("code", "name", "meaning"), errors), "", f"## Ports{rest}"])
