// A client that knows no more of HTTP than its bytes: what it sends is written by the test, and
// what comes back is taken apart by the rules of RFC 9112, strictly. Every wait is bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redbolt::test {

using Json = nlohmann::json;

struct Reply {
  unsigned status = 0;
  std::map<std::string, std::string> headers = {};  // names in small letters
  std::string body = {};                            // chunks joined
  std::vector<std::string> chunks = {};

  Json json() const { return Json::parse(body); }
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Throws when it cannot be sent within the patience.
  void send(std::string_view bytes);
  // The next reply, whole; throws when it is not valid HTTP, or does not come within half a minute.
  // `head_only`: it has no body whatever its headers say.
  Reply reply(bool head_only = false);
  // Only its status line and headers, and then the next chunk: nothing after the last one.
  Reply head();
  std::optional<std::string> chunk();
  // Whether the server closes the connection (within half a minute), with nothing more said.
  bool closed();
  // Ends the connection for good, at once.
  void hang_up();
  // With a reset, as when a program is killed that has not read everything.
  void reset();
  // Makes the kernel take as little as it can for this client.
  void shrink_receive_buffer();

 private:
  std::string line();
  std::string exactly(std::size_t count);
  bool fill();

  int socket_ = -1;
  std::string buffer_;
};

// "POST path" with a JSON body and the headers that every client sends.
std::string post(std::string_view path, std::string_view body, std::string_view more_headers = "");
std::string get(std::string_view path, std::string_view more_headers = "");

// One request on a connection of its own.
Reply ask(std::uint16_t port, const std::string& request);

// The data of a stream's events, in order, "[DONE]" included; comments apart.
struct Events {
  std::vector<std::string> data = {};
  std::vector<std::string> comments = {};
};
Events events_of(std::string_view body);

}  // namespace redbolt::test
