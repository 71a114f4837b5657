#include "link_counters.hpp"

#include <utility>

namespace redbolt::driver {

CountingFunction::CountingFunction(std::unique_ptr<pci::PciFunction> inner, pci::Bar registers,
                                   pci::Bar doorbells)
    : inner_(std::move(inner)), registers_(registers), doorbells_(doorbells) {}

void CountingFunction::count_read(pci::Bar bar, std::size_t bytes) {
  if (bar == registers_) ++counters_.register_reads;
  counters_.bytes_read += bytes;
}

void CountingFunction::count_write(pci::Bar bar, std::size_t bytes) {
  if (bar == registers_) ++counters_.register_writes;
  if (bar == doorbells_) ++counters_.doorbells;
  counters_.bytes_written += bytes;
}

std::uint32_t CountingFunction::read_config(pci::ConfigOffset offset, unsigned width) {
  return inner_->read_config(offset, width);
}

void CountingFunction::write_config(pci::ConfigOffset offset, unsigned width, std::uint32_t value) {
  inner_->write_config(offset, width, value);
}

std::uint32_t CountingFunction::read32(pci::Bar bar, pci::BarOffset offset) {
  count_read(bar, sizeof(std::uint32_t));
  return inner_->read32(bar, offset);
}

std::uint64_t CountingFunction::read64(pci::Bar bar, pci::BarOffset offset) {
  count_read(bar, sizeof(std::uint64_t));
  return inner_->read64(bar, offset);
}

void CountingFunction::write32(pci::Bar bar, pci::BarOffset offset, std::uint32_t value) {
  count_write(bar, sizeof(value));
  inner_->write32(bar, offset, value);
}

void CountingFunction::write64(pci::Bar bar, pci::BarOffset offset, std::uint64_t value) {
  count_write(bar, sizeof(value));
  inner_->write64(bar, offset, value);
}

void CountingFunction::read_block(pci::Bar bar, pci::BarOffset offset, std::span<std::byte> into) {
  count_read(bar, into.size());
  inner_->read_block(bar, offset, into);
}

void CountingFunction::write_block(pci::Bar bar, pci::BarOffset offset,
                                   std::span<const std::byte> from) {
  count_write(bar, from.size());
  inner_->write_block(bar, offset, from);
}

std::unique_ptr<pci::HostMemory> CountingFunction::allocate_host_memory(
    Bytes size, pci::Contiguity contiguity) {
  return inner_->allocate_host_memory(size, contiguity);
}

}  // namespace redbolt::driver
