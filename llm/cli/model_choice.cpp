#include "cli/model_choice.hpp"

#include "redbolt/llm/models/catalogue.hpp"

namespace redbolt::llm::cli {

std::filesystem::path ModelChoice::file() const {
  return model_file(text, process_environment());
}

CLI::Option* add_model_option(CLI::App& verb, ModelChoice& model) {
  return verb
      .add_option("-m,--model,MODEL", model.text,
                  "The model: a GGUF file (of a split one the first part), or a name as "
                  "`redbolt-llm list` shows it")
      ->envname("REDBOLT_MODEL")
      ->type_name("MODEL")
      ->required();
}

}  // namespace redbolt::llm::cli
