#include "finaliser/kernel_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> magic{'R', 'B', 'K', 'E', 'R', 'N', '0', '1'};
constexpr std::string_view entry_suffix = ".kernel";
constexpr std::string_view temporary_prefix = ".writing-";
constexpr std::uint64_t largest_entry = 64ull << 20;

struct EntryHeader {
  std::array<char, 8> magic;
  Sha256Digest key;       // the entry is the one that was asked for
  Sha256Digest checksum;  // of the bytes that follow
  std::uint64_t size;     // of them
};

// A failed system call and its errno.
struct WriteFailure {
  int error;
};

std::optional<std::vector<std::byte>> read_file(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) > largest_entry)
    return std::vector<std::byte>{};  // no entry of ours: will not check out
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

std::optional<KernelImage> check(std::span<const std::byte> bytes, const Sha256Digest& key) {
  EntryHeader header{};
  if (bytes.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const auto body = bytes.subspan(sizeof(header));
  if (header.magic != magic || header.key != key || header.size != body.size() ||
      header.checksum != sha256(body))
    return std::nullopt;
  return deserialise(body);
}

void write_all(const FileDescriptor& file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw WriteFailure{errno};
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

// Distinct among threads and processes.
fs::path temporary_name() {
  static std::atomic<unsigned> counter{0};
  return std::string(temporary_prefix) + std::to_string(::getpid()) + "-" +
         std::to_string(counter.fetch_add(1));
}

bool starts_with(const fs::path& path, std::string_view prefix) {
  return path.filename().native().starts_with(prefix);
}

// Last use: the time of change, which find() renews.
void mark_used(const fs::path& path) {
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
}

// Visits the files of a folder, as far as it can be read; others may be removing them.
template <class Visitor>
void for_each_file(const fs::path& folder, Visitor visit) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) visit(*at);
  }
}

bool disk_is_full(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

}  // namespace

KernelCache::KernelCache(KernelCacheOptions options)
    : options_(std::move(options)), entries_(options_.folder / "kernels") {
  std::error_code error;
  fs::create_directories(entries_, error);
  if (error) {
    warn_once("the kernel cache " + entries_.string() + " cannot be made: " + error.message());
    return;
  }
  remove_abandoned();
}

fs::path KernelCache::entry_path(const Sha256Digest& key) const {
  return entries_ / (to_hex(key) + std::string(entry_suffix));
}

std::optional<KernelImage> KernelCache::find(const Sha256Digest& key) {
  const fs::path path = entry_path(key);
  const auto bytes = read_file(path);
  if (!bytes) return std::nullopt;
  auto kernel = check(*bytes, key);
  if (kernel)
    mark_used(path);
  else
    ::unlink(path.c_str());
  return kernel;
}

void KernelCache::write_entry(const fs::path& temporary, const fs::path& path,
                              std::span<const std::byte> bytes) {
  const FileDescriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) throw WriteFailure{errno};
  write_all(file, bytes);
  if (::fsync(file.get()) != 0) throw WriteFailure{errno};
  if (::rename(temporary.c_str(), path.c_str()) != 0) throw WriteFailure{errno};
}

void KernelCache::store(const Sha256Digest& key, const KernelImage& kernel) {
  const std::vector<std::byte> body = serialise(kernel);
  const EntryHeader header{magic, key, sha256(body), body.size()};
  std::vector<std::byte> bytes(sizeof(header) + body.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), body.data(), body.size());
  const fs::path temporary = entries_ / temporary_name();
  try {
    write_entry(temporary, entry_path(key), bytes);
  } catch (const WriteFailure& failure) {
    ::unlink(temporary.c_str());
    const std::string reason = std::strerror(failure.error);
    if (disk_is_full(failure.error))
      throw RuntimeError(RuntimeErrorCode::cache_unusable,
                         "the kernel cache " + entries_.string() + " cannot be written: " + reason +
                             ". Make room there, name another folder with REDBOLT_CACHE, or set "
                             "REDBOLT_CACHE=off to work without.");
    warn_once("the kernel cache " + entries_.string() + " cannot be written: " + reason +
              "; kernels will be compiled again next time");
    return;
  }
  bool scan = false;
  {
    const std::lock_guard lock(mutex_);
    stored_since_eviction_ += bytes.size();
    // A sixteenth of the limit may come in before the folder is looked through again.
    scan = stored_since_eviction_ * 16 > options_.limit.count();
    if (scan) stored_since_eviction_ = 0;
  }
  if (scan) evict_beyond_limit();
}

void KernelCache::evict_beyond_limit() {
  struct Entry {
    fs::path path;
    fs::file_time_type used;
    std::uint64_t size;
  };
  std::vector<Entry> entries;
  std::uint64_t total = 0;
  for_each_file(entries_, [&](const fs::directory_entry& file) {
    std::error_code error;
    const Entry entry{file.path(), file.last_write_time(error), file.file_size(error)};
    if (error || starts_with(file.path(), temporary_prefix)) return;
    total += entry.size;
    entries.push_back(entry);
  });
  if (total <= options_.limit.count()) return;
  std::ranges::sort(entries, {}, &Entry::used);
  const std::uint64_t wanted = options_.limit.count() / 4 * 3;
  for (const Entry& entry : entries) {
    if (total <= wanted) break;
    ::unlink(entry.path.c_str());
    total -= entry.size;
  }
}

void KernelCache::remove_abandoned() {
  const auto now = fs::file_time_type::clock::now();
  for_each_file(entries_, [&](const fs::directory_entry& file) {
    std::error_code error;
    const auto changed = file.last_write_time(error);
    if (!error && starts_with(file.path(), temporary_prefix) && now - changed > abandoned_after)
      ::unlink(file.path().c_str());
  });
}

void KernelCache::warn_once(const std::string& message) {
  {
    const std::lock_guard lock(mutex_);
    if (warned_) return;
    warned_ = true;
  }
  if (options_.on_warning) options_.on_warning(message);
}

}  // namespace redbolt::runtime
