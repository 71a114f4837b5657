#include "device/transfer.hpp"

#include <algorithm>
#include <cstring>

namespace redbolt::runtime {

Transfer::Transfer(std::shared_ptr<DeviceConnection> connection)
    : connection_(std::move(connection)), staging_(connection_->with([](client::Connection& c) {
        return c.create_shared(Bytes(2 * half_bytes), "staging");
      })) {
  for (std::size_t i = 0; i < halves_.size(); ++i) {
    halves_[i].memory = staging_.bytes().subspan(i * half_bytes, half_bytes);
    halves_[i].offset = Bytes(i * half_bytes);
  }
}

void Transfer::wait(Half& half) {
  if (!half.busy) return;
  const client::FenceId fence = *half.busy;
  half.busy.reset();
  connection_->with([fence](client::Connection& c) { c.wait(fence); });
}

void Transfer::upload(const BufferView& destination, const Reader& read, const Progress& progress) {
  std::uint64_t done = 0;
  for (std::size_t piece = 0; done < destination.size.count(); ++piece) {
    Half& half = halves_[piece % 2];
    wait(half);
    const std::uint64_t size = std::min<std::uint64_t>(half_bytes, destination.size.count() - done);
    read(Bytes(done), half.memory.first(size));
    const client::BufferRange to{destination.buffer, destination.offset + Bytes(done)};
    const client::BufferRange from{staging_.id(), half.offset};
    half.busy =
        connection_->with([&](client::Connection& c) { return c.copy(to, from, Bytes(size)); });
    done += size;
    if (progress) progress(Bytes(done));
  }
  for (Half& half : halves_) wait(half);
}

void Transfer::download(std::span<std::byte> destination, const BufferView& source,
                        const Progress& progress) {
  const std::size_t pieces = (destination.size() + half_bytes - 1) / half_bytes;
  const auto size_of = [&](std::size_t piece) {
    return std::min(half_bytes, destination.size() - piece * half_bytes);
  };
  const auto start = [&](std::size_t piece) {
    Half& half = halves_[piece % 2];
    const client::BufferRange to{staging_.id(), half.offset};
    const client::BufferRange from{source.buffer, source.offset + Bytes(piece * half_bytes)};
    half.busy = connection_->with(
        [&](client::Connection& c) { return c.copy(to, from, Bytes(size_of(piece))); });
  };
  if (pieces > 0) start(0);
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    if (piece + 1 < pieces) start(piece + 1);
    Half& half = halves_[piece % 2];
    wait(half);
    std::memcpy(destination.data() + piece * half_bytes, half.memory.data(), size_of(piece));
    if (progress) progress(Bytes(piece * half_bytes + size_of(piece)));
  }
}

}  // namespace redbolt::runtime
