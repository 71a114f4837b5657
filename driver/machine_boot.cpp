// The boot, in the order of the reference (card/boot_order_gfx1100.md), and its reverse.
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

#include "host_interface.hpp"
#include "machine.hpp"
#include "machine_marks.hpp"
#include "memory/vram_layout.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;
using registers::HardwareBlock;
using namespace redbolt::literals;

// Size of the video memory in MiB. A fixed dword address: it is needed to find the discovery table.
constexpr std::uint32_t kConfigMemorySize = 0xde3;

constexpr Bytes kRingSize = 1_MiB;
constexpr Bytes kScratchSize = 64_MiB;
constexpr Bytes kStagingSize = 2_MiB;
constexpr std::chrono::milliseconds kResetTime{500};

// Which bases of which discovery entry the registers of a block are relative to.
struct BlockSource {
  HardwareBlock block;
  HardwareId id;
};
constexpr std::array kBlockSources = {
    BlockSource{HardwareBlock::gc, HardwareId::gc},
    BlockSource{HardwareBlock::mmhub, HardwareId::mmhub},
    BlockSource{HardwareBlock::mp0, HardwareId::mp0},
    BlockSource{HardwareBlock::mp1, HardwareId::mp1},
    BlockSource{HardwareBlock::nbio, HardwareId::nbif},
    BlockSource{HardwareBlock::hdp, HardwareId::hdp},
    BlockSource{HardwareBlock::osssys, HardwareId::osssys},
};

std::string gibibytes(Bytes size) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f GiB", static_cast<double>(size.count()) / (1ull << 30));
  return text;
}

}  // namespace

struct Machine::Step {
  const char* name;
  enum When { always, cold, warm } when;
  void (Machine::*action)();
};

void Machine::run_steps(bool is_warm) {
  static constexpr std::array steps = {
      Step{"firmware files", Step::always, &Machine::load_firmware_files},
      Step{"engines of the last run", Step::warm, &Machine::quiet_engines},
      Step{"bus mastering and doorbells", Step::always, &Machine::enable_bus_master},
      Step{"memory hub and page tables", Step::always, &Machine::set_up_memory},
      Step{"interrupt rings", Step::always, &Machine::start_interrupts},
      Step{"security processor", Step::cold, &Machine::boot_security_processor},
      Step{"engine firmware", Step::cold, &Machine::load_engine_firmware},
      Step{"power controller", Step::always, &Machine::start_power_controller},
      Step{"graphics core", Step::always, &Machine::start_graphics},
      Step{"copy engine", Step::always, &Machine::start_copy_engine},
      Step{"clocks", Step::always, &Machine::raise_clocks},
      Step{"mark", Step::always, &Machine::mark},
      Step{"queues", Step::always, &Machine::create_queues},
      Step{"check of the queues", Step::warm, &Machine::check_queues},
  };
  is_warm_ = is_warm;
  for (const Step& step : steps) {
    if (step.when == Step::cold && is_warm) continue;
    if (step.when == Step::warm && !is_warm) continue;
    run(step.name, step.action);
  }
}

void Machine::run(const char* name, void (Machine::*action)()) {
  registers_.set_step(name);
  detail_.clear();
  const auto start = std::chrono::steady_clock::now();
  (this->*action)();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  report_.steps.push_back({name, passed.count(), detail_});
  if (options_.on_step) options_.on_step(report_.steps.back());
}

namespace {

// Whether the card was not as it looked: a warm start that fails, or a card that looked unpowered
// and whose boot chain had been left half-way by a process that was killed.
bool is_worth_a_reset(const DriverError& error, BootReport::Kind start) {
  if (error.code() == DriverErrorCode::command_refused) return true;
  return error.code() == (start == BootReport::Kind::cold ? DriverErrorCode::firmware_refused
                                                          : DriverErrorCode::timeout);
}

}  // namespace

void Machine::boot(const Card::FirmwareSource& firmware) {
  const auto start = std::chrono::steady_clock::now();
  firmware_source_ = &firmware;
  probe();
  choose_start();
  bool started = false;
  if (report_.kind != BootReport::Kind::after_reset) {
    try {
      run_steps(report_.kind != BootReport::Kind::cold);
      started = true;
    } catch (const DriverError& error) {
      if (!is_worth_a_reset(error, report_.kind)) throw;
      forget_parts();
      report_.kind = BootReport::Kind::after_reset;
    }
  }
  if (!started) {
    run("reset", &Machine::reset_card);
    probe();
    run_steps(false);
  }
  registers_.set_step("run");
  firmware_source_ = nullptr;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  report_.seconds = passed.count();
}

void Machine::probe() {
  run("connect", &Machine::find_card);
  run("IP discovery", &Machine::read_discovery);
  describe();
}

void Machine::find_card() {
  link_.emplace(function_);
  window_.emplace(function_, kVramBar, registers_);
  const std::uint32_t megabytes = registers_.read_at(kConfigMemorySize);
  if (megabytes == 0xffffffff) {
    throw registers_.error(DriverErrorCode::link_lost, nullptr,
                           "the card does not answer on its register BAR");
  }
  vram_size_ = 1_MiB * megabytes;
  const Bytes needed = Bytes(vram_layout::kDataStart.value()) + vram_layout::kReservedAtEnd;
  if (vram_size_ < needed || window_->visible() < vram_layout::kMinimumVisible) {
    throw registers_.error(DriverErrorCode::unsupported_card, nullptr,
                           "the card has " + std::to_string(megabytes) +
                               " MiB of video memory, of which BAR0 shows " +
                               std::to_string(window_->visible().count() >> 20) +
                               " MiB; at least 80 and 64 are needed");
  }
  detail_ = function_.name() + ", BAR0 " + gibibytes(window_->visible());
}

void Machine::read_discovery() {
  const VramOffset at = VramOffset(0) + (vram_size_ - kDiscoveryFromEnd);
  discovery_ = parse_discovery(window_->read_anywhere(at, kDiscoverySize));
  chip_ = &find_chip(discovery_);

  RegisterBases bases;
  for (const auto& [block, id] : kBlockSources) {
    const IpBlock* found = discovery_.find(id);
    if (!found) {
      throw registers_.error(
          DriverErrorCode::invalid_discovery, nullptr,
          "block " + std::string(block_name(static_cast<std::uint16_t>(id))) + " is missing");
    }
    for (unsigned i = 0; i < found->bases.size(); ++i) bases.set(block, i, found->bases[i]);
  }
  registers_.set_bases(bases);
  detail_ = std::string(chip_->name) + ", " + std::to_string(discovery_.blocks.size()) + " blocks";
}

void Machine::describe() {
  const Product* product = find_product(*chip_, vram_size_);
  info_.marketing_name =
      product ? product->marketing_name : std::string("Radeon (") + chip_->name + ")";
  info_.gfx_target = chip_->gfx_target;
  info_.location = function_.name();
  info_.vram = vram_size_;
  info_.vram_visible = window_->visible();
  info_.shader_engines = discovery_.graphics.shader_engines;
  // The discovery table counts what the chip has; products have some of it turned off.
  info_.compute_units = product ? product->compute_units : discovery_.graphics.compute_units();
  info_.wave_size = 32;
  info_.ip_versions.clear();
  for (const IpBlock& block : discovery_.blocks) {
    const std::string_view name = block_name(block.hardware_id);
    if (!name.empty()) info_.ip_versions.emplace(name, block.version());
  }
}

// Cold if the security processor's system does not run; warm if this driver left the card cleanly;
// taken over if a run of this driver ended in the middle of its work; anything else needs a reset.
void Machine::choose_start() {
  registers_.set_step("state of the card");
  framebuffer_ = read_framebuffer(registers_, vram_size_);
  host_data_path_.emplace(registers_);
  security_.emplace(registers_, *window_, *host_data_path_, framebuffer_);
  if (!security_->is_running()) {
    report_.kind = BootReport::Kind::cold;
    return;
  }
  const bool is_ours = registers_.read(gc::SCRATCH_REG7) == marks::kInitialised;
  const std::uint32_t state = registers_.read(gc::SCRATCH_REG6);
  const bool has_fault = registers_.read(gc::GCVM_L2_PROTECTION_FAULT_STATUS) != 0;
  report_.kind = BootReport::Kind::after_reset;
  if (is_ours && options_.allow_warm_start) {
    if (state == marks::kLeftCleanly && !has_fault) report_.kind = BootReport::Kind::warm;
    if (state == marks::kRunning) report_.kind = BootReport::Kind::taken_over;
  }
  // Whoever gave the card host memory may be gone, and the memory with it.
  if (report_.kind != BootReport::Kind::warm) link_->disable_bus_master();
}

// Gives up what a failed start has built. The card is not asked: it is about to be reset, and
// until then it must not reach host memory that goes away here.
void Machine::forget_parts() {
  link_->disable_bus_master();
  if (address_space_) address_space_->attach({});
  if (contexts_) contexts_->detach();
  release_queues();
  contexts_.reset();
  is_running_ = false;
}

void Machine::release_queues() {
  compute_.reset();
  copies_.reset();
  compute_ring_.reset();
  copy_ring_.reset();
  for (HostBlock* block :
       {&compute_ring_memory_, &compute_control_, &copy_ring_memory_, &copy_control_, &staging_}) {
    *block = HostBlock();
  }
  end_of_pipe_ = VramBlock();
  check_ = VramBlock();
  scratch_ = VramBlock();
}

// Through the power controller, which resets the whole card but the link; if it does not answer,
// through the PCI function, where that way to reach the card offers one.
void Machine::reset_card() {
  framebuffer_ = read_framebuffer(registers_, vram_size_);
  link_->disable_bus_master();
  try {
    PowerController power(registers_, *window_, framebuffer_);
    power.send(SmuMessage::get_smu_version, 0);  // whether it answers at all
    power.request_reset();
    detail_ = "mode 1";
  } catch (const DriverError& error) {
    if (error.code() == DriverErrorCode::link_lost) throw;
    try {
      function_.reset();
    } catch (const pci::PciError&) {
      throw error;
    }
    detail_ = "PCI function";
  }
  std::this_thread::sleep_for(kResetTime);
  link_->restore_configuration();
  wait_for_reset();
}

// The card is back when it says how much memory it has and its security processor waits for a boot
// chain.
void Machine::wait_for_reset() {
  registers_.wait_until("RCC_CONFIG_MEMSIZE", [&] {
    const std::uint32_t megabytes = registers_.read_at(kConfigMemorySize);
    return megabytes != 0 && megabytes != 0xffffffff;
  });
  SecurityProcessor security(registers_, *window_, *host_data_path_, framebuffer_);
  if (security.is_running()) {
    throw registers_.error(DriverErrorCode::command_refused, nullptr,
                           "the card did not reset: turn its power off and on again");
  }
}

void Machine::load_firmware_files() {
  firmware_.emplace((*firmware_source_)(chip_->firmware_names()));
  detail_ = std::to_string(firmware_->files().size()) + " files, " +
            std::to_string(firmware_->in_loading_order().size()) + " pieces";
}

void Machine::enable_bus_master() {
  link_->enable_bus_master();
  open_doorbells(registers_);
}

// An earlier run's queues are off the engines before page tables change under them, and before the
// card may reach host memory again. An engine that was cut off in the middle of its work may not
// answer; then it is stopped by force, and the check of the queues tells whether that has helped.
void Machine::quiet_engines() {
  GraphicsCore graphics(registers_);
  if (report_.kind == BootReport::Kind::taken_over) {
    CopyEngine(registers_).reset();
    const RegisterFile::ShorterWaits quickly(registers_, kDequeueTime);
    try {
      graphics.remove_queue(0);
    } catch (const DriverError& error) {
      if (error.code() != DriverErrorCode::timeout) throw;
    }
    graphics.halt_compute_engine();
    return;
  }
  CopyEngine(registers_).disconnect();
  for (unsigned queue = 0; queue < 2; ++queue) graphics.remove_queue(queue);
  graphics.reset_command_processor();
}

void Machine::set_up_memory() {
  framebuffer_ = read_framebuffer(registers_, vram_size_);
  host_data_path_.emplace(registers_);
  vram_.emplace(
      vram_layout::kDataStart.value(),
      vram_size_.count() - vram_layout::kDataStart.value() - vram_layout::kReservedAtEnd.count());
  address_space_.emplace(*window_, *host_data_path_);
  host_data_path_->flush();
  multimedia_hub_.emplace(registers_, MemoryHub::Kind::multimedia);
  multimedia_hub_->configure(framebuffer_, vram_layout::kRootPageTable);
  detail_ = gibibytes(vram_size_) + " of video memory";
}

void Machine::start_interrupts() {
  interrupts_.emplace(registers_, *window_, framebuffer_);
  interrupts_->start();
}

void Machine::boot_security_processor() {
  security_.emplace(registers_, *window_, *host_data_path_, framebuffer_);
  security_->boot(*firmware_);
  security_->create_ring();
}

void Machine::load_engine_firmware() {
  detail_ = std::to_string(security_->load_engines(*firmware_)) + " pieces";
}

void Machine::start_power_controller() {
  power_.emplace(registers_, *window_, framebuffer_);
  power_->set_table_address();
  if (!is_warm_) power_->enable_features();
}

void Machine::start_graphics() {
  graphics_.emplace(registers_);
  if (!is_warm_) graphics_->wait_for_autoload();
  graphics_hub_.emplace(registers_, MemoryHub::Kind::graphics);
  graphics_hub_->configure(framebuffer_, vram_layout::kRootPageTable);
  const firmware::FirmwarePiece* engine = firmware_->find(firmware::Piece::mec);
  graphics_->reset_compute_engine(engine ? engine->start_address : 0);
  route_compute_doorbells(registers_);
  graphics_->configure(chip_->doorbell_range_upper);
  address_space_->attach({&*graphics_hub_, &*multimedia_hub_});
  address_space_->invalidate();
  contexts_.emplace(*address_space_, *graphics_hub_, *window_, *host_data_path_);
  if (report_.kind == BootReport::Kind::taken_over) {
    graphics_hub_->clear_fault();
    multimedia_hub_->clear_fault();
  }
}

void Machine::start_copy_engine() {
  copy_engine_.emplace(registers_);
  copy_engine_->start();
  route_copy_doorbells(registers_, chip_->copy_doorbell);
}

void Machine::raise_clocks() {
  power_->read_levels();
  power_->raise_clocks();
  graphics_->enable_clock_gating();
  detail_ = "graphics " + std::to_string(power_->top_frequency(SmuClock::graphics)) +
            " MHz, memory " + std::to_string(power_->top_frequency(SmuClock::memory)) + " MHz";
}

void Machine::mark() {
  registers_.write(gc::SCRATCH_REG7, marks::kInitialised);
  registers_.write(gc::SCRATCH_REG6, marks::kRunning);
  is_running_ = true;
}

void Machine::create_queues() {
  const auto make_ring = [&](HostBlock& ring, HostBlock& control, unsigned doorbell,
                             PointerUnit unit, const char* name) {
    ring = allocate_host(kRingSize);
    control = allocate_host(pci::HostMemory::page_size);
    return std::make_unique<SubmissionRing>(
        function_, MappedMemory{&ring.memory(), ring.address(), ring.size()},
        MappedMemory{&control.memory(), control.address(), control.size()},
        SubmissionRing::Options{kDoorbellBar, doorbell, unit, options_.timeout, name});
  };
  compute_ring_ = make_ring(compute_ring_memory_, compute_control_, chip_->compute_doorbell,
                            PointerUnit::dwords, "compute queue");
  copy_ring_ = make_ring(copy_ring_memory_, copy_control_, chip_->copy_doorbell, PointerUnit::bytes,
                         "copy queue");
  compute_ring_->on_wrap([this] { copy_ring_->drain(); });
  copy_ring_->on_wrap([this] { compute_ring_->drain(); });

  end_of_pipe_ = allocate_vram(4_KiB, VramUse::executable);
  compute_ =
      std::make_unique<MecQueue>(registers_, *window_, *host_data_path_, framebuffer_,
                                 *compute_ring_, end_of_pipe_.address(), chip_->compute_doorbell);
  copies_ = std::make_unique<SdmaQueue>(*copy_engine_, *copy_ring_, chip_->copy_doorbell);
  load_check();
  scratch_ = allocate_vram(std::min(kScratchSize, vram_largest_free()), VramUse::data);
  if (window_->visible() < vram_size_) staging_ = allocate_host(kStagingSize);
}

// The reference's teardown. What cannot be done any more is left undone: the mark then tells the
// next run to reset the card.
void Machine::shut_down() {
  registers_.set_step("shut down");
  drain_interrupts();
  copy_engine_->disconnect();
  graphics_->remove_queue(0);
  graphics_->remove_queue(1);
  release_queues();
  power_->lower_clocks();
  drain_interrupts();
  if (has_fatal_link_error(registers_)) had_error_ = true;
  registers_.write(gc::SCRATCH_REG6, had_error_ ? marks::kNeedsReset : marks::kLeftCleanly);
  link_->disable_bus_master();
  function_.flush();
}

}  // namespace redbolt::driver
