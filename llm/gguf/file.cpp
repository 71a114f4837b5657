#include "redbolt/llm/gguf/file.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <string>
#include <unordered_set>

#include "gguf/cursor.hpp"
#include "redbolt/base/checked.hpp"
#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

static_assert(std::endian::native == std::endian::little,
              "GGUF numbers are read as they are stored");

constexpr std::uint64_t kMaximumKeyBytes = 65535;      // the format's own limit
constexpr std::uint64_t kMaximumTensorNameBytes = 64;  // likewise
constexpr std::uint64_t kMaximumDimensions = 4;        // likewise
constexpr std::uint64_t kMaximumEntries = 1 << 20;     // keys or tensors; real files hold thousands
constexpr std::uint64_t kMaximumAlignment = 1 << 20;
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr int kMaximumArrayDepth = 4;
// Of the beginning of a file: what is read first, and the most; a large vocabulary takes 10 MiB.
constexpr std::uint64_t kFirstTableBytes = 1 << 20;
constexpr std::uint64_t kMaximumTableBytes = 1 << 30;
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// The least that one entry takes in the file: lengths, types and offsets with empty names.
constexpr std::uint64_t kSmallestKeyValue = 8 + 4 + 1;
constexpr std::uint64_t kSmallestTensorInfo = 8 + 4 + 8 + 4 + 8;

void check_count(std::uint64_t count, std::uint64_t smallest, const Cursor& cursor,
                 std::string_view what) {
  if (count > kMaximumEntries) {
    throw LlmError(ErrorCode::limit_exceeded,
                   "the header announces " + std::to_string(count) + " " + std::string(what) +
                       "; at most " + std::to_string(kMaximumEntries) + " are possible");
  }
  if (count * smallest > cursor.remaining()) {
    throw LlmError(ErrorCode::truncated, "the header announces " + std::to_string(count) + " " +
                                             std::string(what) +
                                             ", more than the file has room for");
  }
}

std::uint32_t read_version(Cursor& cursor) {
  const auto magic = cursor.take(4, "the magic number");
  if (std::memcmp(magic.data(), "GGUF", 4) != 0) {
    throw LlmError(ErrorCode::not_gguf, "not a GGUF file (its first four bytes are not 'GGUF')");
  }
  const auto version = cursor.number<std::uint32_t>("the version");
  if (version == 2 || version == 3) return version;
  if (version == 1) {
    throw LlmError(ErrorCode::unsupported_version,
                   "GGUF version 1, which no current tool writes; convert the model again");
  }
  // A small number seen from the other end: 3 reads as 0x03000000.
  if ((version & 0xFFFF) == 0 && version != 0) {
    throw LlmError(
        ErrorCode::unsupported_version,
        "a big-endian GGUF file; convert it to little-endian (gguf-py's gguf_convert_endian.py)");
  }
  throw LlmError(ErrorCode::unsupported_version,
                 "GGUF version " + std::to_string(version) + "; versions 2 and 3 are supported");
}

ValueType read_value_type(Cursor& cursor, std::string_view key) {
  const auto type = cursor.number<std::uint32_t>("a value's type");
  if (type > static_cast<std::uint32_t>(ValueType::float64)) {
    throw LlmError(ErrorCode::malformed, "the value of '" + printable(key) +
                                             "' has the unknown type " + std::to_string(type));
  }
  return static_cast<ValueType>(type);
}

void check_booleans(std::span<const std::byte> bytes, std::string_view key) {
  if (std::ranges::any_of(bytes, [](std::byte byte) { return byte > std::byte{1}; })) {
    throw LlmError(ErrorCode::malformed, "a bool of '" + printable(key) + "' is neither 0 nor 1");
  }
}

Value read_array(Cursor& cursor, std::span<const std::byte> file, std::string_view key, int depth) {
  if (depth > kMaximumArrayDepth) {
    throw LlmError(ErrorCode::limit_exceeded,
                   "the arrays of '" + printable(key) + "' are nested too deeply");
  }
  const ValueType element = read_value_type(cursor, key);
  const auto count = cursor.number<std::uint64_t>("an array's length");
  const std::string what = "the array '" + printable(key) + "'";
  const std::uint64_t start = cursor.position();
  if (const std::size_t size = scalar_size(element); size != 0) {
    const auto total = checked_multiply<std::uint64_t>(count, size);
    const auto bytes = cursor.take(total.value_or(kNoLimit), what);
    if (element == ValueType::boolean) check_booleans(bytes, key);
    return {element, count, bytes};
  }
  // Strings and arrays start with a length of at least eight bytes, so the loop is bounded by the
  // file.
  for (std::uint64_t i = 0; i < count; ++i) {
    if (element == ValueType::string) {
      cursor.string(kNoLimit, what);
    } else {
      read_array(cursor, file, key, depth + 1);
    }
  }
  return {element, count, file.subspan(start, cursor.position() - start)};
}

Value read_value(Cursor& cursor, std::span<const std::byte> file, std::string_view key) {
  const ValueType type = read_value_type(cursor, key);
  if (type == ValueType::array) return read_array(cursor, file, key, 1);
  const std::string what = "the value of '" + printable(key) + "'";
  if (type == ValueType::string) {
    const std::string_view text = cursor.string(kNoLimit, what);
    return {type, std::as_bytes(std::span(text))};
  }
  const auto bytes = cursor.take(scalar_size(type), what);
  if (type == ValueType::boolean) check_booleans(bytes, key);
  return {type, bytes};
}

LlmError bad_tensor(const TensorInfo& tensor, const std::string& why) {
  return {ErrorCode::bad_tensor, "the tensor '" + printable(tensor.name) + "' " + why};
}

// Bytes of a tensor, or nothing when they do not fit into 64 bits.
std::optional<std::uint64_t> tensor_size(const TensorInfo& tensor) {
  std::optional<std::uint64_t> elements = 1;
  for (const std::uint64_t dimension : tensor.dimensions) {
    elements = checked_multiply(*elements, dimension);
    if (!elements) return std::nullopt;
  }
  return checked_multiply<std::uint64_t>(*elements / tensor.type->block_elements,
                                         tensor.type->block_bytes);
}

void read_dimensions(Cursor& cursor, TensorInfo& tensor) {
  const auto count = cursor.number<std::uint32_t>("a tensor's dimensions");
  if (count == 0 || count > kMaximumDimensions) {
    throw bad_tensor(tensor, "has " + std::to_string(count) + " dimensions; 1 to 4 are possible");
  }
  tensor.dimension_count = count;
  for (unsigned i = 0; i < count; ++i) {
    tensor.dimensions[i] = cursor.number<std::uint64_t>("a tensor's dimensions");
    if (tensor.dimensions[i] == 0) throw bad_tensor(tensor, "has a dimension of zero");
  }
}

// Reads one entry of the tensor table; its offset still counts from the start of the data.
TensorInfo read_tensor_info(Cursor& cursor, std::uint64_t alignment) {
  TensorInfo tensor;
  tensor.name = cursor.string(kMaximumTensorNameBytes, "a tensor's name");
  read_dimensions(cursor, tensor);
  const auto type = cursor.number<std::uint32_t>("a tensor's type");
  tensor.offset = cursor.number<std::uint64_t>("a tensor's offset");
  tensor.type = find_tensor_type(type);
  if (tensor.type == nullptr) {
    throw LlmError(ErrorCode::unsupported_type, "the tensor '" + printable(tensor.name) + "' has " +
                                                    explain_unknown_tensor_type(type));
  }
  if (tensor.dimensions[0] % tensor.type->block_elements != 0) {
    throw bad_tensor(tensor, "has rows of " + std::to_string(tensor.dimensions[0]) +
                                 " elements, which is not a whole number of " +
                                 std::string(tensor.type->name) + " blocks");
  }
  const auto size = tensor_size(tensor);
  if (!size) throw bad_tensor(tensor, "has more elements than any memory holds");
  tensor.size = *size;
  if (tensor.offset % alignment != 0) {
    throw bad_tensor(tensor, "is at offset " + std::to_string(tensor.offset) +
                                 ", which is not a multiple of the alignment " +
                                 std::to_string(alignment));
  }
  return tensor;
}

std::uint64_t read_alignment(const Metadata& metadata) {
  const auto alignment =
      metadata.find_unsigned("general.alignment", kMaximumAlignment).value_or(kDefaultAlignment);
  if (!std::has_single_bit(alignment)) {
    throw LlmError(ErrorCode::malformed,
                   "'general.alignment' is " + std::to_string(alignment) + ", not a power of two");
  }
  return alignment;
}

void check_names_differ(std::span<const TensorInfo> tensors) {
  std::unordered_set<std::string_view> names;
  names.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      throw LlmError(ErrorCode::duplicate,
                     "the tensor '" + printable(tensor.name) + "' appears twice");
    }
  }
}

// Makes offsets count from the start of the file, and checks that every tensor lies inside it.
void place_tensors(std::span<TensorInfo> tensors, std::uint64_t data_start,
                   std::uint64_t file_size) {
  for (TensorInfo& tensor : tensors) {
    const auto offset = checked_add(data_start, tensor.offset);
    if (!offset || !range_fits(*offset, tensor.size, file_size)) {
      throw LlmError(ErrorCode::truncated, "the tensor '" + printable(tensor.name) + "' (" +
                                               grouped(tensor.size) +
                                               " bytes) lies outside the file of " +
                                               grouped(file_size) + " bytes; download it again");
    }
    tensor.offset = *offset;
  }
}

void check_tensors_apart(std::span<const TensorInfo> tensors) {
  std::vector<const TensorInfo*> by_offset;
  by_offset.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) by_offset.push_back(&tensor);
  std::ranges::sort(by_offset, {}, &TensorInfo::offset);
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const TensorInfo& before = *by_offset[i - 1];
    if (before.offset + before.size > by_offset[i]->offset) {
      throw bad_tensor(*by_offset[i], "overlaps '" + printable(before.name) + "'");
    }
  }
}

}  // namespace

GgufContents parse_gguf(std::span<const std::byte> file) {
  return parse_gguf(file, file.size());
}

GgufContents parse_gguf(std::span<const std::byte> file, std::uint64_t file_size) {
  Cursor cursor(file);
  GgufContents contents;
  contents.version = read_version(cursor);
  const auto tensor_count = cursor.number<std::uint64_t>("the header");
  const auto key_count = cursor.number<std::uint64_t>("the header");
  check_count(key_count, kSmallestKeyValue, cursor, "keys");
  for (std::uint64_t i = 0; i < key_count; ++i) {
    const std::string_view key = cursor.string(kMaximumKeyBytes, "a key");
    contents.metadata.add(key, read_value(cursor, file, key));
  }
  contents.alignment = read_alignment(contents.metadata);
  check_count(tensor_count, kSmallestTensorInfo, cursor, "tensors");
  contents.tensors.reserve(tensor_count);
  for (std::uint64_t i = 0; i < tensor_count; ++i) {
    contents.tensors.push_back(read_tensor_info(cursor, contents.alignment));
  }
  check_names_differ(contents.tensors);
  // A file without tensors may end before its padded data start; nothing is read there.
  const auto data_start = checked_align_up(cursor.position(), contents.alignment);
  place_tensors(contents.tensors, data_start.value_or(kNoLimit), file_size);
  check_tensors_apart(contents.tensors);
  return contents;
}

GgufFile::GgufFile(const std::filesystem::path& path) : file_(path) {
  // How long the tables are is known when they have been read: more and more is tried.
  const std::uint64_t most = std::min(file_.size(), kMaximumTableBytes);
  for (std::uint64_t size = std::min(most, kFirstTableBytes);; size = std::min(most, 4 * size)) {
    const std::size_t known = tables_.size();
    tables_.resize(size);
    file_.read(known, std::span(tables_).subspan(known));
    try {
      contents_ = parse_gguf(tables_, file_.size());
      return;
    } catch (const LlmError& error) {
      if (error.code() == ErrorCode::truncated && size < most) continue;
      throw LlmError(error.code(), path.string() + ": " + error.what());
    }
  }
}

}  // namespace redbolt::llm
