// A reader for the part of MessagePack that code objects carry their metadata in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace redbolt::runtime {

struct MessagePackValue {
  enum class Kind { nothing, boolean, integer, floating, text, array, map };
  Kind kind = Kind::nothing;
  std::int64_t number = 0;  // boolean, integer
  double real = 0;          // floating
  std::string text;
  std::vector<MessagePackValue> elements;           // array
  std::map<std::string, MessagePackValue> members;  // map

  // nullptr if this is no map or has no such key.
  const MessagePackValue* find(const std::string& key) const;
  // nullopt if there is no such key, or it is no integer of 32 bits without sign.
  std::optional<std::uint32_t> integer(const std::string& key) const;
};

// nullopt for anything malformed, truncated, nested deeper than 16, or with keys that are no text.
std::optional<MessagePackValue> parse_message_pack(std::span<const std::byte> bytes);

}  // namespace redbolt::runtime
