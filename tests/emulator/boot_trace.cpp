#include "boot_trace.hpp"
#include "test_paths.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace redbolt::emulator::test {

std::vector<TraceEvent> read_boot_trace() {
  std::ifstream file(REDBOLT_TEST_DATA "/card/boot_trace_gfx1100.csv");
  if (!file) throw std::runtime_error("tests/data/card/boot_trace_gfx1100.csv is missing");
  std::vector<TraceEvent> events;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::string number, size;
    TraceEvent event;
    std::getline(cells, number, ',');
    std::getline(cells, event.op, ',');
    std::getline(cells, event.address, ',');
    std::getline(cells, size, ',');
    std::getline(cells, event.value, ',');
    event.number = static_cast<unsigned>(std::stoul(number));
    event.size = std::stoull(size, nullptr, 0);
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace redbolt::emulator::test
