// One blocking conversation over a connected socket: requests out, their replies in.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include <redbolt/protocol/messages.pb.h>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/protocol/frame.hpp"

namespace redbolt::client {

// A reply and the descriptors that it announced.
struct Answer {
  protocol::Reply reply;
  std::vector<FileDescriptor> descriptors;
};

class Channel {
 public:
  explicit Channel(FileDescriptor socket) : socket_(std::move(socket)) {}

  using EventHandler = std::function<void(const protocol::Event&)>;

  // Sends the request under a fresh id and waits for its reply; events that come before it go to
  // on_event. Throws ClientError: what an error reply says, connection_lost, or protocol.
  // An exception from on_event breaks the conversation: later calls throw connection_lost.
  Answer call(protocol::Request request, const EventHandler& on_event = {});

  // Events that have come meanwhile, without waiting. Throws ClientError.
  void take_events(const EventHandler& on_event);

  // A limit for each wait for bytes from now on; 0: none. Reached: connection_lost.
  void set_receive_timeout(std::chrono::milliseconds timeout);

 private:
  void send(const protocol::Request& request);
  protocol::ServerMessage receive();
  std::optional<protocol::ServerMessage> next_message();
  Answer take_answer(protocol::Reply reply, std::uint64_t id);

  FileDescriptor socket_;
  protocol::FrameDecoder decoder_;
  std::vector<FileDescriptor> received_;  // not yet claimed by a reply
  std::array<std::byte, 65536> chunk_;
  std::uint64_t last_id_ = 0;
  bool broken_ = false;
};

}  // namespace redbolt::client
