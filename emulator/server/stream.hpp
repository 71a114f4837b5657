// Two-way bytes with a peer: a socket, or what a test puts in its place.
//
// Threads: one at a time, except interrupt().
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>

namespace redbolt::emulator {

// The connection is of no more use: the peer is gone, too slow, or not to be served any longer.
class StreamEnded : public std::runtime_error {
 public:
  enum class Reason { closed, interrupted, too_slow, failed };
  StreamEnded(Reason reason, const char* message) : std::runtime_error(message), reason_(reason) {}
  Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

class Stream {
 public:
  // How long to wait for the first byte. The rest of a message has to come within the stream's
  // patience.
  enum class Waiting { for_a_message, for_the_rest };

  virtual ~Stream() = default;
  // 1 to into.size() bytes. Throws StreamEnded.
  virtual std::size_t receive(std::span<std::byte> into, Waiting waiting) = 0;
  // All of it. Throws StreamEnded.
  virtual void send(std::span<const std::byte> data) = 0;
  virtual bool passes_descriptors() const = 0;
  // The descriptor goes with the first of the bytes. Only where passes_descriptors().
  virtual void send(std::span<const std::byte> data, int descriptor) = 0;
};

}  // namespace redbolt::emulator
