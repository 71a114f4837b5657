// Framing: a message is its length (32 bits, little-endian) and then its bytes. Nothing is
// allocated for a length before it has been checked, and never more than has arrived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "redbolt/protocol/protocol_error.hpp"

namespace google::protobuf {
class MessageLite;
}

namespace redbolt::protocol {

// Bulk data goes through shared memory.
inline constexpr std::size_t max_message_size = std::size_t{1} << 20;
inline constexpr std::size_t frame_header_size = 4;
// With one frame.
inline constexpr std::size_t max_descriptors = 4;

// The frame of a message. Throws ProtocolError::message_too_large.
std::vector<std::byte> encode_frame(const google::protobuf::MessageLite& message);

// Parses one payload. Throws ProtocolError::malformed. Unknown fields are ignored, as protobuf
// does.
void decode_message(std::span<const std::byte> payload, google::protobuf::MessageLite& message);

// Takes a byte stream apart into frames.
class FrameDecoder {
 public:
  // Appends what has arrived. Throws ProtocolError::empty_message or message_too_large as soon as a
  // header says so; the stream is then of no further use.
  void append(std::span<const std::byte> bytes);

  // The next whole payload, or nothing.
  std::optional<std::vector<std::byte>> next();

  // Whether the stream stands between two frames. What arrives at the end of a stream that does not
  // is a truncated message.
  bool at_boundary() const { return buffer_.size() == consumed_; }

  // Bytes held, for limits.
  std::size_t buffered() const { return buffer_.size() - consumed_; }

 private:
  std::optional<std::size_t> payload_size(std::size_t position) const;
  void check_headers();

  std::vector<std::byte> buffer_;
  std::size_t consumed_ = 0;  // up to here the frames have been handed out
  std::size_t checked_ = 0;   // the first frame whose header has not been checked
};

}  // namespace redbolt::protocol
