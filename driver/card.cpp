#include "redbolt/driver/card.hpp"

#include <array>
#include <utility>

#include "machine.hpp"

namespace redbolt::driver {

const char* to_string(BootReport::Kind kind) {
  constexpr std::array names = {"cold", "warm", "after reset", "taken over"};
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names[index] : "unknown";
}

const char* to_string(RecoveryRung rung) {
  constexpr std::array names = {"queue", "engine", "card"};
  const auto index = static_cast<std::size_t>(rung);
  return index < names.size() ? names[index] : "unknown";
}

VramBlock::VramBlock(VramBlock&& other) noexcept
    : machine_(std::exchange(other.machine_, nullptr)),
      address_(other.address_),
      size_(other.size_) {}

VramBlock& VramBlock::operator=(VramBlock&& other) noexcept {
  if (this == &other) return *this;
  release();
  machine_ = std::exchange(other.machine_, nullptr);
  address_ = other.address_;
  size_ = other.size_;
  return *this;
}

VramBlock::~VramBlock() {
  release();
}

void VramBlock::release() noexcept {
  if (Machine* machine = std::exchange(machine_, nullptr)) machine->release_vram(address_);
}

HostBlock::HostBlock(HostBlock&& other) noexcept
    : machine_(std::exchange(other.machine_, nullptr)),
      address_(other.address_),
      size_(other.size_),
      memory_(std::move(other.memory_)) {}

HostBlock& HostBlock::operator=(HostBlock&& other) noexcept {
  if (this == &other) return *this;
  release();
  machine_ = std::exchange(other.machine_, nullptr);
  address_ = other.address_;
  size_ = other.size_;
  memory_ = std::move(other.memory_);
  return *this;
}

HostBlock::~HostBlock() {
  release();
}

void HostBlock::release() noexcept {
  if (Machine* machine = std::exchange(machine_, nullptr)) {
    machine->release_host(address_, pci::HostMemory::page_size * memory_->pages().size());
  }
  memory_.reset();
}

VmContext::VmContext(VmContext&& other) noexcept
    : machine_(std::exchange(other.machine_, nullptr)), vmid_(other.vmid_) {}

VmContext& VmContext::operator=(VmContext&& other) noexcept {
  if (this == &other) return *this;
  release();
  machine_ = std::exchange(other.machine_, nullptr);
  vmid_ = other.vmid_;
  return *this;
}

VmContext::~VmContext() {
  release();
}

void VmContext::release() noexcept {
  if (Machine* machine = std::exchange(machine_, nullptr)) machine->release_context(vmid_);
}

void VmContext::grant(GpuAddress address, Bytes size, MemoryAccess access) {
  machine_->contexts().grant(static_cast<unsigned>(vmid_.value()), address, size, access);
}

void VmContext::revoke(GpuAddress address, Bytes size) {
  machine_->contexts().revoke(static_cast<unsigned>(vmid_.value()), address, size);
}

GpuAddress VmContext::progress_word() const {
  return AddressSpace::kPrivatePage;
}

std::uint32_t VmContext::progress() const {
  return machine_->contexts().progress(static_cast<unsigned>(vmid_.value()));
}

Card::Card(std::unique_ptr<pci::PciFunction> function, const FirmwareSource& firmware,
           CardOptions options)
    : machine_(std::make_unique<Machine>(std::move(function), firmware, std::move(options))) {}

Card::~Card() = default;

const CardInfo& Card::info() const {
  return machine_->info();
}
const BootReport& Card::boot_report() const {
  return machine_->report();
}
Bytes Card::vram_free() const {
  return machine_->vram_free();
}
Bytes Card::vram_largest_free() const {
  return machine_->vram_largest_free();
}

VramBlock Card::allocate_vram(Bytes size, VramUse use) {
  return machine_->allocate_vram(size, use);
}
HostBlock Card::allocate_host(Bytes size) {
  return machine_->allocate_host(size);
}

void Card::write_vram(const VramBlock& block, Bytes offset, std::span<const std::byte> data) {
  machine_->write_vram(block, offset, data);
}

void Card::read_vram(const VramBlock& block, Bytes offset, std::span<std::byte> data) {
  machine_->read_vram(block, offset, data);
}

VmContext Card::create_context() {
  return machine_->create_context();
}

DispatchLimits Card::dispatch_limits() const {
  return machine_->dispatch_limits();
}
bool Card::maps_host_memory() const {
  return machine_->maps_host_memory();
}
ComputeQueue& Card::compute() {
  return machine_->compute();
}
CopyQueue& Card::copies() {
  return machine_->copies();
}
LinkCounters Card::link_counters() const {
  return machine_->link_counters();
}

std::map<std::string, std::uint64_t> Card::card_counters() const {
  return machine_->function().counters();
}

Metrics Card::metrics() {
  return machine_->metrics();
}
std::vector<Interrupt> Card::drain_interrupts() {
  return machine_->drain_interrupts();
}
bool Card::interrupts_pending() {
  return machine_->interrupts_pending();
}
Recovery Card::recover() {
  return machine_->recover();
}
bool Card::is_present() {
  return machine_->function().is_present();
}

}  // namespace redbolt::driver
