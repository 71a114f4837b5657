#include "linux/bar_discovery.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "facts/discovery.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/driver/inspection.hpp"

namespace redbolt::probe {
namespace {

using Discovery = Reading<DiscoveryFacts>;

// A part of a BAR, mapped for reading.
class Mapping {
 public:
  // size: a multiple of 4. An offset or size outside the file gives an invalid mapping, which
  // error() explains.
  Mapping(const std::filesystem::path& file, std::uint64_t offset, std::size_t size) {
    const FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!descriptor.valid() || ::fstat(descriptor.get(), &status) != 0) {
      error_ = errno;
      return;
    }
    const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t start = offset / page * page;
    if (!range_fits(offset, size, static_cast<std::uint64_t>(status.st_size))) {
      error_ = ERANGE;
      return;
    }
    length_ = static_cast<std::size_t>(offset - start) + size;
    address_ = ::mmap(nullptr, length_, PROT_READ, MAP_SHARED, descriptor.get(),
                      static_cast<off_t>(start));
    error_ = address_ == MAP_FAILED ? errno : 0;
    skip_ = static_cast<std::size_t>(offset - start);
  }
  ~Mapping() {
    if (address_ != MAP_FAILED) ::munmap(address_, length_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  bool valid() const { return address_ != MAP_FAILED; }
  int error() const { return error_; }

  // Registers are read as whole words.
  std::vector<std::byte> read() const {
    std::vector<std::byte> bytes(length_ - skip_);
    const auto* source = reinterpret_cast<const volatile std::uint32_t*>(
        static_cast<const std::byte*>(address_) + skip_);
    for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
      const std::uint32_t word = source[i];
      std::memcpy(bytes.data() + 4 * i, &word, sizeof word);
    }
    return bytes;
  }

 private:
  void* address_ = MAP_FAILED;
  std::size_t length_ = 0;
  std::size_t skip_ = 0;
  int error_ = 0;
};

Discovery cannot_map(const char* bar, int error) {
  if (error == EACCES || error == EPERM)
    return Discovery::skipped("reading the card's BARs needs root");
  if (error == ENOENT) return Discovery::skipped(std::string("sysfs offers no ") + bar);
  return Discovery::skipped(std::string(bar) + " cannot be mapped: " + std::strerror(error));
}

}  // namespace

Discovery discovery_through_bars(const std::filesystem::path& device, CardFacts& card) {
  if (card.power_state && *card.power_state != "D0")
    return Discovery::skipped("the card sleeps (" + *card.power_state + ")");
  if (card.memory_decoding == false)
    return Discovery::skipped("the card does not decode memory accesses yet: no driver enabled it");
  const Mapping registers(device / "resource5", driver::kMemorySizeRegister, 4);
  if (!registers.valid()) return cannot_map("resource5", registers.error());
  std::uint32_t megabytes = 0;
  std::memcpy(&megabytes, registers.read().data(), sizeof megabytes);
  if (megabytes == 0xffffffff)
    return Discovery::failed("the card does not answer on its register BAR");
  const std::uint64_t vram = std::uint64_t{megabytes} << 20;
  card.vram_bytes = vram;
  const std::uint64_t from_end = driver::kDiscoveryTableFromEnd.count();
  std::uint64_t visible = 0;
  for (const BarFacts& bar : card.bars)
    if (bar.index == 0) visible = bar.size_bytes;
  if (vram < from_end || visible < vram)
    return Discovery::skipped(
        "the table is at the end of the video memory, which BAR0 does not show");
  const Mapping table(device / "resource0", vram - from_end, driver::kDiscoveryTableSize.count());
  if (!table.valid()) return cannot_map("resource0", table.error());
  return understand_discovery(table.read());
}

}  // namespace redbolt::probe
