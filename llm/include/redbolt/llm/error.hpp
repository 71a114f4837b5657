// What goes wrong between a model file and its text: one exception type with a stable code and a
// sentence that says what happened, to what, and what to do next.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace redbolt::llm {

enum class ErrorCode {
  io,                     // a file cannot be opened, read or written
  not_gguf,               // the first four bytes are not "GGUF"
  unsupported_version,    // GGUF 1, a big-endian file, or a version from the future
  truncated,              // the file ends before what its header announces
  malformed,              // a length, type or value that the format does not allow
  limit_exceeded,         // larger than any real model: refused before memory is taken
  duplicate,              // two keys or two tensors of the same name
  bad_tensor,             // a tensor that is misaligned, overlaps another or lies outside the file
  unsupported_type,       // a tensor type without a decoder here
  split_mismatch,         // the files of a split model do not belong together
  missing_key,            // required metadata is absent
  wrong_type,             // metadata of another type or range than its key asks for
  unsupported_model,      // an architecture or a feature that is not implemented
  bad_tokenizer,          // a vocabulary that contradicts itself or lacks what it needs
  unsupported_tokenizer,  // a tokenizer model or pre-tokenizer that is not implemented
  unsupported_chat,       // no chat format for this model
  bad_template,           // a chat template that is no template, or fails on a conversation
  model_not_found,        // no model of that name on this computer
  ambiguous_model,        // a name that fits several models
  bad_argument,           // a value given by the caller is out of range
  does_not_fit,           // weights + KV cache + scratch exceed the card's free memory
  context_exceeded,       // prompt and answer are longer than the context
  queue_full,             // more requests are waiting than the engine takes
  daemon,                 // the daemon cannot be started or reached
  device,                 // the card or the daemon reported a failure
};

// The code's stable name, such as "truncated".
std::string_view to_string(ErrorCode code);

class LlmError : public std::runtime_error {
 public:
  LlmError(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace redbolt::llm
