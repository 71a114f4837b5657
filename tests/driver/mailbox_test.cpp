// The security processor's and the power controller's protocols against scripted answers: what is
// sent is compared with the reference trace, refusals and silence end in typed errors.
#include <gtest/gtest.h>

#include <algorithm>

#include "firmware_files.hpp"
#include "memory/vram_layout.hpp"
#include "mock_function.hpp"
#include "power_controller.hpp"
#include "psp_protocol.hpp"
#include "redbolt/registers/mp_11_0_0.hpp"
#include "redbolt/registers/mp_13_0_0.hpp"
#include "redbolt/registers/nbio_4_3_0.hpp"
#include "security_processor.hpp"
#include "sha256.hpp"

namespace redbolt::driver {
namespace {

using namespace std::chrono_literals;
namespace mp0 = registers::mp_13_0_0;
namespace mp1 = registers::mp_11_0_0;
namespace nbio = registers::nbio;

const Framebuffer kFramebuffer{McAddress(0x80'0000'0000), McAddress(0x85'fe00'0000)};

class Mailbox : public testing::Test {
 protected:
  Mailbox() {
    file.set_bases(test::navi31_bases());
    file.set_step("test step");
    function.values[test::address_of(nbio::BIF_BX0_REMAP_HDP_MEM_FLUSH_CNTL)] = 0x385c;
  }

  DriverErrorCode code_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const DriverError& error) {
      EXPECT_EQ(error.step(), "test step");
      message = error.what();
      register_name = error.register_name();
      return error.code();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  test::MockFunction function;
  RegisterFile file{function, pci::Bar::k5, 50ms};
  VramWindow window{function, pci::Bar::k0, file};
  std::string message, register_name;
};

// --- power controller

class Smu : public Mailbox {
 protected:
  Smu() {
    function.on_write[message_at] = [this](std::uint32_t id) {
      sent.emplace_back(id, function.values[argument_at]);
      function.values[response_at] = answer;
      if (id == 31) function.values[argument_at] = frequency(function.values[argument_at]);
    };
  }
  // Levels of the reference trace (events 499 to 588).
  static std::uint32_t frequency(std::uint32_t argument) {
    static const std::map<std::uint32_t, std::vector<std::uint32_t>> levels = {
        {2, {0x60, 0x1c8, 0x304, 0x4e1}},
        {3, {0x1f4, 0x464, 0x708, 0x7d0}},
        {1, {0x1f4, 0x3c0, 0x4b0}},
        {0, {0x1f4, 0x5dc, 0x9c4}}};
    const auto& clock = levels.at(argument >> 16);
    const std::uint32_t index = argument & 0xffff;
    return index == 0xff ? static_cast<std::uint32_t>(clock.size()) : clock.at(index);
  }

  const std::uint32_t message_at = test::address_of(mp1::MP1_SMN_C2PMSG_66);
  const std::uint32_t argument_at = test::address_of(mp1::MP1_SMN_C2PMSG_82);
  const std::uint32_t response_at = test::address_of(mp1::MP1_SMN_C2PMSG_90);
  std::uint32_t answer = 1;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sent;
  PowerController power{file, window, kFramebuffer};
};

TEST_F(Smu, WritesOfAMessageAreTheReferences) {
  power.set_table_address();
  // Events 332 to 338 of the trace.
  const std::vector<test::MockFunction::Access> expected = {{0x1629a, 0},       {0x16292, 0x80},
                                                            {0x16282, 0xe},     {0x1629a, 0},
                                                            {0x16292, 0x97000}, {0x16282, 0xf}};
  EXPECT_EQ(function.writes, expected);
}

TEST_F(Smu, ClocksGoToTheTopAndBack) {
  power.read_levels();
  sent.clear();
  power.raise_clocks();
  // Events 589 to 620: soft minimum and maximum of UCLK, FCLK, SOCCLK, GFXCLK.
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> up = {
      {0x19, 0x204e1}, {0x1a, 0x204e1}, {0x19, 0x307d0}, {0x1a, 0x307d0},
      {0x19, 0x104b0}, {0x1a, 0x104b0}, {0x19, 0x9c4},   {0x1a, 0x9c4}};
  EXPECT_EQ(sent, up);
  sent.clear();
  power.lower_clocks();
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> down = {
      {0x19, 0x20060}, {0x1a, 0x20060}, {0x19, 0x301f4}, {0x1a, 0x301f4},
      {0x19, 0x101f4}, {0x1a, 0x101f4}, {0x19, 0x1f4},   {0x1a, 0x1f4}};
  EXPECT_EQ(sent, down);
  EXPECT_EQ(power.top_frequency(SmuClock::graphics), 2500u);
}

TEST_F(Smu, RefusalsAndSilence) {
  for (const std::uint32_t result : {0xffu, 0xfeu, 0xfdu, 0xfcu, 0x77u}) {
    answer = result;
    EXPECT_EQ(code_of([&] { power.enable_features(); }), DriverErrorCode::command_refused);
    EXPECT_EQ(register_name, "MP1_SMN_C2PMSG_90");
  }
  answer = 0;
  EXPECT_EQ(code_of([&] { power.enable_features(); }), DriverErrorCode::timeout);
  function.present = false;
  EXPECT_EQ(code_of([&] { power.enable_features(); }), DriverErrorCode::link_lost);
}

TEST_F(Smu, ImpossibleLevelCountsAreRefused) {
  for (const std::uint32_t count : {0u, 33u, 0xffffu}) {
    function.on_write[message_at] = [&, count](std::uint32_t) {
      function.values[response_at] = 1;
      function.values[argument_at] = count;
    };
    EXPECT_EQ(code_of([&] { power.read_levels(); }), DriverErrorCode::command_refused);
  }
}

TEST_F(Smu, ResetGoesThroughTheDebugMailbox) {
  function.on_write[0x1628b] = [&](std::uint32_t id) {
    function.values[0x16276] = id == 2 ? 1 : 0xff;
  };
  power.request_reset();
  const std::vector<test::MockFunction::Access> expected = {
      {0x16276, 0}, {0x16275, 0}, {0x1628b, 2}};
  EXPECT_EQ(function.writes, expected);
}

// --- security processor

class Psp : public Mailbox {
 protected:
  Psp() {
    function.values[boot_at] = 0x80000000;
    function.values[ring_status_at] = 0x80000000;
    function.on_write[boot_at] = [this](std::uint32_t command) {
      boot_commands.push_back(command);
      const std::uint32_t refuse_this = command == refused_command ? 0x000f : 0;
      function.values[boot_at] = silent_after == command ? 0 : 0x80000000 | refuse_this;
      if (command == 0x20000 && refuse_this == 0) function.values[alive_at] = 1;
    };
    function.on_write[ring_status_at] = [this](std::uint32_t) {
      function.values[ring_status_at] = ring_answer;
    };
    function.on_write[write_pointer_at] = [this](std::uint32_t pointer) { execute(pointer); };
  }

  // Plays the running security processor: answers the newest frame.
  void execute(std::uint32_t pointer) {
    const std::uint32_t frame = (pointer + 0x4000 - 16) % 0x4000;
    const std::byte* at = function.vram() + vram_layout::kPspRing.value() + frame * 4;
    frame_hashes.push_back(test::sha256_prefix({at, 64}));
    std::byte* command = function.vram() + vram_layout::kPspCommand.value();
    command_hashes.push_back(test::sha256_prefix({command, 1024}));
    std::uint32_t id = 0, type = 0;
    std::memcpy(&id, command + 8, 4);
    std::memcpy(&type, command + 40, 4);
    commands.emplace_back(id, id == 6 ? type : 0);
    std::memcpy(command + 864, &status, 4);
    std::memcpy(command + 880, &tmr_size, 4);
    if (is_silent) return;
    std::memcpy(function.vram() + vram_layout::kPspFence.value(), at + 20, 4);
  }

  const std::uint32_t boot_at = test::address_of(mp0::MP0_SMN_C2PMSG_35);
  const std::uint32_t alive_at = test::address_of(mp0::MP0_SMN_C2PMSG_81);
  const std::uint32_t ring_status_at = test::address_of(mp0::MP0_SMN_C2PMSG_64);
  const std::uint32_t write_pointer_at = test::address_of(mp0::MP0_SMN_C2PMSG_67);
  std::vector<std::uint32_t> boot_commands;
  std::uint32_t refused_command = 0, silent_after = 0, ring_answer = 0x80000000;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> commands;
  std::vector<std::string> frame_hashes, command_hashes;
  std::uint32_t status = 0, tmr_size = 0x1300000;
  bool is_silent = false;

  test::FirmwareFiles files;
  HostDataPath host_data_path{file};
  SecurityProcessor security{file, window, host_data_path, kFramebuffer};
};

TEST_F(Psp, BootChainInTheReferencesOrder) {
  EXPECT_FALSE(security.is_running());
  security.boot(files.set());
  const std::vector<std::uint32_t> expected = {0x80000, 0x10000000, 0x10000, 0xb0000,
                                               0xd0000, 0xc0000,    0xe0000, 0x20000};
  EXPECT_EQ(boot_commands, expected);
  EXPECT_TRUE(security.is_running());
  // Each piece is staged, then flushed, before the command (events 118 to 122).
  EXPECT_EQ(function.values[0x16064], 0x80001u);
  EXPECT_EQ(function.values.count(0xe17), 1u) << "the remapped flush register";
}

TEST_F(Psp, PiecesArePaddedAsTheReferencePads) {
  security.boot(files.set());
  const auto* kdb = files.set().find(firmware::Piece::psp_key_database);
  ASSERT_NE(kdb, nullptr);
  const auto staged =
      std::ranges::find(function.vram_writes, 0x100000u, &test::MockFunction::BlockWrite::offset);
  ASSERT_NE(staged, function.vram_writes.end());
  EXPECT_EQ(staged->data.size(), (kdb->data.size() + 4 + 15) / 16 * 16);
  EXPECT_TRUE(std::equal(kdb->data.begin(), kdb->data.end(), staged->data.begin()));
}

TEST_F(Psp, BootRefusalNamesThePiece) {
  refused_command = 0xb0000;
  EXPECT_EQ(code_of([&] { security.boot(files.set()); }), DriverErrorCode::firmware_refused);
  EXPECT_NE(message.find("psp_soc_driver"), std::string::npos) << message;
  EXPECT_EQ(register_name, "MP0_SMN_C2PMSG_35");
  EXPECT_EQ(boot_commands.back(), 0xb0000u) << "nothing is sent after a refusal";
}

TEST_F(Psp, RefusedSecureOs) {
  refused_command = 0x20000;
  EXPECT_EQ(code_of([&] { security.boot(files.set()); }), DriverErrorCode::firmware_refused);
  EXPECT_NE(message.find("psp_secure_os"), std::string::npos) << message;
}

TEST_F(Psp, SilentBootLoader) {
  silent_after = 0x10000;
  EXPECT_EQ(code_of([&] { security.boot(files.set()); }), DriverErrorCode::timeout);
  EXPECT_EQ(register_name, "MP0_SMN_C2PMSG_35");
}

TEST_F(Psp, RingAndCommandsAreTheReferences) {
  security.create_ring();
  EXPECT_EQ(function.values[0x16085], 0x87000u);
  EXPECT_EQ(function.values[0x16086], 0x80u);
  EXPECT_EQ(function.values[0x16087], 0x10000u);
  security.load_engines(files.set());

  const std::vector<std::pair<std::uint32_t, std::uint32_t>> expected = {
      {0x20, 0}, {6, 18}, {5, 0},  {6, 72}, {6, 71}, {6, 89}, {6, 94},  {6, 68},
      {6, 69},   {6, 26}, {6, 48}, {6, 25}, {6, 7},  {6, 8},  {0x21, 0}};
  EXPECT_EQ(commands, expected);
  // Frames, and the commands that do not depend on the size of a file, by the trace's hashes
  // (events 193, 203, 210, 217 and 209, 326).
  EXPECT_EQ(frame_hashes.at(0), "1ea7600ce2fdfe03");
  EXPECT_EQ(frame_hashes.at(1), "b88ec9896771732e");
  EXPECT_EQ(frame_hashes.at(2), "e069254fa9d72ae0");
  EXPECT_EQ(frame_hashes.at(3), "ceb00f0dcd36705d");
  EXPECT_EQ(command_hashes.at(2), "10fd12dd8a7df123");
  EXPECT_EQ(command_hashes.at(14), "23f794cab6cab96a");
}

TEST_F(Psp, CommandRefusalNamesThePiece) {
  security.create_ring();
  status = 0xffff000f;
  EXPECT_EQ(code_of([&] { security.load_engines(files.set()); }),
            DriverErrorCode::firmware_refused);
  EXPECT_NE(message.find("psp_table_of_contents"), std::string::npos) << message;
  EXPECT_NE(message.find("0xffff000f"), std::string::npos) << message;
}

TEST_F(Psp, TooMuchTrustedMemory) {
  security.create_ring();
  tmr_size = 0x1400000;
  EXPECT_EQ(code_of([&] { security.load_engines(files.set()); }),
            DriverErrorCode::firmware_refused);
}

TEST_F(Psp, SilentRing) {
  security.create_ring();
  is_silent = true;
  EXPECT_EQ(code_of([&] { security.load_engines(files.set()); }), DriverErrorCode::timeout);
}

TEST_F(Psp, RefusedRing) {
  ring_answer = 0x80000009;
  EXPECT_EQ(code_of([&] { security.create_ring(); }), DriverErrorCode::command_refused);
}

TEST_F(Psp, ImpossibleWritePointer) {
  security.create_ring();
  for (const std::uint32_t pointer : {3u, 0x4000u, 0xfffffff0u}) {
    function.values[write_pointer_at] = pointer;
    EXPECT_EQ(code_of([&] { security.load_engines(files.set()); }),
              DriverErrorCode::command_refused);
  }
}

}  // namespace
}  // namespace redbolt::driver
