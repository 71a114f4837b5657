// Who may ask: the Host header (against DNS rebinding), the Origin header (against other people's
// web pages) and the API key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.hpp"

namespace redbolt::llm::server {

struct AccessRules {
  std::vector<std::string> keys = {};     // none: everybody may ask
  std::vector<std::string> hosts = {};    // names beside localhost and addresses; "*": any
  std::vector<std::string> origins = {};  // whose pages may ask, as "https://host"; "*": anybody's
};

class Access {
 public:
  explicit Access(AccessRules rules) : rules_(std::move(rules)) {}

  bool wants_key() const { return !rules_.keys.empty(); }

  // A name that an attacker's DNS could point here is refused (421). Addresses cannot be such
  // names.
  void check_host(const HttpRequest& request) const;
  // A browser says for which page it asks: one from elsewhere is refused (403) unless allowed.
  void check_origin(const HttpRequest& request) const;
  // "Authorization: Bearer KEY" or "X-Api-Key: KEY" (401).
  void check_key(const HttpRequest& request) const;

  // What lets an allowed page read the answer.
  Headers cors_headers(const HttpRequest& request) const;

 private:
  bool allowed_origin(std::string_view origin) const;

  AccessRules rules_;
};

// In a time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// "[::1]:80" → "::1", "Example:8080" → "Example".
std::string_view host_name(std::string_view host_and_port);

bool is_loopback(std::string_view host);

}  // namespace redbolt::llm::server
