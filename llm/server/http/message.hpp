// A request as handlers see it, and what they answer; nothing of sockets.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redbolt::llm::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = {};
  std::string path = {};   // percent-decoded, without the query
  std::string query = {};  // as it was sent
  Headers headers = {};    // in order
  std::string body = {};
  bool keep_alive = true;
  bool chunks_allowed = true;  // HTTP/1.1

  // The first header of this name (any case).
  std::optional<std::string_view> header(std::string_view name) const;
  // How often a header is there.
  std::size_t count(std::string_view name) const;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  Headers headers = {};
  bool close = false;  // the connection ends after it
};

// Whether two names of headers or hosts are the same, whatever their case (ASCII).
bool same_name(std::string_view a, std::string_view b);

// "Too Many Requests"; for a status that is not known here, "Status".
std::string_view reason_phrase(unsigned status);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::chrono::system_clock::time_point time);

// Status line, headers (the date of now among them) and the empty line. `length`: the body's, or
// nothing for a stream.
std::string response_head(const HttpResponse& response, std::optional<std::size_t> length,
                          bool chunked, bool keep_alive);
// A piece of a stream in chunked coding.
std::string chunk(std::string_view data);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

// "%2F" to "/"; nothing for a broken escape or a NUL.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace redbolt::llm::server
