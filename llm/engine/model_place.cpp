#include "redbolt/llm/engine/model_place.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "engine/weight_hashes.hpp"
#include "engine/weight_image.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

const EngineShape& checked(const EngineShape& shape) {
  if (shape.slots == 0 || shape.slots > kMaximumSlots) {
    throw LlmError(ErrorCode::bad_argument, "there may be 1 to " + std::to_string(kMaximumSlots) +
                                                " slots, and not " + std::to_string(shape.slots));
  }
  return shape;
}

// A model that has been looked at, and its weights, held if they are on the card.
struct Candidate {
  const PlaceRequest& request;
  ModelConfig config;
  ModelWeights weights;
  std::optional<runtime::Buffer> resident;
  double seconds;

  PlannedModel planned() const {
    return {request.name, config, Bytes(weights.buffer_bytes()), request.shape,
            resident.has_value()};
  }
};

Candidate look_at(runtime::Device& device, const PlaceRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  checked(request.shape);
  ModelConfig config = read_model_config(request.files);
  ModelWeights weights(request.files, config);
  const WeightHashes known(request.cache_folder == "off" ? std::filesystem::path()
                                                         : request.cache_folder);
  std::optional<runtime::Buffer> resident;
  if (const auto hash = known.find(WeightImage(request.files, weights).key()))
    resident = device.find_resident(*hash, Bytes(weights.buffer_bytes()));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {request, std::move(config), std::move(weights), std::move(resident), took.count()};
}

ModelPlace take_place(runtime::Device& device, Candidate candidate) {
  const EngineShape& shape = candidate.request.shape;
  const ScratchLayout layout = plan_scratch(candidate.config, shape);
  const Bytes size(candidate.weights.buffer_bytes());
  const bool there = candidate.resident.has_value();
  runtime::Buffer weights =
      there ? std::move(*candidate.resident) : device.allocate(size, "weights");
  runtime::Buffer cache =
      device.allocate(plan_memory(candidate.config, size, shape).kv_cache, "KV cache");
  runtime::Buffer scratch = device.allocate(Bytes(layout.total), "scratch");
  return {candidate.request.files,
          std::move(candidate.config),
          std::move(candidate.weights),
          shape,
          layout,
          there,
          std::move(weights),
          std::move(cache),
          std::move(scratch),
          candidate.seconds};
}

}  // namespace

std::vector<ModelPlace> take_places(runtime::Device& device,
                                    std::span<const PlaceRequest> requests) {
  // All that is there is held first, so that none gives way to another of them.
  std::vector<Candidate> candidates;
  for (const PlaceRequest& request : requests) candidates.push_back(look_at(device, request));
  std::vector<PlannedModel> planned;
  for (const Candidate& candidate : candidates) planned.push_back(candidate.planned());
  const client::ArenaStatus arena = device.status().arena;
  admit_together(planned, arena.free + arena.reclaimable);
  std::vector<ModelPlace> places;
  for (Candidate& candidate : candidates)
    places.push_back(take_place(device, std::move(candidate)));
  return places;
}

}  // namespace redbolt::llm
