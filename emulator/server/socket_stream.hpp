// A connected socket as a Stream. The socket is non-blocking; waiting has an end.
//
// Threads: one at a time, except interrupt().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "redbolt/base/file_descriptor.hpp"
#include "stream.hpp"

namespace redbolt::emulator {

class SocketStream final : public Stream {
 public:
  enum class Kind : std::uint8_t { unix_socket, tcp };

  SocketStream(FileDescriptor socket, Kind kind, std::chrono::milliseconds patience);

  std::size_t receive(std::span<std::byte> into, Waiting waiting) override;
  void send(std::span<const std::byte> data) override;
  bool passes_descriptors() const override { return kind_ == Kind::unix_socket; }
  void send(std::span<const std::byte> data, int descriptor) override;

  // Whoever waits in this stream, or will, finds it interrupted.
  void interrupt();

 private:
  void wait(short events, std::chrono::milliseconds limit);
  [[noreturn]] void end(int error) const;

  const FileDescriptor socket_;
  const Kind kind_;
  const std::chrono::milliseconds patience_;
  std::atomic<bool> interrupted_{false};
};

}  // namespace redbolt::emulator
