#include "http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>

namespace redbolt::test {
namespace {

constexpr int kPatience = 30'000;  // milliseconds

[[noreturn]] void bad(const std::string& what) {
  throw std::runtime_error("HttpClient: " + what);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

HttpClient::HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    bad("cannot connect");
  }
}

HttpClient::~HttpClient() {
  hang_up();
}

void HttpClient::hang_up() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void HttpClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  hang_up();
}

void HttpClient::shrink_receive_buffer() {
  const int bytes = 1;
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return;  // the server has closed: what it said is there to be read
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// False at the end of what the server says.
bool HttpClient::fill() {
  pollfd wanted{socket_, POLLIN, 0};
  if (::poll(&wanted, 1, kPatience) <= 0) bad("nothing came in time; so far: " + buffer_);
  std::array<char, 16384> piece;
  const ssize_t got = ::recv(socket_, piece.data(), piece.size(), 0);
  if (got > 0) buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return got > 0;
}

std::string HttpClient::line() {
  for (;;) {
    if (const auto end = buffer_.find("\r\n"); end != std::string::npos) {
      std::string text = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return text;
    }
    if (!fill()) bad("the connection ended within a line: " + buffer_);
  }
}

std::string HttpClient::exactly(std::size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) bad("the connection ended within a body");
  }
  std::string text = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return text;
}

Reply HttpClient::head() {
  Reply reply;
  const std::string status = line();
  if (!status.starts_with("HTTP/1.1 ") || status.size() < 12) bad("not a status line: " + status);
  std::from_chars(status.data() + 9, status.data() + 12, reply.status);
  for (std::string header = line(); !header.empty(); header = line()) {
    const auto colon = header.find(": ");
    if (colon == std::string::npos) bad("not a header: " + header);
    reply.headers[lower(header.substr(0, colon))] = header.substr(colon + 2);
  }
  return reply;
}

std::optional<std::string> HttpClient::chunk() {
  const std::string size = line();
  std::size_t count = 0;
  const auto parsed = std::from_chars(size.data(), size.data() + size.size(), count, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != size.data() + size.size()) {
    bad("not a chunk's size: " + size);
  }
  std::string data = exactly(count);
  if (!line().empty()) bad("a chunk is longer than it says");
  if (count == 0) return std::nullopt;
  return data;
}

Reply HttpClient::reply(bool head_only) {
  Reply reply = head();
  if (head_only || reply.status == 204 || reply.status == 100) return reply;
  if (reply.headers.contains("transfer-encoding")) {
    while (auto data = chunk()) {
      reply.body += *data;
      reply.chunks.push_back(std::move(*data));
    }
  } else if (const auto length = reply.headers.find("content-length");
             length != reply.headers.end()) {
    reply.body = exactly(std::stoul(length->second));
  } else {
    while (fill()) {
    }
    reply.body = std::exchange(buffer_, {});
  }
  return reply;
}

bool HttpClient::closed() {
  return buffer_.empty() && !fill();
}

std::string post(std::string_view path, std::string_view body, std::string_view more_headers) {
  std::string request = "POST ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
  request.append(more_headers)
      .append("Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  return request.append(body);
}

std::string get(std::string_view path, std::string_view more_headers) {
  std::string request = "GET ";
  return request.append(path)
      .append(" HTTP/1.1\r\nHost: localhost\r\n")
      .append(more_headers)
      .append("\r\n");
}

Reply ask(std::uint16_t port, const std::string& request) {
  HttpClient client(port);
  client.send(request);
  return client.reply(request.starts_with("HEAD "));
}

Events events_of(std::string_view body) {
  Events events;
  while (!body.empty()) {
    const auto end = body.find("\n\n");
    if (end == std::string_view::npos) bad("an event without its end");
    const std::string_view event = body.substr(0, end);
    body.remove_prefix(end + 2);
    if (event.starts_with(':')) {
      events.comments.emplace_back(event);
    } else if (event.starts_with("data: ") && event.find('\n') == std::string_view::npos) {
      events.data.emplace_back(event.substr(6));
    } else {
      bad("neither data nor a comment: " + std::string(event));
    }
  }
  return events;
}

}  // namespace redbolt::test
