// What run and bench share: a model file opened and loaded onto the chosen card, with progress for
// people to watch.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "cli/device_choice.hpp"
#include "cli/model_choice.hpp"
#include "redbolt/llm/engine/loaded_model.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm::cli {

// --ctx: positions of the KV cache; 0 where it is not given.
void add_context_option(CLI::App& verb, std::uint32_t& context);

// --cache-type: how keys and values are stored.
void add_cache_option(CLI::App& verb, runtime::CacheType& type);

// The context to use: the one asked for, or the default, larger if that many positions are known to
// be needed and the model was trained for them. Notes a context beyond what the model was trained
// for.
std::uint32_t choose_context(std::uint32_t asked, const ModelConfig& config, std::uint64_t needed);

// Notes what is doubtful about a file's tokenizer.
void note_tokenizer(const Metadata& metadata);

// The model on the card, with a progress line while it is uploaded and a note afterwards. Throws
// CardAskedBack. A file whose name says nothing (a blob of Ollama's) is shown to others as what was
// `asked` for.
std::unique_ptr<LoadedModel> load_model(const ModelFiles& files, runtime::Device& device,
                                        const EngineShape& shape, const std::string& asked = {});

// To be handed to what compiles kernels: shows a progress line, and stops when interrupted.
runtime::Device::LoadProgress compile_progress();
// A note about how long the kernels took.
void note_kernels(const runtime::LoadReport& report);

// A line about a model: its name, shape and sizes.
std::string describe_model(const ModelConfig& config, const ModelFiles& files);

}  // namespace redbolt::llm::cli
