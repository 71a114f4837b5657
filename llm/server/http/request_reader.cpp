#include "server/http/request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>

#include "server/api_error.hpp"

namespace redbolt::llm::server {

namespace http = boost::beast::http;

struct RequestReader::Parser {
  http::request_parser<http::string_body> http;
};

namespace {

ApiError refusal(unsigned status, const char* code, const std::string& message) {
  ApiError error(status, message);
  error.code = code;
  error.close = true;
  return error;
}

ApiError to_error(const boost::system::error_code& error, const Limits& limits) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return refusal(431, "headers_too_large",
                   "The request line and headers are larger than " +
                       std::to_string(limits.header_bytes) + " bytes.");
  }
  if (error == http::error::body_limit) {
    return refusal(413, "body_too_large",
                   "The body is larger than " + std::to_string(limits.body_bytes) + " bytes.");
  }
  if (error == http::error::bad_version) {
    return refusal(505, "bad_http_version",
                   "Only HTTP/1.1 and HTTP/1.0 are spoken here, in lines that end with CR and LF.");
  }
  return refusal(400, "bad_http", "This is not a valid HTTP request: " + error.message() + ".");
}

// Bodies come as they are, in one piece or in chunks.
void check_codings(const http::request<http::string_body>& message) {
  for (const auto& field : message) {
    if (field.name() == http::field::transfer_encoding && !same_name(field.value(), "chunked")) {
      throw refusal(501, "unsupported_coding",
                    "No transfer coding but 'chunked' is understood here.");
    }
    if (field.name() == http::field::content_encoding && !same_name(field.value(), "identity")) {
      throw refusal(415, "unsupported_coding", "Compressed bodies are not understood here.");
    }
  }
}

// "http://host/path" of a request to a proxy is as good as "/path" with that host.
std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto path = target.find('/', scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

void set_target(HttpRequest& request, std::string_view target) {
  target = without_authority(target);
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  const auto path = percent_decoded(target.substr(0, question));
  const bool whole_server = target == "*" && request.method == "OPTIONS";
  if (!path || (!path->starts_with('/') && !whole_server)) {
    ApiError error(400, "The request's path is not valid.");
    error.code = "bad_path";
    throw error;
  }
  request.path = *path;
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
}

}  // namespace

RequestReader::RequestReader(const Limits& limits)
    : parser_(std::make_unique<Parser>()), limits_(limits) {
  // Beast counts a header that is not complete only by what its buffer holds.
  parser_->http.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser_->http.body_limit(limits.body_bytes);
  parser_->http.eager(true);
}

RequestReader::~RequestReader() = default;

std::size_t RequestReader::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !parser_->http.is_done()) {
    boost::system::error_code error;
    const auto rest = bytes.substr(taken);
    const std::size_t used =
        parser_->http.put(boost::asio::buffer(rest.data(), rest.size()), error);
    taken += used;
    const bool sound = !error || error == http::error::need_more;
    if (sound && parser_->http.is_header_done()) check_codings(parser_->http.get());
    if (error == http::error::need_more) {
      error = {};
      if (!parser_->http.is_header_done() && rest.size() - used > limits_.header_bytes) {
        error = http::error::header_limit;
      }
      if (!error) return taken;
    }
    if (error) throw to_error(error, limits_);
    if (used == 0) return taken;
  }
  return taken;
}

bool RequestReader::header_done() const {
  return parser_->http.is_header_done();
}

bool RequestReader::done() const {
  return parser_->http.is_done();
}

bool RequestReader::wants_continue() const {
  if (!header_done() || done()) return false;
  const auto& message = parser_->http.get();
  return message.version() >= 11 && same_name(message[http::field::expect], "100-continue");
}

std::size_t RequestReader::body_bytes() const {
  return parser_->http.get().body().size();
}

HttpRequest RequestReader::take() {
  auto& message = parser_->http.get();
  HttpRequest request;
  request.method = message.method_string();
  request.keep_alive = message.keep_alive();
  request.chunks_allowed = message.version() >= 11;
  for (const auto& field : message) {
    request.headers.emplace_back(field.name_string(), field.value());
  }
  set_target(request, message.target());
  request.body = std::move(message.body());
  return request;
}

}  // namespace redbolt::llm::server
