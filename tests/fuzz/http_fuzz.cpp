// Arbitrary bytes as an HTTP request, whole and in pieces: both must come to the same end, and
// nothing may be kept beyond the limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api_error.hpp"
#include "server/http/access.hpp"
#include "server/http/request_reader.hpp"
#include "server/routes.hpp"

namespace {

using namespace redbolt::llm::server;

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

Limits small_limits() {
  Limits limits;
  limits.header_bytes = 512;
  limits.body_bytes = 256;
  return limits;
}

struct Outcome {
  unsigned refused = 0;
  std::optional<HttpRequest> request = {};
};

// As a connection does it: what is not taken comes again with more behind it.
Outcome read(std::string_view bytes, std::size_t piece) {
  RequestReader reader(small_limits());
  Outcome outcome;
  std::string waiting;
  try {
    while (!reader.done() && !bytes.empty()) {
      const std::size_t count = std::min(piece, bytes.size());
      waiting.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      const std::size_t taken = reader.feed(waiting);
      if (taken > waiting.size()) std::abort();
      waiting.erase(0, taken);
    }
    if (reader.done()) outcome.request = reader.take();
  } catch (const ApiError& error) {
    outcome.refused = error.status;
  }
  return outcome;
}

void look_at(const HttpRequest& request) {
  if (request.body.size() > small_limits().body_bytes) std::abort();
  AccessRules rules;
  rules.keys = {"key"};
  const Access access(rules);
  try {
    access.check_host(request);
    access.check_origin(request);
    access.check_key(request);
    find_route(request.method, request.path);
  } catch (const ApiError& error) {
    const HttpResponse response = error_response(&request, error);
    if (response.status < 400) std::abort();
  }
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  return {
      bytes_of(
          "GET /v1/models/a%2Fb?x=1 HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://a\r\n\r\n"),
      bytes_of("POST /api/chat HTTP/1.1\r\nHost: [::1]\r\nAuthorization: Bearer key\r\n"
               "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{}"),
      bytes_of("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3;a=\"b\"\r\nabc\r\n0\r\nT: x\r\n\r\n"),
      bytes_of("OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, bytes.size() + 1);
  const Outcome pieces = read(bytes, 1 + size % 7);
  if (whole.request) look_at(*whole.request);
  if (whole.request.has_value() != pieces.request.has_value()) std::abort();
  if (whole.request &&
      (whole.request->body != pieces.request->body || whole.request->path != pieces.request->path ||
       whole.request->headers != pieces.request->headers)) {
    std::abort();
  }
  return 0;
}
