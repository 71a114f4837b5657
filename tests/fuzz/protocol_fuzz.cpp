// A client's byte stream: taken apart into frames and messages, and every request that has to do
// with the card carried out on a fake one. The fake card ends the process if it is made to touch
// what was not given out, and so does anything but a refusal.
#include <redbolt/protocol/messages.pb.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "daemon_error.hpp"
#include "fake_card.hpp"
#include "module_image.hpp"
#include "redbolt/protocol/frame.hpp"
#include "workspace.hpp"

namespace {

using namespace redbolt;
using namespace redbolt::daemon;

ClientLimits small_limits() {
  ClientLimits limits;
  limits.shared = Bytes(1 << 20);
  limits.nodes_per_graph = 1000;
  limits.submissions = 16;
  return limits;
}

// Every packet buffer that is run has to lie in the data region.
void check_launches(FakeCard& card) {
  for (const auto& launch : card.launches()) {
    for (const auto& buffer : launch.buffers) {
      const std::uint64_t offset = buffer.address.value() - FakeBackend::data_address.value();
      if (offset > card.data_size.count() ||
          buffer.dwords * std::uint64_t{4} > card.data_size.count() - offset ||
          buffer.dwords == 0) {
        std::abort();
      }
    }
  }
}

ContentHash hash_of(const std::string& bytes) {
  ContentHash hash{};
  for (std::size_t i = 0; i < std::min(bytes.size(), hash.size()); ++i)
    hash[i] = static_cast<std::byte>(bytes[i]);
  return hash;
}

void carry_out(Workspace& workspace, const protocol::Request& request) {
  switch (request.body_case()) {
    case protocol::Request::kCreateBuffer:
      workspace.create_buffer(Bytes(request.create_buffer().size()),
                              request.create_buffer().name());
      break;
    case protocol::Request::kCreateShared:
      workspace.create_shared(Bytes(request.create_shared().size()),
                              request.create_shared().name());
      break;
    case protocol::Request::kCreateModule:
      workspace.create_module(request.create_module());
      break;
    case protocol::Request::kRecordGraph:
      workspace.record_graph(request.record_graph());
      break;
    case protocol::Request::kLaunch:
      workspace.launch(request.launch().graph(), request.launch().repeat());
      break;
    case protocol::Request::kCopy:
      workspace.copy(request.copy().copy());
      break;
    case protocol::Request::kFill:
      workspace.fill(request.fill().fill());
      break;
    case protocol::Request::kOpenResident:
      workspace.find_resident(hash_of(request.open_resident().hash()),
                              Bytes(request.open_resident().size()), "fuzz");
      break;
    case protocol::Request::kSealResident:
      if (workspace.idle()) {
        workspace.seal_resident(request.seal_resident().buffer(),
                                hash_of(request.seal_resident().hash()),
                                request.seal_resident().name(), "fuzz");
      }
      break;
    case protocol::Request::kDestroy:
      workspace.destroy(request.destroy().kind(), request.destroy().id());
      break;
    default:
      break;  // nothing that reaches the card
  }
}

void append(std::vector<std::uint8_t>& stream, const protocol::Request& request) {
  for (const std::byte byte : protocol::encode_frame(request))
    stream.push_back(std::to_integer<std::uint8_t>(byte));
}

void set_range(protocol::BufferRange& range, std::uint64_t buffer, std::uint64_t offset) {
  range.set_buffer(buffer);
  range.set_offset(offset);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FakeCard card;
  Device device(card.factory(), {});
  {
    Workspace workspace(device, small_limits(), [](FenceId, const protocol::Error*) {});
    protocol::FrameDecoder decoder;
    try {
      decoder.append(std::as_bytes(std::span(data, size)));
      while (const auto payload = decoder.next()) {
        protocol::Request request;
        protocol::decode_message(*payload, request);
        try {
          carry_out(workspace, request);
        } catch (const DaemonError&) {
        }
        device.poll(SubmissionQueue::Clock::now());
        if (device.failure())
          std::abort();  // the driver or the card met what should have been refused
      }
    } catch (const protocol::ProtocolError&) {
    }
    check_launches(card);
  }
  if (device.residents().drop_all().in_use != 0) std::abort();
  if (device.arena_status().free != device.arena_status().size) std::abort();
  if (card.pinned != 0) std::abort();
  return 0;
}

// A life of a client: ids are 1 (buffer), 2 (shared), 3 (module), 4 (graph).
std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  protocol::Request buffer, shared, module, graph, launch, copy, fill, destroy, seal, open;
  seal.mutable_seal_resident()->set_buffer(1);
  seal.mutable_seal_resident()->set_hash(std::string(32, 'h'));
  open.mutable_open_resident()->set_size(4096);
  open.mutable_open_resident()->set_hash(std::string(32, 'h'));
  buffer.mutable_create_buffer()->set_size(4096);
  buffer.mutable_create_buffer()->set_name("b");
  shared.mutable_create_shared()->set_size(8192);
  *module.mutable_create_module() = module_request(make_image({}, 0, 512));
  auto& relocation = *module.mutable_create_module()->add_relocations();
  relocation.set_offset(300);
  relocation.set_addend(100);
  relocation.set_kind(protocol::RELOCATION_KIND_ABS64);
  auto& dispatch = *graph.mutable_record_graph()->add_nodes()->mutable_dispatch();
  dispatch.set_module(3);
  dispatch.set_grid_x(4);
  dispatch.set_grid_y(1);
  dispatch.set_grid_z(1);
  dispatch.set_block_x(64);
  dispatch.set_block_y(2);
  dispatch.set_block_z(1);
  dispatch.set_dynamic_lds(256);
  dispatch.set_kernarg(std::string(40, 'k'));
  auto& pointer = *dispatch.add_pointers();
  pointer.set_kernarg_offset(8);
  pointer.set_buffer(1);
  pointer.set_offset(16);
  pointer.set_size(64);
  pointer.set_access(protocol::ACCESS_READ);
  graph.mutable_record_graph()->add_nodes()->mutable_barrier();
  graph.mutable_record_graph()->set_last(true);
  launch.mutable_launch()->set_graph(4);
  launch.mutable_launch()->set_repeat(3);
  set_range(*copy.mutable_copy()->mutable_copy()->mutable_destination(), 1, 0);
  set_range(*copy.mutable_copy()->mutable_copy()->mutable_source(), 2, 100);
  copy.mutable_copy()->mutable_copy()->set_size(1000);
  set_range(*fill.mutable_fill()->mutable_fill()->mutable_destination(), 2, 8);
  fill.mutable_fill()->mutable_fill()->set_size(64);
  destroy.mutable_destroy()->set_kind(protocol::OBJECT_KIND_GRAPH);
  destroy.mutable_destroy()->set_id(4);

  std::vector<std::vector<std::uint8_t>> samples(4);
  // With the module at the end of one, so that alterations reach what is behind it too.
  for (const auto* request : {&buffer, &shared, &module, &graph, &launch, &copy, &fill, &destroy})
    append(samples[0], *request);
  for (const auto* request : {&buffer, &shared, &copy, &fill, &buffer, &copy})
    append(samples[1], *request);
  for (const auto* request : {&graph, &launch, &buffer, &buffer, &module, &graph, &graph, &launch})
    append(samples[2], *request);
  for (const auto* request : {&buffer, &seal, &shared, &open, &copy, &fill, &seal, &destroy})
    append(samples[3], *request);
  return samples;
}
