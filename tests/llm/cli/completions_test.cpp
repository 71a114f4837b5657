// Completion scripts, read by the shells that are here.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/application.hpp"
#include "cli/completions.hpp"
#include "program.hpp"
#include "temporary_folder.hpp"
#include "test_paths.hpp"

namespace redbolt::llm::cli {
namespace {

namespace fs = std::filesystem;

class Completions : public testing::Test {
 protected:
  // The program of that name, or nothing.
  static std::string shell(const std::string& name) {
    for (const char* folder : {"/bin/", "/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"})
      if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
    return {};
  }

  fs::path write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << text;
    return folder_.path() / name;
  }
  fs::path script(const std::string& shell) const {
    return write("script." + shell, completion_script(shell, *make_application()));
  }

  // What a shell prints that is given a program; its home is the folder.
  std::string run(const std::string& command) const {
    const std::string line = "cd '" + folder_.path().string() + "' && HOME='" +
                             folder_.path().string() +
                             "' XDG_DATA_HOME= HF_HOME= HF_HUB_CACHE= REDBOLT_MODELS= PATH='" +
                             REDBOLT_BINARY_DIR + "':$PATH " + command + " 2>&1";
    std::string output;
    FILE* const pipe = popen(line.c_str(), "r");
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
    return output + (pclose(pipe) == 0 ? "" : "(failed)");
  }

  // The replies of bash's completion for a line, the cursor at its end.
  std::string bash(const std::vector<std::string>& words) const {
    std::string line, array;
    for (const std::string& word : words) {
      line += (line.empty() ? "" : " ") + word;
      array += " '" + word + "'";
    }
    // As Readline splits it: at colons too.
    const auto path =
        write("ask",
              "source script.bash\nCOMP_LINE='" + line + "' COMP_POINT=${#COMP_LINE} COMP_WORDS=(" +
                  array + " ) COMP_CWORD=" + std::to_string(words.size() - 1) +
                  "\n_redbolt_llm redbolt-llm '" + words.back() + "' '" + words[words.size() - 2] +
                  "'\nprintf '%s\\n' \"${COMPREPLY[@]}\" | sort\n");
    return run(shell("bash") + " --norc " + path.string());
  }

  test::TemporaryFolder folder_;
};

TEST_F(Completions, EveryShellTakesItsScript) {
  EXPECT_EQ(completion_shells(), (std::vector<std::string>{"bash", "zsh", "fish"}));
  for (const std::string& name : completion_shells()) {
    const std::string program = shell(name);
    if (program.empty()) continue;
    EXPECT_EQ(run(program + " -n " + script(name).string()), "") << name;
  }
}

TEST_F(Completions, ScriptsNameEveryVerbAndFlag) {
  const auto application = make_application();
  for (const std::string& name : completion_shells()) {
    const std::string text = completion_script(name, *application);
    for (CLI::App* verb : application->get_subcommands([](CLI::App*) { return true; })) {
      EXPECT_NE(text.find(verb->get_name()), std::string::npos) << name;
      for (const CLI::Option* option : verb->get_options()) {
        const std::string key = option_key(*option);
        EXPECT_NE(text.find(name == "fish" ? "-l " + key : "--" + key), std::string::npos)
            << name << " " << key;
      }
    }
  }
}

TEST_F(Completions, Bash) {
  if (shell("bash").empty()) return;
  script("bash");
  write(".local/share/redbolt/models/Qwen3-8B-Q4_K_M.gguf", "GGUF");
  write(".local/share/redbolt/models/$(touch ran) `touch ran`;.gguf", "GGUF");
  write(".lmstudio/models/Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf", "GGUF");
  write(".lmstudio/models/Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_0.gguf", "GGUF");
  EXPECT_EQ(bash({"redbolt-llm", "comp"}), "completions\n");
  EXPECT_EQ(bash({"redbolt-llm", "completions", "f"}), "fish\n");
  EXPECT_EQ(bash({"redbolt-llm", "run", "--top"}), "--top-k\n--top-p\n");
  EXPECT_EQ(bash({"redbolt-llm", "run", "Qwen3"}), "Qwen3-8B-Q4_K_M\n");
  EXPECT_EQ(bash({"redbolt-llm", "run", "-m", "Qwen3"}), "Qwen3-8B-Q4_K_M\n");
  // Readline has cut the word at the colon.
  const auto path =
      write("ask",
            "source script.bash\nCOMP_LINE='redbolt-llm run Qwen/Qwen3-8B-GGUF:Q'\n"
            "COMP_POINT=${#COMP_LINE} COMP_WORDS=(redbolt-llm run Qwen/Qwen3-8B-GGUF : "
            "Q) COMP_CWORD=4\n_redbolt_llm redbolt-llm Q :\n"
            "printf '%s\\n' \"${COMPREPLY[@]}\" | sort\n");
  EXPECT_EQ(run(shell("bash") + " --norc " + path.string()), "Q4_0\nQ8_0\n");
  bash({"redbolt-llm", "run", ""});
  EXPECT_FALSE(fs::exists(folder_.path() / "ran"));
}

TEST_F(Completions, Fish) {
  if (shell("fish").empty()) return;
  const std::string start = shell("fish") + " -N -c 'source script.fish; complete -C \"";
  script("fish");
  EXPECT_EQ(run(start + "redbolt-llm completions z\"'"), "zsh\n");
  EXPECT_TRUE(run(start + "redbolt-llm run --top-k\"'").starts_with("--top-k\tDraw among"));
  EXPECT_TRUE(run(start + "redbolt-llm tokeni\"'").starts_with("tokenize\t"));
}

}  // namespace
}  // namespace redbolt::llm::cli
