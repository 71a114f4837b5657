#include "models/name.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace redbolt::llm::models {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

// "_k_m", "_0", "": what may follow after Q4.
bool are_suffixes(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != '_') return false;
    text.remove_prefix(1);
    const std::size_t length = std::min(text.find('_'), text.size());
    if (length == 0 || length > 3) return false;
    if (!std::ranges::all_of(text.substr(0, length), is_alphanumeric)) return false;
    text.remove_prefix(length);
  }
  return true;
}

constexpr std::array<std::string_view, 7> kFloats = {"f16",  "f32",   "bf16",     "fp16",
                                                     "fp32", "mxfp4", "mxfp4_moe"};
// As llama.cpp and Ollama choose, then larger before smaller.
constexpr std::array<std::string_view, 22> kPreferred = {
    "Q4_K_M", "",       "Q4_K_S", "Q4_K", "Q4_0", "Q4_1", "IQ4_NL", "IQ4_XS",
    "Q5_K_M", "Q5_K_S", "Q5_0",   "Q5_1", "Q6_K", "Q8_0", "Q3_K_L", "Q3_K_M",
    "Q3_K_S", "Q2_K",   "BF16",   "F16",  "FP16", "F32"};

bool separates(std::string_view name, std::size_t at) {
  const char c = name[at];
  if (c == '-' || c == '_' || c == ':' || c == '/' || c == ' ') return true;
  const bool between_digits =
      at > 0 && is_digit(name[at - 1]) && at + 1 < name.size() && is_digit(name[at + 1]);
  return c == '.' && !between_digits;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && lower(a) == lower(b);
}

bool is_quantization(std::string_view text) {
  const std::string small = lower(text);
  std::string_view rest = small;
  if (rest.starts_with("ud-")) rest.remove_prefix(3);
  if (std::ranges::find(kFloats, rest) != kFloats.end()) return true;
  if (rest.starts_with("iq") || rest.starts_with("tq")) rest.remove_prefix(1);
  if (rest.size() < 2 || rest[0] != 'q' || !is_digit(rest[1])) return false;
  return are_suffixes(rest.substr(2));
}

NameParts split_quantization(std::string_view name) {
  if (is_quantization(name)) return {"", std::string(name)};
  for (std::size_t at = 1; at + 1 < name.size(); ++at) {
    const char c = name[at];
    if (c != '-' && c != '_' && c != '.' && c != ':') continue;
    if (is_quantization(name.substr(at + 1)))
      return {std::string(name.substr(0, at)), std::string(name.substr(at + 1))};
  }
  return {std::string(name), ""};
}

std::vector<std::string> words(std::string_view name) {
  std::vector<std::string> result;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty() && word != "latest" && word != "gguf") result.push_back(word);
    word.clear();
  };
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (separates(name, at)) {
      end_word();
    } else {
      word += lower(name.substr(at, 1));
    }
  }
  end_word();
  return result;
}

std::size_t preference(std::string_view quantization) {
  if (quantization.size() > 3 && same(quantization.substr(0, 3), "UD-"))
    quantization.remove_prefix(3);
  const auto found = std::ranges::find_if(
      kPreferred, [&](std::string_view known) { return same(known, quantization); });
  return static_cast<std::size_t>(found - kPreferred.begin());
}

std::size_t distance(std::string_view a, std::string_view b) {
  constexpr std::size_t kLongest = 100;
  const std::string from = lower(a.substr(0, kLongest)), to = lower(b.substr(0, kLongest));
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, changed});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace redbolt::llm::models
