#include <algorithm>
#include <array>

#include "models/name.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/models/catalogue.hpp"
#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

using models::same;

// A name taken apart.
struct Query {
  std::string repository;  // before the colon, or all of it
  std::string tag;         // behind it
  std::vector<std::string> words;
  std::string quantization;
};

std::string_view without_host(std::string_view repository) {
  for (const std::string_view host : {"hf.co/", "huggingface.co/"}) {
    if (repository.size() > host.size() && same(repository.substr(0, host.size()), host))
      return repository.substr(host.size());
  }
  return repository;
}

std::string_view without_format(std::string_view repository) {
  constexpr std::string_view kFormat = "-GGUF";
  if (repository.size() > kFormat.size() &&
      same(repository.substr(repository.size() - kFormat.size()), kFormat))
    repository.remove_suffix(kFormat.size());
  return repository;
}

bool same_repository(std::string_view a, std::string_view b) {
  return same(without_format(without_host(a)), without_format(without_host(b)));
}

Query take_apart(std::string_view name) {
  Query query;
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  query.repository = name.substr(0, colon);
  if (colon != std::string_view::npos) query.tag = name.substr(colon + 1);
  const models::NameParts parts = models::split_quantization(name);
  query.words = models::words(parts.base);
  query.quantization = parts.quantization;
  return query;
}

bool is_exact(const FoundModel& model, std::string_view name, const Query& query) {
  return same(model.name, name) ||
         (query.tag.empty() && same(model.name, query.repository + ":latest"));
}

bool is_of_repository(const FoundModel& model, std::string_view, const Query& query) {
  if (!same_repository(model.repository, query.repository)) return false;
  return query.tag.empty() || same(query.tag, model.quantization);
}

// "qwen3:32b" is also the file Qwen3-32B-Q4_K_M.gguf.
bool is_of_words(const FoundModel& model, std::string_view, const Query& query) {
  if (query.words.empty() || query.words != models::words(model.base)) return false;
  return query.quantization.empty() || same(query.quantization, model.quantization);
}

// The first rule that finds anything decides.
constexpr std::array kRules = {is_exact, is_of_repository, is_of_words};

std::string listed(const std::vector<const FoundModel*>& models) {
  std::string text;
  for (const FoundModel* model : models) {
    text += "\n  " + printable(model->name, 200) + "  (" + std::string(model->place) + ")";
  }
  return text;
}

// "mistral-7b" of Mistral-7B-Instruct.
bool is_part_of(std::string_view name, const FoundModel& model) {
  const auto asked = models::words(models::split_quantization(name).base);
  const auto there = models::words(model.base);
  return !asked.empty() && std::ranges::all_of(asked, [&](const std::string& word) {
    return std::ranges::find(there, word) != there.end();
  });
}

// What is most like the name, best first, as far as it is like it at all.
std::vector<const FoundModel*> nearest(std::string_view name, const ModelCatalogue& catalogue) {
  constexpr std::size_t kMost = 3;
  std::vector<std::pair<std::size_t, const FoundModel*>> ranked;
  for (const FoundModel& model : catalogue.models) {
    const std::size_t letters =
        std::min({models::distance(name, model.name), models::distance(name, model.repository),
                  models::distance(name, model.base)});
    const std::size_t far = is_part_of(name, model) ? 1 : letters;
    if (far <= std::max<std::size_t>(2, name.size() / 2)) ranked.emplace_back(far, &model);
  }
  std::ranges::stable_sort(ranked, {}, [](const auto& entry) { return entry.first; });
  std::vector<const FoundModel*> result;
  for (const auto& [far, model] : ranked) {
    if (result.size() < kMost) result.push_back(model);
  }
  return result;
}

LlmError not_found(std::string_view name, const ModelCatalogue& catalogue) {
  std::string text = "no model '" + printable(name, 200) + "'";
  const auto candidates = nearest(name, catalogue);
  if (candidates.empty()) {
    text += "; redbolt-llm list shows those that are here, and a path to a GGUF file always works";
  } else {
    text += "; did you mean" + listed(candidates);
  }
  return {ErrorCode::model_not_found, text};
}

// Of one rule's finds that which is meant.
const FoundModel& choose(std::string_view name, std::vector<const FoundModel*> found) {
  // One that can be used is better than one that cannot.
  if (std::ranges::any_of(found, [](const FoundModel* model) { return model->problem.empty(); }))
    std::erase_if(found, [](const FoundModel* model) { return !model->problem.empty(); });
  const auto first = models::words(found.front()->base);
  const bool one_model = std::ranges::all_of(
      found, [&](const FoundModel* model) { return models::words(model->base) == first; });
  if (!one_model) {
    throw LlmError(ErrorCode::ambiguous_model,
                   "'" + printable(name, 200) + "' may be any of" + listed(found));
  }
  const FoundModel& chosen = **std::ranges::min_element(
      found, {}, [](const FoundModel* model) { return models::preference(model->quantization); });
  if (!chosen.problem.empty())
    throw LlmError(ErrorCode::io, printable(chosen.name, 200) + " (" + std::string(chosen.place) +
                                      ") cannot be used: " + chosen.problem);
  return chosen;
}

}  // namespace

bool is_model_path(std::string_view model) {
  if (model.starts_with('/') || model.starts_with("./") || model.starts_with("../")) return true;
  if (model.size() > 5 && same(model.substr(model.size() - 5), ".gguf")) return true;
  std::error_code error;
  return std::filesystem::is_regular_file(std::filesystem::path(model), error);
}

const FoundModel& look_up_model(std::string_view name, const ModelCatalogue& catalogue) {
  const Query query = take_apart(name);
  for (const auto rule : kRules) {
    std::vector<const FoundModel*> found;
    for (const FoundModel& model : catalogue.models) {
      if (rule(model, name, query)) found.push_back(&model);
    }
    if (!found.empty()) return choose(name, std::move(found));
  }
  throw not_found(name, catalogue);
}

std::filesystem::path model_file(std::string_view model, const Environment& environment) {
  if (is_model_path(model)) return model;
  return look_up_model(model, find_models(environment)).file;
}

}  // namespace redbolt::llm
