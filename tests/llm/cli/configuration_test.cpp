// Options of redbolt-llm from the command line, the environment and the configuration file.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/application.hpp"
#include "cli/configuration_file.hpp"
#include "program.hpp"
#include "temporary_folder.hpp"
#include "test_paths.hpp"

namespace redbolt::llm::cli {
namespace {

const auto kEveryVerb = [](CLI::App*) { return true; };

// Variables that are gone with it.
class Variables {
 public:
  explicit Variables(const std::map<std::string, std::string>& values) : values_(values) {
    for (const auto& [name, value] : values_) setenv(name.c_str(), value.c_str(), 1);
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;
  ~Variables() {
    for (const auto& [name, value] : values_) unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::string> values_;
};

// What a verb does when it is chosen.
class Work : private CLI::App {
 public:
  static std::function<void()> of(CLI::App& verb) { return verb.*(&Work::final_callback_); }
};

class ConfigurationFile : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    const auto path = folder_.path() / "config.toml";
    std::ofstream(path) << text;
    return path.string();
  }

  // What an option has after the line was parsed, its verb's work left undone.
  std::vector<std::string> parsed(const std::string& verb, const std::string& option,
                                  std::vector<std::string> words) {
    const auto application = make_application();
    std::vector<std::function<void()>> work;  // owns what the options are written to
    for (CLI::App* each : application->get_subcommands(kEveryVerb)) {
      work.push_back(Work::of(*each));
      each->callback({});
    }
    words.insert(words.begin(), verb);
    std::reverse(words.begin(), words.end());
    application->parse(words);
    return application->get_subcommand(verb)->get_option("--" + option)->results();
  }
  std::string failure(const std::vector<std::string>& words) {
    try {
      parsed("run", "temp", words);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return "";
  }

  test::TemporaryFolder folder_;
  // None of the one who runs the tests.
  Variables own_{std::map<std::string, std::string>{{"XDG_CONFIG_HOME", folder_.path().string()}}};
};

using Values = std::vector<std::string>;

TEST_F(ConfigurationFile, TypedThenEnvironmentThenFile) {
  const std::string file = write("temp = 0.5\n[run]\ntemp = 0.25\ntop-k = 7\n");
  const Values line = {"-m", "x", "--config", file};
  EXPECT_EQ(parsed("run", "temp", line), Values{"0.25"});
  EXPECT_EQ(parsed("run", "top-k", line), Values{"7"});
  const Variables variables(std::map<std::string, std::string>{{"REDBOLT_TEMP", "0.75"}});
  EXPECT_EQ(parsed("run", "temp", line), Values{"0.75"});
  EXPECT_EQ(parsed("run", "temp", {"-m", "x", "--config", file, "--temp", "2"}), Values{"2"});
}

TEST_F(ConfigurationFile, CommonKeysAreForAllVerbsThatHaveThem) {
  const std::string file = write("model = \"qwen3:8b\"\nctx = 512\n[bench]\nctx = 1024\n");
  EXPECT_EQ(parsed("run", "model", {"--config", file}), Values{"qwen3:8b"});
  EXPECT_EQ(parsed("tokenize", "model", {"--config", file}), Values{"qwen3:8b"});
  EXPECT_EQ(parsed("run", "ctx", {"--config", file}), Values{"512"});
  EXPECT_EQ(parsed("bench", "ctx", {"--config", file}), Values{"1024"});
  EXPECT_TRUE(parsed("ps", "json", {"--config", file}).empty());
}

// `models` is serve's alone, and beside `model`, which other verbs take, the one that counts.
TEST_F(ConfigurationFile, ServeTakesSeveralModels) {
  const Values two{"a.gguf", "b:1b"};
  EXPECT_EQ(parsed("serve", "model", {"a.gguf", "b:1b"}), two);
  EXPECT_EQ(parsed("serve", "model", {"-m", "a.gguf", "--model", "b:1b"}), two);
  EXPECT_EQ(parsed("serve", "model", {"--alias", "x", "a.gguf", "b:1b"}), two);
  EXPECT_EQ(parsed("serve", "alias", {"--alias", "x", "a.gguf", "--alias", "y,z"}),
            (Values{"x", "y", "z"}));
  const std::string list = "models = [\"a.gguf\", \"b:1b\"]\n";
  EXPECT_EQ(parsed("serve", "model", {"--config", write("[serve]\n" + list)}), two);
  const std::string file = write("model = \"c\"\n" + list);
  EXPECT_EQ(parsed("serve", "model", {"--config", file}), two);
  EXPECT_EQ(parsed("run", "model", {"--config", file}), Values{"c"});
  EXPECT_EQ(parsed("serve", "model", {"--config", file, "-m", "d"}), Values{"d"});
  const Variables variables(std::map<std::string, std::string>{{"REDBOLT_MODEL", "[a.gguf,b:1b]"}});
  EXPECT_EQ(parsed("serve", "model", {}), two);
}

TEST_F(ConfigurationFile, IsFoundByItself) {
  std::filesystem::create_directory(folder_.path() / "redbolt");
  std::ofstream(folder_.path() / "redbolt/config.toml") << "model = 'a'\n";
  EXPECT_EQ(parsed("run", "model", {}), Values{"a"});
  const Variables variables(
      std::map<std::string, std::string>{{"REDBOLT_CONFIG", write("model = 'b'\n")}});
  EXPECT_EQ(parsed("run", "model", {}), Values{"b"});
  const Variables gone(
      std::map<std::string, std::string>{{"REDBOLT_CONFIG", folder_.path() / "none.toml"}});
  EXPECT_NE(failure({"-m", "x"}).find("none.toml"), std::string::npos);
}

TEST_F(ConfigurationFile, OneOfTwoThatExcludeEachOther) {
  const std::string file = write("device = \"emulated\"\n");
  EXPECT_EQ(parsed("run", "device", {"-m", "x", "--config", file}), Values{"emulated"});
  EXPECT_EQ(parsed("run", "device", {"-m", "x", "--config", file, "--socket", "/s"}), Values{});
  const Variables variables(std::map<std::string, std::string>{{"REDBOLT_SOCKET", "/t"}});
  EXPECT_EQ(parsed("run", "device", {"-m", "x", "--config", file}), Values{});
  EXPECT_EQ(parsed("run", "socket", {"-m", "x", "--config", file}), Values{"/t"});
  EXPECT_EQ(parsed("run", "socket", {"-m", "x", "--device", "emulated"}), Values{});
  EXPECT_EQ(parsed("run", "device", {"-m", "x", "--device", "emulated"}), Values{"emulated"});
}

TEST_F(ConfigurationFile, MistakesNameFileLineAndKey) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"\ntemprature = 1\n",
       ":2: unknown key 'temprature' outside of a section; the nearest is 'temp"},
      {"[run]\n\ntop-q = 1\n", ":3: unknown key 'top-q' in [run]; the nearest is 'top-"},
      {"[walk]\n", ":1: unknown section [walk]"},
      {"[run]\ntemp = \"hot\"\n", ":2: "},
      {"temp = [1, 2]\n", ":1: "},
      {"temp = {a = 1}\n", ":1: unknown section [temp]"},
      {"ctx = 0\n", ":1: "},
      {"[run]\nraw = 1\n", ":2: 'raw' is true or false"},
      {"model = \n", ":1: "},
      {"system = 1979-05-27\n", ":1: 'system' is a text"},
      {"a = 1\na = 2\n", ":2: "},
      {"\xff\xfe", ":1: "},
      // What the file holds does not reach the terminal as it is.
      {"ui = fa\x1b[2J\n", ":1: Error while parsing boolean: expected 'false', saw 'fa\\x1B'"},
  };
  for (const auto& [text, expected] : wrong) {
    const std::string file = write(text);
    const std::string error = failure({"-m", "x", "--config", file});
    EXPECT_NE(error.find(file + expected), std::string::npos) << text << "\n" << error;
  }
  EXPECT_NE(failure({"-m", "x", "--config", "/no/such/file"}), "");
  EXPECT_EQ(failure({"-m", "x", "--config", write("")}), "");
}

TEST_F(ConfigurationFile, HelpNeedsNoSoundFile) {
  const Variables variables(std::map<std::string, std::string>{{"REDBOLT_CONFIG", write("[")}});
  EXPECT_EQ(test::run_program("redbolt-llm", {"run", "--help"}).exit_code, 0);
  EXPECT_EQ(test::run_program("redbolt-llm", {"--help"}).exit_code, 0);
  EXPECT_EQ(test::run_program("redbolt-llm", {"list"}).exit_code, 2);
}

// A value that an option takes, as text and as TOML.
struct Example {
  std::string text, toml;
};

Example example(const CLI::Option& option) {
  if (option.get_expected_min() == 0) return {"true", "true"};
  for (const auto& [text, toml] :
       std::vector<std::pair<std::string, std::string>>{{"1", "1"},
                                                        {"0.5", "0.5"},
                                                        {"42=1", "\"42=1\""},
                                                        {"emulated", "\"emulated\""},
                                                        {"127.0.0.1", "\"127.0.0.1\""},
                                                        {"q8_0", "\"q8_0\""},
                                                        {"f16", "\"f16\""}}) {
    const auto application = make_application();
    std::string tried = text;
    bool fits = true;
    for (CLI::App* verb : application->get_subcommands(kEveryVerb)) {
      CLI::Option* const same = verb->get_option_no_throw("--" + option_key(option));
      if (same == nullptr || same->get_description() != option.get_description()) continue;
      try {
        same->add_result(tried);
        same->run_callback();
      } catch (const CLI::ParseError&) {
        fits = false;
      }
    }
    if (fits) return {text, toml};
  }
  return {};
}

TEST_F(ConfigurationFile, EveryOptionOfEveryVerbHasAVariableAndALine) {
  const auto application = make_application();
  std::set<std::string> seen;
  for (CLI::App* verb : application->get_subcommands(kEveryVerb)) {
    for (CLI::Option* option : verb->get_options()) {
      const std::string key = option_key(*option);
      if (option->get_lnames().empty() && !option->get_snames().empty())
        ADD_FAILURE() << verb->get_name() << " has an option without a long name";
      if (key.empty()) continue;
      const std::string what = verb->get_name() + " --" + key;
      seen.insert(what);
      const std::string variable = option->get_envname();
      ASSERT_TRUE(variable.starts_with("REDBOLT_")) << what;
      const Example value = example(*option);
      ASSERT_NE(value.text, "") << what << ": no example fits";
      const std::string file =
          write("[" + verb->get_name() + "]\n" + key + " = " + value.toml + "\n");
      Values line;
      for (const CLI::Option* other : verb->get_options()) {
        if (!other->get_required() || other == option) continue;
        if (!other->get_lnames().empty()) line.push_back("--" + other->get_lnames().front());
        line.push_back(other->get_lnames().empty() ? "bash" : "1");
      }
      {
        const Variables variables(std::map<std::string, std::string>{{variable, value.text}});
        EXPECT_EQ(parsed(verb->get_name(), key, line), Values{value.text}) << what;
      }
      line.insert(line.end(), {"--config", file});
      EXPECT_EQ(parsed(verb->get_name(), key, line), Values{value.text}) << what;
    }
  }
  for (const char* known :
       {"run --model", "run --temp", "list --json", "ps --socket", "stop --all"})
    EXPECT_TRUE(seen.contains(known)) << known;
}

TEST_F(ConfigurationFile, ThePrintedOneExplainsEveryOption) {
  const auto application = make_application();
  const std::string text = annotated_configuration(*application);
  for (CLI::App* verb : application->get_subcommands(kEveryVerb)) {
    for (const CLI::Option* option : verb->get_options()) {
      const std::string key = option_key(*option);
      if (key.empty()) continue;
      EXPECT_NE(text.find("\n# " + key + " = "), std::string::npos) << key;
    }
  }
  EXPECT_EQ(failure({"-m", "x", "--config", write(text)}), "");
}

// The manual page and the program know the same verbs and flags.
TEST(ManualPage, NamesEveryVerbAndFlag) {
  std::string page = test::read_file(REDBOLT_MANUAL_PAGE);
  ASSERT_NE(page, "");
  std::string plain;
  for (const char c : page)
    if (c != '\\') plain += c;
  const auto application = make_application();
  for (CLI::App* verb : application->get_subcommands(kEveryVerb)) {
    EXPECT_NE(plain.find(".Ss " + verb->get_name()), std::string::npos) << verb->get_name();
    for (const CLI::Option* option : verb->get_options()) {
      const std::string key = option_key(*option);
      if (key.empty()) continue;
      const bool named = plain.find("Fl -" + key + " ") != std::string::npos ||
                         plain.find("Fl -" + key + "\n") != std::string::npos;
      EXPECT_TRUE(named) << verb->get_name() << " --" << key;
    }
  }
}

}  // namespace
}  // namespace redbolt::llm::cli
