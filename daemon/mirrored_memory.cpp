#include "mirrored_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "daemon_error.hpp"
#include "redbolt/base/shared_file.hpp"

namespace redbolt::daemon {
namespace {

constexpr std::size_t word = 4;
constexpr std::size_t pair = 2 * word;
// What is compared at once, so that long ranges need no second copy of themselves.
constexpr std::size_t piece = std::size_t{256} << 10;
// Unchanged bytes that cost less than a message of their own.
constexpr std::size_t worth_sending_along = 256;

bool same(const std::byte* a, const std::byte* b, std::size_t size) {
  return std::memcmp(a, b, size) == 0;
}

template <class T>
void store(std::byte* destination, const std::byte* source) {
  T value;
  std::memcpy(&value, source, sizeof value);
  __atomic_store_n(reinterpret_cast<T*>(destination), value, __ATOMIC_RELEASE);
}

}  // namespace

MirroredMemory::MirroredMemory(driver::HostBlock block)
    : block_(std::move(block)), common_(block_.memory().size().count()) {
  file_ = make_shared_file("redboltd-mirror", common_.size());
  void* const data = file_.valid() ? ::mmap(nullptr, common_.size(), PROT_READ | PROT_WRITE,
                                            MAP_SHARED, file_.get(), 0)
                                   : MAP_FAILED;
  if (data == MAP_FAILED) {
    throw DaemonError(
        protocol::ERROR_CODE_OUT_OF_MEMORY,
        "memory to share could not be had: " + std::generic_category().message(errno));
  }
  data_ = static_cast<std::byte*>(data);
}

MirroredMemory::~MirroredMemory() {
  ::munmap(data_, common_.size());
}

void MirroredMemory::read(Bytes offset, std::span<std::byte> into) const {
  std::memcpy(into.data(), data_ + offset.count(), into.size());
}

// Whole pairs; memory is whole pages, so that they are inside.
MirroredMemory::Range MirroredMemory::words(Bytes offset, Bytes size) const {
  const std::size_t begin = offset.count() / pair * pair;
  return {begin, (offset.count() + size.count() + pair - 1) / pair * pair};
}

void MirroredMemory::push(Bytes offset, Bytes size, Neighbours neighbours) {
  const Range range = words(offset, size);
  const std::size_t gap = neighbours == Neighbours::at_rest ? worth_sending_along : 0;
  std::vector<std::byte> now(std::min(piece, range.end - range.begin));
  for (std::size_t at = range.begin; at < range.end; at += piece) {
    const auto part = std::span(now).first(std::min(piece, range.end - at));
    // Once: the client may be writing there.
    std::memcpy(part.data(), data_ + at, part.size());
    push_changes(at, part, gap);
  }
}

void MirroredMemory::push_changes(std::size_t start, std::span<const std::byte> now,
                                  std::size_t gap) {
  std::byte* const common = common_.data() + start;
  if (same(now.data(), common, now.size())) return;
  const auto changed = [&](std::size_t at) { return !same(&now[at], common + at, word); };
  for (std::size_t at = 0; at < now.size();) {
    if (!changed(at)) {
      at += word;
      continue;
    }
    const std::size_t begin = at;
    std::size_t end = at + word;  // of the last word that changed
    for (at = end; at < now.size() && at - end <= gap; at += word) {
      if (changed(at)) end = at + word;
    }
    block_.memory().write(Bytes(start + begin), now.subspan(begin, end - begin));
    std::memcpy(common + begin, &now[begin], end - begin);
    at = end;
  }
}

void MirroredMemory::pull(Bytes offset, Bytes size, Written written) {
  if (written == Written::everything) {
    const auto into = std::span(common_).subspan(offset.count(), size.count());
    block_.memory().read(offset, into);
    std::memcpy(data_ + offset.count(), into.data(), into.size());
    return;
  }
  const Range range = words(offset, size);
  std::vector<std::byte> now(std::min(piece, range.end - range.begin));
  for (std::size_t at = range.begin; at < range.end; at += piece) {
    const auto part = std::span(now).first(std::min(piece, range.end - at));
    block_.memory().read(Bytes(at), part);
    publish_changes(at, part);
  }
}

void MirroredMemory::publish_changes(std::size_t start, std::span<const std::byte> now) {
  std::byte* const common = common_.data() + start;
  std::byte* const data = data_ + start;
  if (same(now.data(), common, now.size())) return;
  for (std::size_t at = 0; at < now.size(); at += pair) {
    const bool low = !same(&now[at], common + at, word);
    const bool high = !same(&now[at + word], common + at + word, word);
    if (low && high) {
      store<std::uint64_t>(data + at, &now[at]);
    } else if (low) {
      store<std::uint32_t>(data + at, &now[at]);
    } else if (high) {
      store<std::uint32_t>(data + at + word, &now[at + word]);
    }
  }
  std::memcpy(common, now.data(), now.size());
}

}  // namespace redbolt::daemon
