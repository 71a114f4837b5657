#include "server/json/body.hpp"

#include <string>
#include <vector>

#include "server/api_error.hpp"

namespace redbolt::llm::server {
namespace {

ApiError refused(const char* code, const std::string& message) {
  ApiError error(400, message);
  error.code = code;
  return error;
}

// Looks over the text without building anything: the parser's own structures, and the search for a
// name in an object, cost more than the text does.
class Survey {
 public:
  explicit Survey(const Limits& limits) : limits_(limits) {}

  void look_over(std::string_view text) {
    for (const char c : text) {
      if (in_string_) {
        in_string_ = escaped_ || c != '"';
        escaped_ = !escaped_ && c == '\\';
      } else {
        look_at(c);
      }
    }
  }

 private:
  void look_at(char c) {
    switch (c) {
      case '"':
        in_string_ = true;
        escaped_ = false;
        break;
      case '{':
      case '[':
        open(c == '{');
        break;
      case '}':
      case ']':
        if (!levels_.empty()) levels_.pop_back();
        break;
      case ',':
        next();
        break;
      default:
        break;
    }
  }

  void open(bool object) {
    if (levels_.size() == limits_.json_depth) {
      throw refused("json_too_deep", "The body's JSON is nested more than " +
                                         std::to_string(limits_.json_depth) + " deep.");
    }
    levels_.push_back({object, 0});
    next();
  }

  void next() {
    if (++values_ > limits_.json_values) {
      throw refused("json_too_large", "The body's JSON has more than " +
                                          std::to_string(limits_.json_values) + " values.");
    }
    if (levels_.empty() || !levels_.back().object) return;
    if (++levels_.back().members > limits_.json_members) {
      throw refused("json_too_large", "An object in the body's JSON has more than " +
                                          std::to_string(limits_.json_members) + " names.");
    }
  }

  struct Level {
    bool object;
    std::size_t members;
  };
  const Limits& limits_;
  std::vector<Level> levels_;
  std::size_t values_ = 0;
  bool in_string_ = false, escaped_ = false;
};

}  // namespace

Json parse_body(std::string_view body, const Limits& limits) {
  Survey(limits).look_over(body);
  try {
    return Json::parse(body);
  } catch (const Json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
    const std::string_view what = error.what();
    const auto end = what.find("] ");
    throw refused("invalid_json",
                  "The body is not valid JSON: " +
                      std::string(end == std::string_view::npos ? what : what.substr(end + 2)));
  }
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace redbolt::llm::server
