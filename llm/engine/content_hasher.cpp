#include "engine/content_hasher.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace redbolt::llm {
namespace {

void check(int result) {
  if (result != 1) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

}  // namespace

struct ContentHasher::Context {
  Context() : digest(EVP_MD_CTX_new()) {
    check(digest != nullptr ? EVP_DigestInit_ex(digest, EVP_sha256(), nullptr) : 0);
  }
  ~Context() { EVP_MD_CTX_free(digest); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  EVP_MD_CTX* digest;
};

ContentHasher::ContentHasher() : context_(std::make_unique<Context>()) {}
ContentHasher::~ContentHasher() = default;  // the future waits for its thread

void ContentHasher::update(const void* data, std::size_t size) {
  check(EVP_DigestUpdate(context_->digest, data, size));
}

void ContentHasher::wait() {
  if (hashing_.valid()) hashing_.get();
}

void ContentHasher::add(std::string_view text) {
  wait();
  update(text.data(), text.size());
}

void ContentHasher::add_later(std::span<const std::byte> bytes) {
  wait();
  hashing_ = std::async(std::launch::async, [this, bytes] { update(bytes.data(), bytes.size()); });
}

client::ContentHash ContentHasher::finish() {
  wait();
  client::ContentHash hash{};
  unsigned size = 0;
  check(EVP_DigestFinal_ex(context_->digest, reinterpret_cast<unsigned char*>(hash.data()), &size));
  return hash;
}

client::ContentHash content_hash(std::string_view text) {
  ContentHasher hasher;
  hasher.add(text);
  return hasher.finish();
}

}  // namespace redbolt::llm
