#include "tcp_listener.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace redbolt::emulator {
namespace {

constexpr int backlog = 64;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::string text_of(const TcpAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return "tcp:" + (is_v6 ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(address.port);
}

AddressList resolve(const TcpAddress& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) {
    throw ServerError(ServerErrorCode::bad_address,
                      "the host \"" + address.host + "\" is not known: " + ::gai_strerror(error));
  }
  return {found, &::freeaddrinfo};
}

[[noreturn]] void fail(const TcpAddress& address) {
  const auto code = errno == EADDRINUSE ? ServerErrorCode::already_served : ServerErrorCode::failed;
  throw ServerError(
      code, "cannot listen on " + text_of(address) + ": " + std::generic_category().message(errno));
}

std::uint16_t port_of(int socket) {
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &length);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

}  // namespace

TcpListener::TcpListener(const TcpAddress& address) : address_(address) {
  const AddressList candidates = resolve(address);
  const addrinfo& first = *candidates;
  socket_ = FileDescriptor(::socket(first.ai_family, first.ai_socktype, first.ai_protocol));
  if (!socket_.valid()) fail(address);
  const int on = 1;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
  if (::bind(socket_.get(), first.ai_addr, first.ai_addrlen) != 0 ||
      ::listen(socket_.get(), backlog) != 0 || ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK) != 0) {
    fail(address);
  }
  address_.port = port_of(socket_.get());
}

std::string TcpListener::address() const {
  return text_of(address_);
}

}  // namespace redbolt::emulator
