#include "cli/chat/chat_commands.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/chat/conversation_file.hpp"
#include "redbolt/llm/error.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

// The first word, and the rest without the spaces between.
struct Words {
  std::string first, rest;
};

Words split(const std::string& text) {
  constexpr const char* kSpaces = " \t\n";
  const std::size_t begin = std::min(text.find_first_not_of(kSpaces), text.size());
  const std::size_t end = std::min(text.find_first_of(kSpaces, begin), text.size());
  const std::size_t rest = std::min(text.find_first_not_of(kSpaces, end), text.size());
  return {text.substr(begin, end - begin), text.substr(rest)};
}

std::string without_quotes(const std::string& text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

struct Command {
  std::string_view name;
  std::string_view usage;
  std::string_view description;
  ChatNext (*run)(ChatSession& session, const std::string& argument);
};

ChatNext usage_of(ChatSession& session, std::string_view usage) {
  session.note("usage: " + std::string(usage));
  return ChatNext::go_on;
}

// ---- /set

struct Setting {
  std::string_view name;
  std::string_view usage;
  std::string_view description;
  // False: the argument is not what it takes.
  bool (*set)(ChatSession& session, const std::string& argument);
};

bool set_parameter(ChatSession& session, const std::string& argument) {
  const Words words = split(argument);
  if (words.rest.empty()) return false;
  const Parameter* const parameter = find_parameter(words.first);
  if (parameter == nullptr) {
    session.note("no parameter '" + printable(words.first) + "'; /show parameters lists them");
  } else if (!parameter->set(session.options().settings, words.rest)) {
    session.note(std::string(parameter->name) + ": '" + printable(words.rest) + "' is not " +
                 std::string(parameter->range));
  } else {
    session.note(std::string(parameter->name) + " = " + parameter->get(session.options().settings));
  }
  return true;
}

bool set_system(ChatSession& session, const std::string& argument) {
  session.options().system = without_quotes(argument);
  session.note(argument.empty() ? "no system message" : "system message set");
  return true;
}

// "on", "off", or nothing for on.
bool read_switch(const std::string& argument, bool& value) {
  if (argument != "" && argument != "on" && argument != "off") return false;
  value = argument != "off";
  return true;
}

bool set_think(ChatSession& session, const std::string& argument) {
  bool on = true;
  if (!read_switch(argument, on)) return false;
  session.options().settings.thinking = on ? Thinking::on : Thinking::off;
  session.note(session.model().format.traits().thinking_can_be_switched
                   ? std::string("thinking is ") + (on ? "on" : "off")
                   : "this model's template has no switch for thinking");
  return true;
}

bool set_nothink(ChatSession& session, const std::string& argument) {
  return argument.empty() && set_think(session, "off");
}

bool set_verbose(ChatSession& session, const std::string& argument) {
  return read_switch(argument, session.options().verbose);
}

bool set_quiet(ChatSession& session, const std::string& argument) {
  if (!argument.empty()) return false;
  session.options().verbose = false;
  return true;
}

bool set_hide_thinking(ChatSession& session, const std::string& argument) {
  return read_switch(argument, session.options().settings.hide_thinking);
}

bool set_context_shift(ChatSession& session, const std::string& argument) {
  return read_switch(argument, session.options().context_shift);
}

constexpr std::array<Setting, 8> kSettings = {{
    {"parameter", "/set parameter NAME VALUE", "how answers are drawn; /show parameters lists them",
     set_parameter},
    {"system", "/set system TEXT", "the system message; without TEXT none", set_system},
    {"think", "/set think [on|off]", "whether the model thinks before it answers", set_think},
    {"nothink", "/set nothink", "the same as /set think off", set_nothink},
    {"hide-thinking", "/set hide-thinking [on|off]", "whether thoughts are left out",
     set_hide_thinking},
    {"verbose", "/set verbose [on|off]", "say how fast each answer was", set_verbose},
    {"quiet", "/set quiet", "the same as /set verbose off", set_quiet},
    {"context-shift", "/set context-shift [on|off]",
     "when the context is full, the oldest turns go", set_context_shift},
}};

ChatNext set(ChatSession& session, const std::string& argument) {
  const Words words = split(argument);
  for (const Setting& setting : kSettings) {
    if (setting.name != words.first) continue;
    if (!setting.set(session, words.rest)) return usage_of(session, setting.usage);
    return ChatNext::go_on;
  }
  for (const Setting& setting : kSettings)
    session.note("  " + std::string(setting.usage) + "  " + std::string(setting.description));
  return ChatNext::go_on;
}

// ---- /show

void show_info(ChatSession& session) {
  session.note(session.model().description);
}

void show_parameters(ChatSession& session) {
  const AnswerSettings& settings = session.options().settings;
  for (const Parameter& parameter : answer_parameters()) {
    std::string line = "  " + std::string(parameter.name);
    line.resize(22, ' ');
    session.note(line + parameter.get(settings));
  }
}

void show_system(ChatSession& session) {
  const std::string& system = session.options().system;
  session.note(system.empty() ? "no system message" : system);
}

void show_template(ChatSession& session) {
  const std::string& text = session.model().chat_template;
  session.note(text.empty() ? "the model's file has no chat template; the format is " +
                                  std::string(session.model().format.name())
                            : text);
}

struct View {
  std::string_view name;
  void (*show)(ChatSession& session);
};
constexpr std::array<View, 4> kViews = {{{"info", show_info},
                                         {"parameters", show_parameters},
                                         {"system", show_system},
                                         {"template", show_template}}};

ChatNext show(ChatSession& session, const std::string& argument) {
  for (const View& view : kViews) {
    if (view.name != argument) continue;
    view.show(session);
    return ChatNext::go_on;
  }
  return usage_of(session, "/show info|parameters|system|template");
}

// ---- the others

ChatNext save(ChatSession& session, const std::string& argument) {
  if (argument.empty()) return usage_of(session, "/save NAME|FILE");
  const auto path = conversation_path(argument);
  save_conversation(path, {session.model().name, session.options().system, session.messages()});
  session.note("saved in " + printable(path.string(), 400));
  return ChatNext::go_on;
}

ChatNext load(ChatSession& session, const std::string& argument) {
  if (argument.empty()) return usage_of(session, "/load NAME|FILE");
  SavedConversation conversation = load_conversation(conversation_path(argument));
  session.messages() = std::move(conversation.messages);
  session.options().system = std::move(conversation.system);
  session.note(std::to_string(session.messages().size()) + " messages loaded");
  return ChatNext::go_on;
}

ChatNext clear(ChatSession& session, const std::string&) {
  session.clear();
  session.note("what was said is forgotten");
  return ChatNext::go_on;
}

ChatNext bye(ChatSession&, const std::string&) {
  return ChatNext::quit;
}

ChatNext help(ChatSession& session, const std::string&);

constexpr std::array<Command, 9> kCommands = {{
    {"/set", "/set ...", "change how it answers; alone: what can be set", set},
    {"/show", "/show info|parameters|system|template", "look at it", show},
    {"/save", "/save NAME|FILE", "keep the conversation, as JSON", save},
    {"/load", "/load NAME|FILE", "go on with one that was kept", load},
    {"/clear", "/clear", "forget what was said", clear},
    {"/bye", "/bye", "leave, as Ctrl-D does", bye},
    {"/exit", "", "", bye},
    {"/?", "/?, /help", "this", help},
    {"/help", "", "", help},
}};

ChatNext help(ChatSession& session, const std::string&) {
  for (const Command& command : kCommands) {
    if (command.usage.empty()) continue;
    std::string line = "  " + std::string(command.usage);
    line.resize(std::max<std::size_t>(line.size() + 2, 42), ' ');
    session.note(line + std::string(command.description));
  }
  session.note(
      "  \"\"\"                                     begins and ends a text of several lines");
  session.note("  Ctrl-C                                  stops the answer");
  return ChatNext::go_on;
}

}  // namespace

bool is_command(const std::string& text) {
  return text.starts_with('/');
}

ChatNext run_command(const std::string& text, ChatSession& session) {
  const Words words = split(text);
  for (const Command& command : kCommands) {
    if (command.name != words.first) continue;
    try {
      return command.run(session, words.rest);
    } catch (const LlmError& error) {
      session.note(error.what());
      return ChatNext::go_on;
    }
  }
  session.note("no command " + printable(words.first) + "; /? lists them");
  return ChatNext::go_on;
}

}  // namespace redbolt::llm::cli
