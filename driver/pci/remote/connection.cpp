#include "remote/connection.hpp"

#include <algorithm>
#include <utility>

namespace redbolt::pci::remote {
namespace {

// What is gathered before it leaves; a write of a quarter of it is not worth copying.
constexpr std::size_t kBatch = 64 * 1024;
constexpr std::size_t kWorthGathering = kBatch / 4;

constexpr std::uint64_t kLongestMessage = 4096;

// What the slowest link and server worth using get done.
constexpr std::uint64_t kBytesPerMillisecond = 4096;
constexpr std::uint64_t kPinnedPerMillisecond = std::uint64_t{256} << 10;
// A server answers about a reset or a resized BAR when it is done.
constexpr int kPatienceForResets = 6;

std::string printable(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    const auto c = std::to_integer<unsigned char>(byte);
    text += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '?';
  }
  return text;
}

}  // namespace

Connection::Connection(FileDescriptor socket, std::string name, std::chrono::milliseconds timeout)
    : stream_(std::move(socket)), name_(std::move(name)), timeout_(timeout) {
  posted_.reserve(kBatch);
}

void Connection::select_device(std::uint32_t device, const std::string& location) {
  device_ = device;
  if (!location.empty()) name_ += " (" + location + ")";
}

bool Connection::is_open() const {
  const std::lock_guard lock(mutex_);
  return stream_.has_value();
}

bool Connection::notice_hangup() {
  const std::lock_guard lock(mutex_);
  if (stream_ && stream_->peer_closed()) stream_.reset();
  return !stream_;
}

ConnectionCounters Connection::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Connection::end(PciErrorCode code, const std::string& problem) {
  stream_.reset();
  posted_.clear();
  throw PciError(code, name_ + ": " + problem);
}

void Connection::distrust(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  end(PciErrorCode::bad_reply, "the server does not keep to the protocol: " + problem);
}

void Connection::check(StreamStatus status, const Patience& patience) {
  if (status == StreamStatus::closed) {
    end(PciErrorCode::transport_closed, "the server that serves the card is gone");
  }
  if (status == StreamStatus::timed_out) {
    end(PciErrorCode::transport_closed, "the server that serves the card did not answer for " +
                                            std::to_string(patience.allowed.count()) + " ms");
  }
}

std::chrono::milliseconds Connection::Patience::left() const {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - since);
  return std::max(allowed - passed, std::chrono::milliseconds(0));
}

Connection::Patience Connection::patience_for(std::uint64_t size) const {
  return {timeout_ + std::chrono::milliseconds(size / kBytesPerMillisecond)};
}

Connection::Patience Connection::patience_for(Command command,
                                              const std::array<std::uint64_t, 3>& arguments,
                                              std::uint64_t payload) const {
  Patience patience = patience_for(posted_.size() + payload);
  switch (command) {
    case Command::mmio_read:
    case Command::sysmem_read:
      patience.allowed += std::chrono::milliseconds(arguments[1] / kBytesPerMillisecond);
      break;
    case Command::map_sysmem:
    case Command::map_sysmem_fd:
      patience.allowed += std::chrono::milliseconds(arguments[0] / kPinnedPerMillisecond);
      break;
    case Command::reset:
    case Command::resize_bar:
      patience.allowed += timeout_ * (kPatienceForResets - 1);
      break;
    default:
      break;
  }
  return patience;
}

void Connection::send(std::span<const std::span<const std::byte>> pieces,
                      const Patience& patience) {
  for (const auto& piece : pieces) counters_.bytes_sent += piece.size();
  check(stream_->send(pieces, patience.left()), patience);
}

void Connection::receive(std::span<std::byte> into, const Patience& patience,
                         std::vector<FileDescriptor>* descriptors) {
  check(stream_->receive(into, patience.left(), descriptors), patience);
  counters_.bytes_received += into.size();
}

void Connection::post(Command command, std::uint32_t target, std::uint64_t offset,
                      std::span<const std::byte> data) {
  const std::lock_guard lock(mutex_);
  if (!stream_) return;
  ++counters_.messages;
  const auto header = encode({command, device_, target, {offset, data.size(), 0}});
  if (data.size() >= kWorthGathering) {
    const std::span<const std::byte> pieces[] = {posted_, header, data};
    send(pieces, patience_for(posted_.size() + data.size()));
    posted_.clear();
    return;
  }
  if (posted_.size() + header.size() + data.size() > kBatch) {
    const std::span<const std::byte> pieces[] = {posted_};
    send(pieces, patience_for(posted_.size()));
    posted_.clear();
  }
  posted_.insert(posted_.end(), header.begin(), header.end());
  posted_.insert(posted_.end(), data.begin(), data.end());
}

void Connection::flush() {
  const std::lock_guard lock(mutex_);
  if (!stream_ || posted_.empty()) return;
  const std::span<const std::byte> pieces[] = {posted_};
  send(pieces, patience_for(posted_.size()));
  posted_.clear();
}

void Connection::send_request(Command command, std::uint32_t target,
                              const std::array<std::uint64_t, 3>& arguments,
                              std::span<const std::byte> payload, const Patience& patience) {
  ++counters_.messages;
  const auto header = encode({command, device_, target, arguments});
  const std::span<const std::byte> pieces[] = {posted_, header, payload};
  send(pieces, patience);
  posted_.clear();
}

Reply Connection::receive_reply(PciErrorCode refusal, const Patience& patience,
                                std::vector<FileDescriptor>* descriptors) {
  std::array<std::byte, kReplySize> bytes;
  receive(bytes, patience, descriptors);
  ++counters_.replies;
  const Reply reply = decode_reply(bytes);
  if (reply.status == kOk) return reply;
  const std::string not_understood = "the server does not keep to the protocol: ";
  if (reply.status != kError) {
    end(PciErrorCode::bad_reply,
        not_understood + "a reply has status " + std::to_string(reply.status));
  }
  if (reply.results[0] > kLongestMessage) {
    end(PciErrorCode::bad_reply,
        not_understood + "an error message of " + std::to_string(reply.results[0]) + " bytes");
  }
  std::vector<std::byte> text(reply.results[0]);
  receive(text, patience);
  throw PciError(refusal, name_ + ": the server refused: " + printable(text));
}

std::optional<Reply> Connection::call(Command command, std::uint32_t target,
                                      std::array<std::uint64_t, 3> arguments, PciErrorCode refusal,
                                      std::span<std::byte> data) {
  const std::lock_guard lock(mutex_);
  if (!stream_) return std::nullopt;
  const Patience patience = patience_for(command, arguments);
  send_request(command, target, arguments, {}, patience);
  const Reply reply = receive_reply(refusal, patience);
  if (data.empty()) return reply;
  if (reply.results[0] != data.size()) {
    end(PciErrorCode::bad_reply,
        "the server does not keep to the protocol: " + std::to_string(reply.results[0]) +
            " bytes for the " + std::to_string(data.size()) + " that were asked for");
  }
  receive(data, patience);
  return reply;
}

std::optional<Reply> Connection::call_for_descriptor(Command command,
                                                     std::array<std::uint64_t, 3> arguments,
                                                     PciErrorCode refusal,
                                                     FileDescriptor& descriptor) {
  const std::lock_guard lock(mutex_);
  if (!stream_) return std::nullopt;
  const Patience patience = patience_for(command, arguments);
  send_request(command, 0, arguments, {}, patience);
  std::vector<FileDescriptor> descriptors;
  const Reply reply = receive_reply(refusal, patience, &descriptors);
  if (descriptors.size() != 1) {
    end(PciErrorCode::bad_reply,
        "the server does not keep to the protocol: " + std::to_string(descriptors.size()) +
            " file descriptors came with host memory");
  }
  descriptor = std::move(descriptors.front());
  return reply;
}

std::optional<Reply> Connection::call_for_data(Command command,
                                               std::array<std::uint64_t, 3> arguments,
                                               std::span<const std::byte> payload,
                                               PciErrorCode refusal, std::uint64_t limit,
                                               std::vector<std::byte>& data) {
  const std::lock_guard lock(mutex_);
  if (!stream_) return std::nullopt;
  Patience patience = patience_for(command, arguments, payload.size());
  send_request(command, 0, arguments, payload, patience);
  const Reply reply = receive_reply(refusal, patience);
  if (reply.results[0] > limit) {
    end(PciErrorCode::bad_reply, "the server does not keep to the protocol: a list of " +
                                     std::to_string(reply.results[0]) + " bytes");
  }
  data.resize(reply.results[0]);
  patience.allowed += std::chrono::milliseconds(data.size() / kBytesPerMillisecond);
  receive(data, patience);
  return reply;
}

}  // namespace redbolt::pci::remote
