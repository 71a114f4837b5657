#include "listener.hpp"

#include <algorithm>
#include <charconv>

#include "tcp_listener.hpp"
#include "unix_listener.hpp"

namespace redbolt::emulator {
namespace {

[[noreturn]] void refuse(std::string_view text) {
  throw ServerError(ServerErrorCode::bad_address,
                    "\"" + std::string(text) +
                        "\" is no address to listen on; it looks like unix:/tmp/card.sock or "
                        "tcp:127.0.0.1:6667");
}

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

ListenAddress parse_listen_address(std::string_view text) {
  constexpr std::string_view unix_prefix = "unix:", tcp_prefix = "tcp:";
  if (text.starts_with(unix_prefix) && text.size() > unix_prefix.size())
    return UnixAddress{std::string(text.substr(unix_prefix.size()))};
  if (!text.starts_with(tcp_prefix)) refuse(text);
  const std::string_view rest = text.substr(tcp_prefix.size());
  const auto colon = rest.rfind(':');
  const std::string_view port = rest.substr(colon == std::string_view::npos ? 0 : colon + 1);
  std::string_view host = colon == std::string_view::npos ? "" : rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    refuse(text);
  }
  TcpAddress address{std::string(host.empty() ? "127.0.0.1" : host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) refuse(text);
  return address;
}

bool is_local(const ListenAddress& address) {
  const auto* const tcp = std::get_if<TcpAddress>(&address);
  return tcp == nullptr || tcp->host == "localhost" || tcp->host == "::1" ||
         tcp->host.starts_with("127.");
}

std::unique_ptr<Listener> listen_on(const ListenAddress& address) {
  return std::visit(Overloaded{[](const UnixAddress& a) -> std::unique_ptr<Listener> {
                                 return std::make_unique<UnixListener>(a);
                               },
                               [](const TcpAddress& a) -> std::unique_ptr<Listener> {
                                 return std::make_unique<TcpListener>(a);
                               }},
                    address);
}

}  // namespace redbolt::emulator
