// A card for tests of the daemon: memory that is plain memory, copies that are memcpy, and work
// that ends, hangs or faults when the test says so. The kernels themselves do not run.
//
// FakeCard is the card and outlives its backends, of which the daemon makes a new one after a
// failure. Its controls may be used from any thread.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "backend.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::daemon {

class FakeCard {
 public:
  struct Launch {
    std::vector<driver::IndirectBuffer> buffers;
    std::optional<driver::FenceValue> after;
  };

  Bytes data_size{std::uint64_t{1} << 20};
  Bytes code_size{std::uint64_t{256} << 10};

  std::atomic<bool> hold{false};  // work does not end while this is set
  std::atomic<bool> present{true};
  std::atomic<bool> boot_fails{false};
  std::atomic<bool> reset_helps{false};    // a lighter one than a boot
  std::atomic<std::uint64_t> progress{0};  // of the engines
  std::atomic<unsigned> resets{0};         // that were tried
  std::atomic<unsigned> boots{0};
  std::atomic<unsigned> ends{0};    // backends that were given up
  std::atomic<unsigned> pinned{0};  // pinned blocks alive
  std::atomic<unsigned> drains{0};
  std::atomic<bool> is_far{false};  // looks at host memory cost messages
  std::atomic<unsigned> looks{0};   // at fences

  void report(const driver::Interrupt& interrupt) {
    const std::lock_guard lock(mutex_);
    interrupts_.push_back(interrupt);
  }
  std::vector<driver::Interrupt> take_interrupts() {
    const std::lock_guard lock(mutex_);
    return std::exchange(interrupts_, {});
  }
  bool has_interrupts() {
    const std::lock_guard lock(mutex_);
    return !interrupts_.empty();
  }
  void record(Launch launch) {
    const std::lock_guard lock(mutex_);
    launches_.push_back(std::move(launch));
  }
  std::vector<Launch> launches() {
    const std::lock_guard lock(mutex_);
    return launches_;
  }

  BackendFactory factory();

 private:
  std::mutex mutex_;
  std::vector<driver::Interrupt> interrupts_;
  std::vector<Launch> launches_;
};

class FakePinned : public PinnedMemory {
 public:
  FakePinned(FakeCard& card, std::map<std::uint64_t, FakePinned*>& all, driver::GpuAddress address,
             Bytes size)
      : card_(card),
        all_(all),
        address_(address),
        size_(size),
        descriptor_(::memfd_create("fake", MFD_CLOEXEC)) {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size.count())) != 0)
      throw std::bad_alloc();
    data_ = static_cast<std::byte*>(
        ::mmap(nullptr, size.count(), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_.get(), 0));
    if (data_ == MAP_FAILED) throw std::bad_alloc();
    all_[address.value()] = this;
    ++card_.pinned;
  }
  ~FakePinned() override {
    ::munmap(data_, size_.count());
    all_.erase(address_.value());
    --card_.pinned;
  }
  driver::GpuAddress address() const override { return address_; }
  Bytes size() const override { return size_; }
  int descriptor() const override { return descriptor_.get(); }
  void read(Bytes offset, std::span<std::byte> into) const override {
    std::memcpy(into.data(), data_ + offset.count(), into.size());
  }
  std::byte* data() { return data_; }

 private:
  FakeCard& card_;
  std::map<std::uint64_t, FakePinned*>& all_;
  driver::GpuAddress address_;
  Bytes size_;
  FileDescriptor descriptor_;
  std::byte* data_;
};

// Keeps the rules of a context and remembers what was granted; breaking them ends the test.
class FakeContext : public MemoryContext {
 public:
  using Contexts = std::map<unsigned, FakeContext*>;
  struct Granted {
    Bytes size;
    driver::MemoryAccess access;
  };

  FakeContext(Contexts& all, std::uint32_t& progress) : all_(all), progress_(progress) {
    while (all_.contains(vmid_)) ++vmid_;
    if (vmid_ > 15) {
      throw driver::DriverError(driver::DriverErrorCode::out_of_contexts, "create", "", "all used");
    }
    all_[vmid_] = this;
  }
  ~FakeContext() override { all_.erase(vmid_); }
  driver::Vmid vmid() const override { return driver::Vmid(vmid_); }
  void grant(driver::GpuAddress address, Bytes size, driver::MemoryAccess access) override {
    if (address.value() % 4096 != 0 || size.count() % 4096 != 0 || size.count() == 0)
      throw std::logic_error("a grant of no whole pages");
    for (const auto& [start, granted] : grants_) {
      if (address < start + granted.size && start < address + size)
        throw std::logic_error("granted twice");
    }
    for (const auto& [vmid, other] : all_) {
      if (other == this || address >= scratch || !other->reaches(address, size)) continue;
      if (access != driver::MemoryAccess::read || other->writes(address, size))
        throw std::logic_error("granted to two clients");
    }
    grants_[address] = {size, access};
  }
  void revoke(driver::GpuAddress address, Bytes size) override {
    const auto found = grants_.find(address);
    if (found == grants_.end() || found->second.size != size)
      throw std::logic_error("revoked what was not granted");
    grants_.erase(found);
  }
  driver::GpuAddress progress_word() const override { return driver::GpuAddress(0x7fff'ffff'f000); }
  std::uint32_t progress() const override { return progress_; }

  // Whether a part of the range is granted.
  bool reaches(driver::GpuAddress address, Bytes size) const {
    for (const auto& [start, granted] : grants_) {
      if (address < start + granted.size && start < address + size) return true;
    }
    return false;
  }
  // Whether a part of the range can be written.
  bool writes(driver::GpuAddress address, Bytes size) const {
    for (const auto& [start, granted] : grants_) {
      if (address < start + granted.size && start < address + size &&
          granted.access != driver::MemoryAccess::read)
        return true;
    }
    return false;
  }
  const std::map<driver::GpuAddress, Granted>& grants() const { return grants_; }

  static constexpr driver::GpuAddress scratch{0x2300'0000'0000};

 private:
  Contexts& all_;
  std::uint32_t& progress_;
  unsigned vmid_ = 1;
  std::map<driver::GpuAddress, Granted> grants_;
};

class FakeBackend : public Backend {
 public:
  static constexpr driver::GpuAddress data_address{0x2000'0000'0000};
  static constexpr driver::GpuAddress code_address{0x2100'0000'0000};
  static constexpr driver::GpuAddress pinned_address{0x2200'0000'0000};

  explicit FakeBackend(FakeCard& card)
      : card_(card), data_(card.data_size.count()), code_(card.code_size.count()) {
    ++card_.boots;
    if (card_.boot_fails) throw std::runtime_error("the fake card does not boot");
    info_.marketing_name = "Fake card";
    info_.gfx_target = "gfx1100";
    info_.location = "fake:0";
    info_.vram = card.data_size + card.code_size;
    info_.compute_units = 96;
    info_.ip_versions = {{"GC", "11.0.0"}};
    report_.steps = {{"pretend", 0.25, ""}};
    report_.seconds = 0.25;
  }
  ~FakeBackend() override { ++card_.ends; }

  const driver::CardInfo& info() const override { return info_; }
  const driver::BootReport& boot_report() const override { return report_; }
  driver::DispatchLimits dispatch_limits() const override {
    driver::DispatchLimits limits;
    limits.shader_engines = 6;
    limits.compute_units = 96;
    limits.lds_per_workgroup = Bytes(65536);
    limits.scratch = FakeContext::scratch;
    limits.scratch_size = Bytes(std::uint64_t{64} << 20);
    return limits;
  }
  VramRegion region(Region region) const override {
    return region == Region::data ? VramRegion{data_address, card_.data_size}
                                  : VramRegion{code_address, card_.code_size};
  }
  void write(Region region, Bytes offset, std::span<const std::byte> data) override {
    auto& memory = region == Region::data ? data_ : code_;
    if (offset.count() + data.size() > memory.size())
      throw std::logic_error("write beyond the region");
    std::copy(data.begin(), data.end(),
              memory.begin() + static_cast<std::ptrdiff_t>(offset.count()));
  }
  std::unique_ptr<PinnedMemory> allocate_pinned(Bytes size) override {
    auto block = std::make_unique<FakePinned>(card_, pinned_, next_pinned_, size);
    next_pinned_ += Bytes((size.count() + 0xffff) & ~std::uint64_t{0xffff});
    return block;
  }

  std::unique_ptr<MemoryContext> create_context() override {
    return std::make_unique<FakeContext>(contexts_, mark);
  }

  driver::FenceValue run(std::span<const driver::IndirectBuffer> buffers,
                         std::optional<driver::FenceValue> after) override {
    for (const driver::IndirectBuffer& buffer : buffers) {
      const auto context = contexts_.find(static_cast<unsigned>(buffer.vmid.value()));
      if (context == contexts_.end() ||
          !context->second->reaches(buffer.address, Bytes(std::uint64_t{buffer.dwords} * 4)))
        throw std::logic_error("commands that their context does not reach");
    }
    card_.record({{buffers.begin(), buffers.end()}, after});
    return driver::FenceValue(++submitted_[0]);
  }
  driver::FenceValue copy(const driver::CopyRegion& region,
                          std::optional<driver::FenceValue>) override {
    std::memmove(at(region.destination, region.size), at(region.source, region.size),
                 region.size.count());
    return driver::FenceValue(++submitted_[1]);
  }
  driver::FenceValue fill(driver::GpuAddress destination, Bytes size, std::uint32_t value,
                          std::optional<driver::FenceValue>) override {
    if (destination >= FakeContext::scratch) {
      ++scratch_fills;
      return driver::FenceValue(++submitted_[1]);
    }
    std::byte* to = at(destination, size);
    for (std::uint64_t i = 0; i < size.count(); i += 4) std::memcpy(to + i, &value, 4);
    return driver::FenceValue(++submitted_[1]);
  }
  driver::FenceValue completed(Engine engine) const override {
    const std::size_t i = engine == Engine::compute ? 0 : 1;
    ++card_.looks;
    if (!card_.hold) completed_[i] = submitted_[i];
    return driver::FenceValue(completed_[i]);
  }

  bool looks_cost_messages() const override { return card_.is_far; }

  std::uint64_t progress() const override { return card_.progress; }
  driver::Recovery recover() override {
    ++card_.resets;
    if (!card_.reset_helps) {
      throw driver::DriverError(driver::DriverErrorCode::card_fault, "recover", "", "no");
    }
    completed_[0] = submitted_[0];
    completed_[1] = submitted_[1];
    return {driver::RecoveryRung::engine, 0.5};
  }

  bool interrupts_pending() override { return card_.has_interrupts(); }
  std::vector<driver::Interrupt> drain_interrupts() override {
    ++card_.drains;
    return card_.take_interrupts();
  }
  bool is_present() override { return card_.present; }

  driver::LinkCounters link_counters() const override {
    driver::LinkCounters counters;
    counters.doorbells = submitted_[0] + submitted_[1];
    return counters;
  }
  std::map<std::string, std::uint64_t> card_counters() const override { return {{"fake", 42}}; }
  driver::Metrics metrics() override {
    driver::Metrics metrics;
    metrics.edge_temperature = 50;
    metrics.hotspot_temperature = 61;
    metrics.memory_temperature = 72;
    metrics.socket_power_watts = 123.5;
    metrics.graphics_clock = 2500;
    metrics.memory_clock = 1249;
    metrics.graphics_activity = 87;
    return metrics;
  }

  const FakeContext::Contexts& contexts() const { return contexts_; }
  std::uint32_t mark = 0;  // what every context's word says
  std::atomic<unsigned> scratch_fills{0};

  std::span<std::byte> data() { return data_; }
  std::span<const std::byte> code() const { return code_; }

 private:
  std::byte* at(driver::GpuAddress address, Bytes size) {
    if (address >= data_address && address + size <= data_address + card_.data_size) {
      return data_.data() + (address - data_address).count();
    }
    const auto block = pinned_.upper_bound(address.value());
    if (block != pinned_.begin()) {
      FakePinned& memory = *std::prev(block)->second;
      if (address + size <= memory.address() + memory.size())
        return memory.data() + (address - memory.address()).count();
    }
    throw std::logic_error("a copy outside of what was given out");
  }

  FakeCard& card_;
  driver::CardInfo info_;
  driver::BootReport report_;
  std::vector<std::byte> data_, code_;
  std::map<std::uint64_t, FakePinned*> pinned_;
  FakeContext::Contexts contexts_;
  driver::GpuAddress next_pinned_ = pinned_address;
  std::uint64_t submitted_[2] = {0, 0};
  mutable std::uint64_t completed_[2] = {0, 0};
};

inline BackendFactory FakeCard::factory() {
  return [this] { return std::make_unique<FakeBackend>(*this); };
}

}  // namespace redbolt::daemon
