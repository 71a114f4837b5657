#include "engine/weight_hashes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include "engine/content_hasher.hpp"
#include "support/hex.hpp"

namespace redbolt::llm {
namespace {

// The file: this line, one line "KEY HASH" per entry, the oldest first, and a last line with the
// hash of all before it.
constexpr std::string_view title = "redbolt weight hashes 1\n";
constexpr std::size_t line_size = 64 + 1 + 64 + 1;
constexpr std::size_t check_size = 64 + 1;
constexpr std::size_t largest_file =
    title.size() + WeightHashes::max_entries * line_size + check_size;

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(largest_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// The text without its last line, if that vouches for it.
std::optional<std::string_view> checked_text(std::string_view text) {
  if (text.size() < title.size() + check_size || text.size() > largest_file) return std::nullopt;
  const std::string_view content = text.substr(0, text.size() - check_size);
  const std::string_view check = text.substr(content.size(), 64);
  if (text.back() != '\n' || check != to_hex(content_hash(content))) return std::nullopt;
  if (!content.starts_with(title)) return std::nullopt;
  return content.substr(title.size());
}

}  // namespace

WeightHashes::WeightHashes(const std::filesystem::path& folder)
    : path_(folder.empty() ? std::filesystem::path() : folder / "weights") {}

std::vector<WeightHashes::Entry> WeightHashes::read() const {
  std::vector<Entry> entries;
  const std::string text = read_whole(path_);
  const auto lines = checked_text(text);
  if (!lines || lines->size() % line_size != 0) return {};
  for (std::size_t at = 0; at < lines->size(); at += line_size) {
    const auto key = hash_from_hex(lines->substr(at, 64));
    const auto hash = hash_from_hex(lines->substr(at + 65, 64));
    if (!key || !hash) return {};
    entries.push_back({*key, *hash});
  }
  return entries;
}

void WeightHashes::write(const std::vector<Entry>& entries) const {
  std::string text(title);
  for (const Entry& entry : entries) {
    text.append(to_hex(entry.key)).append(" ").append(to_hex(entry.hash)).append("\n");
  }
  text.append(to_hex(content_hash(text))).append("\n");
  std::filesystem::create_directories(path_.parent_path());
  std::string temporary = path_.string() + ".XXXXXX";
  const int descriptor = ::mkstemp(temporary.data());
  if (descriptor < 0) return;
  const bool written =
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = ::close(descriptor) == 0;
  std::error_code failure;
  if (written && closed) std::filesystem::rename(temporary, path_, failure);
  if (!written || !closed || failure) std::filesystem::remove(temporary, failure);
}

std::optional<client::ContentHash> WeightHashes::find(const client::ContentHash& key) const noexcept
    try {
  if (path_.empty()) return std::nullopt;
  for (const Entry& entry : read()) {
    if (entry.key == key) return entry.hash;
  }
  return std::nullopt;
} catch (...) {
  return std::nullopt;
}

void WeightHashes::remember(const client::ContentHash& key,
                            const client::ContentHash& hash) const noexcept try {
  if (path_.empty()) return;
  std::vector<Entry> entries = read();
  std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; });
  entries.push_back({key, hash});
  if (entries.size() > max_entries) {
    entries.erase(entries.begin(),
                  entries.begin() + static_cast<std::ptrdiff_t>(entries.size() - max_entries));
  }
  write(entries);
} catch (...) {
  // It is a help, not a need.
}

}  // namespace redbolt::llm
