// What a model's file says about text: everything an answer needs apart from the engine.
#pragma once

#include "redbolt/llm/gguf/model_files.hpp"
#include "server/models/served_model.hpp"

namespace redbolt::llm::server {

// Throws LlmError when there is no tokenizer. A chat template that cannot be used, or a vocabulary
// that cannot be forced into a form, is noted in the parts and leaves the rest usable.
LoadedParts load_text_parts(const Metadata& metadata);

// `id` and `modified` apart, what is told of a model.
ModelFacts read_model_facts(const ModelFiles& files);

}  // namespace redbolt::llm::server
