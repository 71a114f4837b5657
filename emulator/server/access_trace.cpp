#include "redbolt/emulator/access_trace.hpp"

#include <cerrno>
#include <cinttypes>
#include <system_error>

namespace redbolt::emulator {
namespace {

constexpr std::uint64_t fnv_prime = 0x100000001b3;
constexpr std::size_t buffer_size = 1u << 18;

std::string hexadecimal(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "\"0x%" PRIx64 "\"", value);
  return text;
}

}  // namespace

AccessTrace::AccessTrace(const std::filesystem::path& path)
    : file_(std::fopen(path.c_str(), "we")) {
  if (file_ == nullptr) {
    throw std::system_error(errno, std::generic_category(),
                            "the trace " + path.string() + " cannot be written");
  }
  std::setvbuf(file_, nullptr, _IOFBF, buffer_size);
}

AccessTrace::~AccessTrace() {
  if (file_ != nullptr) std::fclose(file_);
}

void AccessTrace::line(std::uint64_t connection, const std::string& fields) {
  const std::lock_guard lock(mutex_);
  if (file_ == nullptr) return;
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin_);
  const int written =
      std::fprintf(file_, "{\"t\":%lld,\"c\":%" PRIu64 ",%s}\n",
                   static_cast<long long>(time.count()), connection, fields.c_str());
  if (written >= 0) return;
  std::fclose(file_);
  file_ = nullptr;
}

void AccessTrace::flush() {
  const std::lock_guard lock(mutex_);
  if (file_ == nullptr || std::fflush(file_) == 0) return;
  std::fclose(file_);
  file_ = nullptr;
}

bool AccessTrace::complete() const {
  const std::lock_guard lock(mutex_);
  return file_ != nullptr;
}

void TracedBytes::add(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    if (size_ < sizeof first_) first_ |= std::to_integer<std::uint64_t>(byte) << 8 * size_;
    hash_ = (hash_ ^ std::to_integer<std::uint64_t>(byte)) * fnv_prime;
    zero_ = zero_ && byte == std::byte{};
    ++size_;
  }
}

std::string TracedBytes::fields() const {
  const std::string count = "\"n\":" + std::to_string(size_);
  if (size_ <= sizeof first_) return count + ",\"v\":" + hexadecimal(first_);
  if (zero_) return count + ",\"zero\":true";
  return count + ",\"fnv\":" + hexadecimal(hash_);
}

}  // namespace redbolt::emulator
