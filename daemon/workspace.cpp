#include "workspace.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "daemon_error.hpp"
#include "redbolt/base/checked.hpp"

namespace redbolt::daemon {
namespace {

const ComputeLimits& limits_of(const driver::CardInfo& info) {
  if (const auto* limits = find_compute_limits(info.gfx_target)) return *limits;
  throw DaemonError(protocol::ERROR_CODE_UNSUPPORTED,
                    "this redboltd does not know the limits of " + info.gfx_target);
}

FileDescriptor duplicate(int descriptor) {
  FileDescriptor copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) {
    throw DaemonError(
        protocol::ERROR_CODE_LIMIT_EXCEEDED,
        "a file descriptor could not be had: " + std::generic_category().message(errno));
  }
  return copy;
}

// Pinned memory comes in whole pages. `size` is one that could be pinned, so it cannot wrap.
Bytes pages_of(Bytes size) {
  constexpr std::uint64_t page = 4096;
  return Bytes((size.count() + page - 1) / page * page);
}

// The driver cuts copies and fills into packets of 4 MiB.
std::size_t packets_of(Bytes size) {
  return size.count() / (std::uint64_t{4} << 20) + 1;
}

// Of a copy or a fill; the memory is nullptr where it is not mirrored.
std::shared_ptr<const MirroredWork> mirrored_copy(PinnedMemory* source, std::uint64_t source_offset,
                                                  PinnedMemory* destination,
                                                  std::uint64_t destination_offset, Bytes size) {
  if (source == nullptr && destination == nullptr) return nullptr;
  auto work = std::make_shared<MirroredWork>();
  if (source != nullptr) work->named.push_back({source, Bytes(source_offset), size});
  if (destination != nullptr)
    work->filled.push_back({destination, Bytes(destination_offset), size});
  return work;
}

bool overlap(driver::GpuAddress a, driver::GpuAddress b, Bytes size) {
  return a < b + size && b < a + size;
}

}  // namespace

Workspace::Workspace(Device& device, const ClientLimits& limits, CompletionHandler on_complete)
    : device_(device),
      device_user_(device.user()),
      limits_(limits),
      compute_limits_(limits_of(device.info())),
      on_complete_(std::move(on_complete)),
      memory_(device),
      queued_(std::make_shared<std::size_t>(0)) {}

Workspace::~Workspace() {
  memory_.close();  // once, rather than buffer by buffer
}

void Workspace::check_name(const std::string& name) const {
  if (name.size() > limits_.name) {
    throw invalid_argument("a name of " + std::to_string(name.size()) + " bytes; at most " +
                           std::to_string(limits_.name));
  }
}

BufferView Workspace::find_buffer(std::uint64_t id) const {
  const auto found = buffers_.find(id);
  if (found == buffers_.end()) throw not_found("there is no buffer " + std::to_string(id));
  const Buffer& buffer = found->second;
  const bool mirrored = buffer.pinned && buffer.pinned->mirrored();
  return {buffer.address, buffer.size, !buffer.resident, mirrored ? buffer.pinned.get() : nullptr};
}

const Module& Workspace::find_module(std::uint64_t id) const {
  const auto found = modules_.find(id);
  if (found == modules_.end()) throw not_found("there is no module " + std::to_string(id));
  return found->second;
}

Workspace::Buffer& Workspace::buffer(std::uint64_t id) {
  find_buffer(id);
  return buffers_.find(id)->second;
}

void Workspace::check_room_for_buffer() const {
  if (buffers_.size() >= limits_.buffers) {
    throw limit_exceeded("more than " + std::to_string(limits_.buffers) + " buffers");
  }
}

std::uint64_t Workspace::create_buffer(Bytes size, const std::string& name) {
  check_name(name);
  if (size.count() == 0) throw invalid_argument("a buffer of 0 bytes");
  check_room_for_buffer();
  GrantedBlock taken =
      memory_.take(Region::data, size, driver::MemoryAccess::read_write, "buffer \"" + name + "\"");
  clear(taken.leftovers);
  buffers_.emplace(
      ++last_id_,
      Buffer{
          name, size, taken.address, std::move(taken.block), nullptr, {}, std::move(taken.grant)});
  return last_id_;
}

void Workspace::become_resident(Buffer& buffer, ResidentUse use) {
  const ArenaBlock& block = use.set().block;
  buffer.address = device_.backend().region(Region::data).address + block.offset();
  // A range is granted once, however many buffers of this client are the same weights.
  for (const auto& [id, other] : buffers_) {
    if (other.resident && &other.resident.set() == &use.set())
      buffer.resident_grant = other.resident_grant;
  }
  if (!buffer.resident_grant) {
    buffer.resident_grant = std::make_shared<Grant>(
        memory_.grant(buffer.address, block.size(), driver::MemoryAccess::read));
  }
  buffer.resident = std::move(use);
}

std::uint64_t Workspace::find_resident(const ContentHash& hash, Bytes size,
                                       const std::string& user) {
  check_room_for_buffer();
  ResidentUse use = device_.residents().find(hash, size, user);
  if (!use) return 0;
  Buffer buffer{use.set().name, size, {}, {}, nullptr, {}, {}};
  become_resident(buffer, std::move(use));
  buffers_.emplace(++last_id_, std::move(buffer));
  return last_id_;
}

Bytes Workspace::seal_resident(std::uint64_t id, const ContentHash& hash, const std::string& name,
                               const std::string& user) {
  check_name(name);
  Buffer& sealed = buffer(id);
  if (sealed.resident || sealed.pinned) {
    throw invalid_argument("buffer \"" + sealed.name +
                           "\" is not a buffer of video memory of its " +
                           "own, and cannot become resident weights");
  }
  if (sealed.uses != 0) {
    throw invalid_argument("buffer \"" + sealed.name + "\" is named by " +
                           std::to_string(sealed.uses) + " recorded graphs; seal it first");
  }
  Residents& residents = device_.residents();
  ResidentUse use = residents.find(hash, sealed.size, user);
  if (!use) use = residents.add(hash, name, sealed.size, std::move(sealed.block), user);
  sealed.grant = {};  // before the memory is anybody else's
  sealed.block = {};
  try {
    become_resident(sealed, std::move(use));
  } catch (...) {
    buffers_.erase(id);  // it has no memory any more
    throw;
  }
  return sealed.size;
}

SharedBuffer Workspace::create_shared(Bytes size, const std::string& name) {
  check_name(name);
  if (size.count() == 0) throw invalid_argument("shared memory of 0 bytes");
  if (buffers_.size() >= limits_.buffers ||
      !range_fits(shared_.count(), size.count(), limits_.shared.count())) {
    throw limit_exceeded("shared memory \"" + name + "\" needs " + std::to_string(size.count()) +
                         " bytes; one client may have " + std::to_string(limits_.shared.count()) +
                         ", of which " + std::to_string((limits_.shared - shared_).count()) +
                         " are left");
  }
  auto pinned = device_.backend().allocate_pinned(size);
  SharedBuffer result{++last_id_, size, duplicate(pinned->descriptor())};
  const auto address = pinned->address();
  Grant grant = memory_.grant(address, pages_of(size), driver::MemoryAccess::read_write);
  buffers_.emplace(last_id_,
                   Buffer{name, size, address, {}, std::move(pinned), {}, std::move(grant)});
  shared_ += size;
  return result;
}

std::vector<std::byte> Workspace::image_of(const protocol::CreateModuleRequest& request) const {
  if (request.has_inline_image()) {
    const auto bytes = std::as_bytes(std::span(request.inline_image()));
    return {bytes.begin(), bytes.end()};
  }
  if (!request.has_shared_image())
    throw invalid_argument("module \"" + request.name() + "\" has no image");
  const Bytes size(request.image_size());
  if (size > limits_.module_image) {
    throw limit_exceeded("module \"" + request.name() + "\" has " + std::to_string(size.count()) +
                         " bytes; at most " + std::to_string(limits_.module_image.count()));
  }
  const auto& place = request.shared_image();
  range(place, size.count(), "the module's image");
  const Buffer& source = buffers_.find(place.buffer())->second;
  if (!source.pinned) throw invalid_argument("a module's image has to be in shared memory");
  // Copied before anything in it is looked at: the client can still write to the memory.
  std::vector<std::byte> image(size.count());
  source.pinned->read(Bytes(place.offset()), image);
  return image;
}

protocol::CreateModuleReply Workspace::create_module(const protocol::CreateModuleRequest& request) {
  check_name(request.name());
  for (const auto& kernel : request.kernels()) check_name(kernel.name());
  if (modules_.size() >= limits_.modules ||
      static_cast<std::size_t>(request.kernels_size()) > limits_.kernels_per_module) {
    throw limit_exceeded("more than " + std::to_string(limits_.modules) + " modules or " +
                         std::to_string(limits_.kernels_per_module) + " kernels in one");
  }
  Module module = load_module(device_, memory_, compute_limits_, request, image_of(request));
  protocol::CreateModuleReply reply;
  for (const ModuleKernel& kernel : module.kernels) {
    auto& info = *reply.add_kernels();
    info.set_name(kernel.name);
    info.set_kernarg_bytes(static_cast<std::uint32_t>(kernel.descriptor.kernarg.count()));
    info.set_lds_bytes(static_cast<std::uint32_t>(kernel.descriptor.lds.count()));
    info.set_scratch_bytes(static_cast<std::uint32_t>(kernel.descriptor.scratch_per_lane.count()));
    info.set_vgprs(kernel.descriptor.vector_registers);
  }
  modules_.emplace(++last_id_, std::move(module));
  reply.set_id(last_id_);
  return reply;
}

std::uint64_t Workspace::record_graph(const protocol::RecordGraphRequest& request) {
  std::uint64_t id = request.graph();
  if (id == 0) {
    check_name(request.name());
    if (graphs_.size() + recorders_.size() >= limits_.graphs) {
      throw limit_exceeded("more than " + std::to_string(limits_.graphs) + " graphs");
    }
    id = ++last_id_;
    recorders_.emplace(id, GraphRecorder(request.name(), compute_limits_, limits_));
  }
  const auto recorder = recorders_.find(id);
  if (recorder == recorders_.end()) {
    throw not_found("there is no graph " + std::to_string(id) + " that is still being recorded");
  }
  try {
    for (const auto& node : request.nodes()) {
      const Bytes before = recorder->second.size();
      recorder->second.add(node, *this);
      recording_ += recorder->second.size() - before;
      if (recording_ > limits_.recording) {
        throw limit_exceeded("the graphs that are being recorded have more than " +
                             std::to_string(limits_.recording.count()) +
                             " bytes of nodes and arguments, all together");
      }
    }
    if (!request.last()) return id;
    Graph graph = recorder->second.finish(device_, memory_, *this);
    clear(graph.leftovers);
    change_uses(graph, 1);
    graphs_.emplace(id, std::move(graph));
  } catch (...) {
    forget_recorder(recorder);
    throw;
  }
  forget_recorder(recorder);
  return id;
}

void Workspace::forget_recorder(std::map<std::uint64_t, GraphRecorder>::iterator recorder) {
  recorders_.erase(recorder);
  recording_ = Bytes(0);
  for (const auto& [id, other] : recorders_) recording_ += other.size();
}

void Workspace::change_uses(const Graph& graph, int change) {
  for (const std::uint64_t id : graph.buffers)
    buffers_.at(id).uses += static_cast<std::size_t>(change);
  for (const std::uint64_t id : graph.modules)
    modules_.at(id).uses += static_cast<std::size_t>(change);
}

FenceId Workspace::submit(Work work) {
  if (*queued_ >= limits_.submissions) {
    throw limit_exceeded("more than " + std::to_string(limits_.submissions) +
                         " submissions are queued; wait for some to complete");
  }
  return enqueue(std::move(work));
}

FenceId Workspace::enqueue(Work work) {
  work.on_complete = [queued = queued_, handler = on_complete_](FenceId fence,
                                                                const protocol::Error* error) {
    --*queued;
    handler(fence, error);
  };
  SubmissionQueue& submissions = device_.submissions();
  const FenceId fence = device_.next_fence();
  ++*queued_;
  submissions.submit(fence, std::move(work));
  return fence;
}

// Before anything that the client submits from now on. Its session hears of the end as of any other
// work's: it may be waiting for the workspace to be idle.
void Workspace::clear(const std::vector<VramRegion>& ranges) {
  if (ranges.empty()) return;
  Work work;
  work.name = "clearing memory";
  work.engine = Engine::copy;
  work.ring_entries = 0;
  for (const VramRegion& range : ranges) work.ring_entries += packets_of(range.size);
  work.start = [ranges](Backend& backend, std::optional<driver::FenceValue> after) {
    driver::FenceValue last;
    for (const VramRegion& range : ranges) {
      last = backend.fill(range.address, range.size, 0, std::exchange(after, std::nullopt));
    }
    return last;
  };
  enqueue(std::move(work));
}

FenceId Workspace::launch(std::uint64_t id, std::uint32_t repeat) {
  const auto graph = graphs_.find(id);
  if (graph == graphs_.end()) throw not_found("there is no recorded graph " + std::to_string(id));
  if (repeat == 0 || repeat > limits_.repeat) {
    throw invalid_argument("a graph can be launched 1 to " + std::to_string(limits_.repeat) +
                           " times at once, not " + std::to_string(repeat));
  }
  std::vector<driver::IndirectBuffer> commands;
  commands.reserve(graph->second.commands.size() * repeat);
  for (std::uint32_t i = 0; i < repeat; ++i) {
    commands.insert(commands.end(), graph->second.commands.begin(), graph->second.commands.end());
  }
  Work work;
  work.name = graph->second.name;
  work.engine = Engine::compute;
  work.ring_entries = commands.size();
  work.context = &memory_.context();
  work.mirrored = graph->second.mirrored;
  work.running_at = [dispatches = graph->second.dispatches](std::uint32_t mark) {
    return dispatches->running_at(mark);
  };
  work.start = [commands = std::move(commands)](Backend& backend,
                                                std::optional<driver::FenceValue> after) {
    return backend.run(commands, after);
  };
  return submit(std::move(work));
}

driver::GpuAddress Workspace::range(const protocol::BufferRange& range, std::uint64_t size,
                                    const char* what) const {
  const BufferView view = find_buffer(range.buffer());
  if (size == 0 || !range_fits(range.offset(), size, view.size.count())) {
    throw invalid_argument(std::string(what) + ": " + std::to_string(size) + " bytes at " +
                           std::to_string(range.offset()) + " of buffer \"" +
                           buffers_.find(range.buffer())->second.name + "\", which has " +
                           std::to_string(view.size.count()));
  }
  return view.address + Bytes(range.offset());
}

driver::GpuAddress Workspace::target(const protocol::BufferRange& place, std::uint64_t size,
                                     const char* what) const {
  const driver::GpuAddress address = range(place, size, what);
  if (!find_buffer(place.buffer()).writable) {
    throw invalid_argument(std::string(what) + ": resident weights can only be read");
  }
  return address;
}

FenceId Workspace::copy(const protocol::Copy& copy) {
  driver::CopyRegion region;
  region.size = Bytes(copy.size());
  region.destination = target(copy.destination(), copy.size(), "the destination of a copy");
  region.source = range(copy.source(), copy.size(), "the source of a copy");
  if (overlap(region.destination, region.source, region.size)) {
    throw invalid_argument("source and destination of a copy overlap");
  }
  const bool from_host = buffer(copy.source().buffer()).pinned != nullptr;
  const bool to_host = buffer(copy.destination().buffer()).pinned != nullptr;
  Work work;
  work.name = "copy";
  work.engine = Engine::copy;
  work.ring_entries = packets_of(region.size);
  work.mirrored = mirrored_copy(
      find_buffer(copy.source().buffer()).mirrored, copy.source().offset(),
      find_buffer(copy.destination().buffer()).mirrored, copy.destination().offset(), region.size);
  work.start = [region](Backend& backend, std::optional<driver::FenceValue> after) {
    return backend.copy(region, after);
  };
  const FenceId fence = submit(std::move(work));
  CopyTraffic& traffic = device_.copy_traffic();
  if (from_host && !to_host) traffic.to_card += region.size;
  if (to_host && !from_host) traffic.from_card += region.size;
  return fence;
}

FenceId Workspace::fill(const protocol::Fill& fill) {
  const driver::GpuAddress destination =
      target(fill.destination(), fill.size(), "the destination of a fill");
  if (fill.size() % 4 != 0 || fill.destination().offset() % 4 != 0) {
    throw invalid_argument("offset and size of a fill have to be multiples of 4");
  }
  Work work;
  work.name = "fill";
  work.engine = Engine::copy;
  work.ring_entries = packets_of(Bytes(fill.size()));
  work.mirrored = mirrored_copy(nullptr, 0, find_buffer(fill.destination().buffer()).mirrored,
                                fill.destination().offset(), Bytes(fill.size()));
  work.start = [destination, size = Bytes(fill.size()), value = fill.value()](
                   Backend& backend, std::optional<driver::FenceValue> after) {
    return backend.fill(destination, size, value, after);
  };
  return submit(std::move(work));
}

void Workspace::destroy(protocol::ObjectKind kind, std::uint64_t id) {
  switch (kind) {
    case protocol::OBJECT_KIND_BUFFER:
      return destroy_buffer(id);
    case protocol::OBJECT_KIND_MODULE:
      return destroy_module(id);
    case protocol::OBJECT_KIND_GRAPH:
      return destroy_graph(id);
    default:
      throw invalid_argument("an object of unknown kind " + std::to_string(kind));
  }
}

void Workspace::destroy_buffer(std::uint64_t id) {
  const Buffer& doomed = buffer(id);
  if (doomed.uses != 0) {
    throw invalid_argument("buffer \"" + doomed.name + "\" is named by " +
                           std::to_string(doomed.uses) + " recorded graphs; destroy them first");
  }
  if (doomed.pinned) shared_ -= doomed.size;
  buffers_.erase(id);
}

void Workspace::destroy_module(std::uint64_t id) {
  const Module& doomed = find_module(id);
  if (doomed.uses != 0) {
    throw invalid_argument("module \"" + doomed.name + "\" is named by " +
                           std::to_string(doomed.uses) + " recorded graphs; destroy them first");
  }
  modules_.erase(id);
}

void Workspace::destroy_graph(std::uint64_t id) {
  if (const auto recorder = recorders_.find(id); recorder != recorders_.end()) {
    return forget_recorder(recorder);
  }
  const auto graph = graphs_.find(id);
  if (graph == graphs_.end()) throw not_found("there is no graph " + std::to_string(id));
  change_uses(graph->second, -1);
  graphs_.erase(graph);
}

LeaseUsage Workspace::usage() const {
  LeaseUsage usage;
  usage.shared = shared_;
  for (const auto& [id, buffer] : buffers_) {
    usage.arena += buffer.block.size();
    if (buffer.resident) usage.resident += buffer.resident.set().block.size();
  }
  for (const auto& [id, graph] : graphs_)
    usage.arena += graph.kernargs.block.size() + graph.packets.block.size();
  for (const auto& [id, module] : modules_) usage.module += module.code.block.size();
  usage.buffers = buffers_.size();
  usage.modules = modules_.size();
  usage.graphs = graphs_.size();
  return usage;
}

void Workspace::describe(std::vector<ArenaRange>& ranges) const {
  const auto add = [&](const ArenaBlock& block, ArenaUse use, const std::string& owner) {
    if (block.size().count() == 0) return;
    ranges.push_back({use == ArenaUse::module ? Region::code : Region::data, block.offset(),
                      block.size(), use, owner});
  };
  for (const auto& [id, buffer] : buffers_) add(buffer.block, ArenaUse::buffer, buffer.name);
  for (const auto& [id, module] : modules_) add(module.code.block, ArenaUse::module, module.name);
  for (const auto& [id, graph] : graphs_) {
    add(graph.kernargs.block, ArenaUse::graph, graph.name);
    add(graph.packets.block, ArenaUse::graph, graph.name);
  }
}

}  // namespace redbolt::daemon
