#include "linux/sysfs.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace redbolt::probe {
namespace {

constexpr std::size_t longest_text = 4096;

std::string trimmed(const std::string& text) {
  constexpr const char* space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

template <int base>
std::optional<std::uint64_t> parse(std::string_view text) {
  if (base == 16 && (text.starts_with("0x") || text.starts_with("0X"))) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<std::byte> read_bytes(const Path& file, std::size_t most) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::byte> bytes(most);
  if (!stream) return {};
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(most));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  return bytes;
}

std::vector<std::string> read_lines(const Path& file) {
  const auto bytes = read_bytes(file, longest_text);
  std::vector<std::string> lines(1);
  for (const std::byte byte : bytes) {
    const char c = static_cast<char>(byte);
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

std::optional<std::string> read_text(const Path& file) {
  const auto lines = read_lines(file);
  if (lines.empty()) return std::nullopt;
  return trimmed(lines.front());
}

std::optional<std::uint64_t> read_unsigned(const Path& file) {
  const auto text = read_text(file);
  return text ? parse<10>(*text) : std::nullopt;
}

std::optional<std::uint64_t> read_hex(const Path& file) {
  const auto text = read_text(file);
  return text ? parse<16>(*text) : std::nullopt;
}

std::optional<double> read_quantity(const Path& file) {
  const auto text = read_text(file);
  if (!text) return std::nullopt;
  const auto digits = text->find_first_not_of("0123456789.");
  const std::string number = text->substr(0, digits);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || value <= 0) return std::nullopt;
  return value;
}

std::optional<std::string> link_name(const Path& link) {
  std::error_code error;
  const Path target = std::filesystem::read_symlink(link, error);
  if (error) return std::nullopt;
  return target.filename().string();
}

std::vector<Path> entries(const Path& folder) {
  std::vector<Path> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error))
    found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace redbolt::probe
