// A connected stream socket: whole pieces of data in and out, each within a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::pci::remote {

enum class StreamStatus { done, closed, timed_out };

class Stream {
 public:
  // Makes the socket non-blocking. A lost peer never raises SIGPIPE.
  explicit Stream(FileDescriptor socket);

  // All pieces, in order; at most four.
  StreamStatus send(std::span<const std::span<const std::byte>> pieces,
                    std::chrono::milliseconds timeout);

  // Fills `into`. Descriptors that come along are appended to *descriptors, or closed if it is
  // nullptr.
  StreamStatus receive(std::span<std::byte> into, std::chrono::milliseconds timeout,
                       std::vector<FileDescriptor>* descriptors = nullptr);

  // Whether the peer has closed its end, as far as is known here. Asks nobody.
  bool peer_closed() const;

 private:
  FileDescriptor socket_;
};

}  // namespace redbolt::pci::remote
