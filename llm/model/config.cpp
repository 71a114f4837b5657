#include "redbolt/llm/model/config.hpp"

#include <algorithm>
#include <array>

#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

using runtime::RopePairing;

constexpr std::array<Architecture, 3> kArchitectures = {{
    {"llama", RopePairing::norm, false, false, true},
    {"qwen2", RopePairing::neox, true, false, false},
    {"qwen3", RopePairing::neox, false, true, false},
}};

// Far above any model; below what could overflow a product of them.
constexpr std::uint64_t kMaximumLayers = 1 << 12;
constexpr std::uint64_t kMaximumWidth = 1 << 20;
constexpr std::uint64_t kMaximumHeads = 1 << 12;
constexpr std::uint64_t kMaximumHeadDimension = 256;  // what the attention kernels take
constexpr std::uint32_t kHeadGranule = 8;             // likewise
constexpr std::uint64_t kMaximumContext = 1 << 24;

LlmError unsupported(const std::string& what) {
  return {ErrorCode::unsupported_model, what};
}

// Reads the keys of one architecture: "head_count" is "llama.attention.head_count" and so on.
class ConfigReader {
 public:
  ConfigReader(const Metadata& metadata, std::string_view architecture)
      : metadata_(metadata), prefix_(std::string(architecture) + ".") {}

  std::uint32_t require(std::string_view key, std::uint64_t maximum) const {
    const auto value = metadata_.require_unsigned(prefix_ + std::string(key), maximum);
    if (value == 0) throw unsupported("'" + prefix_ + std::string(key) + "' is 0");
    return static_cast<std::uint32_t>(value);
  }
  std::uint32_t find(std::string_view key, std::uint64_t maximum, std::uint32_t otherwise) const {
    if (metadata_.find(prefix_ + std::string(key)) == nullptr) return otherwise;
    return require(key, maximum);
  }
  double find_number(std::string_view key, double otherwise) const {
    return metadata_.find_number(prefix_ + std::string(key)).value_or(otherwise);
  }
  double require_number(std::string_view key) const {
    return metadata_.require_number(prefix_ + std::string(key));
  }
  std::string_view find_string(std::string_view key, std::string_view otherwise) const {
    return metadata_.find_string(prefix_ + std::string(key)).value_or(otherwise);
  }

 private:
  const Metadata& metadata_;
  std::string prefix_;
};

const Architecture& require_architecture(const Metadata& metadata) {
  const std::string_view name = metadata.require_string("general.architecture");
  if (const Architecture* architecture = find_architecture(name)) return *architecture;
  std::string known;
  for (const Architecture& architecture : kArchitectures)
    known.append(" ").append(architecture.name);
  throw unsupported("the architecture '" + printable(name) +
                    "' is not supported; these are:" + known);
}

void read_heads(const ConfigReader& reader, ModelConfig& config) {
  config.heads = reader.require("attention.head_count", kMaximumHeads);
  config.key_value_heads = reader.find("attention.head_count_kv", kMaximumHeads, config.heads);
  if (config.heads % config.key_value_heads != 0) {
    throw unsupported(std::to_string(config.heads) + " query heads cannot share " +
                      std::to_string(config.key_value_heads) + " key/value heads evenly");
  }
  const std::uint32_t even_share = std::max<std::uint32_t>(1, config.embedding / config.heads);
  config.head_dimension = reader.find("attention.key_length", kMaximumHeadDimension, even_share);
  const std::uint32_t values =
      reader.find("attention.value_length", kMaximumHeadDimension, even_share);
  if (values != config.head_dimension) {
    throw unsupported("keys of " + std::to_string(config.head_dimension) + " and values of " +
                      std::to_string(values) + " elements per head; they must be equal");
  }
  if (config.head_dimension > kMaximumHeadDimension || config.head_dimension % kHeadGranule != 0) {
    throw unsupported("heads of " + std::to_string(config.head_dimension) +
                      " elements; multiples of " + std::to_string(kHeadGranule) + " up to " +
                      std::to_string(kMaximumHeadDimension) + " are supported");
  }
}

RopeConfig read_rope(const ConfigReader& reader, const ModelConfig& config) {
  RopeConfig rope;
  rope.dimensions =
      reader.find("rope.dimension_count", config.head_dimension, config.head_dimension);
  if (rope.dimensions % 2 != 0) throw unsupported("an odd number of rotated dimensions");
  rope.base = reader.find_number("rope.freq_base", rope.base);
  rope.factor =
      reader.find_number("rope.scaling.factor", reader.find_number("rope.scale_linear", 1));
  rope.original_context =
      reader.find("rope.scaling.original_context_length", kMaximumContext, config.context_length);
  rope.attention_factor = reader.find_number("rope.scaling.attn_factor", 1);
  if (!(rope.base > 0) || !(rope.factor > 0) || !(rope.attention_factor > 0)) {
    throw unsupported("a rope base or scaling factor that is not positive");
  }
  const bool scaled = rope.factor != 1;
  const std::string_view scaling =
      reader.find_string("rope.scaling.type", scaled ? "linear" : "none");
  if (scaling == "linear") {
    rope.scaling = runtime::RopeScaling::linear;
  } else if (scaling == "yarn") {
    rope.scaling = runtime::RopeScaling::yarn;
  } else if (scaling != "none") {
    throw unsupported("the rope scaling '" + printable(scaling) + "' is not supported");
  }
  return rope;
}

std::uint32_t read_vocabulary(const ModelFiles& files) {
  const ModelTensor* table = files.find("token_embd.weight");
  if (table == nullptr) {
    throw LlmError(
        ErrorCode::unsupported_model,
        "the file has no tensors of a model (token_embd.weight is missing); it may hold a "
        "vocabulary only");
  }
  const std::uint64_t rows = table->info.dimensions[1];
  if (rows > UINT32_MAX >> 4)
    throw unsupported("an embedding table of " + std::to_string(rows) + " rows");
  return static_cast<std::uint32_t>(rows);
}

}  // namespace

const Architecture* find_architecture(std::string_view name) {
  const auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
  return found == kArchitectures.end() ? nullptr : &*found;
}

ModelConfig read_model_config(const ModelFiles& files) {
  const Metadata& metadata = files.metadata();
  ModelConfig config;
  config.architecture = &require_architecture(metadata);
  const ConfigReader reader(metadata, config.architecture->name);
  if (reader.find("expert_count", kMaximumWidth, 0) != 0) {
    throw unsupported("mixture-of-experts models are not supported");
  }
  config.name = metadata.find_string("general.name").value_or("");
  config.layers = reader.require("block_count", kMaximumLayers);
  config.context_length = reader.require("context_length", kMaximumContext);
  config.embedding = reader.require("embedding_length", kMaximumWidth);
  config.feed_forward = reader.require("feed_forward_length", kMaximumWidth);
  config.rms_epsilon =
      static_cast<float>(reader.require_number("attention.layer_norm_rms_epsilon"));
  if (config.rms_epsilon < 0) throw unsupported("a negative epsilon of the norms");
  read_heads(reader, config);
  config.rope = read_rope(reader, config);
  config.vocabulary = read_vocabulary(files);
  return config;
}

}  // namespace redbolt::llm
