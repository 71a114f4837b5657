#include "reference_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace redbolt::test {
namespace {

double half(const std::byte* bytes) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, bytes, 2);
  const int exponent = (bits >> 10) & 31;
  const double fraction = bits & 1023;
  const double sign = (bits >> 15) != 0 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

unsigned byte(const std::byte* bytes, std::size_t index) {
  return std::to_integer<unsigned>(bytes[index]);
}

void decode_q8_0(const std::byte* block, std::vector<double>& values) {
  for (std::size_t i = 0; i < 32; ++i) {
    values.push_back(half(block) * static_cast<std::int8_t>(byte(block, 2 + i)));
  }
}

void decode_q4_k(const std::byte* block, std::vector<double>& values) {
  const double d = half(block);
  const double dmin = half(block + 2);
  const std::byte* const s = block + 4;
  for (std::size_t group = 0; group < 8; ++group) {
    unsigned scale = byte(s, group) & 63;
    unsigned minimum = group < 4 ? byte(s, group + 4) & 63 : 0;
    if (group >= 4) {
      scale = (byte(s, group + 4) & 15) | ((byte(s, group - 4) >> 6) << 4);
      minimum = (byte(s, group + 4) >> 4) | ((byte(s, group) >> 6) << 4);
    }
    for (std::size_t i = 0; i < 32; ++i) {
      const unsigned pair = byte(block + 16, 32 * (group / 2) + i);
      const unsigned quant = group % 2 == 0 ? pair & 15 : pair >> 4;
      values.push_back(d * scale * quant - dmin * minimum);
    }
  }
}

void decode_q6_k(const std::byte* block, std::vector<double>& values) {
  const double d = half(block + 208);
  for (std::size_t e = 0; e < 256; ++e) {
    const std::size_t h = e / 128;
    const std::size_t quarter = e % 128 / 32;
    const std::size_t l = e % 32;
    const unsigned low = byte(block, 64 * h + l + 32 * (quarter % 2));
    const unsigned high = byte(block + 128, 32 * h + l) >> (2 * quarter) & 3;
    const unsigned quant = (quarter < 2 ? low & 15 : low >> 4) | high << 4;
    const auto scale = static_cast<std::int8_t>(byte(block + 192, e / 16));
    values.push_back(d * scale * (static_cast<int>(quant) - 32));
  }
}

struct Format {
  std::size_t bytes;
  void (*decode)(const std::byte*, std::vector<double>&);
};

const std::map<std::uint32_t, Format>& formats() {
  static const std::map<std::uint32_t, Format> all = {
      {0,
       {4,
        [](const std::byte* b, std::vector<double>& values) {
          float value = 0;
          std::memcpy(&value, b, 4);
          values.push_back(static_cast<double>(value));
        }}},
      {1, {2, [](const std::byte* b, std::vector<double>& values) { values.push_back(half(b)); }}},
      {8, {34, decode_q8_0}},
      {12, {144, decode_q4_k}},
      {14, {210, decode_q6_k}},
  };
  return all;
}

double silu(double x) {
  return x / (1 + std::exp(-x));
}

void add(std::vector<double>& to, const std::vector<double>& what) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += what[i];
}

}  // namespace

std::vector<double> dequantize(std::uint32_t type, std::span<const std::byte> blocks) {
  const auto format = formats().find(type);
  if (format == formats().end())
    throw std::logic_error("no reference for type " + std::to_string(type));
  std::vector<double> values;
  for (std::size_t at = 0; at < blocks.size(); at += format->second.bytes) {
    format->second.decode(blocks.data() + at, values);
  }
  return values;
}

ReferenceModel::ReferenceModel(const llm::ModelFiles& files)
    : architecture_(files.metadata().require_string("general.architecture")) {
  const llm::Metadata& metadata = files.metadata();
  for (const llm::ModelTensor& tensor : files.tensors()) {
    tensors_[std::string(tensor.info.name)] = {tensor.info.dimensions[1], tensor.info.dimensions[0],
                                               dequantize(tensor.info.type->id, tensor.read())};
  }
  layers_ = metadata.require_unsigned(key("block_count"), 1000);
  heads_ = metadata.require_unsigned(key("attention.head_count"), 1000);
  key_value_heads_ = metadata.find_unsigned(key("attention.head_count_kv"), 1000).value_or(heads_);
  head_dimension_ =
      metadata.find_unsigned(key("attention.key_length"), 1000)
          .value_or(metadata.require_unsigned(key("embedding_length"), 100000) / heads_);
  rope_dimensions_ =
      metadata.find_unsigned(key("rope.dimension_count"), 1000).value_or(head_dimension_);
  epsilon_ = metadata.require_number(key("attention.layer_norm_rms_epsilon"));
  rope_base_ = metadata.find_number(key("rope.freq_base")).value_or(10000);
  // Linear scaling alone: positions count less.
  rope_factor_ = metadata.find_number(key("rope.scaling.factor")).value_or(1);
  vocabulary_ = tensors_.at("token_embd.weight").rows;
}

ReferenceModel::Vector ReferenceModel::multiply(const std::string& name,
                                                const Vector& input) const {
  const Matrix& matrix = tensors_.at(name);
  Vector output(matrix.rows);
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    const double* const weights = matrix.values.data() + row * matrix.columns;
    for (std::size_t column = 0; column < matrix.columns; ++column)
      output[row] += weights[column] * input[column];
  }
  return output;
}

ReferenceModel::Vector ReferenceModel::normalized(const Vector& input,
                                                  const std::string& weight) const {
  double squares = 0;
  for (const double x : input) squares += x * x;
  const double scale = 1 / std::sqrt(squares / static_cast<double>(input.size()) + epsilon_);
  Vector output(input.size());
  for (std::size_t i = 0; i < input.size(); ++i) output[i] = input[i] * scale * vector(weight)[i];
  return output;
}

void ReferenceModel::normalize_heads(Vector& heads, const std::string& weight) const {
  for (auto head = heads.begin(); head != heads.end();
       head += static_cast<std::ptrdiff_t>(head_dimension_)) {
    const Vector one(head, head + static_cast<std::ptrdiff_t>(head_dimension_));
    std::ranges::copy(normalized(one, weight), head);
  }
}

void ReferenceModel::rotate(Vector& heads, std::size_t position) const {
  const bool neighbours = architecture_ == "llama";
  const std::size_t half_dimensions = rope_dimensions_ / 2;
  for (std::size_t start = 0; start < heads.size(); start += head_dimension_) {
    for (std::size_t i = 0; i < half_dimensions; ++i) {
      const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(rope_dimensions_);
      double angle = static_cast<double>(position) / rope_factor_ * std::pow(rope_base_, exponent);
      if (neighbours && has("rope_freqs.weight")) angle /= vector("rope_freqs.weight")[i];
      double& a = heads[start + (neighbours ? 2 * i : i)];
      double& b = heads[start + (neighbours ? 2 * i + 1 : i + half_dimensions)];
      const double rotated = a * std::cos(angle) - b * std::sin(angle);
      b = a * std::sin(angle) + b * std::cos(angle);
      a = rotated;
    }
  }
}

ReferenceModel::Vector ReferenceModel::attend(const Vector& query, const Cache& cache) const {
  Vector output(query.size());
  for (std::size_t head = 0; head < heads_; ++head) {
    const std::size_t from = head / (heads_ / key_value_heads_) * head_dimension_;
    Vector weights;
    double total = 0;
    for (const Vector& position : cache.keys) {
      double score = 0;
      for (std::size_t i = 0; i < head_dimension_; ++i) {
        score += query[head * head_dimension_ + i] * position[from + i];
      }
      weights.push_back(std::exp(score / std::sqrt(static_cast<double>(head_dimension_))));
      total += weights.back();
    }
    for (std::size_t position = 0; position < weights.size(); ++position) {
      for (std::size_t i = 0; i < head_dimension_; ++i) {
        output[head * head_dimension_ + i] +=
            weights[position] / total * cache.values[position][from + i];
      }
    }
  }
  return output;
}

void ReferenceModel::run_layer(const std::string& prefix, std::size_t position, Vector& hidden,
                               Cache& cache) const {
  const Vector input = normalized(hidden, prefix + "attn_norm.weight");
  const auto project = [&](const std::string& name) {
    Vector result = multiply(prefix + name + ".weight", input);
    if (has(prefix + name + ".bias")) add(result, vector(prefix + name + ".bias"));
    return result;
  };
  Vector query = project("attn_q");
  Vector keys = project("attn_k");
  if (has(prefix + "attn_q_norm.weight")) {
    normalize_heads(query, prefix + "attn_q_norm.weight");
    normalize_heads(keys, prefix + "attn_k_norm.weight");
  }
  rotate(query, position);
  rotate(keys, position);
  cache.keys.push_back(keys);
  cache.values.push_back(project("attn_v"));
  add(hidden, multiply(prefix + "attn_output.weight", attend(query, cache)));
  const Vector middle = normalized(hidden, prefix + "ffn_norm.weight");
  Vector gate = multiply(prefix + "ffn_gate.weight", middle);
  const Vector up = multiply(prefix + "ffn_up.weight", middle);
  for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = silu(gate[i]) * up[i];
  add(hidden, multiply(prefix + "ffn_down.weight", gate));
}

std::vector<std::vector<double>> ReferenceModel::logits(
    std::span<const std::uint32_t> tokens) const {
  std::vector<Cache> caches(layers_);
  std::vector<Vector> rows;
  const Matrix& table = tensors_.at("token_embd.weight");
  for (std::size_t position = 0; position < tokens.size(); ++position) {
    const auto start =
        table.values.begin() + static_cast<std::ptrdiff_t>(tokens[position] * table.columns);
    Vector hidden(start, start + static_cast<std::ptrdiff_t>(table.columns));
    for (std::size_t layer = 0; layer < layers_; ++layer) {
      run_layer("blk." + std::to_string(layer) + ".", position, hidden, caches[layer]);
    }
    const std::string head = has("output.weight") ? "output.weight" : "token_embd.weight";
    rows.push_back(multiply(head, normalized(hidden, "output_norm.weight")));
  }
  return rows;
}

}  // namespace redbolt::test
