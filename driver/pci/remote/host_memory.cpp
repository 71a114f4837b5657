#include "remote/host_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "redbolt/base/checked.hpp"

namespace redbolt::pci::remote {
namespace {

constexpr std::uint64_t kPage = HostMemory::page_size.count();
constexpr std::uint64_t kLargestAllocation = std::uint64_t{1} << 40;
constexpr std::size_t kTransfer = std::size_t{1} << 20;

[[noreturn]] void no_memory(const std::string& why) {
  throw PciError(PciErrorCode::no_host_memory, "host memory that the card can reach: " + why);
}

[[noreturn]] void gone(const Connection& connection) {
  throw PciError(PciErrorCode::transport_closed,
                 connection.name() + ": the server that serves the card is gone");
}

// The bus pages of `count` pages of memory, from the list of (address, size) pairs that the memory
// begins with. The server may still write there, so that each number is read once.
std::vector<BusAddress> read_page_list(Connection& connection, const std::byte* list,
                                       std::uint64_t count) {
  std::vector<BusAddress> pages;
  pages.reserve(count);
  // Were every page a pair of its own, the list would still fit into the memory.
  for (std::uint64_t pair = 0; pages.size() < count; ++pair) {
    const std::uint64_t address = pair < count ? load64(list + pair * 16) : 0;
    const std::uint64_t size = pair < count ? load64(list + pair * 16 + 8) : 0;
    if (size == 0) connection.distrust("the list of pages ends before the memory does");
    if (address % kPage != 0 || size % kPage != 0 || !checked_add(address, size)) {
      connection.distrust("a run of pages at bus address " + std::to_string(address) + " of " +
                          std::to_string(size) + " bytes");
    }
    for (std::uint64_t at = 0; at < size && pages.size() < count; at += kPage) {
      pages.emplace_back(address + at);
    }
  }
  return pages;
}

bool are_contiguous(const std::vector<BusAddress>& pages) {
  return std::ranges::adjacent_find(pages, [](BusAddress a, BusAddress b) {
           return a + HostMemory::page_size != b;
         }) == pages.end();
}

}  // namespace

Mapping::Mapping(FileDescriptor file, Bytes size) : file_(std::move(file)), size_(size.count()) {
#ifdef F_SEAL_SHRINK
  // A file that shrinks under its mapping kills who touches it. Files that cannot be sealed remain
  // a matter of trust in the server, which has the card in its hands anyway.
  [[maybe_unused]] const int sealed = ::fcntl(file_.get(), F_ADD_SEALS, F_SEAL_SHRINK);
#endif
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0 || status.st_size < 0 ||
      static_cast<std::uint64_t>(status.st_size) < size_) {
    no_memory("the server's file has " + std::to_string(status.st_size) + " bytes instead of " +
              std::to_string(size_));
  }
  void* const data = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (data == MAP_FAILED) no_memory("mapping it: " + std::generic_category().message(errno));
  data_ = static_cast<std::byte*>(data);
}

Mapping::Mapping(Mapping&& other) noexcept
    : file_(std::move(other.file_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

class LentMemoryPool::Block final : public HostMemory {
 public:
  Block(std::shared_ptr<LentMemoryPool> pool, LentMemory memory, std::uint64_t pages)
      : pool_(std::move(pool)), memory_(std::move(memory)), page_count_(pages) {}
  ~Block() override {
    if (pool_->connection_->is_open()) pool_->released_.push_back(std::move(memory_));
  }

  Bytes size() const override { return page_size * page_count_; }
  std::span<const BusAddress> pages() const override {
    return std::span(memory_.pages).first(page_count_);
  }
  std::byte* data() override { return memory_.mapping.data(); }
  int descriptor() const override { return memory_.mapping.descriptor(); }

  void read(Bytes offset, std::span<std::byte> into) override {
    check(offset, into.size());
    if (const std::byte* const mapped = data()) {
      if (!into.empty()) std::memcpy(into.data(), mapped + offset.count(), into.size());
      return;
    }
    for (std::size_t done = 0; done < into.size(); done += kTransfer) {
      const auto piece = into.subspan(done, std::min(kTransfer, into.size() - done));
      if (!connection().call(Command::sysmem_read, memory_.handle,
                             {offset.count() + done, piece.size(), 0}, PciErrorCode::refused,
                             piece)) {
        gone(connection());
      }
    }
  }

  void write(Bytes offset, std::span<const std::byte> from) override {
    check(offset, from.size());
    if (std::byte* const mapped = data()) {
      if (!from.empty()) std::memcpy(mapped + offset.count(), from.data(), from.size());
      return;
    }
    for (std::size_t done = 0; done < from.size(); done += kTransfer) {
      connection().post(Command::sysmem_write, memory_.handle, offset.count() + done,
                        from.subspan(done, std::min(kTransfer, from.size() - done)));
    }
  }

 private:
  Connection& connection() const { return *pool_->connection_; }
  void check(Bytes offset, std::size_t size) const {
    if (range_fits(offset.count(), size, this->size().count())) return;
    throw PciError(PciErrorCode::out_of_range, "an access of " + std::to_string(size) +
                                                   " bytes at " + std::to_string(offset.count()) +
                                                   " leaves host memory of " +
                                                   std::to_string(this->size().count()) + " bytes");
  }

  std::shared_ptr<LentMemoryPool> pool_;
  LentMemory memory_;
  std::uint64_t page_count_;
};

std::unique_ptr<HostMemory> LentMemoryPool::allocate(Bytes size, Contiguity contiguity) {
  const auto bytes = checked_align_up(size.count(), kPage);
  if (!bytes || *bytes == 0 || *bytes > kLargestAllocation) {
    no_memory(std::to_string(size.count()) + " bytes cannot be");
  }
  const std::uint64_t pages = *bytes / kPage;
  const bool contiguous = contiguity == Contiguity::contiguous;
  auto memory = reuse(pages, contiguous);
  if (!memory) {
    memory =
        with_descriptors_ ? borrow_mapped(pages, contiguous) : borrow_by_handle(pages, contiguous);
    memory->contiguous = are_contiguous(memory->pages);
    if (contiguous && !memory->contiguous) no_memory("the server gave pages with gaps");
  }
  return std::make_unique<Block>(shared_from_this(), std::move(*memory), pages);
}

// The smallest that fits, unless it would waste more than it serves.
std::optional<LentMemory> LentMemoryPool::reuse(std::uint64_t pages, bool contiguous) {
  auto best = released_.end();
  for (auto at = released_.begin(); at != released_.end(); ++at) {
    if (at->pages.size() < pages || at->pages.size() > 2 * pages) continue;
    if (contiguous && !at->contiguous) continue;
    if (best == released_.end() || at->pages.size() < best->pages.size()) best = at;
  }
  if (best == released_.end()) return std::nullopt;
  LentMemory memory = std::move(*best);
  released_.erase(best);
  clear(memory);
  return memory;
}

void LentMemoryPool::clear(LentMemory& memory) {
  const std::uint64_t size = memory.pages.size() * kPage;
  if (memory.mapping.data() != nullptr) {
    std::memset(memory.mapping.data(), 0, size);
    return;
  }
  const std::vector<std::byte> zeros(std::min<std::uint64_t>(size, kTransfer));
  for (std::uint64_t done = 0; done < size; done += zeros.size()) {
    connection_->post(Command::sysmem_write, memory.handle, done,
                      std::span(zeros).first(std::min(zeros.size(), size - done)));
  }
}

LentMemory LentMemoryPool::borrow_mapped(std::uint64_t pages, bool contiguous) {
  FileDescriptor file;
  const auto reply = connection_->call_for_descriptor(
      Command::map_sysmem_fd, {pages * kPage, contiguous, 0}, PciErrorCode::no_host_memory, file);
  if (!reply) gone(*connection_);
  if (reply->results[0] < pages * kPage) {
    connection_->distrust(std::to_string(reply->results[0]) + " bytes of host memory for the " +
                          std::to_string(pages * kPage) + " that were asked for");
  }
  LentMemory memory;
  memory.mapping = Mapping(std::move(file), Bytes(pages * kPage));
  memory.pages = read_page_list(*connection_, memory.mapping.data(), pages);
  // The memory starts zeroed; only the list is there.
  std::memset(memory.mapping.data(), 0, std::min(pages * kPage, (pages + 1) * 16));
  return memory;
}

LentMemory LentMemoryPool::borrow_by_handle(std::uint64_t pages, bool contiguous) {
  std::vector<std::byte> list;
  const auto reply = connection_->call_for_data(Command::map_sysmem, {pages * kPage, contiguous, 0},
                                                {}, PciErrorCode::no_host_memory, pages * 8, list);
  if (!reply) gone(*connection_);
  if (list.size() != pages * 8 || reply->results[1] > 0xffffffff) {
    connection_->distrust("host memory of " + std::to_string(pages) +
                          " pages came with a list of " + std::to_string(list.size()) + " bytes");
  }
  LentMemory memory;
  memory.handle = static_cast<std::uint32_t>(reply->results[1]);
  for (std::uint64_t i = 0; i < pages; ++i) {
    const std::uint64_t address = load64(&list[i * 8]);
    if (address % kPage != 0) connection_->distrust("a page is not aligned");
    memory.pages.emplace_back(address);
  }
  return memory;
}

}  // namespace redbolt::pci::remote
