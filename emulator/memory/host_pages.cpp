#include "memory/host_pages.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "memory/copy_memory.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/base/shared_file.hpp"

namespace redbolt::emulator {
namespace {

// Bus addresses start above 4 GiB, as a PC gives to memory beyond its low region.
constexpr std::uint64_t first_bus_page = std::uint64_t{1} << 20;
// Scattered pages lie anywhere below 2^40.
constexpr std::uint64_t scattered_bus_pages = std::uint64_t{1} << 28;
constexpr std::uint64_t largest_allocation = std::uint64_t{1} << 40;

}  // namespace

// What HostPages and the blocks of memory share; lives as long as any of them.
struct HostPages::Table {
  Table(bool scattered, std::uint64_t seed) : scatter(scattered), random(seed) {}
  ~Table() {
    for (const auto& [address, size] : retired) ::munmap(address, size);
  }

  // Bus page numbers for `count` pages of memory; the caller holds the mutex.
  std::vector<std::uint64_t> choose_pages(std::size_t count, bool contiguous) {
    std::vector<std::uint64_t> chosen;
    chosen.reserve(count);
    if (!scatter || contiguous) {
      for (std::size_t i = 0; i < count; ++i) chosen.push_back(next_page++);
      ++next_page;  // what runs over the end of a block reaches nobody's page
      return chosen;
    }
    while (chosen.size() < count) {
      const std::uint64_t page = scattered_bus_pages + random() % scattered_bus_pages;
      if (used_scattered.insert(page).second) chosen.push_back(page);
    }
    return chosen;
  }

  mutable std::shared_mutex mutex;
  std::unordered_map<std::uint64_t, std::byte*> pages;  // bus page number -> host memory
  std::set<std::uint64_t> used_scattered;               // never given out twice
  std::uint64_t next_page = first_bus_page;
  const bool scatter;
  std::mt19937_64 random;
  std::vector<std::pair<void*, std::size_t>> retired;
  std::atomic<std::uint64_t> generation{1};
};

class HostPages::Block final : public pci::HostMemory {
 public:
  Block(std::shared_ptr<Table> table, FileDescriptor descriptor, std::byte* data, std::size_t size,
        bool contiguous)
      : table_(std::move(table)), descriptor_(std::move(descriptor)), data_(data), size_(size) {
    const std::unique_lock lock(table_->mutex);
    for (const std::uint64_t page : table_->choose_pages(size / HostPages::page_size, contiguous)) {
      table_->pages.emplace(page, data_ + pages_.size() * HostPages::page_size);
      pages_.emplace_back(page * HostPages::page_size);
    }
  }

  ~Block() override {
    const std::unique_lock lock(table_->mutex);
    for (const pci::BusAddress page : pages_)
      table_->pages.erase(page.value() / HostPages::page_size);
    table_->generation.fetch_add(1, std::memory_order_acq_rel);
    // An engine may still hold a pointer into the block: the addresses stay, with nothing behind
    // them.
    ::mmap(data_, size_, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    table_->retired.emplace_back(data_, size_);
  }

  Bytes size() const override { return Bytes(size_); }
  std::span<const pci::BusAddress> pages() const override { return pages_; }
  std::byte* data() override { return data_; }
  int descriptor() const override { return descriptor_.get(); }

  void read(Bytes offset, std::span<std::byte> into) override {
    check(offset, into.size());
    copy_memory(into.data(), data_ + offset.count(), into.size());
  }

  void write(Bytes offset, std::span<const std::byte> from) override {
    check(offset, from.size());
    copy_memory(data_ + offset.count(), from.data(), from.size());
  }

 private:
  void check(Bytes offset, std::size_t size) const {
    if (!range_fits(offset.count(), size, size_)) {
      throw pci::PciError(pci::PciErrorCode::out_of_range,
                          "An access of " + std::to_string(size) + " bytes at " +
                              std::to_string(offset.count()) + " does not lie in host memory of " +
                              std::to_string(size_) + " bytes.");
    }
  }

  std::shared_ptr<Table> table_;
  FileDescriptor descriptor_;
  std::byte* data_;
  std::size_t size_;
  std::vector<pci::BusAddress> pages_;
};

HostPages::HostPages(bool scatter, std::uint64_t seed)
    : table_(std::make_shared<Table>(scatter, seed)), generation_(table_->generation) {}

HostPages::~HostPages() = default;

std::unique_ptr<pci::HostMemory> HostPages::allocate(Bytes size, pci::Contiguity contiguity) {
  const auto fail = [&](const char* what) {
    throw pci::PciError(pci::PciErrorCode::no_host_memory,
                        std::string("The host has no memory for a buffer of ") +
                            std::to_string(size.count()) + " bytes: " + what + ".");
  };
  const auto rounded = checked_align_up(size.count(), page_size);
  if (!rounded || *rounded == 0 || *rounded > largest_allocation) fail("the size is out of range");
  FileDescriptor descriptor = make_shared_file("redbolt-emulated-host-memory", *rounded);
  if (!descriptor.valid()) fail(std::strerror(errno));
  void* const data = ::mmap(nullptr, *rounded, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                            descriptor.get(), 0);
  if (data == MAP_FAILED) fail(std::strerror(errno));
  return std::make_unique<Block>(table_, std::move(descriptor), static_cast<std::byte*>(data),
                                 *rounded, contiguity == pci::Contiguity::contiguous);
}

void HostPages::set_bus_mastering(bool enabled) {
  if (bus_mastering_.exchange(enabled, std::memory_order_acq_rel) != enabled) {
    generation_.fetch_add(1, std::memory_order_acq_rel);
  }
}

std::byte* HostPages::find_page(std::uint64_t bus_address) const {
  if (!bus_mastering()) return nullptr;
  const std::shared_lock lock(table_->mutex);
  const auto found = table_->pages.find(bus_address / page_size);
  return found == table_->pages.end() ? nullptr : found->second;
}

}  // namespace redbolt::emulator
