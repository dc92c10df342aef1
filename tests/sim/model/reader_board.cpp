// An engine with a command reader in Verilator, its commands in a memory that answers late.
//
//   simulation IMAGE_ORDER CODES LOGITS COMMANDS IMAGES LATENCY [BAD]
//
// The reader is started once for so many images; BAD: the first beat that the memory has not.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>
#include "Vtop.h"
#include "verilated.h"
#define ENGINE_EXTERNAL_BUS
#include "reader_driver.h"

static constexpr uint64_t ADDRESS = 0x1234'5678'9fe8;  // 24 bytes before a border of 4 KiB
static constexpr size_t DEPTH = 64;

struct Burst { uint64_t due, address, beats; };

struct Board {
  VerilatedContext context;
  Vtop top{&context};
  std::deque<std::pair<uint64_t, bool>> image;
  std::deque<uint64_t> logits;
  std::vector<uint64_t> memory;
  std::deque<Burst> bursts;
  uint64_t now = 0, latency = 1, bad = UINT64_MAX;

  void tick() {
    top.s_axis_image_tvalid = !image.empty();
    if (!image.empty()) {
      top.s_axis_image_tdata = image.front().first;
      top.s_axis_image_tlast = image.front().second;
    }
    top.m_axis_logits_tready = logits.size() < DEPTH;
    top.m_axi_arready = now % 3 != 0;
    const bool due = !bursts.empty() && bursts.front().due <= now;
    top.m_axi_rvalid = due;
    if (due) {
      const uint64_t place = (bursts.front().address - ADDRESS) / 8;
      const bool there = place < memory.size() && place < bad;
      top.m_axi_rdata = there ? memory[place] : 0xbad;
      top.m_axi_rresp = there ? 0 : 3;
      top.m_axi_rlast = bursts.front().beats == 1;
    }
    top.aclk = 0;
    top.eval();
    const bool image_taken = top.s_axis_image_tvalid && top.s_axis_image_tready;
    const bool asked = top.m_axi_arvalid && top.m_axi_arready;
    const Burst burst = {now + latency, top.m_axi_araddr, top.m_axi_arlen + 1u};
    const bool given = due && top.m_axi_rready;
    if (top.m_axis_logits_tvalid && top.m_axis_logits_tready)
      logits.push_back(top.m_axis_logits_tdata);
    top.aclk = 1;
    top.eval();
    now++;
    if (image_taken) image.pop_front();
    if (asked) bursts.push_back(burst);
    if (given) {
      bursts.front().address += 8;
      if (--bursts.front().beats == 0) bursts.pop_front();
    }
  }
};

static std::unique_ptr<Board> board;
static int here, there;  // bases of the engine's registers and of the reader's

// A transfer of one of the two buses; every one has to be answered with OKAY.
#define TRANSFERS(bus)                                                                    \
  static uint32_t bus##_read(uint32_t offset) {                                           \
    auto& top = board->top;                                                               \
    top.bus##_araddr = offset;                                                            \
    top.bus##_arvalid = top.bus##_rready = 1;                                             \
    for (bool answered = false; !answered;) {                                             \
      top.aclk = 0;                                                                       \
      top.eval();                                                                         \
      const bool taken = top.bus##_arready;                                               \
      answered = top.bus##_rvalid;                                                        \
      const uint32_t data = top.bus##_rdata;                                              \
      if (answered && top.bus##_rresp) exit(3);                                           \
      board->tick();                                                                      \
      if (taken) top.bus##_arvalid = 0;                                                   \
      if (answered) { top.bus##_rready = 0; return data; }                                \
    }                                                                                     \
    return 0;                                                                             \
  }                                                                                       \
  static void bus##_write(uint32_t offset, uint32_t value) {                              \
    auto& top = board->top;                                                               \
    top.bus##_awaddr = offset;                                                            \
    top.bus##_wdata = value;                                                              \
    top.bus##_wstrb = 15;                                                                 \
    top.bus##_awvalid = top.bus##_wvalid = top.bus##_bready = 1;                          \
    for (bool answered = false; !answered;) {                                             \
      top.aclk = 0;                                                                       \
      top.eval();                                                                         \
      const bool taken = top.bus##_awready;                                               \
      answered = top.bus##_bvalid;                                                        \
      if (answered && top.bus##_bresp) exit(3);                                           \
      board->tick();                                                                      \
      if (taken) top.bus##_awvalid = top.bus##_wvalid = 0;                                \
    }                                                                                     \
    top.bus##_bready = 0;                                                                 \
  }
TRANSFERS(s_axi)
TRANSFERS(s_axi_reader)

extern "C" uint32_t engine_bus_read(volatile void* base, uint32_t offset) {
  return base == &here ? s_axi_read(offset) : s_axi_reader_read(offset);
}
extern "C" void engine_bus_write(volatile void* base, uint32_t offset, uint32_t value) {
  base == &here ? s_axi_write(offset, value) : s_axi_reader_write(offset, value);
}

static reader commands;

// Commands come by themselves: the reader was told for how many images.
static size_t send(void*, engine_port port, const uint64_t* beats, size_t count) {
  size_t sent = port == ENGINE_COMMANDS ? count : 0;
  for (; sent < count && board->image.size() < DEPTH; sent++)
    board->image.push_back({beats[sent], sent + 1 == count});
  return sent;
}

static size_t receive(void*, uint64_t* beats, size_t count) {
  size_t received = 0;
  for (; received < count && !board->logits.empty(); received++) {
    beats[received] = board->logits.front();
    board->logits.pop_front();
  }
  return received;
}

static void flush(void*) {
  if (reader_reset(&commands, 1000)) exit(4);
  board->image.clear();
  board->logits.clear();
}

template <typename T>
static std::vector<T> contents(const char* path, size_t skipped = 0) {
  FILE* file = fopen(path, "rb");
  if (!file) exit(2);
  fseek(file, 0, SEEK_END);
  std::vector<T> data((ftell(file) - skipped) / sizeof(T));
  fseek(file, skipped, SEEK_SET);
  if (fread(data.data(), sizeof(T), data.size(), file) != data.size()) exit(2);
  fclose(file);
  return data;
}

int main(int argc, char** argv) {
  if (argc < 7) return 2;
  const auto head = contents<uint8_t>(argv[1]);
  const auto order = contents<int32_t>(argv[1], 10 + head.at(8) + 256 * head.at(9));
  const auto codes = contents<uint8_t>(argv[2]);
  const size_t count = strtoul(argv[3], nullptr, 10);
  const unsigned images = strtoul(argv[5], nullptr, 10);
  board = std::make_unique<Board>();
  board->memory = contents<uint64_t>(argv[4]);
  board->latency = strtoul(argv[6], nullptr, 10);
  board->top.aresetn = 0;
  for (int n = 0; n < 4; n++) board->tick();
  board->top.aresetn = 1;
  engine engine;
  printf("%d ", reader_open(&commands, &there));
  printf("%d\n", engine_open(&engine, &here, {nullptr, send, receive, flush, nullptr}));
  engine.patience = 100000;
  const size_t words = order.size() / engine_rows(&engine);
  std::vector<uint64_t> image(engine_image_beats(&engine, words)), beats((count + 3) / 4);
  std::vector<int16_t> logits(count);
  engine_image(&engine, image.data(), order.data(), words, codes.data());
  engine_load(&engine, board->memory.data(), board->memory.size());
  if (argc > 7) {  // an image without a part of the commands, and what the reader says
    board->bad = strtoull(argv[7], nullptr, 10);
    reader_start(&commands, ADDRESS, board->memory.size(), 1);
    const int result = engine_run(&engine, image.data(), image.size(), beats.data(),
                                  logits.data(), count);
    printf("%d %s\n", result, reader_error_text(reader_error(&commands)));
    board->bad = UINT64_MAX;
    printf("%d\n", reader_start(&commands, ADDRESS, board->memory.size(), 1));
    engine_reset(&engine);
  }
  printf("%d\n", reader_start(&commands, ADDRESS + 4, board->memory.size(), images));
  printf("%d\n", reader_start(&commands, ADDRESS, board->memory.size(), images));
  printf("%d\n", reader_start(&commands, ADDRESS, board->memory.size(), images));
  for (unsigned n = 0; n < images; n++) {
    const int result = engine_run(&engine, image.data(), image.size(), beats.data(),
                                  logits.data(), count);
    printf("%d:", result);
    for (int16_t logit : logits) printf(" %d", logit);
    engine_counters counters;
    engine_read_counters(&engine, &counters);
    printf("\n%" PRIu32 " cycles\n", counters.cycles);
  }
  printf("%d ", reader_busy(&commands));
  printf("%d\n", reader_error(&commands));
  return 0;
}
