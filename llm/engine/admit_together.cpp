#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/error.hpp"
#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

using Change = std::function<void(EngineShape&)>;

MemoryPlan plan(const PlannedModel& model) {
  return plan_memory(model.config, model.weights, model.shape);
}

Bytes needed_with(std::span<const PlannedModel> models, const Change& change) {
  Bytes needed;
  for (PlannedModel model : models) {
    change(model.shape);
    needed += plan(model).total();
  }
  return needed;
}

// The largest value from 1 to `most` with which all fit; 0 if none is small enough.
std::uint32_t largest(std::uint32_t most, const std::function<bool(std::uint32_t)>& fits) {
  std::uint32_t good = 0;
  for (std::uint32_t bad = most + 1; bad - good > 1;) {
    const std::uint32_t middle = good + (bad - good) / 2;
    (fits(middle) ? good : bad) = middle;
  }
  return good;
}

std::string amount(Bytes bytes) {
  return grouped(bytes.count()) + " bytes (" + human_bytes(bytes.count()) + ")";
}

std::string account(const PlannedModel& model) {
  const MemoryPlan memory = plan(model);
  const EngineShape& shape = model.shape;
  std::string text = "'" + model.name + "' needs " + amount(memory.total()) + ": weights ";
  text += human_bytes(memory.weights.count());
  if (model.weights_resident) text += " (on the card already)";
  text += ", KV cache " + human_bytes(memory.kv_cache.count()) + " for ";
  if (shape.slots > 1) text += std::to_string(shape.slots) + " times ";
  text += "a context of " + grouped(shape.context);
  return text + ", scratch " + human_bytes(memory.scratch.count());
}

// What would make all of them fit, one change at a time.
std::string advice(std::span<const PlannedModel> models, Bytes available) {
  std::vector<std::string> changes;
  const auto fits = [&](const Change& change) { return needed_with(models, change) <= available; };
  std::uint32_t context = 0, slots = 0;
  bool f16 = false;
  for (const PlannedModel& model : models) {
    context = std::max(context, model.shape.context);
    slots = std::max(slots, model.shape.slots);
    f16 |= model.shape.cache_type == runtime::CacheType::f16;
  }
  const std::uint32_t less_context = largest(context, [&](std::uint32_t most) {
    return fits([&](EngineShape& shape) { shape.context = most; });
  });
  if (less_context > 0) changes.push_back("--ctx " + std::to_string(less_context));
  const std::uint32_t fewer_slots = largest(slots, [&](std::uint32_t most) {
    return fits([&](EngineShape& shape) { shape.slots = std::min(shape.slots, most); });
  });
  if (fewer_slots > 0) changes.push_back("--parallel " + std::to_string(fewer_slots));
  if (f16 && fits([](EngineShape& shape) { shape.cache_type = runtime::CacheType::q8_0; }))
    changes.push_back("--cache-type q8_0");
  if (changes.empty())
    return "No smaller context makes room for all of them: serve fewer models, or smaller "
           "quantisations";
  std::string text = "Serve fewer models; or all of them fit with ";
  for (std::size_t i = 0; i < changes.size(); ++i) text += (i == 0 ? "" : ", or ") + changes[i];
  return text;
}

}  // namespace

void admit_together(std::span<const PlannedModel> models, Bytes available) {
  if (models.size() == 1) {
    const PlannedModel& only = models.front();
    return admit(only.config, only.weights, only.shape, available, only.weights_resident);
  }
  for (const PlannedModel& model : models) {
    if (model.weights_resident) available += model.weights;
  }
  Bytes left = available;
  for (const PlannedModel& model : models) {
    const Bytes needed = plan(model).total();
    if (needed <= left) {
      left -= needed;
      continue;
    }
    std::string message = "the models do not fit together. ";
    for (const PlannedModel& one : models) message += account(one) + "; ";
    message += "the card has " + amount(available) + " free. '" + model.name + "' does not fit";
    message += &model == &models.front() ? "" : " beside those before it";
    message += ": " + amount(needed - left) + " are missing. " + advice(models, available);
    throw LlmError(ErrorCode::does_not_fit, message);
  }
}

}  // namespace redbolt::llm
