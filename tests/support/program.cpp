#include "program.hpp"

#include <fcntl.h>
#include <signal.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "temporary_folder.hpp"
#include "test_paths.hpp"

namespace redbolt::test {
namespace {

void redirect(const std::filesystem::path& path, int flags, int onto) {
  const int descriptor = open(path.c_str(), flags, 0600);
  if (descriptor < 0 || dup2(descriptor, onto) < 0) _exit(126);
  if (descriptor != onto) close(descriptor);
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::filesystem::path program_path(const std::string& name) {
  const char* const card = std::getenv("REDBOLT_TEST_CARD");
  if (card != nullptr && (name == "redboltd" || name == "redbolt-emulator")) {
    return std::filesystem::path(card) / name;
  }
  return std::filesystem::path(REDBOLT_BINARY_DIR) / name;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

pid_t start_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& input, const std::filesystem::path& output,
                    const std::filesystem::path& errors) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    redirect(input, O_RDONLY, STDIN_FILENO);
    redirect(output, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(errors, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  return child;
}

ProgramResult run_program(const std::string& name, const std::vector<std::string>& arguments,
                          const std::string& input, std::chrono::seconds limit) {
  const TemporaryFolder folder;
  const auto in = folder.path() / "in";
  std::ofstream(in, std::ios::binary) << input;
  const pid_t child = start_program(program_path(name), arguments, in, folder.path() / "out",
                                    folder.path() / "err");
  const auto deadline = std::chrono::steady_clock::now() + limit;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {exit_code_of(status), read_file(folder.path() / "out"), read_file(folder.path() / "err")};
}

}  // namespace redbolt::test
