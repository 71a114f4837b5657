// The requests about weights that stay in the arena after their client.
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "daemon_error.hpp"
#include "session.hpp"

namespace redbolt::daemon {
namespace {

namespace asio = boost::asio;

constexpr int max_dropped = 1024;

ContentHash to_hash(const std::string& bytes) {
  ContentHash hash{};
  if (bytes.size() != hash.size()) {
    throw invalid_argument("a hash of " + std::to_string(bytes.size()) +
                           " bytes; resident weights are addressed by " +
                           std::to_string(hash.size()));
  }
  const auto source = std::as_bytes(std::span(bytes));
  std::copy(source.begin(), source.end(), hash.begin());
  return hash;
}

}  // namespace

std::string Session::user_name() const {
  return command_ + " (pid " + std::to_string(peer_.pid) + ")";
}

asio::awaitable<Session::Outgoing> Session::open_resident(const protocol::Request& request) {
  const auto& body = request.open_resident();
  const bool known = !body.hash().empty() || !body.create();
  const ContentHash hash = known ? to_hash(body.hash()) : ContentHash{};
  auto open = [=, &body, user = user_name()](Workspace& workspace) {
    const std::uint64_t found =
        known ? workspace.find_resident(hash, Bytes(body.size()), user) : std::uint64_t{0};
    if (found == 0 && !body.create()) throw not_found("there are no resident weights of that hash");
    const bool sealed = found != 0;
    return std::pair(sealed ? found : workspace.create_buffer(Bytes(body.size()), body.name()),
                     sealed);
  };
  const auto [id, sealed] = co_await with_workspace(std::move(open));
  co_await report_usage();
  Outgoing outgoing;
  auto& reply = *outgoing.reply.mutable_buffer();
  reply.set_id(id);
  reply.set_size(body.size());
  reply.set_sealed(sealed);
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::seal_resident(const protocol::Request& request) {
  const auto& body = request.seal_resident();
  const ContentHash hash = to_hash(body.hash());
  co_await wait_until_idle();
  auto seal = [=, &body, user = user_name()](Workspace& workspace) {
    return workspace.seal_resident(body.buffer(), hash, body.name(), user);
  };
  const Bytes size = co_await with_workspace(std::move(seal));
  co_await report_usage();
  Outgoing outgoing;
  auto& reply = *outgoing.reply.mutable_buffer();
  reply.set_id(body.buffer());
  reply.set_size(size.count());
  reply.set_sealed(true);
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::drop_residents(const protocol::Request& request) {
  const auto& body = request.drop_residents();
  if (body.hashes_size() > max_dropped) {
    throw limit_exceeded("more than " + std::to_string(max_dropped) + " hashes");
  }
  std::vector<ContentHash> hashes;
  for (const std::string& hash : body.hashes()) hashes.push_back(to_hash(hash));
  auto drop = [all = body.all(), hashes = std::move(hashes)](Device& device) {
    return all ? device.residents().drop_all() : device.residents().drop(hashes);
  };
  const Residents::Dropped dropped = co_await services_.device.run(std::move(drop));
  Outgoing outgoing;
  auto& reply = *outgoing.reply.mutable_drop_residents();
  reply.set_dropped(dropped.sets);
  reply.set_bytes(dropped.bytes.count());
  reply.set_in_use(dropped.in_use);
  reply.set_not_found(dropped.not_found);
  co_return outgoing;
}

}  // namespace redbolt::daemon
