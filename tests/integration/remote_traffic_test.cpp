// What the way to a served card costs: messages per decoded token, and bytes per uploaded byte.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon_process.hpp"
#include "program.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::test {
namespace {

class RemoteTraffic : public testing::Test {
 protected:
  ServedCard card_{""};
  DaemonProcess daemon_{card_.spec(), {"--hang-timeout", "300"}};
};

TEST_F(RemoteTraffic, AtMostThreeMessagesPerDecodedToken) {
  const auto result = run_program(
      "redbolt-llm", {"bench", "-m", std::string(REDBOLT_DEMO_MODEL) + "/redbolt-demo-Q4_K_M.gguf",
                      "--json", "--socket", daemon_.socket()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto report = nlohmann::json::parse(result.output);
  EXPECT_TRUE(report.at("device").at("emulated"));
  const auto& costs = report.at("decode").at("per_token");
  EXPECT_GT(costs.at("remote_messages").get<double>(), 0);
  EXPECT_LE(costs.at("remote_messages").get<double>(), 3) << costs;
}

TEST_F(RemoteTraffic, UploadsCostNextToNothingBeyondTheirBytes) {
  runtime::DeviceOptions options;
  options.socket = daemon_.socket();
  options.command = "remote_traffic_test";
  runtime::Device device(options);
  const std::vector<std::byte> data(std::size_t{16} << 20, std::byte{0x5a});
  runtime::Buffer buffer = device.allocate(Bytes(data.size()), "data");
  const auto before = device.counters().card.at("remote_bytes_sent");
  device.upload(buffer.view(), data);
  const auto sent = device.counters().card.at("remote_bytes_sent") - before;
  EXPECT_GT(sent, 0u);
  EXPECT_LE(static_cast<double>(sent), 1.01 * static_cast<double>(data.size()));
}

}  // namespace
}  // namespace redbolt::test
