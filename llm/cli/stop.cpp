// redbolt-llm stop: frees weights that stay on the card, where nobody uses them.
#include <memory>
#include <string>
#include <vector>

#include "cli/daemon_choice.hpp"
#include "cli/model_choice.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/client/connection.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/models/catalogue.hpp"
#include "support/hex.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

// The least of an id that is taken for one.
constexpr std::size_t shortest_id = 4;

struct Options {
  std::filesystem::path socket;
  ModelChoice model;
  bool all = false;
};

// The name of the file that a MODEL means, under which `ps` lists it; empty where there is none.
std::string file_name(const std::string& model) {
  try {
    return model_file(model, process_environment()).filename().string();
  } catch (const LlmError&) {
    return {};  // it may be an id, or the name of a file that is gone
  }
}

// A model is named as `ps` or `list` shows it, by its file, or by the beginning of its id.
bool is_meant(const client::ResidentInfo& resident, const std::string& model) {
  if (resident.name == model) return true;
  if (resident.name == file_name(model)) return true;
  return model.size() >= shortest_id && to_hex(resident.hash).starts_with(model);
}

std::string users_text(const client::ResidentInfo& resident) {
  std::string text;
  for (const std::string& user : resident.users) text += (text.empty() ? "" : ", ") + user;
  return text;
}

void stop_one(client::Connection& connection, const std::string& model) {
  std::vector<client::ContentHash> meant;
  for (const client::ResidentInfo& resident : connection.status().residents) {
    if (!is_meant(resident, model)) continue;
    if (!resident.users.empty()) {
      throw LlmError(ErrorCode::device, printable(resident.name) + " is in use by " +
                                            users_text(resident) + "; stop that first");
    }
    meant.push_back(resident.hash);
  }
  if (meant.empty()) {
    throw LlmError(ErrorCode::bad_argument, "no weights of '" + printable(model) +
                                                "' are on the card; redbolt-llm ps lists those "
                                                "that are");
  }
  const client::DroppedResidents dropped = connection.drop_residents(meant);
  note("freed " + human_bytes(dropped.bytes.count()));
}

void stop(const Options& options) {
  if (options.all == !options.model.text.empty())
    throw UsageError("name a model, or give --all (redbolt-llm ps lists what is there)");
  client::Connection connection = connect_to_daemon(options.socket, "redbolt-llm stop");
  if (!options.all) return stop_one(connection, options.model.text);
  const client::DroppedResidents dropped = connection.drop_all_residents();
  note("freed " + human_bytes(dropped.bytes.count()) + " of " + std::to_string(dropped.dropped) +
       " models" +
       (dropped.in_use == 0 ? "" : "; " + std::to_string(dropped.in_use) + " are in use"));
}

}  // namespace

void add_stop(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb =
      application.add_subcommand("stop", "Free weights that stay on the card after a run");
  verb->footer(
      "\nWeights that a program uses stay. Without this command they give way by themselves when "
      "room is needed.");
  auto* const model = add_model_option(*verb, options->model);
  model->required(false)->description("The model: as ps or list shows it, its file, or its id");
  verb->add_flag("--all", options->all, "All that are not in use")->excludes(model);
  add_daemon_option(*verb, options->socket);
  verb->callback([options] { stop(*options); });
}

}  // namespace redbolt::llm::cli
