// A transformer in double precision on the CPU, written from the format's description: what the
// card computes is compared with it. Slow, and meant to be read.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "redbolt/llm/gguf/model_files.hpp"

namespace redbolt::test {

// The values of a tensor, row after row. F32, F16, Q8_0, Q4_K and Q6_K.
std::vector<double> dequantize(std::uint32_t type, std::span<const std::byte> blocks);

class ReferenceModel {
 public:
  explicit ReferenceModel(const llm::ModelFiles& files);

  std::size_t vocabulary() const { return vocabulary_; }
  // The logits after each token, one row of the vocabulary's size per token.
  std::vector<std::vector<double>> logits(std::span<const std::uint32_t> tokens) const;

 private:
  using Vector = std::vector<double>;
  struct Matrix {
    std::size_t rows = 0, columns = 0;
    Vector values;
  };
  struct Cache {
    std::vector<Vector> keys, values;  // by position
  };

  std::string key(const std::string& name) const { return architecture_ + "." + name; }
  bool has(const std::string& name) const { return tensors_.contains(name); }
  const Vector& vector(const std::string& name) const { return tensors_.at(name).values; }
  Vector multiply(const std::string& name, const Vector& input) const;
  Vector normalized(const Vector& input, const std::string& weight) const;
  void normalize_heads(Vector& heads, const std::string& weight) const;
  void rotate(Vector& heads, std::size_t position) const;
  Vector attend(const Vector& query, const Cache& cache) const;
  void run_layer(const std::string& prefix, std::size_t position, Vector& hidden,
                 Cache& cache) const;

  std::string architecture_;
  std::map<std::string, Matrix> tensors_;
  std::size_t layers_ = 0, heads_ = 0, key_value_heads_ = 0, head_dimension_ = 0, vocabulary_ = 0;
  double epsilon_ = 0, rope_base_ = 0, rope_factor_ = 1;
  std::size_t rope_dimensions_ = 0;
};

}  // namespace redbolt::test
