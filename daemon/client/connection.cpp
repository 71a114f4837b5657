#include "redbolt/client/connection.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "channel.hpp"
#include "connect.hpp"
#include "error_table.hpp"
#include "messages.hpp"
#include "redbolt/protocol/version.hpp"

namespace redbolt::client {
namespace {

// A daemon that is still booting its card answers when it is ready.
constexpr std::chrono::milliseconds handshake_timeout{120'000};
// Pieces of a graph and images stay well inside the limit of a message.
constexpr std::size_t piece_size = protocol::max_message_size / 2;

std::uint64_t to_wire(std::chrono::milliseconds timeout) {
  return static_cast<std::uint64_t>(std::max<std::chrono::milliseconds::rep>(timeout.count(), 0));
}

protocol::Request with_destroy(protocol::ObjectKind kind, std::uint64_t id) {
  protocol::Request request;
  request.mutable_destroy()->set_kind(kind);
  request.mutable_destroy()->set_id(id);
  return request;
}

ResidentBuffer to_resident_buffer(const protocol::BufferReply& reply) {
  return {BufferId(reply.id()), Bytes(reply.size()), reply.sealed()};
}

}  // namespace

class Connection::Implementation {
 public:
  explicit Implementation(const ConnectionOptions& options)
      : channel_(connect_to_daemon(options.socket)) {
    protocol::Request request;
    auto& hello = *request.mutable_hello();
    hello.set_version_major(protocol::version_major);
    hello.set_version_minor(protocol::version_minor);
    hello.set_command(options.command);
    channel_.set_receive_timeout(handshake_timeout);
    const Answer answer = expect(std::move(request), protocol::Reply::kHello);
    channel_.set_receive_timeout(std::chrono::milliseconds(0));
    device_ = to_device_info(answer.reply.hello().device());
    daemon_version_ = answer.reply.hello().daemon_version();
  }

  // A call whose reply must be of one kind.
  Answer expect(protocol::Request request, protocol::Reply::BodyCase body,
                const Channel::EventHandler& on_event = {}) {
    Answer answer = channel_.call(std::move(request), [&](const protocol::Event& event) {
      keep(event);
      if (on_event) on_event(event);
    });
    if (answer.reply.body_case() != body) {
      throw ClientError(ClientErrorCode::protocol,
                        "redboltd answered something that was not asked");
    }
    return answer;
  }

  FenceId submit(protocol::Request request) {
    return FenceId(
        expect(std::move(request), protocol::Reply::kSubmitted).reply.submitted().fence());
  }

  std::optional<ReleaseRequest> release_request() {
    channel_.take_events([this](const protocol::Event& event) { keep(event); });
    return std::exchange(release_request_, std::nullopt);
  }

  const DeviceInfo& device() const { return device_; }
  const std::string& daemon_version() const { return daemon_version_; }

 private:
  void keep(const protocol::Event& event) {
    if (event.has_release_requested())
      release_request_ = to_release_request(event.release_requested());
  }

  Channel channel_;
  DeviceInfo device_;
  std::string daemon_version_;
  std::optional<ReleaseRequest> release_request_;  // not yet told; the last one
};

Connection::Connection(const ConnectionOptions& options)
    : implementation_(std::make_unique<Implementation>(options)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

const DeviceInfo& Connection::device() const {
  return implementation_->device();
}
const std::string& Connection::daemon_version() const {
  return implementation_->daemon_version();
}

LeaseId Connection::acquire_lease(std::chrono::milliseconds timeout,
                                  const WaitingObserver& on_waiting) {
  protocol::Request request;
  request.mutable_acquire_lease()->set_timeout_milliseconds(to_wire(timeout));
  const auto answer = implementation_->expect(
      std::move(request), protocol::Reply::kAcquireLease, [&](const protocol::Event& event) {
        if (!event.has_waiting() || !on_waiting) return;
        on_waiting(event.waiting().position(), to_lease_holder(event.waiting().holder()));
      });
  return LeaseId(answer.reply.acquire_lease().lease());
}

void Connection::release_lease() {
  protocol::Request request;
  request.mutable_release_lease();
  implementation_->expect(std::move(request), protocol::Reply::kDone);
}

VramBuffer Connection::create_buffer(Bytes size, std::string_view name) {
  protocol::Request request;
  request.mutable_create_buffer()->set_size(size.count());
  request.mutable_create_buffer()->set_name(std::string(name));
  const auto answer = implementation_->expect(std::move(request), protocol::Reply::kBuffer);
  return {BufferId(answer.reply.buffer().id()), Bytes(answer.reply.buffer().size())};
}

SharedMemory Connection::create_shared(Bytes size, std::string_view name) {
  protocol::Request request;
  request.mutable_create_shared()->set_size(size.count());
  request.mutable_create_shared()->set_name(std::string(name));
  auto answer = implementation_->expect(std::move(request), protocol::Reply::kBuffer);
  if (answer.descriptors.size() != 1) {
    throw ClientError(ClientErrorCode::protocol, "redboltd sent no descriptor for shared memory");
  }
  const auto& buffer = answer.reply.buffer();
  return SharedMemory(BufferId(buffer.id()), Bytes(buffer.size()),
                      std::move(answer.descriptors.front()));
}

Module Connection::create_module(const ModuleImage& module) {
  protocol::Request request;
  auto& body = *request.mutable_create_module();
  body.set_name(module.name);
  for (const Relocation& relocation : module.relocations)
    write_relocation(relocation, *body.add_relocations());
  for (const KernelEntry& kernel : module.kernels) {
    auto& entry = *body.add_kernels();
    entry.set_name(kernel.name);
    entry.set_descriptor_offset(kernel.descriptor_offset);
  }
  if (module.image.size() <= piece_size) {
    body.set_inline_image(module.image.data(), module.image.size());
    return to_module(
        implementation_->expect(std::move(request), protocol::Reply::kModule).reply.module());
  }
  // Too large for a message: through shared memory, which is needed only until the daemon has
  // copied it.
  SharedMemory shared = create_shared(Bytes(module.image.size()), module.name);
  std::copy(module.image.begin(), module.image.end(), shared.bytes().begin());
  write_range({shared.id(), Bytes(0)}, *body.mutable_shared_image());
  body.set_image_size(module.image.size());
  try {
    const auto answer = implementation_->expect(std::move(request), protocol::Reply::kModule);
    destroy(shared.id());
    return to_module(answer.reply.module());
  } catch (const ClientError& error) {
    // A refused module leaves the connection usable, and must not leave the image behind in it.
    if (error.code() != ClientErrorCode::connection_lost &&
        error.code() != ClientErrorCode::protocol) {
      destroy(shared.id());
    }
    throw;
  }
}

void Connection::destroy(BufferId buffer) {
  implementation_->expect(with_destroy(protocol::OBJECT_KIND_BUFFER, buffer.value()),
                          protocol::Reply::kDone);
}

void Connection::destroy(ModuleId module) {
  implementation_->expect(with_destroy(protocol::OBJECT_KIND_MODULE, module.value()),
                          protocol::Reply::kDone);
}

void Connection::destroy(GraphId graph) {
  implementation_->expect(with_destroy(protocol::OBJECT_KIND_GRAPH, graph.value()),
                          protocol::Reply::kDone);
}

GraphId Connection::record_graph(std::string_view name, std::span<const GraphNode> nodes) {
  std::uint64_t graph = 0;
  std::size_t next = 0;
  do {
    protocol::Request request;
    auto& piece = *request.mutable_record_graph();
    piece.set_graph(graph);
    if (graph == 0) piece.set_name(std::string(name));
    std::size_t size = 0;
    while (next < nodes.size() && size < piece_size) {
      auto& message = *piece.add_nodes();
      write_node(nodes[next++], message);
      size += message.ByteSizeLong() + 8;  // with its tag and length
    }
    piece.set_last(next == nodes.size());
    graph =
        implementation_->expect(std::move(request), protocol::Reply::kGraph).reply.graph().graph();
  } while (next < nodes.size());
  return GraphId(graph);
}

FenceId Connection::launch(GraphId graph, unsigned repeat) {
  protocol::Request request;
  request.mutable_launch()->set_graph(graph.value());
  request.mutable_launch()->set_repeat(repeat);
  return implementation_->submit(std::move(request));
}

FenceId Connection::copy(BufferRange destination, BufferRange source, Bytes size) {
  protocol::Request request;
  auto& copy = *request.mutable_copy()->mutable_copy();
  write_range(destination, *copy.mutable_destination());
  write_range(source, *copy.mutable_source());
  copy.set_size(size.count());
  return implementation_->submit(std::move(request));
}

FenceId Connection::fill(BufferRange destination, Bytes size, std::uint32_t value) {
  protocol::Request request;
  auto& fill = *request.mutable_fill()->mutable_fill();
  write_range(destination, *fill.mutable_destination());
  fill.set_size(size.count());
  fill.set_value(value);
  return implementation_->submit(std::move(request));
}

bool Connection::wait(FenceId fence, std::chrono::milliseconds timeout) {
  protocol::Request request;
  request.mutable_wait()->set_fence(fence.value());
  request.mutable_wait()->set_timeout_milliseconds(to_wire(timeout));
  return implementation_->expect(std::move(request), protocol::Reply::kWait).reply.wait().done();
}

void Connection::wait(FenceId fence) {
  while (!wait(fence, std::chrono::hours(1))) {
  }
}

std::optional<ResidentBuffer> Connection::find_resident(const ContentHash& hash, Bytes size) {
  protocol::Request request;
  auto& body = *request.mutable_open_resident();
  write_hash(hash, *body.mutable_hash());
  body.set_size(size.count());
  try {
    return to_resident_buffer(
        implementation_->expect(std::move(request), protocol::Reply::kBuffer).reply.buffer());
  } catch (const ClientError& error) {
    if (error.code() == ClientErrorCode::not_found) return std::nullopt;
    throw;
  }
}

ResidentBuffer Connection::open_resident(const ContentHash& hash, Bytes size,
                                         std::string_view name) {
  protocol::Request request;
  auto& body = *request.mutable_open_resident();
  write_hash(hash, *body.mutable_hash());
  body.set_size(size.count());
  body.set_name(std::string(name));
  body.set_create(true);
  return to_resident_buffer(
      implementation_->expect(std::move(request), protocol::Reply::kBuffer).reply.buffer());
}

void Connection::seal_resident(BufferId buffer, const ContentHash& hash, std::string_view name) {
  protocol::Request request;
  auto& body = *request.mutable_seal_resident();
  body.set_buffer(buffer.value());
  write_hash(hash, *body.mutable_hash());
  body.set_name(std::string(name));
  implementation_->expect(std::move(request), protocol::Reply::kBuffer);
}

void Connection::publish(std::span<const Gauge> gauges) {
  protocol::Request request;
  auto& body = *request.mutable_publish();
  for (const Gauge& gauge : gauges) write_gauge(gauge, *body.add_gauges());
  implementation_->expect(std::move(request), protocol::Reply::kDone);
}

std::optional<ReleaseRequest> Connection::release_request() {
  return implementation_->release_request();
}

LeaseHolder Connection::ask_release(LeaseId lease, std::string_view reason) {
  protocol::Request request;
  request.mutable_ask_release()->set_lease(lease.value());
  request.mutable_ask_release()->set_reason(std::string(reason));
  const auto answer = implementation_->expect(std::move(request), protocol::Reply::kAskRelease);
  return to_lease_holder(answer.reply.ask_release().holder());
}

void Connection::revoke_lease(LeaseId lease, bool force, std::string_view reason) {
  protocol::Request request;
  auto& body = *request.mutable_revoke_lease();
  body.set_lease(lease.value());
  body.set_force(force);
  body.set_reason(std::string(reason));
  implementation_->expect(std::move(request), protocol::Reply::kDone);
}

BootReport Connection::reset_card(bool force, std::string_view reason) {
  protocol::Request request;
  request.mutable_reset_card()->set_force(force);
  request.mutable_reset_card()->set_reason(std::string(reason));
  const auto answer = implementation_->expect(std::move(request), protocol::Reply::kResetCard);
  return to_boot_report(answer.reply.reset_card().boot());
}

DroppedResidents Connection::drop_residents(std::span<const ContentHash> hashes) {
  protocol::Request request;
  auto& body = *request.mutable_drop_residents();
  for (const ContentHash& hash : hashes) write_hash(hash, *body.add_hashes());
  const auto answer = implementation_->expect(std::move(request), protocol::Reply::kDropResidents);
  return to_dropped_residents(answer.reply.drop_residents());
}

DroppedResidents Connection::drop_all_residents() {
  protocol::Request request;
  request.mutable_drop_residents()->set_all(true);
  const auto answer = implementation_->expect(std::move(request), protocol::Reply::kDropResidents);
  return to_dropped_residents(answer.reply.drop_residents());
}

DeviceStatus Connection::status(const StatusOptions& options) {
  protocol::Request request;
  request.mutable_status()->set_metrics(options.metrics);
  request.mutable_status()->set_arena_map(options.arena_map);
  return to_device_status(
      implementation_->expect(std::move(request), protocol::Reply::kStatus).reply.status());
}

Counters Connection::counters() {
  protocol::Request request;
  request.mutable_counters();
  return to_counters(
      implementation_->expect(std::move(request), protocol::Reply::kCounters).reply.counters());
}

}  // namespace redbolt::client
