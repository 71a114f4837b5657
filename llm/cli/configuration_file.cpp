#include "cli/configuration_file.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

#include "cli/application.hpp"
#include "models/name.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

// CLI11 asks for the file after the command line and before the environment, which is when ours is
// applied, whichever it is. This one is always there.
constexpr const char* kNoFile = "/dev/null";

const auto kEveryVerb = [](CLI::App*) { return true; };

std::string environment(const std::string& name) {
  const char* const value = name.empty() ? nullptr : std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

bool is_flag(const CLI::Option& option) {
  return option.get_expected_min() == 0;
}

// Keys may be written with '-' or '_', as TOML's users do both.
std::string as_option(std::string_view key) {
  std::string name(key);
  std::ranges::replace(name, '_', '-');
  return name;
}

CLI::Option* find_option(CLI::App& verb, const std::string& key) {
  for (CLI::Option* option : verb.get_options()) {
    const auto& names = option->get_lnames();
    if (!option_key(*option).empty() && std::ranges::find(names, key) != names.end()) return option;
  }
  return nullptr;
}

// What a value is called in the help: "N" of "N:UINT in [1 - 9]".
std::string value_example(const CLI::Option& option) {
  const std::string name = option.get_type_name();
  return is_flag(option) ? "true" : name.substr(0, name.find(':'));
}

// By all the names that its options have.
std::set<std::string> keys_of(CLI::App& verb) {
  std::set<std::string> keys;
  for (const CLI::Option* option : verb.get_options()) {
    if (option_key(*option).empty()) continue;
    keys.insert(option->get_lnames().begin(), option->get_lnames().end());
  }
  return keys;
}

// One file, read and checked against the application.
class Configuration {
 public:
  Configuration(CLI::App& application, const std::string& path, std::istream& text)
      : application_(application), path_(path) {
    try {
      table_ = toml::parse(text, path);
    } catch (const toml::parse_error& error) {
      throw wrong(error.source().begin.line, std::string(error.description()));
    }
    check();
  }

  // Sets the options of the verb that are not among those taken already.
  void apply(CLI::App& verb, std::set<CLI::Option*>& taken) const {
    if (const toml::table* const section = table_[verb.get_name()].as_table())
      apply(*section, verb, taken);
    apply(table_, verb, taken);
  }

 private:
  CLI::ConfigError wrong(toml::source_index line, const std::string& what) const {
    // Parts of it are the file's, which must not steer a terminal.
    constexpr std::size_t kLongest = 400;
    return CLI::ConfigError(path_ + ":" + std::to_string(line) + ": " + printable(what, kLongest));
  }

  CLI::ConfigError unknown(const toml::key& key, const std::set<std::string>& known,
                           const std::string& where) const {
    const auto nearest = std::ranges::min_element(known, {}, [&](const std::string& name) {
      return models::distance(name, as_option(key.str()));
    });
    std::string text = "unknown key '" + printable(key.str()) + "'" + where;
    if (nearest != known.end()) text += "; the nearest is '" + *nearest + "'";
    return wrong(key.source().begin.line, text);
  }

  void check() const {
    std::set<std::string> common;
    for (CLI::App* verb : application_.get_subcommands(kEveryVerb)) common.merge(keys_of(*verb));
    for (const auto& [key, value] : table_) {
      if (value.is_table()) {
        check_section(key, *value.as_table());
      } else if (!common.contains(as_option(key.str()))) {
        throw unknown(key, common, " outside of a section");
      }
    }
  }

  CLI::App* find_verb(const std::string& name) const {
    const auto verbs =
        application_.get_subcommands([&](CLI::App* verb) { return verb->check_name(name); });
    return verbs.empty() ? nullptr : verbs.front();
  }

  void check_section(const toml::key& name, const toml::table& section) const {
    CLI::App* const verb = find_verb(std::string(name.str()));
    if (verb == nullptr)
      throw wrong(name.source().begin.line,
                  "unknown section [" + printable(name.str()) + "]; sections are named as verbs");
    for (const auto& [key, value] : section) {
      if (find_option(*verb, as_option(key.str())) == nullptr)
        throw unknown(key, keys_of(*verb), " in [" + verb->get_name() + "]");
    }
  }

  // An option's other name (`models`) goes before its first (`model`), which more verbs have.
  void apply(const toml::table& table, CLI::App& verb, std::set<CLI::Option*>& taken) const {
    apply_names(table, verb, taken, false);
    apply_names(table, verb, taken, true);
  }

  void apply_names(const toml::table& table, CLI::App& verb, std::set<CLI::Option*>& taken,
                   bool first_names) const {
    for (const auto& [key, value] : table) {
      if (value.is_table()) continue;
      CLI::Option* const option = find_option(verb, as_option(key.str()));
      if (option == nullptr || taken.contains(option)) continue;
      if ((as_option(key.str()) == option_key(*option)) != first_names) continue;
      const auto& excluded = option->get_excludes();
      if (std::ranges::any_of(excluded, [&](CLI::Option* other) { return taken.contains(other); }))
        continue;
      set(*option, key, value);
      taken.insert(option);
    }
  }

  void set(CLI::Option& option, const toml::key& key, const toml::node& node) const {
    std::vector<std::string> values;
    if (const toml::array* const array = node.as_array()) {
      for (const toml::node& element : *array) values.push_back(scalar(key, element));
    } else {
      values.push_back(scalar(key, node));
    }
    try {
      if (is_flag(option)) {
        if (values.size() != 1 || !node.is_boolean())
          throw wrong(key.source().begin.line, "'" + printable(key.str()) + "' is true or false");
        option.add_result(option.get_flag_value(option_key(option), values.front()));
      } else {
        for (const std::string& value : values) option.add_result(value);
      }
      if (!values.empty()) option.run_callback();
    } catch (const CLI::ConfigError&) {
      throw;
    } catch (const CLI::ParseError& error) {
      throw wrong(key.source().begin.line, error.what());
    }
  }

  std::string scalar(const toml::key& key, const toml::node& node) const {
    if (const auto text = node.value_exact<std::string>()) return *text;
    if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
    if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
    if (const auto number = node.value_exact<double>()) {
      std::array<char, 64> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *number).ptr;
      return {digits.data(), end};
    }
    throw wrong(
        key.source().begin.line,
        "'" + printable(key.str()) + "' is a text, a number, true or false, or a list of those");
  }

  CLI::App& application_;
  std::string path_;
  toml::table table_;
};

// Where CLI11 would read a file of its own kind.
class FileHook : public CLI::Config {
 public:
  explicit FileHook(CLI::App& application) : application_(application) {}

  std::string to_config(const CLI::App*, bool, bool, std::string) const override {
    return annotated_configuration(application_);
  }

  std::vector<CLI::ConfigItem> from_config(std::istream& given) const override {
    const auto verbs = application_.get_subcommands();
    if (verbs.empty() || help_is_wanted(*verbs.front())) return {};
    std::set<CLI::Option*> taken = typed_and_from_environment(*verbs.front());
    if (application_.get_config_ptr()->count() > 0) {
      const auto path = application_.get_config_ptr()->as<std::string>();
      Configuration(application_, path, given).apply(*verbs.front(), taken);
      return {};
    }
    const auto path = default_configuration_file();
    std::error_code error;
    if (path.empty() ||
        (!std::filesystem::exists(path, error) && environment("REDBOLT_CONFIG").empty()))
      return {};
    std::ifstream file(path);
    if (!file) throw CLI::ConfigError("cannot read the configuration file " + path.string());
    Configuration(application_, path.string(), file).apply(*verbs.front(), taken);
    return {};
  }

 private:
  bool help_is_wanted(const CLI::App& verb) const {
    return application_.get_help_ptr()->count() > 0 || verb.get_help_ptr()->count() > 0;
  }

  // The options that are decided. A variable that contradicts what is typed does not count.
  static std::set<CLI::Option*> typed_and_from_environment(CLI::App& verb) {
    std::set<CLI::Option*> taken;
    for (CLI::Option* option : verb.get_options())
      if (option->count() > 0) taken.insert(option);
    for (CLI::Option* option : verb.get_options()) {
      if (taken.contains(option) || environment(option->get_envname()).empty()) continue;
      const auto& excluded = option->get_excludes();
      if (std::ranges::any_of(excluded,
                              [&](CLI::Option* other) { return taken.contains(other); })) {
        option->envname("");
      } else {
        taken.insert(option);
      }
    }
    return taken;
  }

  CLI::App& application_;
};

// Shows no default for --config: what CLI11 takes for it is not one.
class Formatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->check_lname("config")) return " FILE";
    return CLI::Formatter::make_option_opts(option);
  }
};

// Every line of a text behind "# ", at most 100 letters wide.
std::string commented(const std::string& text) {
  constexpr std::size_t kWidth = 98;
  std::string result, line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      result += "# " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return result + "# " + line + "\n";
}

}  // namespace

std::filesystem::path default_configuration_file() {
  if (const std::string path = environment("REDBOLT_CONFIG"); !path.empty()) return path;
  if (const std::string folder = environment("XDG_CONFIG_HOME"); !folder.empty())
    return std::filesystem::path(folder) / "redbolt" / "config.toml";
  const std::string home = environment("HOME");
  if (home.empty()) return {};
  return std::filesystem::path(home) / ".config" / "redbolt" / "config.toml";
}

void add_configuration_file(CLI::App& application) {
  application.formatter(std::make_shared<Formatter>());
  application.get_formatter()->column_width(34);
  for (CLI::App* verb : application.get_subcommands(kEveryVerb))
    verb->formatter(application.get_formatter());
  application.config_formatter(std::make_shared<FileHook>(application));
  application.set_config("--config", kNoFile,
                         "Take the options that are not given from this file (default: "
                         "$XDG_CONFIG_HOME/redbolt/config.toml) [REDBOLT_CONFIG]");
}

std::string annotated_configuration(CLI::App& application) {
  std::string text =
      "# redbolt-llm's configuration. Take the '#' away where a value is to be set: texts in "
      "quotes, "
      "numbers,\n# true or false, lists in brackets. Lines before the first section are for every "
      "verb that has such an option:\n#\n# model = \"qwen3:8b\"\n# device = \"emulated\"\n";
  for (CLI::App* verb : application.get_subcommands(kEveryVerb)) {
    const auto keys = keys_of(*verb);
    if (keys.empty()) continue;
    text += "\n[" + verb->get_name() + "]\n";
    for (const CLI::Option* option : verb->get_options()) {
      const std::string key = option_key(*option);
      if (key.empty()) continue;
      text += commented(option->get_description() + " [" + option->get_envname() + "]");
      text += "# " + key + " = " + value_example(*option) + "\n";
    }
  }
  return text;
}

}  // namespace redbolt::llm::cli
