// Requests out of a stream and replies into it. Reads ahead in large pieces and gathers replies, so
// that pipelined requests cost a system call per megabyte and not per message; replies go out
// before it waits for the peer.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "stream.hpp"
#include "wire.hpp"

namespace redbolt::emulator {

class MessageChannel {
 public:
  // A piece of a payload is at most this large.
  static constexpr std::size_t buffer_size = 1u << 20;

  explicit MessageChannel(Stream& stream);

  Request next_request();
  // The next bytes of a payload, 1 to `most`, valid until the next call. Except at the end of the
  // payload, their number is a multiple of `granule` (at most 64).
  std::span<const std::byte> payload(std::uint64_t most, std::size_t granule);
  // All of a payload that fits the buffer.
  std::span<const std::byte> whole_payload(std::size_t size);

  void reply(const Response& response, std::span<const std::byte> data = {});
  void reply_with_descriptor(const Response& response, int descriptor);
  // More data of the reply before.
  void data(std::span<const std::byte> bytes);
  void flush();

  bool passes_descriptors() const { return stream_.passes_descriptors(); }
  std::uint64_t bytes_in() const { return bytes_in_; }
  std::uint64_t bytes_out() const { return bytes_out_; }

 private:
  // At least `size` bytes of input lie in the buffer without a gap.
  void need(std::size_t size, Stream::Waiting waiting);
  std::span<const std::byte> take(std::size_t size);

  Stream& stream_;
  std::vector<std::byte> input_;
  std::size_t begin_ = 0, end_ = 0;
  std::vector<std::byte> output_;
  std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
};

}  // namespace redbolt::emulator
