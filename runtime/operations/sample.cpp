// Sampling: the scratch memory holds the best of each slice of the vocabulary, then the candidates.
#include <bit>

#include "operations/checks.hpp"

namespace redbolt::runtime {
namespace {

constexpr std::uint32_t reduce_slice = 4096;
constexpr std::uint64_t candidates_offset = 64 * 1024;  // partials of 2^24 tokens fit before it

std::uint32_t slices(std::uint32_t vocabulary) {
  return divide_up(vocabulary, reduce_slice);
}

}  // namespace

std::uint64_t sample_scratch_bytes(std::uint32_t vocabulary) {
  return candidates_offset + std::uint64_t{vocabulary} * sizeof(kernels::SampleCandidate);
}

void sample(CommandGraph& graph, const Sample& operation) {
  const std::string name = "sample";
  constexpr std::uint32_t largest_vocabulary = 1u << 24;
  if (operation.vocabulary == 0 || operation.vocabulary > largest_vocabulary)
    refuse(name, "the vocabulary must have 1 to 2^24 tokens");
  if (!std::has_single_bit(operation.ring_entries))
    refuse(name, "the number of ring entries must be a power of two");
  if (operation.scratch.size < Bytes(sample_scratch_bytes(operation.vocabulary)))
    refuse(name, "the scratch memory has " + std::to_string(operation.scratch.size.count()) +
                     " bytes, and needs " +
                     std::to_string(sample_scratch_bytes(operation.vocabulary)));
  const std::uint32_t vocabulary = operation.vocabulary;
  const std::uint64_t partial_bytes = slices(vocabulary) * sizeof(kernels::SamplePartial);
  const BufferView partials = operation.scratch.part(Bytes(0), Bytes(candidates_offset));

  ArgumentBlock<kernels::SampleReduceArguments> reduce(name);
  reduce.point(reduce.values.logits, operation.logits, std::uint64_t{vocabulary} * 4, 4,
               Access::read, "the logits");
  reduce.point(reduce.values.partials, partials, partial_bytes, 8, Access::write,
               "the scratch memory");
  reduce.point(reduce.values.state, operation.state, sizeof(StepState), 4, Access::read,
               "the state");
  reduce.values.vocabulary = vocabulary;
  reduce.dispatch(graph, {"sample", "sample_reduce", {}}, {slices(vocabulary), 1, 1}, 256);

  ArgumentBlock<kernels::SampleArguments> block(name);
  const std::uint64_t candidate_bytes =
      std::uint64_t{vocabulary} * sizeof(kernels::SampleCandidate);
  block.point(block.values.logits, operation.logits, std::uint64_t{vocabulary} * 4, 4, Access::read,
              "the logits");
  block.point(block.values.partials, partials, partial_bytes, 8, Access::read,
              "the scratch memory");
  block.point(block.values.candidates,
              operation.scratch.part(Bytes(candidates_offset), Bytes(candidate_bytes)),
              candidate_bytes, 8, Access::read_write, "the scratch memory");
  block.point(block.values.parameters, operation.parameters, sizeof(SamplingParameters), 4,
              Access::read, "the parameters");
  block.point(block.values.ring, operation.ring,
              std::uint64_t{operation.ring_entries} * sizeof(TokenRingEntry), 8, Access::write,
              "the ring");
  block.point(block.values.state, operation.state, sizeof(StepState), 4, Access::read_write,
              "the state");
  block.values.vocabulary = vocabulary;
  block.values.partial_count = slices(vocabulary);
  block.values.ring_entries = operation.ring_entries;
  block.dispatch(graph, {"sample", "sample", {}}, {1, 1, 1}, 1024);
}

}  // namespace redbolt::runtime
