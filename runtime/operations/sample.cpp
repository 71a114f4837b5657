// Sampling: the scratch memory holds, for all slots, the best of each slice of the vocabulary, then
// the candidates, then the keys of adjusted logits.
#include <bit>

#include "operations/checks.hpp"

namespace redbolt::runtime {
namespace {

constexpr std::uint32_t reduce_slice = 4096;
constexpr std::uint32_t largest_vocabulary = 1u << 24;
constexpr std::uint32_t most_slots = 1024;

std::uint32_t slices(std::uint32_t vocabulary) {
  return divide_up(vocabulary, reduce_slice);
}

struct ScratchParts {
  std::uint64_t partials, candidates, keys;  // sizes; each part starts where the one before ends
  std::uint64_t total() const { return partials + candidates + keys; }
};

ScratchParts scratch_parts(std::uint32_t vocabulary, std::uint32_t slots) {
  const std::uint64_t tokens = std::uint64_t{vocabulary} * slots;
  return {std::uint64_t{slices(vocabulary)} * slots * sizeof(kernels::SamplePartial),
          tokens * sizeof(kernels::SampleCandidate), tokens * sizeof(std::uint32_t)};
}

void check(const Sample& operation) {
  const std::string name = "sample";
  if (operation.vocabulary == 0 || operation.vocabulary > largest_vocabulary)
    refuse(name, "the vocabulary must have 1 to 2^24 tokens");
  if (operation.slots == 0 || operation.slots > most_slots)
    refuse(name, "there must be 1 to " + std::to_string(most_slots) + " slots");
  if (!std::has_single_bit(operation.ring_entries))
    refuse(name, "the number of ring entries must be a power of two");
  if (operation.masks && !operation.control)
    refuse(name, "masks need the slots' control words, which say when they apply");
  const std::uint64_t scratch = sample_scratch_bytes(operation.vocabulary, operation.slots);
  if (operation.scratch.size < Bytes(scratch))
    refuse(name, "the scratch memory has " + std::to_string(operation.scratch.size.count()) +
                     " bytes, and needs " + std::to_string(scratch));
}

// What both kernels are given, and where the parts of the scratch memory are.
class SampleViews {
 public:
  explicit SampleViews(const Sample& operation)
      : operation_(operation),
        slots_(operation.slots),
        parts_(scratch_parts(operation.vocabulary, operation.slots)) {}

  template <class Arguments>
  void point_common(ArgumentBlock<Arguments>& block, Access history_access,
                    Access state_access) const {
    auto& values = block.values;
    block.point(values.logits, operation_.logits, slots_ * operation_.vocabulary * 4, 4,
                Access::read, "the logits");
    block.point(values.parameters, operation_.parameters, slots_ * sizeof(SamplingParameters), 4,
                Access::read, "the parameters");
    block.point(values.state, operation_.state, slots_ * sizeof(StepState), 4, state_access,
                "the state");
    if (operation_.history) {
      block.point(values.history, *operation_.history, slots_ * operation_.history_length * 4, 4,
                  history_access, "the history");
      values.history_length = operation_.history_length;
    }
    if (operation_.control)
      block.point(values.control, *operation_.control, slots_ * sizeof(SlotControl), 8,
                  Access::read, "the control words");
    values.vocabulary = operation_.vocabulary;
    values.partial_count = slices(operation_.vocabulary);
  }

  template <class Arguments>
  void point_scratch(ArgumentBlock<Arguments>& block, Access access) const {
    block.point(block.values.partials, part(0, parts_.partials), parts_.partials, 8, access,
                "the scratch memory");
    block.point(block.values.keys, part(parts_.partials + parts_.candidates, parts_.keys),
                parts_.keys, 4, access, "the scratch memory");
  }

  BufferView candidates() const { return part(parts_.partials, parts_.candidates); }
  std::uint64_t slots() const { return slots_; }

 private:
  BufferView part(std::uint64_t offset, std::uint64_t bytes) const {
    return operation_.scratch.part(Bytes(offset), Bytes(bytes));
  }

  const Sample& operation_;
  std::uint64_t slots_;
  ScratchParts parts_;
};

void reduce(CommandGraph& graph, const Sample& operation, const SampleViews& views) {
  ArgumentBlock<kernels::SampleReduceArguments> block("sample");
  auto& values = block.values;
  views.point_common(block, Access::read, Access::read);
  views.point_scratch(block, Access::write);
  if (operation.biases)
    block.point(values.biases, *operation.biases,
                views.slots() * max_logit_biases * sizeof(LogitBias), 4, Access::read,
                "the biases");
  if (operation.masks) {
    values.mask_words = mask_words(operation.vocabulary);
    block.point(values.masks, *operation.masks, views.slots() * values.mask_words * 4, 4,
                Access::read, "the masks");
  }
  block.dispatch(graph, {"sample", "sample_reduce", {}}, {values.partial_count, operation.slots, 1},
                 256);
}

void draw(CommandGraph& graph, const Sample& operation, const SampleViews& views) {
  ArgumentBlock<kernels::SampleArguments> block("sample");
  auto& values = block.values;
  views.point_common(block, Access::write, Access::read_write);
  views.point_scratch(block, Access::read);
  const BufferView candidates = views.candidates();
  block.point(values.candidates, candidates, candidates.size.count(), 8, Access::read_write,
              "the scratch memory");
  const std::uint64_t entries = views.slots() * operation.ring_entries;
  block.point(values.ring, operation.ring, entries * sizeof(TokenRingEntry), 8, Access::write,
              "the ring");
  if (operation.logprobs)
    block.point(values.logprobs, *operation.logprobs, entries * sizeof(TokenLogprobs), 8,
                Access::write, "the ring of log-probabilities");
  values.ring_entries = operation.ring_entries;
  block.dispatch(graph, {"sample", "sample", {}}, {operation.slots, 1, 1}, 1024);
}

}  // namespace

std::uint64_t sample_scratch_bytes(std::uint32_t vocabulary, std::uint32_t slots) {
  return scratch_parts(vocabulary, slots).total();
}

void sample(CommandGraph& graph, const Sample& operation) {
  check(operation);
  const SampleViews views(operation);
  reduce(graph, operation, views);
  draw(graph, operation, views);
}

}  // namespace redbolt::runtime
