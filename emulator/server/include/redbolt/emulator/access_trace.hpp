// A record of every access that clients of the served card make: one JSON object a line.
//
//   {"t":1234,"c":1,"op":"MMIO_WRITE","bar":5,"off":"0xde0","n":4,"v":"0x1"}
//
//   t     microseconds since the record began
//   c     number of the connection, from 1
//   op    the command's name in the protocol, or CONNECT, DISCONNECT
//   bar   BAR0 to BAR5; "h" in its place: the handle of host memory
//   off   byte offset; for CFG_*: in configuration space
//   n     bytes
//   v     value of an access of up to 8 bytes (little-endian), or of what was replied
//   zero  true in place of v where all of more than 8 bytes are zero
//   fnv   in place of v else: FNV-1a (64 bits) of the bytes
//   error what the client was told, or why it was dropped
//
// Threads: any; lines of different connections do not mix.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>

namespace redbolt::emulator {

class AccessTrace {
 public:
  // Begins an empty file. Throws std::system_error when it cannot.
  explicit AccessTrace(const std::filesystem::path& path);
  ~AccessTrace();
  AccessTrace(const AccessTrace&) = delete;
  AccessTrace& operator=(const AccessTrace&) = delete;

  // `fields` is what follows "c", such as `"op":"PING"`.
  void line(std::uint64_t connection, const std::string& fields);
  // Hands what has been recorded to the system.
  void flush();
  // False once something could not be written (a full disk); recording has ended then.
  bool complete() const;

 private:
  mutable std::mutex mutex_;
  std::FILE* file_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Bytes of one access that come in pieces, as the record shows them.
class TracedBytes {
 public:
  void add(std::span<const std::byte> bytes);
  // `"n":4,"v":"0x1"`
  std::string fields() const;

 private:
  std::uint64_t size_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  bool zero_ = true;
};

}  // namespace redbolt::emulator
