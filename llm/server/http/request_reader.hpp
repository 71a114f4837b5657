// Bytes from a socket to one HTTP/1 request, by Boost.Beast's parser; what is too large or not HTTP
// is refused as soon as that is known.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "server/http/limits.hpp"
#include "server/http/message.hpp"

namespace redbolt::llm::server {

class RequestReader {
 public:
  explicit RequestReader(const Limits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Takes what it can; returns how many bytes those are. What is left belongs to the next call,
  // with more behind it. Throws ApiError (400, 413, 415, 431, 501, 505).
  std::size_t feed(std::string_view bytes);

  bool header_done() const;
  bool done() const;
  // Whether the client waits to be told that it may send the body.
  bool wants_continue() const;
  // Bytes of the body so far.
  std::size_t body_bytes() const;
  // Once done.
  HttpRequest take();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  const Limits limits_;
};

}  // namespace redbolt::llm::server
