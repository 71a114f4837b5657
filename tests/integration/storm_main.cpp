// storm [client kills] [daemon kills] [unplugs] [seed]
#include <cstdio>
#include <cstdlib>

#include "storm.hpp"

int main(int argc, char** argv) {
  redbolt::test::StormPlan plan;
  unsigned* const numbers[] = {&plan.client_kills, &plan.daemon_kills, &plan.unplugs, &plan.seed};
  for (int i = 1; i < argc && i <= 4; ++i)
    *numbers[i - 1] = static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10));
  std::printf("%u clients, %u daemons killed, %u unplugs, seed %u\n", plan.client_kills,
              plan.daemon_kills, plan.unplugs, plan.seed);
  plan.progress = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  const auto report = redbolt::test::run_storm(plan);
  std::printf("descriptors of the daemon: %zu before, %zu after\n", report.descriptors_before,
              report.descriptors_after);
  std::printf("its own memory: %.1f MiB before, %.1f MiB after\n",
              static_cast<double>(report.resident_before) / (1 << 20),
              static_cast<double>(report.resident_after) / (1 << 20));
  std::printf("the next prompt: %s\n", report.answer.c_str());
  std::printf("%zu problems, %.0f s\n", report.problems.size(), report.seconds);
  const bool whole = report.descriptors_after <= report.descriptors_before + 16 &&
                     report.resident_after <= report.resident_before + (64u << 20);
  return report.problems.empty() && whole ? 0 : 1;
}
