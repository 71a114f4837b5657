// What may come next, for answers that have to have a form: asked once per token by the engine
// while the card computes the logits, and applied by the card as a mask before it draws.
#pragma once

#include <cstdint>
#include <span>

#include "redbolt/llm/tokenizer/vocabulary.hpp"

namespace redbolt::llm {

// One answer's. Used by one thread at a time.
class TokenConstraint {
 public:
  TokenConstraint() = default;
  TokenConstraint(const TokenConstraint&) = delete;
  TokenConstraint& operator=(const TokenConstraint&) = delete;
  virtual ~TokenConstraint() = default;

  // False while any token may come next (before the form begins): no mask is needed.
  virtual bool restricts() const = 0;
  // Sets the bits of the tokens that may come next: token i is bit i % 32 of word i / 32. `mask` is
  // zeroed and covers the model's vocabulary. At least one bit is set; where the form may end, the
  // model's end tokens are among them.
  virtual void allow(std::span<std::uint32_t> mask) = 0;
  // The token that was drawn, one of those allowed.
  virtual void accept(TokenId token) = 0;
};

}  // namespace redbolt::llm
