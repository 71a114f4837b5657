#include "engine/draw_memory.hpp"

#include <cstddef>
#include <cstring>

namespace redbolt::llm {
namespace {

constexpr std::uint64_t kRingBytes =
    DrawMemory::kRingEntries * std::uint64_t{sizeof(runtime::TokenRingEntry)};
constexpr std::uint64_t kLogprobBytes =
    DrawMemory::kRingEntries * std::uint64_t{sizeof(runtime::TokenLogprobs)};

// Where in a slot's staging memory things are; the history is behind them.
constexpr std::uint64_t kParameters = 64;
constexpr std::uint64_t kBiases = kParameters + 192;
constexpr std::uint64_t kHistory =
    kBiases + runtime::max_logit_biases * std::uint64_t{sizeof(runtime::LogitBias)};
static_assert(sizeof(runtime::StepState) <= kParameters);
static_assert(sizeof(runtime::SamplingParameters) <= kBiases - kParameters);

// Parts of different slots never share a cache line.
constexpr std::uint64_t kLine = 128;

constexpr std::uint64_t whole_lines(std::uint64_t bytes) {
  return (bytes + kLine - 1) / kLine * kLine;
}

}  // namespace

DrawMemory::DrawMemory(const LoadedModel& model)
    : model_(model),
      mask_bytes_(runtime::mask_words(model.config().vocabulary) * sizeof(std::uint32_t)),
      staging_bytes_(whole_lines(kHistory + model.shape().context * sizeof(TokenId))) {
  runtime::Device& device = model.device();
  const std::uint64_t slots = model.shape().slots;
  rings_ = device.allocate_shared(Bytes(slots * kRingBytes), "token rings");
  control_ = device.allocate_shared(Bytes(slots * sizeof(runtime::SlotControl)), "slot control");
  logprobs_ = device.allocate_shared(Bytes(slots * kLogprobBytes), "log-probabilities");
  masks_ = device.allocate_shared(Bytes(slots * mask_bytes_), "token masks");
  staging_ = device.allocate_shared(Bytes(slots * staging_bytes_), "slot starts");
}

DrawViews DrawMemory::views() const {
  return {rings_.view(), kRingEntries, control_.view(), masks_.view(), logprobs_.view()};
}

std::span<std::byte> DrawMemory::ring(std::uint32_t slot) {
  return rings_.bytes().subspan(slot * kRingBytes, kRingBytes);
}

std::span<std::byte> DrawMemory::logprobs(std::uint32_t slot) {
  return logprobs_.bytes().subspan(slot * kLogprobBytes, kLogprobBytes);
}

std::span<std::uint32_t> DrawMemory::mask(std::uint32_t slot) {
  const std::span<std::byte> bytes = masks_.bytes().subspan(slot * mask_bytes_, mask_bytes_);
  return {reinterpret_cast<std::uint32_t*>(bytes.data()), mask_bytes_ / sizeof(std::uint32_t)};
}

runtime::SlotControl& DrawMemory::control(std::uint32_t slot) {
  return reinterpret_cast<runtime::SlotControl*>(control_.bytes().data())[slot];
}

void DrawMemory::set_cancel(std::uint32_t slot, bool cancel) {
  __atomic_store_n(&control(slot).cancel, cancel ? 1U : 0U, __ATOMIC_RELEASE);
}

void DrawMemory::set_use_mask(std::uint32_t slot, bool use) {
  __atomic_store_n(&control(slot).use_mask, use ? 1U : 0U, __ATOMIC_RELEASE);
}

void DrawMemory::begin(std::uint32_t slot, const SlotStart& start) {
  const std::uint64_t base = slot * staging_bytes_;
  const ScratchLayout& layout = model_.layout();
  std::byte* const staging = staging_.bytes().data() + base;
  std::memcpy(staging + kParameters, &start.parameters, sizeof(start.parameters));
  copy(base + kParameters, layout.sampling_parameters + slot * sizeof(start.parameters),
       sizeof(start.parameters));
  if (!start.biases.empty()) {
    std::memcpy(staging + kBiases, start.biases.data(), start.biases.size_bytes());
    copy(base + kBiases,
         layout.logit_biases + slot * runtime::max_logit_biases * sizeof(runtime::LogitBias),
         start.biases.size_bytes());
  }
  if (!start.history.empty()) {
    std::memcpy(staging + kHistory, start.history.data(), start.history.size_bytes());
    const std::uint64_t first = std::uint64_t{slot} * model_.shape().context + start.history_begin;
    copy(base + kHistory, layout.token_history + first * sizeof(TokenId),
         start.history.size_bytes());
  }
}

runtime::Fence DrawMemory::start_drawing(std::uint32_t slot, const runtime::StepState& state) {
  const std::uint64_t base = slot * staging_bytes_;
  std::memcpy(staging_.bytes().data() + base, &state, sizeof(state));
  return copy(base, model_.layout().slot_states + slot * sizeof(state), sizeof(state));
}

runtime::Fence DrawMemory::copy(std::uint64_t staging_offset, std::uint64_t scratch_offset,
                                std::uint64_t bytes) {
  return model_.device().copy(model_.scratch(scratch_offset, bytes),
                              staging_.view(Bytes(staging_offset), Bytes(bytes)));
}

}  // namespace redbolt::llm
