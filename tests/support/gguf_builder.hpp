// Writes GGUF files for tests, also wrong ones. Everything is written as told, nothing is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace redbolt::test {

class GgufBuilder {
 public:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> dimensions;
    std::uint32_t type = 0;
    std::uint64_t offset = 0;
  };

  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;
  // What the header announces beyond what is there.
  std::uint64_t extra_keys = 0;
  std::uint64_t extra_tensors = 0;

  template <class T>
  GgufBuilder& scalar(std::string_view key, std::uint32_t type, T value) {
    begin_key(key, type);
    put(keys_, value);
    return *this;
  }
  GgufBuilder& u16(std::string_view key, std::uint16_t value) { return scalar(key, 2, value); }
  GgufBuilder& u32(std::string_view key, std::uint32_t value) { return scalar(key, 4, value); }
  GgufBuilder& i32(std::string_view key, std::int32_t value) { return scalar(key, 5, value); }
  GgufBuilder& f32(std::string_view key, float value) { return scalar(key, 6, value); }
  GgufBuilder& boolean(std::string_view key, bool value) {
    return scalar(key, 7, static_cast<std::uint8_t>(value));
  }
  GgufBuilder& u64(std::string_view key, std::uint64_t value) { return scalar(key, 10, value); }
  GgufBuilder& text(std::string_view key, std::string_view value) {
    begin_key(key, 8);
    put_text(keys_, value);
    return *this;
  }
  GgufBuilder& texts(std::string_view key, const std::vector<std::string>& values) {
    begin_array(key, 8, values.size());
    for (const std::string& value : values) put_text(keys_, value);
    return *this;
  }
  template <class T>
  GgufBuilder& numbers(std::string_view key, std::uint32_t element_type,
                       const std::vector<T>& values) {
    begin_array(key, element_type, values.size());
    for (const T value : values) put(keys_, value);
    return *this;
  }
  // A value whose bytes after the type are given as they are.
  GgufBuilder& raw(std::string_view key, std::uint32_t type, const std::vector<std::byte>& bytes) {
    begin_key(key, type);
    keys_.insert(keys_.end(), bytes.begin(), bytes.end());
    return *this;
  }

  // A tensor behind those added before.
  GgufBuilder& tensor(std::string name, std::vector<std::uint64_t> dimensions, std::uint32_t type,
                      const std::vector<std::byte>& data) {
    pad(data_, alignment);
    tensors_.push_back({std::move(name), std::move(dimensions), type, data_.size()});
    data_.insert(data_.end(), data.begin(), data.end());
    return *this;
  }
  // An entry of the tensor table alone.
  GgufBuilder& tensor_entry(Tensor tensor) {
    tensors_.push_back(std::move(tensor));
    return *this;
  }

  std::vector<std::byte> build() const {
    std::vector<std::byte> file;
    for (const char c : magic) file.push_back(static_cast<std::byte>(c));
    put(file, version);
    put<std::uint64_t>(file, tensors_.size() + extra_tensors);
    put<std::uint64_t>(file, key_count_ + extra_keys);
    file.insert(file.end(), keys_.begin(), keys_.end());
    for (const Tensor& tensor : tensors_) {
      put_text(file, tensor.name);
      put(file, static_cast<std::uint32_t>(tensor.dimensions.size()));
      for (const std::uint64_t dimension : tensor.dimensions) put(file, dimension);
      put(file, tensor.type);
      put(file, tensor.offset);
    }
    if (!tensors_.empty()) {
      pad(file, alignment);
      file.insert(file.end(), data_.begin(), data_.end());
    }
    return file;
  }

  void write(const std::filesystem::path& path) const {
    const std::vector<std::byte> file = build();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));
  }

  template <class T>
  static void put(std::vector<std::byte>& bytes, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bytes.push_back(reinterpret_cast<const std::byte*>(&value)[i]);
  }
  static void put_text(std::vector<std::byte>& bytes, std::string_view text) {
    put<std::uint64_t>(bytes, text.size());
    for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  }

 private:
  void begin_key(std::string_view key, std::uint32_t type) {
    put_text(keys_, key);
    put(keys_, type);
    ++key_count_;
  }
  void begin_array(std::string_view key, std::uint32_t element_type, std::uint64_t count) {
    begin_key(key, 9);
    put(keys_, element_type);
    put(keys_, count);
  }
  static void pad(std::vector<std::byte>& bytes, std::uint64_t to) {
    while (bytes.size() % to != 0) bytes.push_back(std::byte{0});
  }

  std::vector<std::byte> keys_;
  std::uint64_t key_count_ = 0;
  std::vector<Tensor> tensors_;
  std::vector<std::byte> data_;
};

}  // namespace redbolt::test
