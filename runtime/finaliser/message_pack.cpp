#include "finaliser/message_pack.hpp"

#include <bit>
#include <limits>

namespace redbolt::runtime {
namespace {

constexpr int deepest = 16;

using Kind = MessagePackValue::Kind;

MessagePackValue number(Kind kind, std::int64_t value) {
  MessagePackValue result;
  result.kind = kind;
  result.number = value;
  return result;
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::optional<MessagePackValue> value(int depth) {
    const auto tag = unsigned_integer(1);
    if (!tag || depth > deepest) return std::nullopt;
    const auto t = static_cast<unsigned>(*tag);
    if (t <= 0x7f) return number(Kind::integer, t);
    if (t <= 0x8f) return map(t & 15, depth);
    if (t <= 0x9f) return array(t & 15, depth);
    if (t <= 0xbf) return text(t & 31);
    if (t >= 0xe0) return number(Kind::integer, static_cast<std::int64_t>(t) - 256);
    return tagged(t, depth);
  }

 private:
  std::optional<MessagePackValue> tagged(unsigned t, int depth) {
    switch (t) {
      case 0xc0:
        return MessagePackValue{};
      case 0xc2:
        return number(Kind::boolean, 0);
      case 0xc3:
        return number(Kind::boolean, 1);
      case 0xca:
        return floating(4);
      case 0xcb:
        return floating(8);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return integer(1u << (t - 0xcc), false);
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return integer(1u << (t - 0xd0), true);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return sized(1u << (t - 0xd9), &Reader::text_at, depth);
      case 0xdc:
      case 0xdd:
        return sized(2u << (t - 0xdc), &Reader::array, depth);
      case 0xde:
      case 0xdf:
        return sized(2u << (t - 0xde), &Reader::map, depth);
      default:
        return std::nullopt;
    }
  }

  std::optional<std::uint64_t> unsigned_integer(std::size_t size) {
    if (bytes_.size() < size) return std::nullopt;
    std::uint64_t result = 0;
    for (std::size_t i = 0; i < size; ++i)
      result = result << 8 | std::to_integer<std::uint64_t>(bytes_[i]);
    bytes_ = bytes_.subspan(size);
    return result;
  }

  std::optional<MessagePackValue> integer(std::size_t size, bool is_signed) {
    const auto raw = unsigned_integer(size);
    if (!raw) return std::nullopt;
    if (!is_signed) {
      if (*raw > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return std::nullopt;
      return number(Kind::integer, static_cast<std::int64_t>(*raw));
    }
    const unsigned unused = static_cast<unsigned>(64 - 8 * size);
    return number(Kind::integer, static_cast<std::int64_t>(*raw << unused) >> unused);
  }

  std::optional<MessagePackValue> floating(std::size_t size) {
    const auto raw = unsigned_integer(size);
    if (!raw) return std::nullopt;
    MessagePackValue result;
    result.kind = Kind::floating;
    result.real = size == 8 ? std::bit_cast<double>(*raw)
                            : double{std::bit_cast<float>(static_cast<std::uint32_t>(*raw))};
    return result;
  }

  using Body = std::optional<MessagePackValue> (Reader::*)(std::uint64_t, int);
  std::optional<MessagePackValue> sized(std::size_t size, Body body, int depth) {
    const auto count = unsigned_integer(size);
    if (!count) return std::nullopt;
    return (this->*body)(*count, depth);
  }

  std::optional<MessagePackValue> text(std::uint64_t size) {
    if (size > bytes_.size()) return std::nullopt;
    const auto* first = reinterpret_cast<const char*>(bytes_.data());
    MessagePackValue result;
    result.kind = Kind::text;
    result.text.assign(first, size);
    bytes_ = bytes_.subspan(size);
    return result;
  }
  std::optional<MessagePackValue> text_at(std::uint64_t size, int) { return text(size); }

  std::optional<MessagePackValue> array(std::uint64_t count, int depth) {
    if (count > bytes_.size()) return std::nullopt;  // each element takes a byte at least
    MessagePackValue result;
    result.kind = Kind::array;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto element = value(depth + 1);
      if (!element) return std::nullopt;
      result.elements.push_back(std::move(*element));
    }
    return result;
  }

  std::optional<MessagePackValue> map(std::uint64_t count, int depth) {
    if (count > bytes_.size()) return std::nullopt;
    MessagePackValue result;
    result.kind = Kind::map;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto key = value(depth + 1);
      if (!key || key->kind != Kind::text) return std::nullopt;
      auto element = value(depth + 1);
      if (!element) return std::nullopt;
      result.members.insert_or_assign(std::move(key->text), std::move(*element));
    }
    return result;
  }

  std::span<const std::byte> bytes_;
};

}  // namespace

const MessagePackValue* MessagePackValue::find(const std::string& key) const {
  const auto found = members.find(key);
  return found == members.end() ? nullptr : &found->second;
}

std::optional<std::uint32_t> MessagePackValue::integer(const std::string& key) const {
  const MessagePackValue* found = find(key);
  if (found == nullptr || found->kind != Kind::integer || found->number < 0 ||
      found->number > std::numeric_limits<std::uint32_t>::max())
    return std::nullopt;
  return static_cast<std::uint32_t>(found->number);
}

std::optional<MessagePackValue> parse_message_pack(std::span<const std::byte> bytes) {
  return Reader(bytes).value(0);
}

}  // namespace redbolt::runtime
