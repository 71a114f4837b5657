// SHA-256 of a stream that is hashed while the next piece of it is fetched.
//
// SHA-256, by OpenSSL: a hash that nobody can find a second content for, since a set of weights
// that is found by its hash is used unseen; with the instructions that today's processors have for
// it, it keeps up with a Thunderbolt link on one core.
#pragma once

#include <cstddef>
#include <future>
#include <memory>
#include <span>
#include <string_view>

#include "redbolt/client/types.hpp"

namespace redbolt::llm {

class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;

  void add(std::string_view text);
  // Returns when the piece before has been hashed; this one is hashed by another thread, and must
  // stay as it is until the next call returns.
  void add_later(std::span<const std::byte> bytes);
  // Ends the stream.
  client::ContentHash finish();

 private:
  struct Context;
  void update(const void* data, std::size_t size);
  void wait();

  std::unique_ptr<Context> context_;
  std::future<void> hashing_;
};

client::ContentHash content_hash(std::string_view text);

}  // namespace redbolt::llm
