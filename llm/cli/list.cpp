// redbolt-llm list: the models on this computer, whoever put them there.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/model_facts.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/models/catalogue.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  bool json = false;
  bool names = false;
};

struct Row {
  const FoundModel* model;
  std::string quantization, architecture, problem;
};

// What the name does not say is looked up in the file.
Row look_into(const FoundModel& model) {
  Row row{&model, model.quantization, "", model.problem};
  if (!row.problem.empty()) return row;
  try {
    const ModelFacts facts = read_facts(ModelFiles(model.file));
    row.architecture = facts.architecture;
    if (row.quantization.empty()) row.quantization = facts.quantization;
  } catch (const LlmError& error) {
    row.problem = error.what();
  }
  return row;
}

nlohmann::json row_json(const Row& row) {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(printable(text, 1000));
  };
  return {{"name", printable(row.model->name, 1000)},
          {"place", row.model->place},
          {"file", or_null(row.model->file.string())},
          {"bytes", row.model->bytes},
          {"quantization", or_null(row.quantization)},
          {"architecture", or_null(row.architecture)},
          {"problem", or_null(row.problem)}};
}

void print_for_people(const std::vector<Row>& rows) {
  if (rows.empty()) {
    std::string text = "no models; these folders are looked through:\n";
    for (const ModelRoot& root : model_roots(process_environment()))
      text += "  " + root.folder.string() + "  (" + std::string(root.place) + ")\n";
    return note(text.substr(0, text.size() - 1));
  }
  Table table({"NAME", "SIZE", "QUANTIZATION", "ARCHITECTURE", "WHERE"});
  for (const Row& row : rows) {
    const std::string where = std::string(row.model->place) +
                              (row.model->file.empty() ? "" : ": " + row.model->file.string());
    table.row({printable(row.model->name, 200),
               row.model->bytes == 0 ? "-" : human_bytes(row.model->bytes),
               row.quantization.empty() ? "-" : printable(row.quantization),
               row.architecture.empty() ? "-" : printable(row.architecture),
               printable(where, 400)});
  }
  write_output(table.text());
  for (const Row& row : rows) {
    if (!row.problem.empty())
      note(printable(row.model->name, 200) + " cannot be used: " + row.problem);
  }
}

void list(const Options& options) {
  const ModelCatalogue catalogue = find_models(process_environment());
  if (options.names) {
    std::string text;
    for (const FoundModel& model : catalogue.models) text += printable(model.name, 1000) + "\n";
    return write_output(text);
  }
  std::vector<Row> rows;
  for (const FoundModel& model : catalogue.models) rows.push_back(look_into(model));
  if (options.json) {
    nlohmann::json models = nlohmann::json::array();
    for (const Row& row : rows) models.push_back(row_json(row));
    const nlohmann::json report = {{"schema_version", 1}, {"models", models}};
    write_output(report.dump(2) + "\n");
  } else {
    print_for_people(rows);
  }
  for (const std::string& line : catalogue.notes) note("note: " + line);
}

}  // namespace

void add_list(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb = application.add_subcommand("list", "List the models on this computer");
  verb->alias("ls");
  verb->footer(
      "\nLooks through Redbolt's models folder ($REDBOLT_MODELS, else "
      "$XDG_DATA_HOME/redbolt/models), and those of Ollama,\n"
      "LM Studio and the Hugging Face cache. Any of the names is a MODEL for the other verbs.");
  auto* const json = verb->add_flag("--json", options->json, "Print everything as JSON");
  verb->add_flag("--names", options->names, "Print the names alone; opens no model")
      ->excludes(json);
  verb->callback([options] { list(*options); });
}

}  // namespace redbolt::llm::cli
