#include "server/http/access.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>

#include "server/api_error.hpp"

namespace redbolt::llm::server {
namespace {

std::optional<boost::asio::ip::address> parse_address(std::string_view text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address;
}

bool is_localhost(std::string_view name) {
  constexpr std::string_view suffix = ".localhost";
  return same_name(name, "localhost") ||
         (name.size() > suffix.size() &&
          same_name(name.substr(name.size() - suffix.size()), suffix));
}

ApiError denied(unsigned status, const char* code, const std::string& message) {
  ApiError error(status, message);
  error.code = code;
  return error;
}

std::string_view without_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::string_view presented_key(const HttpRequest& request) {
  constexpr std::string_view scheme = "bearer ";
  if (const auto header = request.header("Authorization")) {
    if (header->size() > scheme.size() && same_name(header->substr(0, scheme.size()), scheme)) {
      return without_spaces(header->substr(scheme.size()));
    }
  }
  return request.header("X-Api-Key").value_or("");
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference = static_cast<unsigned char>(difference | (a[i] ^ other));
    // Not to be cut short by a compiler that sees that the result is decided.
    asm volatile("" : "+r"(difference));
  }
  return difference == 0;
}

std::string_view host_name(std::string_view host_and_port) {
  if (host_and_port.starts_with('[')) {
    const auto end = host_and_port.find(']');
    return end == std::string_view::npos ? host_and_port : host_and_port.substr(1, end - 1);
  }
  return host_and_port.substr(0, host_and_port.find(':'));
}

bool is_loopback(std::string_view host) {
  const auto address = parse_address(host);
  return address ? address->is_loopback() : is_localhost(host);
}

void Access::check_host(const HttpRequest& request) const {
  if (request.count("Host") > 1 || (request.chunks_allowed && request.count("Host") == 0)) {
    throw denied(400, "bad_host", "A request has one Host header.");
  }
  const auto header = request.header("Host");
  if (!header) return;
  const std::string_view name = host_name(*header);
  const auto allowed = [&](const std::string& host) {
    return host == "*" || same_name(host, name);
  };
  if (is_localhost(name) || parse_address(name) || std::ranges::any_of(rules_.hosts, allowed)) {
    return;
  }
  throw denied(421, "host_not_allowed",
               "This server does not answer for the host '" + std::string(name) +
                   "'. If it should, start it with --allow-host " + std::string(name) + ".");
}

bool Access::allowed_origin(std::string_view origin) const {
  return std::ranges::any_of(rules_.origins, [&](const std::string& allowed) {
    return allowed == "*" || same_name(allowed, origin);
  });
}

void Access::check_origin(const HttpRequest& request) const {
  const auto origin = request.header("Origin");
  if (!origin || allowed_origin(*origin)) return;
  const auto scheme = origin->find("://");
  const auto host = request.header("Host");
  if (scheme != std::string_view::npos && host && same_name(origin->substr(scheme + 3), *host)) {
    return;
  }
  throw denied(403, "origin_not_allowed",
               "Web pages of '" + std::string(*origin) +
                   "' may not use this server. If they should, start it with --cors-origin " +
                   std::string(*origin) + ".");
}

void Access::check_key(const HttpRequest& request) const {
  if (rules_.keys.empty()) return;
  const std::string_view presented = presented_key(request);
  bool known = false;
  for (const std::string& key : rules_.keys) {
    // No way out before the last: which key it was is not to be seen by the clock either.
    known = equal_in_constant_time(presented, key) || known;
  }
  if (known && !presented.empty()) return;
  ApiError error = denied(401, "invalid_api_key",
                          presented.empty() ? "An API key is needed: 'Authorization: Bearer KEY'."
                                            : "The API key is not one of this server's.");
  error.type = "authentication_error";
  throw error;
}

Headers Access::cors_headers(const HttpRequest& request) const {
  const auto origin = request.header("Origin");
  if (!origin || !allowed_origin(*origin)) return {};
  std::string allowed = "Authorization, Content-Type, X-Api-Key";
  // SDKs have headers of their own, which say what they run on.
  if (const auto wanted = request.header("Access-Control-Request-Headers")) {
    allowed.append(", ").append(*wanted);
  }
  return {{"Access-Control-Allow-Origin", std::string(*origin)},
          {"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
          {"Access-Control-Allow-Headers", std::move(allowed)},
          {"Access-Control-Expose-Headers", "Retry-After"},
          {"Access-Control-Max-Age", "600"},
          {"Vary", "Origin"}};
}

}  // namespace redbolt::llm::server
