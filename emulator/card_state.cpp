#include "card_state.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <random>
#include <thread>

#include "blocks/discovery_table.hpp"
#include "blocks/interrupt_handler.hpp"
#include "blocks/mec.hpp"
#include "blocks/register_address.hpp"
#include "blocks/sdma.hpp"
#include "memory/copy_memory.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;
using namespace literals;

constexpr Bytes vram_granularity = 16_MiB, smallest_vram = 256_MiB, largest_vram = 32_GiB;
constexpr Bytes smallest_bar0 = 256_MiB, largest_bar0 = 64_GiB;
// Memory is full of noise after power-on; this much of it is modelled, where drivers put their
// tables.
constexpr Bytes noisy_vram = 16_MiB;
constexpr auto mode1_reset_time = std::chrono::milliseconds(60);

[[noreturn]] void refuse(const std::string& message) {
  throw EmulatorError(EmulatorErrorCode::bad_option, "emulated card: " + message);
}

bool usable_bar_size(Bytes size) {
  return std::has_single_bit(size.count()) && size >= smallest_bar0 && size <= largest_bar0;
}

// Fills in what the options leave to the card, and refuses what no card can be.
CardOptions complete(CardOptions options) {
  if (options.vram == Bytes{}) options.vram = facts_of(options.profile).vram;
  if (options.vram < smallest_vram || options.vram > largest_vram ||
      options.vram.count() % vram_granularity.count() != 0) {
    refuse("vram must be a multiple of 16M between 256M and 32G.");
  }
  if (options.bar0_max == Bytes{}) {
    options.bar0_max =
        std::max({smallest_bar0, Bytes(std::bit_ceil(options.vram.count())), options.bar0});
  }
  if (options.bar0 == Bytes{}) options.bar0 = options.bar0_max;
  if (!usable_bar_size(options.bar0) || !usable_bar_size(options.bar0_max) ||
      options.bar0 > options.bar0_max) {
    refuse(
        "bar0 and bar0-max must be powers of two between 256M and 64G, and bar0 not larger than "
        "bar0-max.");
  }
  if (!(options.latency_scale >= 0 && options.latency_scale <= 100))
    refuse("latency must be from 0 to 100.");
  return options;
}

unsigned wave_threads(const CardOptions& options) {
  return options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

CardState::CardState(const CardOptions& options)
    : options_(complete(options)),
      facts_(facts_of(options_.profile)),
      faults_(counters_, {.unplug = [this] { unplug(); }, .plug_in = [this] { plug_in(); }}),
      worker_(options_.latency_scale),
      interrupts_(counters_),
      vram_(options_.vram - reserved_vram),
      host_pages_(options_.scatter_host_pages, options_.seed),
      memory_(vram_, host_pages_, McAddress(framebuffer_base)),
      registers_(counters_),
      doorbells_(registers_, counters_),
      graphics_hub_(MemoryHub::Kind::graphics, registers_, memory_, interrupts_, worker_,
                    counters_),
      multimedia_hub_(MemoryHub::Kind::multimedia, registers_, memory_, interrupts_, worker_,
                      counters_),
      hdp_(vram_, options_.strict_hdp, worker_, counters_),
      nbio_(registers_, hdp_, vram_.size()),
      config_(facts_, options_.bar0, options_.bar0_max, [this] { update_bus_mastering(); }),
      parts_{options_,        counters_,   registers_, memory_, graphics_hub_,
             multimedia_hub_, interrupts_, doorbells_, faults_},
      dispatcher_(wave_threads(options_)),
      rlc_(registers_, worker_, [this] { return graphics_busy(); }),
      thread_trace_(registers_),
      psp_(registers_, memory_, multimedia_hub_, hdp_, worker_, faults_, options_.firmware,
           counters_,
           {.start_graphics = [this] { rlc_.start(); },
            .mode1_reset = [this] { begin_mode1_reset(); }}),
      smu_(registers_, multimedia_hub_, worker_, faults_, counters_,
           {.image_loaded = [this] { return psp_.power_controller_loaded(); },
            .graphics_busy = [this] { return graphics_busy(); },
            .mode1_reset = [this] { begin_mode1_reset(); }}),
      vram_read_(counters_.get("bar0_bytes_read")),
      vram_written_(counters_.get("bar0_bytes_written")),
      register_writes_(counters_.get("register_writes")) {
  define_banks();
  fill_vram();
  create_engines();
  for (const auto& engine : engines_) engine->start();
  faults_.add(options_.faults, options_.seed);
}

CardState::~CardState() {
  faults_.stop();
  worker_.stop();
  for (const auto& engine : engines_) engine->stop();
}

// Registers that exist once per queue, pipe or VMID.
void CardState::define_banks() {
  constexpr RegisterAddress first_queue_register = address_of(gc::CP_MQD_BASE_ADDR);
  constexpr RegisterAddress last_queue_register = address_of(gc::CP_HQD_DEQUEUE_STATUS);
  registers_.define_bank(first_queue_register, last_queue_register - first_queue_register + 1,
                         Banking::per_queue);
  // The one dword between them that the tables leave out; drivers write it with the rest of an MQD.
  registers_.define(address_of(gc::CP_HQD_PQ_DOORBELL_CONTROL) + 1, "CP_HQD_RESERVED");
  constexpr RegisterAddress memory_bases = address_of(gc::SH_MEM_BASES);
  static_assert(address_of(gc::SH_MEM_CONFIG) == memory_bases + 1);
  registers_.define_bank(memory_bases, 2, Banking::per_vmid);
  registers_.define_bank(address_of(gc::CP_MEC_RS64_PRGRM_CNTR_START), 1, Banking::per_pipe);
  registers_.define_bank(address_of(gc::CP_MEC_RS64_PRGRM_CNTR_START_HI), 1, Banking::per_pipe);
}

void CardState::create_engines() {
  // The controllers of the engines run once the RLC has loaded their images.
  const auto firmware_loaded = [this] {
    const auto& status = gc::RLC_RLCS_BOOTLOAD_STATUS;
    return status.bootload_complete.of(registers_.peek(address_of(status))) != 0;
  };
  engines_.push_back(std::make_unique<InterruptHandler>(parts_, interrupts_));
  engines_.push_back(std::make_unique<Sdma>(parts_, firmware_loaded));
  engines_.push_back(std::make_unique<Mec>(parts_, dispatcher_, shader_counters_, firmware_loaded));
}

std::vector<std::string> CardState::halted_queues() const {
  std::vector<std::string> all;
  for (const auto& engine : engines_) {
    for (std::string& line : engine->halted_queues()) all.push_back(std::move(line));
  }
  return all;
}

bool CardState::graphics_busy() const {
  return std::any_of(engines_.begin(), engines_.end(),
                     [](const auto& engine) { return engine->busy(); });
}

void CardState::update_bus_mastering() {
  host_pages_.set_bus_mastering(present() && config_.may_master());
}

bool CardState::responds() const {
  return present() && config_.answers_memory() && !resetting_.load(std::memory_order_acquire);
}

std::uint32_t CardState::read_register(std::uint64_t byte_offset) {
  return registers_.read(static_cast<RegisterAddress>(byte_offset / 4));
}

void CardState::write_register(std::uint64_t byte_offset, std::uint32_t value) {
  const auto address = static_cast<RegisterAddress>(byte_offset / 4);
  if (nbio_.flush_by_remapped_register(address)) {
    register_writes_.add();
    return;
  }
  registers_.write(address, value);
}

void CardState::read_vram(std::uint64_t offset, std::span<std::byte> into) {
  vram_read_.add(into.size());
  hdp_.read(VramOffset(offset), into);
}

void CardState::write_vram(std::uint64_t offset, std::span<const std::byte> from) {
  vram_written_.add(from.size());
  hdp_.write(VramOffset(offset), from);
}

void CardState::ring_doorbell(std::uint64_t byte_offset, std::uint64_t value, unsigned width) {
  faults_.doorbell();
  doorbells_.ring({static_cast<std::uint32_t>(byte_offset / 4), value, width});
}

// What memory holds at power-on: noise, and at its end the table that the card's firmware leaves
// there.
void CardState::fill_vram() {
  std::mt19937_64 random(options_.seed);
  const std::uint64_t words = std::min(noisy_vram, vram_.size()).count() / sizeof(std::uint64_t);
  for (std::uint64_t i = 0; i < words; ++i) {
    const std::uint64_t noise = random();
    copy_memory(vram_.at(VramOffset(i * sizeof noise)), &noise, sizeof noise);
  }
  vram_.write(VramOffset{} + (vram_.size() - discovery_offset_from_end),
              build_discovery_table(facts_));
}

// On the worker's thread.
void CardState::reset(ResetKind kind) {
  resetting_.store(true, std::memory_order_release);
  for (const auto& engine : engines_) engine->reset();
  worker_.drop_all();
  registers_.reset();
  psp_.reset();
  smu_.reset();
  thread_trace_.reset();
  hdp_.drop();
  graphics_hub_.invalidate_all();
  multimedia_hub_.invalidate_all();
  if (kind != ResetKind::bus) {
    vram_.clear();
    fill_vram();
  }
  if (kind != ResetKind::mode1) {
    resetting_.store(false, std::memory_order_release);
    return;
  }
  worker_.after(mode1_reset_time, [this] {
    smu_.answer_debug_message();
    resetting_.store(false, std::memory_order_release);
  });
}

void CardState::begin_mode1_reset() {
  counters_.get("mode1_resets").add();
  reset(ResetKind::mode1);
}

void CardState::bus_reset() {
  worker_.call([this] { reset(ResetKind::bus); });
}

void CardState::unplug() {
  present_.store(false, std::memory_order_release);
  update_bus_mastering();
  worker_.call([this] { reset(ResetKind::power_on); });
}

void CardState::plug_in() {
  if (present()) return;
  worker_.call([this] { reset(ResetKind::power_on); });
  config_.power_on();
  present_.store(true, std::memory_order_release);
  update_bus_mastering();
}

}  // namespace redbolt::emulator
