#include "constraint/string_formats.hpp"

#include <array>

namespace redbolt::llm {
namespace {

// RFC 3339; years from 1000 on, no leap seconds, and 29 February in years divisible by 4 that are
// not the first of a century.
std::string date() {
  return "([1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
         "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
         "|[1-9][0-9](0[48]|[2468][048]|[13579][26])-02-29)";
}

std::string time() {
  return "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?"
         "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
}

std::string date_time() {
  return date() + "T" + time();
}

// RFC 3339, appendix A: units in order, none left out in between.
std::string duration() {
  const std::string n = "[0-9]{1,4}";
  const std::string clock =
      "T(" + n + "H(" + n + "M(" + n + "S)?)?|" + n + "M(" + n + "S)?|" + n + "S)";
  const std::string days =
      "(" + n + "Y(" + n + "M(" + n + "D)?)?|" + n + "M(" + n + "D)?|" + n + "D)";
  return "P(" + n + "W|" + days + "(" + clock + ")?|" + clock + ")";
}

// At most seven labels of 30, which is within the 253 characters of RFC 1123.
std::string hostname() {
  const std::string label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,28}[a-zA-Z0-9])?";
  return label + "(\\." + label + "){0,6}";
}

std::string email() {
  const std::string word = "[a-zA-Z0-9_+-]{1,20}";
  return word + "(\\." + word + "){0,2}@" + hostname();
}

std::string ipv4() {
  const std::string byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  return byte + "(\\." + byte + "){3}";
}

// RFC 4291: eight groups, or fewer around one "::".
std::string ipv6() {
  const std::string group = "[0-9a-fA-F]{1,4}";
  const std::string before = group + ":", after = ":" + group;
  std::string all = "(" + before + "){7}" + group;
  for (int count = 1; count <= 6; ++count) {
    all += "|(" + before + "){" + std::to_string(count) + "}(" + after + "){1," +
           std::to_string(7 - count) + "}";
  }
  return all + "|(" + before + "){1,7}:|:(" + after + "){1,7}|::";
}

std::string uuid() {
  return "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}";
}

struct Format {
  std::string_view name;
  std::string (*pattern)();
};
constexpr std::array<Format, 9> kFormats = {{{"date-time", date_time},
                                             {"date", date},
                                             {"time", time},
                                             {"duration", duration},
                                             {"email", email},
                                             {"hostname", hostname},
                                             {"ipv4", ipv4},
                                             {"ipv6", ipv6},
                                             {"uuid", uuid}}};

}  // namespace

std::optional<std::string> format_pattern(std::string_view format) {
  for (const Format& row : kFormats) {
    if (row.name == format) return row.pattern();
  }
  return {};
}

}  // namespace redbolt::llm
