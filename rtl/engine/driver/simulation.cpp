// The driver with Verilator's model as its board: registers by AXI4-Lite, streams through FIFOs.
//
//   simulation IMAGE_ORDER CODES LOGITS COMMANDS[@BEATS]...
//
// IMAGE_ORDER: image_order.npy, CODES: bytes of an image, COMMANDS: an engine.bin. The image
// is sent with each of the command streams in turn; @BEATS: the board stops after so many beats.
// A stream that engine_load refuses is sent all the same: the engine refuses it as well.
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
#include "engine_driver.h"

struct Beat { uint64_t data; bool last; };

struct Board {
  static constexpr size_t DEPTH = 64;
  VerilatedContext context;
  Vtop top{&context};
  std::deque<Beat> sources[2];
  std::deque<uint64_t> logits;
  uint64_t left = UINT64_MAX;  // beats that are sent before the board stops

  void tick() {
    auto& command = sources[ENGINE_COMMANDS];
    auto& image = sources[ENGINE_IMAGE];
    top.s_axis_cmd_tvalid = !command.empty();
    if (!command.empty()) {
      top.s_axis_cmd_tdata = command.front().data;
      top.s_axis_cmd_tlast = command.front().last;
    }
    top.s_axis_image_tvalid = !image.empty();
    if (!image.empty()) {
      top.s_axis_image_tdata = image.front().data;
      top.s_axis_image_tlast = image.front().last;
    }
    top.m_axis_logits_tready = logits.size() < DEPTH;
    top.aclk = 0;
    top.eval();
    const bool command_taken = top.s_axis_cmd_tvalid && top.s_axis_cmd_tready;
    const bool image_taken = top.s_axis_image_tvalid && top.s_axis_image_tready;
    if (top.m_axis_logits_tvalid && top.m_axis_logits_tready)
      logits.push_back(top.m_axis_logits_tdata);
    top.aclk = 1;
    top.eval();
    if (command_taken) command.pop_front();
    if (image_taken) image.pop_front();
  }

  void reset() {
    top.aresetn = 0;
    for (int n = 0; n < 4; n++) tick();
    top.aresetn = 1;
    tick();
  }

  [[noreturn]] static void refused(const char* what, uint32_t offset) {
    fprintf(stderr, "AXI4-Lite: %s at 0x%02" PRIx32 " is not answered with OKAY\n", what, offset);
    exit(3);
  }

  uint32_t read(uint32_t offset) {
    top.s_axi_araddr = offset;
    top.s_axi_arvalid = top.s_axi_rready = 1;
    for (int n = 0; n < 100; n++) {
      top.aclk = 0;
      top.eval();
      const bool taken = top.s_axi_arvalid && top.s_axi_arready, answered = top.s_axi_rvalid;
      const uint32_t data = top.s_axi_rdata;
      const bool okay = top.s_axi_rresp == 0;
      tick();
      if (taken) top.s_axi_arvalid = 0;
      if (answered) {
        top.s_axi_rready = 0;
        if (okay) return data;
        break;
      }
    }
    refused("a read", offset);
  }

  void write(uint32_t offset, uint32_t value) {
    top.s_axi_awaddr = offset;
    top.s_axi_wdata = value;
    top.s_axi_wstrb = 15;
    top.s_axi_awvalid = top.s_axi_wvalid = top.s_axi_bready = 1;
    for (int n = 0; n < 100; n++) {
      top.aclk = 0;
      top.eval();
      const bool address = top.s_axi_awvalid && top.s_axi_awready;
      const bool data = top.s_axi_wvalid && top.s_axi_wready, answered = top.s_axi_bvalid;
      const bool okay = top.s_axi_bresp == 0;
      tick();
      if (address) top.s_axi_awvalid = 0;
      if (data) top.s_axi_wvalid = 0;
      if (answered) {
        top.s_axi_bready = 0;
        if (okay) return;
        break;
      }
    }
    refused("a write", offset);
  }
};

static std::unique_ptr<Board> board;

extern "C" uint32_t engine_bus_read(volatile void*, uint32_t offset) { return board->read(offset); }
extern "C" void engine_bus_write(volatile void*, uint32_t offset, uint32_t value) {
  board->write(offset, value);
}

static size_t send(void*, engine_port port, const uint64_t* beats, size_t count) {
  size_t sent = 0;
  for (; sent < count && board->left && board->sources[port].size() < Board::DEPTH; sent++) {
    board->sources[port].push_back({beats[sent], sent + 1 == count});
    board->left--;
  }
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
  for (auto& source : board->sources) source.clear();
  board->logits.clear();
}

template <typename T>
static std::vector<T> contents(const std::string& path) {
  FILE* file = fopen(path.c_str(), "rb");
  if (!file) { fprintf(stderr, "cannot open %s\n", path.c_str()); exit(2); }
  fseek(file, 0, SEEK_END);
  std::vector<T> data(ftell(file) / sizeof(T));
  rewind(file);
  if (fread(data.data(), sizeof(T), data.size(), file) != data.size()) exit(2);
  fclose(file);
  return data;
}

// Of a .npy file: its header is a multiple of 64 bytes, their count less 10 at byte 8.
static std::vector<int32_t> order_of(const std::string& path) {
  const auto file = contents<uint8_t>(path);
  const size_t header = 10 + file.at(8) + 256 * file.at(9);
  std::vector<int32_t> order((file.size() - header) / sizeof(int32_t));
  memcpy(order.data(), file.data() + header, order.size() * sizeof(int32_t));
  return order;
}

static void report(const char* what, const engine& engine, int result) {
  printf("%s: %d %s", what, result, engine_result_text(result));
  if (engine.error) {
    printf(" (%s %u)", engine_unit_name(engine_error_unit(&engine)),
           engine_error_instruction(&engine));
  }
  printf("\n");
}

int main(int argc, char** argv) {
  if (argc < 5) { fprintf(stderr, "see the head of simulation.cpp\n"); return 2; }
  const auto order = order_of(argv[1]);
  const auto codes = contents<uint8_t>(argv[2]);
  const size_t count = strtoul(argv[3], nullptr, 10);
  board = std::make_unique<Board>();
  board->reset();
  engine engine;
  const int opened = engine_open(&engine, nullptr, {nullptr, send, receive, flush, nullptr});
  report("engine_open", engine, opened);
  if (opened) return 1;
  engine.patience = 2000;
  const size_t words = order.size() / engine_rows(&engine);
  std::vector<uint64_t> image(engine_image_beats(&engine, words)), beats((count + 3) / 4);
  std::vector<int16_t> logits(count);
  engine_image(&engine, image.data(), order.data(), words, codes.data());
  for (int n = 4; n < argc; n++) {
    const std::string argument = argv[n];
    const size_t at = argument.rfind('@');
    const auto commands = contents<uint64_t>(argument.substr(0, at));
    board->left = at == std::string::npos ? UINT64_MAX : strtoull(&argument[at + 1], nullptr, 10);
    const int loaded = engine_load(&engine, commands.data(), commands.size());
    report("engine_load", engine, loaded);
    engine.commands = commands.data();
    engine.command_beats = commands.size();
    const int result = engine_run(&engine, image.data(), image.size(), beats.data(),
                                  logits.data(), count);
    report("engine_run", engine, result);
    if (result) {
      engine_reset(&engine);
      continue;
    }
    engine_counters counters;
    engine_read_counters(&engine, &counters);
    printf("logits:");
    for (int16_t logit : logits) printf(" %d", logit);
    printf("\ncounters: %" PRIu32 " images, %" PRIu32 " cycles", counters.images, counters.cycles);
    for (unsigned unit = 0; unit < ENGINE_UNITS; unit++)
      printf(", %s %" PRIu32, engine_unit_name(unit), counters.busy[unit]);
    printf("\n");
  }
  return 0;
}
