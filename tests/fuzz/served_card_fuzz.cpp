// A hostile client of the served card, without sockets: the input is what it sends, in pieces of
// lengths that the input chooses too. The card must serve the next client as if it had not been.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "session.hpp"

namespace {

using namespace redbolt::emulator;
using redbolt::Bytes;
namespace pci = redbolt::pci;

constexpr unsigned inputs_per_session = 256;

// Gives out the input, and takes what is sent.
class Script final : public Stream {
 public:
  Script(std::span<const std::uint8_t> input, bool descriptors)
      : input_(std::as_bytes(input)), descriptors_(descriptors) {}

  std::size_t receive(std::span<std::byte> into, Waiting) override {
    if (input_.empty()) throw StreamEnded(StreamEnded::Reason::closed, "end of the input");
    piece_ = piece_ * 5 + 1;
    const std::size_t size = std::min({into.size(), input_.size(), 1 + piece_ % 97});
    std::copy_n(input_.begin(), size, into.begin());
    input_ = input_.subspan(size);
    return size;
  }
  void send(std::span<const std::byte> data) override {
    sent_ += data.size();
    // A card's whole memory may be asked for; nobody needs to see it.
    if (sent_ > (1u << 22)) throw StreamEnded(StreamEnded::Reason::too_slow, "enough");
  }
  bool passes_descriptors() const override { return descriptors_; }
  void send(std::span<const std::byte> data, int descriptor) override {
    if (descriptor < 0) std::abort();
    send(data);
  }

 private:
  std::span<const std::byte> input_;
  const bool descriptors_;
  std::size_t piece_ = 1;
  std::size_t sent_ = 0;
};

class Target {
 public:
  Target() : card_(card_options()) {
    options_.limits.host_memory = Bytes(8u << 20);
    options_.limits.host_allocations = 16;
  }

  void play(std::span<const std::uint8_t> input) {
    if (++inputs_ % inputs_per_session == 0) check_card();
    if (input.empty()) return;
    Script script(input.subspan(1), input[0] % 2 == 0);
    try {
      SessionActivity activity;
      Session(1, card_.attach(), script, options_, counters_, activity).serve();
    } catch (const StreamEnded&) {
    } catch (const ClientMisbehaved&) {
    }
    if (counters_.host_bytes != 0) std::abort();
  }

 private:
  static CardOptions card_options() {
    CardOptions options;
    options.vram = Bytes(256u << 20);
    options.latency_scale = 0;
    options.threads = 1;
    return options;
  }

  void check_card() {
    card_.unplug();
    card_.plug_in();
    const auto function = card_.attach();
    constexpr pci::BarOffset scratch(0xc040 * 4);
    function->write32(pci::Bar::k5, scratch, 0x1234);
    const bool usable = function->read_config(pci::ConfigOffset(0), 4) == 0x744c1002 &&
                        function->read32(pci::Bar::k5, scratch) == 0x1234;
    if (!usable) std::abort();
  }

  Card card_;
  ServerOptions options_;
  ServerCounters counters_;
  unsigned inputs_ = 0;
};

void add(std::vector<std::uint8_t>& sample, std::uint8_t command, std::uint32_t target,
         std::uint64_t a0, std::uint64_t a1, std::uint64_t a2 = 0, std::size_t payload = 0) {
  std::uint8_t bytes[Request::size] = {command};
  std::memcpy(bytes + 5, &target, 4);
  std::memcpy(bytes + 9, &a0, 8);
  std::memcpy(bytes + 17, &a1, 8);
  std::memcpy(bytes + 25, &a2, 8);
  sample.insert(sample.end(), bytes, bytes + sizeof bytes);
  sample.insert(sample.end(), payload, 0x5a);
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::vector<std::uint8_t> all{0}, memory{0}, writes{1};
  add(all, 0, 0, 3, 16, 0x1002, 16);
  for (std::uint8_t command = 1; command < 13; ++command) {
    if (command == 7 || command == 10) continue;
    add(all, command, command == 9 ? 0 : 5, 4, 4, 7);
  }
  add(memory, 2, 0, 10000, 0);
  add(memory, 8, 0, 10000, 1);
  add(memory, 10, 0, 100, 500, 0, 500);
  add(memory, 9, 0, 100, 500);
  add(writes, 7, 5, 0x3011c, 4, 0, 4);
  add(writes, 7, 0, 0x1003, 700, 0, 700);
  add(writes, 7, 2, 0x18, 8, 0, 8);
  add(writes, 6, 0, 0x1003, 700);
  return {all, memory, writes};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Target target;
  target.play({data, size});
  return 0;
}
