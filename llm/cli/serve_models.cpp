#include "cli/serve_models.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "cli/usage_error.hpp"
#include "redbolt/llm/models/catalogue.hpp"
#include "server/models/text_parts.hpp"

namespace redbolt::llm::cli {
namespace {

std::string own_name(const std::string& asked) {
  return is_model_path(asked) ? std::filesystem::path(asked).stem().string() : asked;
}

// As clients' names are compared.
bool same_model_name(const std::string& one, const std::string& other) {
  return server::ServedModel(one, {}, {}).is_called(other);
}

bool is_same_file(const ModelFiles& one, const ModelFiles& other) {
  const FileIdentity a = one.files().front().input().identity();
  const FileIdentity b = other.files().front().input().identity();
  return a.device == b.device && a.inode == b.inode;
}

}  // namespace

std::vector<ModelNames> name_models(std::span<const std::string> asked,
                                    std::span<const std::string> aliases) {
  if (asked.size() == 1) {
    std::vector<std::string> names(aliases.begin(), aliases.end());
    names.push_back(own_name(asked.front()));
    return {{names.front(), {names.begin() + 1, names.end()}}};
  }
  if (aliases.size() > asked.size()) {
    throw UsageError("--alias was given " + std::to_string(aliases.size()) + " times for " +
                     std::to_string(asked.size()) +
                     " models; with several models each has one, in the same order");
  }
  std::vector<ModelNames> named;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const std::string id = i < aliases.size() ? aliases[i] : own_name(asked[i]);
    for (std::size_t other = 0; other < i; ++other) {
      if (!same_model_name(named[other].id, id)) continue;
      throw UsageError("'" + asked[other] + "' and '" + asked[i] + "' would both be called '" + id +
                       "'; name them with --alias, once for each model in the same order");
    }
    named.push_back({id, {}});
  }
  for (std::size_t i = 0; i < aliases.size(); ++i) {
    const std::string own = own_name(asked[i]);
    bool means_another = false;
    for (std::size_t other = 0; other < asked.size(); ++other) {
      means_another |= other != i && (same_model_name(own_name(asked[other]), own) ||
                                      same_model_name(named[other].id, own));
    }
    if (!means_another) named[i].aliases.push_back(own);
  }
  return named;
}

std::vector<ModelToServe> open_models(std::span<const std::string> asked,
                                      std::span<const std::string> aliases,
                                      const EngineShape& wanted) {
  std::vector<ModelNames> names = name_models(asked, aliases);
  std::vector<ModelToServe> models;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto files = std::make_shared<const ModelFiles>(model_file(asked[i], process_environment()));
    for (std::size_t other = 0; other < i; ++other) {
      if (!is_same_file(*models[other].files, *files)) continue;
      throw UsageError("'" + asked[other] + "' and '" + asked[i] +
                       "' are the same file; a model is served once");
    }
    const ModelConfig config = read_model_config(*files);
    note_tokenizer(files->metadata());
    EngineShape shape = wanted;
    shape.context = choose_context(wanted.context, config, 0);
    auto model = std::make_shared<server::ServedModel>(
        std::move(names[i].id), std::move(names[i].aliases), server::read_model_facts(*files));
    note("model: " + describe_model(config, *files) + ", as " + model->id());
    models.push_back({std::move(files), std::move(model), shape});
  }
  return models;
}

}  // namespace redbolt::llm::cli
