#include "server/models/served_model.hpp"

#include <algorithm>

#include "server/api_error.hpp"
#include "server/http/message.hpp"

namespace redbolt::llm::server {
namespace {

std::string_view without_default_tag(std::string_view name) {
  constexpr std::string_view tag = ":latest";
  if (name.ends_with(tag)) name.remove_suffix(tag.size());
  return name;
}

}  // namespace

ServedModel::ServedModel(std::string id, std::vector<std::string> aliases, ModelFacts facts)
    : id_(std::move(id)), aliases_(std::move(aliases)), facts_(std::move(facts)) {}

bool ServedModel::is_called(std::string_view name) const {
  const auto is_name = [wanted = without_default_tag(name)](std::string_view own) {
    return same_name(without_default_tag(own), wanted);
  };
  return is_name(id_) || std::ranges::any_of(aliases_, is_name);
}

void ServedModel::report_progress(double share) {
  progress_ = std::clamp(share, 0.0, 1.0);
}

void ServedModel::loaded(LoadedParts parts) {
  const std::lock_guard lock(mutex_);
  parts_ = std::make_shared<const LoadedParts>(std::move(parts));
  unloaded_because_.clear();
  progress_ = 1;
}

void ServedModel::unloaded(std::string why) {
  std::shared_ptr<const LoadedParts> gone;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  std::swap(gone, parts_);
  unloaded_because_ = std::move(why);
  progress_ = 0;
}

void ServedModel::failed(std::string why) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(why);
}

std::string ServedModel::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::shared_ptr<const LoadedParts> ServedModel::parts_if_ready() const {
  const std::lock_guard lock(mutex_);
  return parts_;
}

std::shared_ptr<const LoadedParts> ServedModel::parts() const {
  const std::lock_guard lock(mutex_);
  if (parts_) return parts_;
  if (!failure_.empty()) {
    ApiError error(500, "The model '" + id_ + "' could not be loaded: " + failure_);
    error.type = "server_error";
    error.code = "model_not_loaded";
    throw error;
  }
  ApiError error(503, "The model '" + id_ + "' is being loaded" +
                          (unloaded_because_.empty() ? "." : " again: " + unloaded_because_ + "."));
  error.type = "unavailable_error";
  error.code = "model_loading";
  error.retry_after = std::chrono::seconds(1);
  error.progress = progress_;
  throw error;
}

std::shared_ptr<ServedModel> find_model(const ServedModels& models, std::string_view name) {
  if (name.empty() && !models.empty()) return models.front();
  const auto found =
      std::ranges::find_if(models, [&](const auto& model) { return model->is_called(name); });
  if (found != models.end()) return *found;
  std::string served;
  for (const auto& model : models) {
    served.append(served.empty() ? "'" : ", '").append(model->id()).append("'");
  }
  ApiError error(404, "The model '" + std::string(name) +
                          "' does not exist here. This server has: " + served + ".");
  error.param = "model";
  error.code = "model_not_found";
  throw error;
}

}  // namespace redbolt::llm::server
