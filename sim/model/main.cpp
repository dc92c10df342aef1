// Streams in, streams out, AXI4-Lite: see vit2rtl.sim.model.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>
#include "Vtop.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

static std::vector<uint64_t> beats_of(const std::string& path) {
  std::vector<uint64_t> beats;
  FILE* file = fopen(path.c_str(), "rb");
  if (!file) { fprintf(stderr, "cannot open %s\n", path.c_str()); exit(2); }
  fseek(file, 0, SEEK_END);
  beats.resize(ftell(file) / 8);
  rewind(file);
  if (fread(beats.data(), 8, beats.size(), file) != beats.size()) exit(2);
  fclose(file);
  return beats;
}

// When a port pauses: a share of the cycles, or runs of random lengths.
struct Pauses {
  int percent;
  bool bursts;
  uint64_t state;
  int left = 0;
  bool pausing = false;
  uint64_t draw() {
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    return state >> 11;
  }
  bool operator()() {
    if (bursts) {
      if (!left--) { pausing = !pausing; left = draw() % 200; }
      return pausing;
    }
    return percent && int(draw() % 100) < percent;
  }
};

// Beats that go in; an offered beat stays until it is taken.
struct Source {
  std::vector<uint64_t> beats;
  uint64_t images;
  Pauses pauses;
  uint64_t length = 0, place = 0, image = 0, taken = 0;
  bool offered = false;
  // Repeats the beats for each image, or has those of all images one after the other.
  Source(std::vector<uint64_t> all, uint64_t images, bool repeats, Pauses pauses)
      : beats(std::move(all)), images(images), pauses(pauses) {
    length = repeats ? beats.size() : beats.size() / images;
  }
  bool any() const { return image < images; }
  bool offer() { return offered = any() && (offered || !pauses()); }
  uint64_t now() const {
    return beats[length * images == beats.size() ? image * length + place : place];
  }
  bool last() const { return place + 1 == length; }
  void take() {
    offered = false;
    taken++;
    if (++place == length) { place = 0; image++; }
  }
};

struct Record {
  FILE* file;
  uint64_t count = 0;
  explicit Record(const std::string& path) : file(fopen(path.c_str(), "wb")) {
    if (!file) { fprintf(stderr, "cannot write %s\n", path.c_str()); exit(2); }
    setvbuf(file, nullptr, _IOFBF, 1 << 20);
  }
  void put(uint64_t cycle, const uint32_t* words, int size) {
    const uint32_t stamp = uint32_t(cycle);
    fwrite(&stamp, 4, 1, file);
    fwrite(words, 4, size, file);
    count++;
  }
  ~Record() { fclose(file); }
};

struct Bench {
  VerilatedContext context;
  std::unique_ptr<Vtop> top;
  Source command, image;
  Pauses logits_pauses;
  std::vector<std::unique_ptr<Record>> records;
  bool taps;
  uint64_t cycle = 0, quiet = 0, finished = 0, starts = 0;
  std::vector<uint64_t> began, ended;
  // Waves from when a unit has done so many instructions until it has done others.
  int watched = -1;
  uint64_t from = 0, until = 0, done = 0;
#if VM_TRACE
  std::unique_ptr<VerilatedFstC> waves;
  std::string waves_path;
#endif
  uint32_t axi_data = 0;

  Bench(Source command, Source image, Pauses logits_pauses, const std::string& out, bool taps)
      : command(std::move(command)), image(std::move(image)), logits_pauses(logits_pauses),
        taps(taps) {
    context.traceEverOn(VM_TRACE);
    top = std::make_unique<Vtop>(&context);
    records.push_back(std::make_unique<Record>(out + "/logits.bin"));
    if (taps) {
      for (const char* name : {@NAMES@}) {
        records.push_back(std::make_unique<Record>(out + "/" + name + ".bin"));
      }
    }
  }

  void dump() {
#if VM_TRACE
    if (watched < 0 || done < from || done >= until) return;
    if (!waves) {
      waves = std::make_unique<VerilatedFstC>();
      top->trace(waves.get(), 99);
      waves->open(waves_path.c_str());
    }
    waves->dump(context.time());
#endif
  }

  void tick(bool running = true) {
    top->aclk = 0;
    const bool gives = running && command.offer(), shows = running && image.offer();
    top->s_axis_cmd_tvalid = gives;
    if (gives) { top->s_axis_cmd_tdata = command.now(); top->s_axis_cmd_tlast = command.last(); }
    top->s_axis_image_tvalid = shows;
    if (shows) { top->s_axis_image_tdata = image.now(); top->s_axis_image_tlast = image.last(); }
    top->m_axis_logits_tready = running && !logits_pauses();
    top->eval();
    context.timeInc(1);
    dump();
    bool moves = false;
    if (gives && top->s_axis_cmd_tready) {
      if (command.place == 0) began.push_back(cycle);
      command.take();
      moves = true;
    }
    if (shows && top->s_axis_image_tready) { image.take(); moves = true; }
    if (top->m_axis_logits_tvalid && top->m_axis_logits_tready) {
      uint32_t words[2];
      const uint64_t data = top->m_axis_logits_tdata;
      memcpy(words, &data, 8);
      records[0]->put(cycle, words, 2);
      if (top->m_axis_logits_tlast) { ended.push_back(cycle); finished++; }
      moves = true;
    }
    if (taps) {
@TAPS@
    }
    if (watched >= 0 && (top->tap_done >> watched & 1)) done++;
    quiet = moves ? 0 : quiet + 1;
    top->aclk = 1;
    top->eval();
    context.timeInc(1);
    dump();
    cycle++;
  }

  void write(uint32_t address, uint32_t data) {
    top->s_axi_awaddr = address;
    top->s_axi_wdata = data;
    top->s_axi_wstrb = 15;
    top->s_axi_awvalid = top->s_axi_wvalid = top->s_axi_bready = 1;
    for (int n = 0; n < 100; n++) {
      top->aclk = 0;
      top->eval();
      const bool address_taken = top->s_axi_awvalid && top->s_axi_awready;
      const bool data_taken = top->s_axi_wvalid && top->s_axi_wready;
      const bool answered = top->s_axi_bvalid;
      tick(false);
      if (address_taken) top->s_axi_awvalid = 0;
      if (data_taken) top->s_axi_wvalid = 0;
      if (answered) { top->s_axi_bready = 0; return; }
    }
    fprintf(stderr, "AXI4-Lite does not answer\n");
    exit(4);
  }

  uint32_t read(uint32_t address) {
    top->s_axi_araddr = address;
    top->s_axi_arvalid = 1;
    top->s_axi_rready = 1;
    for (int n = 0; n < 100; n++) {
      top->aclk = 0;
      top->eval();
      const bool taken = top->s_axi_arvalid && top->s_axi_arready;
      const bool given = top->s_axi_rvalid;
      const uint32_t data = top->s_axi_rdata;
      tick(false);
      if (taken) top->s_axi_arvalid = 0;
      if (given) { top->s_axi_rready = 0; return data; }
    }
    fprintf(stderr, "AXI4-Lite does not answer\n");
    exit(4);
  }

  void reset() {
    top->aresetn = 0;
    top->s_axi_awvalid = top->s_axi_wvalid = top->s_axi_arvalid = 0;
    top->s_axi_bready = top->s_axi_rready = 0;
    for (int n = 0; n < 4; n++) tick(false);
    top->aresetn = 1;
    tick(false);
    write(@CONTROL@, 1);
    cycle = quiet = 0;
  }
};

int main(int argc, char** argv) {
  std::string folder = ".";
  uint64_t images = 1, seed = 1, patience = 100000;
  int percent = 0, watched = -1;
  bool bursts = false, taps = false;
  uint64_t from = 0, until = 0;
  std::vector<uint32_t> addresses;
  for (int n = 1; n + 1 < argc; n += 2) {
    const std::string name = argv[n];
    const char* value = argv[n + 1];
    if (name == "folder") folder = value;
    else if (name == "images") images = strtoull(value, nullptr, 10);
    else if (name == "seed") seed = strtoull(value, nullptr, 10);
    else if (name == "patience") patience = strtoull(value, nullptr, 10);
    else if (name == "stall") percent = atoi(value);
    else if (name == "bursts") bursts = atoi(value);
    else if (name == "taps") taps = atoi(value);
    else if (name == "read") addresses.push_back(uint32_t(strtoul(value, nullptr, 0)));
    else if (name == "unit") watched = atoi(value);
    else if (name == "from") from = strtoull(value, nullptr, 10);
    else if (name == "until") until = strtoull(value, nullptr, 10);
    else { fprintf(stderr, "unknown argument %s\n", argv[n]); return 2; }
  }
  auto pauses = [&](int port) {
    return Pauses{percent, bursts, (seed * 0x9e3779b97f4a7c15u + port * 0xbf58476d1ce4e5b9u) | 1};
  };
  Bench bench(Source(beats_of(folder + "/command.bin"), images, true, pauses(1)),
              Source(beats_of(folder + "/images.bin"), images, false, pauses(2)), pauses(3),
              folder, taps);
  bench.watched = watched;
  bench.from = from;
  bench.until = until;
#if VM_TRACE
  bench.waves_path = folder + "/waves.fst";
#endif
  bench.reset();
  const clock_t start = clock();
  while (bench.finished < images && bench.quiet < patience) bench.tick();
  for (int n = 0; n < 64; n++) bench.tick();
  const double seconds = double(clock() - start) / CLOCKS_PER_SEC;
  const uint64_t cycles = bench.cycle;
  FILE* result = fopen((folder + "/result.json").c_str(), "w");
  fprintf(result, "{\"finished\": %" PRIu64 ", \"cycles\": %" PRIu64 ", \"cpu_seconds\": %.3f,\n",
          bench.finished, cycles, seconds);
  fprintf(result, " \"commands_taken\": %" PRIu64 ", \"images_taken\": %" PRIu64 ",\n",
          bench.command.taken, bench.image.taken);
  auto list = [&](const char* name, const std::vector<uint64_t>& values) {
    fprintf(result, " \"%s\": [", name);
    for (size_t n = 0; n < values.size(); n++)
      fprintf(result, "%s%" PRIu64, n ? ", " : "", values[n]);
    fprintf(result, "],\n");
  };
  list("began", bench.began);
  list("ended", bench.ended);
  std::vector<uint64_t> registers;
  for (uint32_t address : addresses) registers.push_back(bench.read(address));
  list("registers", registers);
  fprintf(result, " \"simulator\": \"verilator\"}\n");
  fclose(result);
#if VM_TRACE
  if (bench.waves) bench.waves->close();
#endif
  return 0;
}
