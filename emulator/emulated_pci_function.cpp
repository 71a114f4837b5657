#include "emulated_pci_function.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "redbolt/base/checked.hpp"

namespace redbolt::emulator {
namespace {

constexpr std::uint32_t all_ones = 0xffffffff;
constexpr pci::ConfigOffset command(0x04);
constexpr std::uint32_t memory_enable = 2;

std::string describe(pci::Bar bar) {
  return "BAR" + std::to_string(static_cast<unsigned>(bar));
}

[[noreturn]] void out_of_range(const std::string& what) {
  throw pci::PciError(pci::PciErrorCode::out_of_range, "emulated card: " + what);
}

}  // namespace

std::string EmulatedPciFunction::name() const {
  return "emulated:0000:03:00.0";
}

std::uint32_t EmulatedPciFunction::read_config(pci::ConfigOffset offset, unsigned width) {
  if ((width != 1 && width != 2 && width != 4) || offset.value() % width != 0 ||
      !range_fits(offset.value(), width, ConfigSpace::size)) {
    out_of_range("configuration space has no " + std::to_string(width) + " bytes at " +
                 std::to_string(offset.value()) + ".");
  }
  if (!card_->present()) return all_ones >> (32 - 8 * width);
  return card_->config().read(static_cast<std::uint32_t>(offset.value()), width);
}

void EmulatedPciFunction::write_config(pci::ConfigOffset offset, unsigned width,
                                       std::uint32_t value) {
  read_config(offset, width);  // the same rules
  if (card_->present())
    card_->config().write(static_cast<std::uint32_t>(offset.value()), width, value);
}

pci::BarInfo EmulatedPciFunction::bar(pci::Bar bar) {
  return card_->config().bar(static_cast<unsigned>(bar));
}

// What an operating system does: memory decoding off, the new size into the resizable-BAR
// capability, the base again, memory decoding as it was.
pci::BarInfo EmulatedPciFunction::resize_bar(pci::Bar bar, Bytes size) {
  const auto index = static_cast<unsigned>(bar);
  ConfigSpace& config = card_->config();
  const Bytes largest = config.largest(index);
  const Bytes wanted = size == Bytes{} ? largest : size;
  if (largest == Bytes{} || !std::has_single_bit(wanted.count()) || wanted > largest) {
    throw pci::PciError(pci::PciErrorCode::unsupported,
                        "emulated card: " + describe(bar) + " cannot be resized to " +
                            std::to_string(wanted.count()) + " bytes.");
  }
  const std::uint32_t before = read_config(command, 2);
  write_config(command, 2, before & ~memory_enable);
  const pci::ConfigOffset control(ConfigSpace::resizable_bar_capability + (index == 0 ? 8 : 16));
  const auto code = static_cast<std::uint32_t>(std::countr_zero(wanted.count() >> 20));
  write_config(control, 4, (read_config(control, 4) & ~0x3f00u) | code << 8);
  write_config(command, 2, before);
  const pci::BarInfo result = config.bar(index);
  if (result.size != wanted && card_->present()) {
    throw pci::PciError(pci::PciErrorCode::unsupported,
                        "emulated card: " + describe(bar) + " does not offer a size of " +
                            std::to_string(wanted.count()) + " bytes.");
  }
  return result;
}

void EmulatedPciFunction::check(pci::Bar bar, pci::BarOffset offset, std::size_t size,
                                std::size_t alignment) {
  const pci::BarInfo info = card_->config().bar(static_cast<unsigned>(bar));
  if (info.size == Bytes{}) {
    throw pci::PciError(pci::PciErrorCode::no_such_bar,
                        "emulated card: there is no " + describe(bar) + ".");
  }
  if (!range_fits(offset.value(), size, info.size.count()) || offset.value() % alignment != 0) {
    out_of_range(describe(bar) + " has no " + std::to_string(size) + " bytes at " +
                 std::to_string(offset.value()) + ".");
  }
}

std::uint32_t EmulatedPciFunction::read32(pci::Bar bar, pci::BarOffset offset) {
  check(bar, offset, 4, 4);
  if (!card_->responds()) return all_ones;
  std::uint32_t value = 0;
  if (bar == pci::Bar::k5) value = card_->read_register(offset.value());
  if (bar == pci::Bar::k0)
    card_->read_vram(offset.value(), std::as_writable_bytes(std::span(&value, 1)));
  return card_->present() ? value : all_ones;
}

std::uint64_t EmulatedPciFunction::read64(pci::Bar bar, pci::BarOffset offset) {
  check(bar, offset, 8, 8);
  if (bar != pci::Bar::k0) {
    const std::uint64_t low = read32(bar, offset);
    return low | static_cast<std::uint64_t>(read32(bar, offset + Bytes(4))) << 32;
  }
  if (!card_->responds()) return ~0ull;
  std::uint64_t value = 0;
  card_->read_vram(offset.value(), std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void EmulatedPciFunction::write32(pci::Bar bar, pci::BarOffset offset, std::uint32_t value) {
  check(bar, offset, 4, 4);
  if (!card_->responds()) return;
  if (bar == pci::Bar::k5) card_->write_register(offset.value(), value);
  if (bar == pci::Bar::k2) card_->ring_doorbell(offset.value(), value, 4);
  if (bar == pci::Bar::k0) card_->write_vram(offset.value(), std::as_bytes(std::span(&value, 1)));
}

void EmulatedPciFunction::write64(pci::Bar bar, pci::BarOffset offset, std::uint64_t value) {
  check(bar, offset, 8, 8);
  if (!card_->responds()) return;
  if (bar == pci::Bar::k5) {
    card_->write_register(offset.value(), static_cast<std::uint32_t>(value));
    card_->write_register(offset.value() + 4, static_cast<std::uint32_t>(value >> 32));
  }
  if (bar == pci::Bar::k2) card_->ring_doorbell(offset.value(), value, 8);
  if (bar == pci::Bar::k0) card_->write_vram(offset.value(), std::as_bytes(std::span(&value, 1)));
}

void EmulatedPciFunction::read_block(pci::Bar bar, pci::BarOffset offset,
                                     std::span<std::byte> into) {
  check(bar, offset, into.size(), bar == pci::Bar::k0 ? 1 : 4);
  if (bar == pci::Bar::k0) {
    if (card_->responds()) return card_->read_vram(offset.value(), into);
    std::fill(into.begin(), into.end(), std::byte{0xff});
    return;
  }
  if (into.size() % 4 != 0) out_of_range("registers and doorbells are read by whole dwords.");
  for (std::size_t done = 0; done < into.size(); done += 4) {
    const std::uint32_t value = read32(bar, offset + Bytes(done));
    std::memcpy(into.data() + done, &value, sizeof value);
  }
}

void EmulatedPciFunction::write_block(pci::Bar bar, pci::BarOffset offset,
                                      std::span<const std::byte> from) {
  check(bar, offset, from.size(), bar == pci::Bar::k0 ? 1 : 4);
  if (bar == pci::Bar::k0) {
    if (card_->responds()) card_->write_vram(offset.value(), from);
    return;
  }
  if (from.size() % 4 != 0) out_of_range("registers and doorbells are written by whole dwords.");
  if (bar == pci::Bar::k2 && from.size() == 8 && offset.value() % 8 == 0) {
    std::uint64_t value = 0;
    std::memcpy(&value, from.data(), sizeof value);
    return write64(bar, offset, value);
  }
  for (std::size_t done = 0; done < from.size(); done += 4) {
    std::uint32_t value = 0;
    std::memcpy(&value, from.data() + done, sizeof value);
    write32(bar, offset + Bytes(done), value);
  }
}

std::unique_ptr<pci::HostMemory> EmulatedPciFunction::allocate_host_memory(
    Bytes size, pci::Contiguity contiguity) {
  return card_->host_pages().allocate(size, contiguity);
}

void EmulatedPciFunction::reset() {
  card_->bus_reset();
}

}  // namespace redbolt::emulator
