#include "message_channel.hpp"

#include <algorithm>
#include <cstring>

namespace redbolt::emulator {
namespace {

constexpr std::size_t output_size = 1u << 16;

}  // namespace

MessageChannel::MessageChannel(Stream& stream) : stream_(stream), input_(buffer_size) {
  output_.reserve(output_size);
}

void MessageChannel::need(std::size_t size, Stream::Waiting waiting) {
  if (end_ - begin_ >= size) return;
  flush();
  if (begin_ + size > input_.size() || begin_ == end_) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < size) {
    const bool begun = end_ > begin_;
    const std::size_t received = stream_.receive(std::span(input_).subspan(end_),
                                                 begun ? Stream::Waiting::for_the_rest : waiting);
    end_ += received;
    bytes_in_ += received;
  }
}

std::span<const std::byte> MessageChannel::take(std::size_t size) {
  const std::span<const std::byte> bytes(input_.data() + begin_, size);
  begin_ += size;
  return bytes;
}

Request MessageChannel::next_request() {
  need(Request::size, Stream::Waiting::for_a_message);
  return decode_request(take(Request::size).first<Request::size>());
}

std::span<const std::byte> MessageChannel::payload(std::uint64_t most, std::size_t granule) {
  const auto least = static_cast<std::size_t>(std::min<std::uint64_t>(most, granule));
  need(least, Stream::Waiting::for_the_rest);
  const std::size_t available = end_ - begin_;
  if (most <= available) return take(static_cast<std::size_t>(most));
  return take(available - available % granule);
}

std::span<const std::byte> MessageChannel::whole_payload(std::size_t size) {
  need(size, Stream::Waiting::for_the_rest);
  return take(size);
}

void MessageChannel::reply(const Response& response, std::span<const std::byte> bytes) {
  data(encode_response(response));
  data(bytes);
}

void MessageChannel::reply_with_descriptor(const Response& response, int descriptor) {
  flush();
  const auto bytes = encode_response(response);
  bytes_out_ += bytes.size();
  stream_.send(bytes, descriptor);
}

void MessageChannel::data(std::span<const std::byte> bytes) {
  if (output_.size() + bytes.size() > output_size) flush();
  if (bytes.size() > output_size) {
    bytes_out_ += bytes.size();
    stream_.send(bytes);
    return;
  }
  output_.insert(output_.end(), bytes.begin(), bytes.end());
}

void MessageChannel::flush() {
  if (output_.empty()) return;
  bytes_out_ += output_.size();
  stream_.send(output_);
  output_.clear();
}

}  // namespace redbolt::emulator
