// A hostile driver: arbitrary accesses to the emulated card's configuration space, BARs and host
// memory, in arbitrary order. Whatever it does, the card must neither crash nor hang, must throw
// nothing but PciError, and must be usable again after it has been pulled and put back.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "blocks/register_address.hpp"
#include "redbolt/emulator/card.hpp"

namespace {

using redbolt::Bytes;
namespace emulator = redbolt::emulator;
namespace pci = redbolt::pci;

constexpr std::size_t step_bytes = 13;  // operation, 32-bit selector, 64-bit value
constexpr unsigned inputs_per_session = 256;

std::vector<std::uint32_t> known_registers() {
  std::vector<std::uint32_t> addresses;
  for (const auto table : redbolt::registers::all_tables()) {
    for (const auto& description : table)
      addresses.push_back(emulator::address_of(description.definition));
  }
  return addresses;
}

// A driver that writes what the card is reading races it by design. ThreadSanitizer is to find
// races of the card's own, so there the driver leaves VRAM alone.
#ifdef __SANITIZE_THREAD__
constexpr bool touches_vram = false;
#else
constexpr bool touches_vram = true;
#endif

class HostileDriver {
 public:
  HostileDriver() : card_(options()), function_(card_.attach()) {}

  void play(std::span<const std::uint8_t> input) {
    if (++inputs_ % inputs_per_session == 0) replug();
    function_->write_config(pci::ConfigOffset(4), 2, 7);
    for (; input.size() >= step_bytes; input = input.subspan(step_bytes)) {
      std::uint32_t selector = 0;
      std::uint64_t value = 0;
      std::memcpy(&selector, input.data() + 1, 4);
      std::memcpy(&value, input.data() + 5, 8);
      try {
        const unsigned operation = input[0] % 10;
        if (touches_vram || (operation != 5 && operation != 9)) step(operation, selector, value);
      } catch (const pci::PciError&) {
      }
    }
  }

 private:
  static emulator::CardOptions options() {
    emulator::CardOptions options;
    options.vram = Bytes(256u << 20);
    options.latency_scale = 0;
    options.threads = 1;
    return options;
  }

  void write_register(std::uint32_t address, std::uint32_t value) {
    if (address < 0x40000) {
      function_->write32(pci::Bar::k5, pci::BarOffset(address * 4ull), value);
      return;
    }
    function_->write32(pci::Bar::k5, pci::BarOffset(0x14 * 4), address * 4);
    function_->write32(pci::Bar::k5, pci::BarOffset(0x15 * 4), value);
  }

  void step(unsigned operation, std::uint32_t selector, std::uint64_t value) {
    static const std::vector<std::uint32_t> registers = known_registers();
    const auto word = static_cast<std::uint32_t>(value);
    switch (operation) {
      case 0:
      case 1:
      case 2:
        return write_register(registers[selector % registers.size()], word);
      case 3:
        return write_register(selector, word);
      case 4:
        function_->read32(pci::Bar::k5, pci::BarOffset(selector));
        return;
      case 5:
        return function_->write64(pci::Bar::k0, pci::BarOffset(selector % 0x200000 & ~7u), value);
      case 6:
        return function_->write64(pci::Bar::k2, pci::BarOffset(selector), value);
      case 7:
        return function_->write_config(pci::ConfigOffset(selector % 5000), 1u << (selector >> 30),
                                       word);
      case 8:
        memory_ = function_->allocate_host_memory(Bytes(selector % 0x40000), pci::Contiguity::any);
        return;
      default: {
        std::vector<std::byte> block(selector % 4096);
        function_->read_block(static_cast<pci::Bar>(selector >> 16 & 7), pci::BarOffset(value),
                              block);
        function_->write_block(static_cast<pci::Bar>(selector >> 16 & 7), pci::BarOffset(value),
                               block);
      }
    }
  }

  void replug() {
    card_.unplug();
    card_.plug_in();
    constexpr pci::BarOffset scratch(0xc040 * 4);
    function_->write32(pci::Bar::k5, scratch, 0x1234);
    const bool usable = function_->read_config(pci::ConfigOffset(0), 4) == 0x744c1002 &&
                        function_->read32(pci::Bar::k5, scratch) == 0x1234;
    if (!usable) std::abort();
  }

  emulator::Card card_;
  std::unique_ptr<pci::PciFunction> function_;
  std::unique_ptr<pci::HostMemory> memory_;
  unsigned inputs_ = 0;
};

void add_step(std::vector<std::uint8_t>& sample, std::uint8_t operation, std::uint32_t selector,
              std::uint64_t value) {
  std::uint8_t bytes[step_bytes];
  bytes[0] = operation;
  std::memcpy(bytes + 1, &selector, 4);
  std::memcpy(bytes + 5, &value, 8);
  sample.insert(sample.end(), bytes, bytes + step_bytes);
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  // What a boot touches first (registers_touched.csv), a queue, and every kind of step.
  std::vector<std::uint8_t> mailboxes, queue, mixed;
  for (const std::uint32_t address :
       {0x16064u, 0x16063u, 0x16080u, 0x16083u, 0x16282u, 0x1628bu, 0x1a774u}) {
    add_step(mailboxes, 3, address, 0x80000);
  }
  add_step(queue, 3, 0xa900, 4);  // GRBM_GFX_CNTL: ME 1
  for (std::uint32_t address = 0x3209; address <= 0x3240; ++address)
    add_step(queue, 3, address, 0x515);
  add_step(queue, 3, 0x320b, 1);
  add_step(queue, 3, 0xde0, 1);
  add_step(queue, 6, 0x18, 16);
  for (std::uint8_t operation = 0; operation < 10; ++operation)
    add_step(mixed, operation, 0x1000, 0x55);
  return {mailboxes, queue, mixed};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static HostileDriver driver;
  driver.play({data, size});
  try {
    emulator::parse_card_options(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const emulator::EmulatorError&) {
    return 0;
  }
  return 0;
}
