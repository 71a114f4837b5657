#include "redbolt/runtime/device.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "device/device_connection.hpp"
#include "device/kernel_library.hpp"
#include "device/transfer.hpp"

namespace redbolt::runtime {
namespace {

void check_size(Bytes view, std::size_t memory) {
  if (view < Bytes(memory))
    throw RuntimeError(RuntimeErrorCode::invalid_argument,
                       "a transfer of " + std::to_string(memory) + " bytes with a buffer of " +
                           std::to_string(view.count()));
}

std::optional<KernelCacheOptions> cache_options(const DeviceOptions& options) {
  const auto folder = options.cache_folder.empty() ? default_cache_folder() : options.cache_folder;
  if (!options.use_cache || folder == "off") return std::nullopt;
  KernelCacheOptions cache;
  cache.folder = folder;
  cache.on_warning = options.on_warning;
  return cache;
}

client::Dispatch to_client(const GraphDispatch& node, const LoadedKernel& kernel) {
  client::Dispatch dispatch;
  dispatch.module = kernel.module;
  dispatch.kernel = kernel.index;
  dispatch.grid = node.grid;
  dispatch.block = node.block;
  dispatch.kernarg = node.kernarg;
  for (const GraphPointer& pointer : node.pointers)
    dispatch.pointers.push_back({pointer.kernarg_offset, pointer.view.buffer, pointer.view.offset,
                                 pointer.view.size, pointer.access});
  return dispatch;
}

}  // namespace

std::filesystem::path default_cache_folder() {
  if (const char* named = std::getenv("REDBOLT_CACHE"); named != nullptr && *named != '\0')
    return named;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return std::filesystem::path(cache) / "redbolt";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::filesystem::path(home) / ".cache" / "redbolt";
  return "off";
}

struct Device::Implementation {
  explicit Implementation(const DeviceOptions& options)
      : connection(std::make_shared<DeviceConnection>(
            client::ConnectionOptions{options.socket, options.command})) {
    connection->with([&](client::Connection& c) {
      return c.acquire_lease(options.lease_timeout, options.on_waiting);
    });
    kernels = std::make_unique<KernelLibrary>(
        connection, FinaliserOptions{connection->info().gfx_target, options.compile_threads,
                                     cache_options(options)});
  }

  Transfer& staging() {
    if (!transfer) transfer = std::make_unique<Transfer>(connection);
    return *transfer;
  }

  std::shared_ptr<DeviceConnection> connection;
  std::mutex kernels_mutex;  // over kernels
  std::unique_ptr<KernelLibrary> kernels;
  std::mutex transfer_mutex;           // over transfer
  std::unique_ptr<Transfer> transfer;  // made at the first transfer
};

Device::Device(DeviceOptions options)
    : implementation_(std::make_unique<Implementation>(options)) {}
Device::~Device() = default;
Device::Device(Device&&) noexcept = default;
Device& Device::operator=(Device&&) noexcept = default;

const client::DeviceInfo& Device::info() const {
  return implementation_->connection->info();
}

Buffer Device::allocate(Bytes size, std::string_view name) {
  const client::VramBuffer buffer = implementation_->connection->with(
      [&](client::Connection& c) { return c.create_buffer(size, name); });
  return Buffer(implementation_->connection, buffer.id, buffer.size);
}

SharedBuffer Device::allocate_shared(Bytes size, std::string_view name) {
  auto memory = std::make_shared<client::SharedMemory>(implementation_->connection->with(
      [&](client::Connection& c) { return c.create_shared(size, name); }));
  const std::span<std::byte> bytes = memory->bytes();
  Buffer buffer(implementation_->connection, memory->id(), memory->size());
  return SharedBuffer(std::move(buffer), std::move(memory), bytes);
}

void Device::upload(const BufferView& destination, std::span<const std::byte> source,
                    const TransferProgress& progress) {
  check_size(destination.size, source.size());
  const std::lock_guard lock(implementation_->transfer_mutex);
  const BufferView whole{destination.buffer, destination.offset, Bytes(source.size())};
  const auto copy_piece = [&](Bytes offset, std::span<std::byte> into) {
    std::memcpy(into.data(), source.data() + offset.count(), into.size());
  };
  implementation_->staging().upload(whole, copy_piece, progress);
}

void Device::upload_from(const BufferView& destination, const UploadReader& read,
                         const TransferProgress& progress) {
  const std::lock_guard lock(implementation_->transfer_mutex);
  implementation_->staging().upload(destination, read, progress);
}

void Device::download(std::span<std::byte> destination, const BufferView& source,
                      const TransferProgress& progress) {
  check_size(source.size, destination.size());
  const std::lock_guard lock(implementation_->transfer_mutex);
  implementation_->staging().download(destination, source, progress);
}

std::optional<Buffer> Device::find_resident(const client::ContentHash& hash, Bytes size) {
  const auto found = implementation_->connection->with(
      [&](client::Connection& c) -> std::optional<client::ResidentBuffer> {
        try {
          return c.find_resident(hash, size);
        } catch (const client::ClientError& error) {
          if (error.code() == client::ClientErrorCode::unsupported) return std::nullopt;
          throw;
        }
      });
  if (!found) return std::nullopt;
  return Buffer(implementation_->connection, found->id, found->size);
}

void Device::seal_resident(const Buffer& buffer, const client::ContentHash& hash,
                           std::string_view name) {
  implementation_->connection->with([&](client::Connection& c) {
    try {
      c.seal_resident(buffer.id(), hash, name);
    } catch (const client::ClientError& error) {
      // An older daemon: the weights go with this program.
      if (error.code() != client::ClientErrorCode::unsupported) throw;
    }
  });
}

void Device::publish(std::span<const client::Gauge> gauges) {
  implementation_->connection->with([&](client::Connection& c) { c.publish(gauges); });
}

std::optional<client::ReleaseRequest> Device::release_request() {
  return implementation_->connection->with(
      [](client::Connection& c) { return c.release_request(); });
}

Fence Device::copy(const BufferView& destination, const BufferView& source) {
  check_size(destination.size, source.size.count());
  return implementation_->connection->with([&](client::Connection& c) {
    return c.copy({destination.buffer, destination.offset}, {source.buffer, source.offset},
                  source.size);
  });
}

Fence Device::fill(const BufferView& destination, std::uint32_t value) {
  return implementation_->connection->with([&](client::Connection& c) {
    return c.fill({destination.buffer, destination.offset}, destination.size, value);
  });
}

LoadReport Device::load(std::span<const KernelRequest> requests, const LoadProgress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const std::lock_guard lock(implementation_->kernels_mutex);
  const KernelLibrary::Loaded loaded = implementation_->kernels->load(requests, progress);
  LoadReport report;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.kernels = requests.size();
  report.from_cache = loaded.from_cache;
  report.compiled = loaded.compiled;
  return report;
}

ExecutableGraph Device::record(const CommandGraph& graph) {
  load(graph.requests());
  std::vector<client::GraphNode> nodes;
  {
    const std::lock_guard lock(implementation_->kernels_mutex);
    for (const GraphNode& node : graph.nodes()) {
      if (const auto* dispatch = std::get_if<GraphDispatch>(&node))
        nodes.emplace_back(to_client(
            *dispatch, implementation_->kernels->find(graph.requests()[dispatch->request])));
      else
        nodes.emplace_back(client::Barrier{});
    }
  }
  const client::GraphId id = implementation_->connection->with(
      [&](client::Connection& c) { return c.record_graph(graph.name(), nodes); });
  return ExecutableGraph(implementation_->connection, id, graph.dispatches());
}

Fence Device::submit(const ExecutableGraph& graph, unsigned repeat) {
  return implementation_->connection->with(
      [&](client::Connection& c) { return c.launch(graph.id(), repeat); });
}

bool Device::wait(Fence fence, std::chrono::milliseconds timeout) {
  return implementation_->connection->with(
      [&](client::Connection& c) { return c.wait(fence, timeout); });
}

void Device::wait(Fence fence) {
  implementation_->connection->with([&](client::Connection& c) { c.wait(fence); });
}

client::DeviceStatus Device::status(const client::StatusOptions& options) {
  return implementation_->connection->with(
      [&](client::Connection& c) { return c.status(options); });
}

client::Counters Device::counters() {
  return implementation_->connection->with([](client::Connection& c) { return c.counters(); });
}

}  // namespace redbolt::runtime
