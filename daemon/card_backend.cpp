#include "card_backend.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "mirrored_memory.hpp"

namespace redbolt::daemon {
namespace {

constexpr std::uint64_t data_region_granule = std::uint64_t{2}
                                              << 20;  // the driver maps by huge pages

class PinnedBlock : public PinnedMemory {
 public:
  explicit PinnedBlock(driver::HostBlock block) : block_(std::move(block)) {}
  driver::GpuAddress address() const override { return block_.address(); }
  Bytes size() const override { return block_.size(); }
  int descriptor() const override { return block_.memory().descriptor(); }
  void read(Bytes offset, std::span<std::byte> into) const override {
    block_.memory().read(offset, into);
  }

 private:
  driver::HostBlock block_;
};

class CardContext : public MemoryContext {
 public:
  explicit CardContext(driver::VmContext context) : context_(std::move(context)) {}
  driver::Vmid vmid() const override { return context_.vmid(); }
  void grant(driver::GpuAddress address, Bytes size, driver::MemoryAccess access) override {
    context_.grant(address, size, access);
  }
  void revoke(driver::GpuAddress address, Bytes size) override { context_.revoke(address, size); }
  driver::GpuAddress progress_word() const override { return context_.progress_word(); }
  std::uint32_t progress() const override { return context_.progress(); }

 private:
  driver::VmContext context_;
};

Bytes data_region_size(const driver::Card& card, const CardBackendOptions& options) {
  if (options.data.count() != 0) return options.data;
  const std::uint64_t free = card.vram_largest_free().count();
  const std::uint64_t reserve = std::min(options.reserve.count(), free / 2);
  return Bytes((free - reserve) / data_region_granule * data_region_granule);
}

// The dependencies of a submission: none, or one fence of the other queue.
template <class Queue>
std::vector<driver::Dependency> dependencies(const Queue& other,
                                             std::optional<driver::FenceValue> after) {
  if (!after) return {};
  return {other.dependency(*after)};
}

}  // namespace

CardBackend::CardBackend(std::unique_ptr<pci::PciFunction> function,
                         const driver::Card::FirmwareSource& firmware,
                         driver::CardOptions card_options, const CardBackendOptions& options)
    : card_(std::move(function), firmware, std::move(card_options)),
      code_(card_.allocate_vram(options.code, driver::VramUse::executable)),
      data_(card_.allocate_vram(data_region_size(card_, options), driver::VramUse::data)) {}

VramRegion CardBackend::region(Region region) const {
  return {block(region).address(), block(region).size()};
}

void CardBackend::write(Region region, Bytes offset, std::span<const std::byte> data) {
  card_.write_vram(block(region), offset, data);
}

std::unique_ptr<PinnedMemory> CardBackend::allocate_pinned(Bytes size) {
  driver::HostBlock block = card_.allocate_host(size);
  if (block.memory().descriptor() < 0) return std::make_unique<MirroredMemory>(std::move(block));
  return std::make_unique<PinnedBlock>(std::move(block));
}

std::unique_ptr<MemoryContext> CardBackend::create_context() {
  return std::make_unique<CardContext>(card_.create_context());
}

driver::FenceValue CardBackend::run(std::span<const driver::IndirectBuffer> buffers,
                                    std::optional<driver::FenceValue> after) {
  return card_.compute().submit(buffers, dependencies(card_.copies(), after));
}

driver::FenceValue CardBackend::copy(const driver::CopyRegion& region,
                                     std::optional<driver::FenceValue> after) {
  return card_.copies().copy({&region, 1}, dependencies(card_.compute(), after));
}

driver::FenceValue CardBackend::fill(driver::GpuAddress destination, Bytes size,
                                     std::uint32_t value, std::optional<driver::FenceValue> after) {
  return card_.copies().fill(destination, size, value, dependencies(card_.compute(), after));
}

std::uint64_t CardBackend::progress() const {
  std::uint64_t sum = card_.compute().position() + card_.copies().position();
  // A card that counts its workgroups shows that a long dispatch gets on.
  const auto counters = card_.card_counters();
  if (const auto workgroups = counters.find("workgroups"); workgroups != counters.end()) {
    sum += workgroups->second;
  }
  return sum;
}

driver::FenceValue CardBackend::completed(Engine engine) const {
  return engine == Engine::compute ? card_.compute().completed() : card_.copies().completed();
}

}  // namespace redbolt::daemon
