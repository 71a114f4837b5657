#include "cli/completions.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>

#include "cli/application.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"

namespace redbolt::llm::cli {
namespace {

// What a shell is to offer for a word.
enum class Kind { nothing, model, file, folder, shell };

// By what the help calls an option's value.
const std::map<std::string, Kind>& kinds() {
  static const std::map<std::string, Kind> by_type = {{"MODEL", Kind::model},
                                                      {"FILE", Kind::file},
                                                      {"PATH", Kind::file},
                                                      {"DIR", Kind::folder},
                                                      {"SHELL", Kind::shell}};
  return by_type;
}

Kind kind_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();  // "SHELL:{bash,zsh,fish}"
  const auto found = kinds().find(type.substr(0, type.find(':')));
  return found == kinds().end() ? Kind::nothing : found->second;
}

struct Flag {
  std::vector<std::string> names;  // "-m", "--model"
  std::string description;
  bool takes_value = false;
  Kind kind = Kind::nothing;
};

struct Word {
  Kind kind = Kind::nothing;
  bool many = false;  // and all that follow
};

struct Verb {
  std::vector<std::string> names;
  std::string description;
  std::vector<Flag> flags;
  std::vector<Word> words;  // without a dash, in order
};

Flag describe(const CLI::Option& option) {
  Flag flag;
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  flag.description = option.get_description();
  flag.takes_value = option.get_expected_min() > 0;
  flag.kind = kind_of(option);
  return flag;
}

std::vector<Verb> describe(CLI::App& application) {
  std::vector<Verb> verbs;
  for (CLI::App* app : application.get_subcommands([](CLI::App*) { return true; })) {
    Verb verb;
    verb.names = {app->get_name()};
    for (const std::string& alias : app->get_aliases()) verb.names.push_back(alias);
    verb.description = app->get_description();
    for (const CLI::Option* option : app->get_options()) {
      if (!option->get_snames().empty() || !option->get_lnames().empty())
        verb.flags.push_back(describe(*option));
      if (option->get_positional())
        verb.words.push_back({kind_of(*option), option->get_expected_max() > 1});
    }
    verbs.push_back(std::move(verb));
  }
  return verbs;
}

std::string joined(const std::vector<std::string>& texts, const std::string& between) {
  std::string text;
  for (const std::string& part : texts) text += (text.empty() ? "" : between) + part;
  return text;
}

// 'text' for a shell: bash, zsh and POSIX.
std::string shell_word(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// ---- bash

std::string bash_flags(const Verb& verb, Kind kind) {
  std::vector<std::string> names;
  for (const Flag& flag : verb.flags) {
    if (flag.takes_value && flag.kind == kind)
      names.insert(names.end(), flag.names.begin(), flag.names.end());
  }
  return joined(names, "|");
}

// clang-format off
constexpr const char* kBashHead = R"bash(# bash completion for redbolt-llm, made by `redbolt-llm completions bash`.

# Names come from files that anybody may have named: they are compared, never evaluated.
_redbolt_llm_models() {
  local line=${COMP_LINE:0:COMP_POINT} word cut='' name
  word=${line##*[[:space:]]}
  # Readline replaces what follows the last colon only.
  [[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && cut=${word%"${word##*:}"}
  while IFS= read -r name; do
    [[ $name == "$word"* ]] && COMPREPLY+=("$(printf %q "${name#"$cut"}")")
  done < <("${COMP_WORDS[0]}" list --names 2>/dev/null)
  # A path is a model too.
  [[ $word != *:* ]] && _redbolt_llm_files -f "$word"
}

_redbolt_llm_files() {
  local name
  while IFS= read -r name; do
    [[ $1 == -f && -d $name ]] && name+=/
    COMPREPLY+=("$(printf %q "$name")")
  done < <(compgen "$1" -- "$2")
}

_redbolt_llm_words() {
  local word
  for word in $1; do [[ $word == "$2"* ]] && COMPREPLY+=("$word"); done
}

_redbolt_llm() {
  local current=$2 previous=$3 verb='' word
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) verb=$word; break ;; esac
  done
  case $verb in
)bash";
// clang-format on

std::string bash(const std::vector<Verb>& verbs) {
  constexpr std::array<std::pair<Kind, const char*>, 4> kActions = {
      {{Kind::model, "_redbolt_llm_models; return"},
       {Kind::file, "_redbolt_llm_files -f \"$current\"; return"},
       {Kind::folder, "_redbolt_llm_files -d \"$current\"; return"},
       {Kind::nothing, "return"}}};
  std::string text = kBashHead;
  std::vector<std::string> all;
  for (const Verb& verb : verbs) {
    all.insert(all.end(), verb.names.begin(), verb.names.end());
    text += "    " + joined(verb.names, "|") + ")\n      case $previous in\n";
    for (const auto& [kind, action] : kActions) {
      const std::string names = bash_flags(verb, kind);
      if (!names.empty()) text += "        " + names + ") " + action + " ;;\n";
    }
    std::vector<std::string> flags;
    for (const Flag& flag : verb.flags)
      flags.insert(flags.end(), flag.names.begin(), flag.names.end());
    text += "      esac\n      [[ $current == -* ]] && _redbolt_llm_words " +
            shell_word(joined(flags, " ")) + " \"$current\" && return\n";
    const Kind first = verb.words.empty() ? Kind::nothing : verb.words.front().kind;
    if (first == Kind::model) text += "      [[ $current != -* ]] && _redbolt_llm_models\n";
    if (first == Kind::shell)
      text += "      _redbolt_llm_words " + shell_word(joined(completion_shells(), " ")) +
              " \"$current\"\n";
    text += "      ;;\n";
  }
  return text + "    *) _redbolt_llm_words " +
         shell_word(joined(all, " ") + " --help --version --config") +
         " \"$current\" ;;\n  esac\n}\n\ncomplete -F _redbolt_llm redbolt-llm\n";
}

// ---- zsh

// Of a description or a message within a specification of _arguments.
std::string zsh_escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_action(Kind kind) {
  switch (kind) {
    case Kind::model:
      return "model:_redbolt_llm_models";
    case Kind::file:
      return "file:_files";
    case Kind::folder:
      return "folder:_files -/";
    case Kind::shell:
      return "shell:(" + joined(completion_shells(), " ") + ")";
    case Kind::nothing:
      break;
  }
  return "value: ";
}

std::string zsh(const std::vector<Verb>& verbs) {
  std::string text =
      "#compdef redbolt-llm\n# zsh completion for redbolt-llm, made by `redbolt-llm completions "
      "zsh`.\n\n"
      "_redbolt_llm_models() {\n"
      "  local -a names\n"
      "  names=(\"${(@f)$(_call_program models redbolt-llm list --names 2>/dev/null)}\")\n"
      "  compadd -M 'm:{a-zA-Z}={A-Za-z}' -a names\n"
      "  _files -g '*.gguf(-.)'\n"
      "}\n\n"
      "_redbolt_llm() {\n"
      "  local -a verbs\n"
      "  local curcontext=$curcontext state line\n"
      "  typeset -A opt_args\n"
      "  verbs=(\n";
  for (const Verb& verb : verbs) {
    for (const std::string& name : verb.names)
      text += "    " + shell_word(name + ":" + zsh_escaped(verb.description)) + "\n";
  }
  text +=
      "  )\n"
      "  _arguments -C '--help[print help]' '--version[print the version]' "
      "'--config=[configuration file]:file:_files' \\\n"
      "    '1:verb:->verb' '*::argument:->argument'\n"
      "  case $state in\n"
      "    verb) _describe verb verbs ;;\n"
      "    argument)\n"
      "      case $words[1] in\n";
  for (const Verb& verb : verbs) {
    text += "        " + joined(verb.names, "|") + ")\n          _arguments";
    for (const Flag& flag : verb.flags) {
      for (const std::string& name : flag.names) {
        const bool is_long = name.starts_with("--");
        std::string spec = name;
        if (flag.takes_value) spec += is_long ? "=" : "+";
        spec.append("[").append(zsh_escaped(flag.description)).append("]");
        if (flag.takes_value) spec.append(":").append(zsh_action(flag.kind));
        text += " \\\n            " + shell_word(spec);
      }
    }
    for (std::size_t i = 0; i < verb.words.size(); ++i) {
      const Word& word = verb.words[i];
      std::string place = word.many ? "*" : std::to_string(i + 1);
      place.append(":").append(zsh_action(word.kind));
      text += " \\\n            " + shell_word(place);
    }
    text += "\n          ;;\n";
  }
  return text +
         "      esac\n      ;;\n  esac\n}\n\n"
         "if [[ $funcstack[1] == _redbolt_llm ]]; then\n  _redbolt_llm \"$@\"\nelse\n"
         "  compdef _redbolt_llm redbolt-llm\nfi\n";
}

// ---- fish

std::string fish_word(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string fish_values(Kind kind) {
  switch (kind) {
    case Kind::model:
      return " -ra '(redbolt-llm list --names 2>/dev/null)'";
    case Kind::file:
      return " -rF";
    case Kind::folder:
      return " -xa '(__fish_complete_directories)'";
    case Kind::shell:
      return " -xa '" + joined(completion_shells(), " ") + "'";
    case Kind::nothing:
      break;
  }
  return " -x";
}

std::string fish(const std::vector<Verb>& verbs) {
  std::string text =
      "# fish completion for redbolt-llm, made by `redbolt-llm completions fish`.\n"
      "complete -c redbolt-llm -e\n"
      "complete -c redbolt-llm -n __fish_use_subcommand -f\n"
      "complete -c redbolt-llm -n __fish_use_subcommand -l help -d 'Print help'\n"
      "complete -c redbolt-llm -n __fish_use_subcommand -l version -d 'Print the version'\n"
      "complete -c redbolt-llm -l config -rF -d 'Configuration file'\n";
  for (const Verb& verb : verbs) {
    for (const std::string& name : verb.names)
      text += "complete -c redbolt-llm -n __fish_use_subcommand -a " + name + " -d " +
              fish_word(verb.description) + "\n";
    const std::string start =
        "complete -c redbolt-llm -n '__fish_seen_subcommand_from " + joined(verb.names, " ") + "'";
    const Kind first = verb.words.empty() ? Kind::nothing : verb.words.front().kind;
    if (first == Kind::model) text += start + " -a '(redbolt-llm list --names 2>/dev/null)'\n";
    if (first == Kind::shell) text += start + " -f -a '" + joined(completion_shells(), " ") + "'\n";
    for (const Flag& flag : verb.flags) {
      text += start;
      for (const std::string& name : flag.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (flag.takes_value) text += fish_values(flag.kind);
      text += " -d " + fish_word(flag.description) + "\n";
    }
  }
  return text;
}

using Write = std::string (*)(const std::vector<Verb>&);
constexpr std::array<std::pair<std::string_view, Write>, 3> kShells = {
    {{"bash", bash}, {"zsh", zsh}, {"fish", fish}}};

}  // namespace

std::vector<std::string> completion_shells() {
  std::vector<std::string> names;
  for (const auto& [name, write] : kShells) names.emplace_back(name);
  return names;
}

std::string completion_script(std::string_view shell, CLI::App& application) {
  for (const auto& [name, write] : kShells) {
    if (name == shell) return write(describe(application));
  }
  throw UsageError("no completions for that shell");
}

void add_completions(CLI::App& application) {
  const auto shell = std::make_shared<std::string>();
  auto* const verb = application.add_subcommand(
      "completions", "Print a script that teaches a shell to complete this command");
  verb->add_option("SHELL", *shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->required()
      ->check(CLI::IsMember(completion_shells()));
  verb->footer(
      "\n  bash: redbolt-llm completions bash > "
      "~/.local/share/bash-completion/completions/redbolt-llm\n"
      "  zsh:  redbolt-llm completions zsh > DIR/_redbolt-llm   (a folder of $fpath)\n"
      "  fish: redbolt-llm completions fish > ~/.config/fish/completions/redbolt-llm.fish");
  verb->callback([shell, &application] { write_output(completion_script(*shell, application)); });
}

}  // namespace redbolt::llm::cli
