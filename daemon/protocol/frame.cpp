#include "redbolt/protocol/frame.hpp"

#include <google/protobuf/message_lite.h>

#include <array>
#include <string>

namespace redbolt::protocol {
namespace {

std::array<std::byte, frame_header_size> encode_length(std::size_t size) {
  std::array<std::byte, frame_header_size> header{};
  for (std::size_t i = 0; i < header.size(); ++i) {
    header[i] = static_cast<std::byte>((size >> (8 * i)) & 0xff);
  }
  return header;
}

std::string limit_text() {
  return std::to_string(max_message_size) + " bytes";
}

}  // namespace

std::vector<std::byte> encode_frame(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  if (size > max_message_size) {
    throw ProtocolError(
        ProtocolErrorCode::message_too_large,
        "a message of " + std::to_string(size) + " bytes is beyond the limit of " + limit_text());
  }
  std::vector<std::byte> frame(frame_header_size + size);
  const auto header = encode_length(size);
  std::copy(header.begin(), header.end(), frame.begin());
  if (!message.SerializeToArray(frame.data() + frame_header_size, static_cast<int>(size))) {
    throw ProtocolError(ProtocolErrorCode::malformed, "a message could not be written");
  }
  return frame;
}

void decode_message(std::span<const std::byte> payload, google::protobuf::MessageLite& message) {
  if (payload.size() > max_message_size ||
      !message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    throw ProtocolError(
        ProtocolErrorCode::malformed,
        "a message could not be read: its bytes are not a " + std::string(message.GetTypeName()));
  }
}

std::optional<std::size_t> FrameDecoder::payload_size(std::size_t position) const {
  if (buffer_.size() - position < frame_header_size) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < frame_header_size; ++i) {
    size |= std::to_integer<std::size_t>(buffer_[position + i]) << (8 * i);
  }
  return size;
}

void FrameDecoder::check_headers() {
  while (checked_ <= buffer_.size()) {
    const auto size = payload_size(checked_);
    if (!size) return;
    if (*size == 0) {
      throw ProtocolError(ProtocolErrorCode::empty_message, "a message of no bytes was received");
    }
    if (*size > max_message_size) {
      throw ProtocolError(ProtocolErrorCode::message_too_large,
                          "a message of " + std::to_string(*size) +
                              " bytes was announced; the limit is " + limit_text());
    }
    checked_ += frame_header_size + *size;
  }
}

void FrameDecoder::append(std::span<const std::byte> bytes) {
  if (consumed_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_));
    checked_ -= consumed_;
    consumed_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  check_headers();
}

std::optional<std::vector<std::byte>> FrameDecoder::next() {
  const auto size = payload_size(consumed_);
  if (!size || buffer_.size() - consumed_ - frame_header_size < *size) return std::nullopt;
  const auto first = buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_ + frame_header_size);
  std::vector<std::byte> payload(first, first + static_cast<std::ptrdiff_t>(*size));
  consumed_ += frame_header_size + *size;
  return payload;
}

}  // namespace redbolt::protocol
