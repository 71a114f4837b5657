#include "channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <span>

#include "error_table.hpp"
#include "redbolt/protocol/socket_io.hpp"

namespace redbolt::client {
namespace {

[[noreturn]] void connection_lost(const char* why) {
  throw ClientError(ClientErrorCode::connection_lost,
                    std::string("the connection to redboltd is gone: ") + why);
}

[[noreturn]] void throw_client_error(const protocol::ProtocolError& error) {
  if (error.code() == protocol::ProtocolErrorCode::socket_failed) connection_lost(error.what());
  throw ClientError(
      ClientErrorCode::protocol,
      std::string("redboltd sent something that is not the protocol: ") + error.what());
}

}  // namespace

void Channel::set_receive_timeout(std::chrono::milliseconds timeout) {
  timeval value{};
  value.tv_sec = static_cast<decltype(value.tv_sec)>(timeout.count() / 1000);
  value.tv_usec = static_cast<decltype(value.tv_usec)>(timeout.count() % 1000 * 1000);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
}

Answer Channel::call(protocol::Request request, const EventHandler& on_event) {
  if (broken_) connection_lost("an earlier call failed");
  const std::uint64_t id = ++last_id_;
  request.set_id(id);
  const auto frame_fits = request.ByteSizeLong() <= protocol::max_message_size;
  if (!frame_fits) {
    throw ClientError(ClientErrorCode::invalid_argument,
                      "the request is larger than a message may be");
  }
  broken_ = true;  // until the reply has been read whole
  try {
    send(request);
    for (;;) {
      protocol::ServerMessage message = receive();
      if (message.has_event()) {
        if (on_event) on_event(message.event());
        continue;
      }
      if (!message.has_reply())
        throw protocol::ProtocolError(protocol::ProtocolErrorCode::malformed, "no reply in it");
      return take_answer(std::move(*message.mutable_reply()), id);
    }
  } catch (const protocol::ProtocolError& error) {
    throw_client_error(error);
  }
}

Answer Channel::take_answer(protocol::Reply reply, std::uint64_t id) {
  // A daemon that refuses the connection itself says so with id 0.
  const bool refused = reply.id() == 0 && reply.has_error();
  if (reply.id() != id && !refused) {
    throw protocol::ProtocolError(protocol::ProtocolErrorCode::malformed,
                                  "a reply to something else");
  }
  if (reply.descriptors() != received_.size()) {
    throw protocol::ProtocolError(protocol::ProtocolErrorCode::unexpected_descriptors,
                                  "a reply whose file descriptors are not those it announces");
  }
  broken_ = refused;
  Answer answer{std::move(reply), std::move(received_)};
  received_.clear();
  if (answer.reply.has_error()) throw to_client_error(answer.reply.error());
  return answer;
}

void Channel::send(const protocol::Request& request) {
  const auto frame = protocol::encode_frame(request);
  std::span<const std::byte> rest(frame);
  while (!rest.empty()) {
    const auto sent = protocol::send_some(socket_.get(), rest, {});
    // A daemon that refuses us may have closed before it read the request; what it said is there.
    if (sent.status == protocol::IoStatus::closed) return;
    rest = rest.subspan(sent.bytes);
  }
}

std::optional<protocol::ServerMessage> Channel::next_message() {
  const auto payload = decoder_.next();
  if (!payload) return std::nullopt;
  protocol::ServerMessage message;
  protocol::decode_message(*payload, message);
  return message;
}

protocol::ServerMessage Channel::receive() {
  for (;;) {
    if (auto message = next_message()) return std::move(*message);
    const auto result = protocol::receive_some(socket_.get(), chunk_, received_);
    if (result.status == protocol::IoStatus::would_block)
      connection_lost("it did not answer in time");
    if (result.status == protocol::IoStatus::closed) connection_lost("it closed the connection");
    decoder_.append(std::span(chunk_).first(result.bytes));
  }
}

void Channel::take_events(const EventHandler& on_event) {
  if (broken_) connection_lost("an earlier call failed");
  broken_ = true;
  try {
    pollfd ready{socket_.get(), POLLIN, 0};
    while (::poll(&ready, 1, 0) == 1) {
      const auto result = protocol::receive_some(socket_.get(), chunk_, received_);
      if (result.status == protocol::IoStatus::closed) connection_lost("it closed the connection");
      decoder_.append(std::span(chunk_).first(result.bytes));
    }
    while (const auto message = next_message()) {
      // Without a request there is no reply, except a refusal of the connection itself.
      if (message->has_reply() && message->reply().has_error())
        throw to_client_error(message->reply().error());
      if (!message->has_event())
        throw protocol::ProtocolError(protocol::ProtocolErrorCode::malformed,
                                      "a reply unasked for");
      on_event(message->event());
    }
  } catch (const protocol::ProtocolError& error) {
    throw_client_error(error);
  }
  broken_ = false;
}

}  // namespace redbolt::client
