// Small files below a root that tests can replace: Linux's /sys. Everything that is missing,
// unreadable or not what it should be is std::nullopt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace redbolt::probe {

using Path = std::filesystem::path;

// The first line, without white space at its ends. At most 4 KiB are read.
std::optional<std::string> read_text(const Path& file);
std::optional<std::uint64_t> read_unsigned(const Path& file);  // decimal
std::optional<std::uint64_t> read_hex(const Path& file);       // with or without 0x
// "16.0 GT/s PCIe" and "20.0 Gb/s" -> the number in front.
std::optional<double> read_quantity(const Path& file);
std::vector<std::byte> read_bytes(const Path& file, std::size_t most);
std::vector<std::string> read_lines(const Path& file);
// The last part of where a link points to; std::nullopt where there is no link.
std::optional<std::string> link_name(const Path& link);
std::vector<Path> entries(const Path& folder);  // sorted by name

}  // namespace redbolt::probe
