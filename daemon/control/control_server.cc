#include "daemon/control/control_server.h"

#include <google/protobuf/stubs/logging.h>
#include <malloc.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <map>
#include <optional>
#include <vector>

#include "daemon/control/acceptor.h"
#include "daemon/control/connection.h"
#include "daemon/control/parting.h"
#include "daemon/control/peer_admission.h"
#include "daemon/core/machine/memory_peak.h"
#include "daemon/log/log.h"
#include "daemon/machine/user_map.h"
#include "proto/control.pb.h"
#include "proto/control_convert.h"
#include "proto/stranger.h"

namespace ringmaster::daemon {

namespace asio = boost::asio;
namespace v1 = control::v1;
using Protocol = asio::local::stream_protocol;

namespace {

constexpr std::size_t kInputBytes = std::size_t{64} << 10;
constexpr core::Duration kPeakLook = std::chrono::seconds{1};
constexpr std::uint32_t kNobody = ~std::uint32_t{0};  // a client whose uid could not be read

}  // namespace

struct ControlServer::State : std::enable_shared_from_this<State> {
  State(EventLoop& loop, UniqueFd listener, const config::DaemonConfig& config_in, core::QuotaBook& quota_in,
        RequestDesk& desk, const ControlLimits& limits)
      : config(config_in),
        quota(quota_in),
        turns(loop, [this](std::uint64_t connection, core::TurnBudget& budget) { return turn(connection, budget); }),
        host{loop,
             desk,
             turns,
             std::make_shared<core::TrafficBook>(limits.traffic),
             limits,
             input,
             [this] { look_for_peaks(); },
             [this](std::uint32_t uid) { large_may_begin(uid); }} {
    listen(std::move(listener));
  }

  void listen(UniqueFd listener) {
    refuse_descriptors_on(listener.get());
    if (acceptor) return acceptor->listen_on(std::move(listener));
    acceptor.emplace(host.loop, std::move(listener), [this](UniqueFd socket) { take(std::move(socket)); });
  }
  void take(UniqueFd socket);
  void take(Protocol::socket socket);
  void refuse_descriptors_on(int socket) const {
    (void)wire::refuse_descriptors(socket);
    if (host.limits.descriptors_may_come) wire::allow_descriptors(socket);
  }
  void admit_or_turn_away(Protocol::socket& socket, const PeerIdentity& identity);
  bool turn(std::uint64_t connection, core::TurnBudget& budget);
  void look_for_peaks();
  void large_may_begin(std::uint32_t uid);

  std::optional<Acceptor> acceptor;
  config::DaemonConfig config;
  core::QuotaBook& quota;
  std::vector<std::byte> input = std::vector<std::byte>(kInputBytes);
  TurnRunner turns;
  ConnectionHost host;
  core::MemoryPeak peak;
  std::optional<EventLoop::TimerId> peak_timer;
  UserMap users = read_user_map();
  bool said_hidden = false;
  std::function<void()> probed;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections;
  std::uint64_t last_connection = 0;
};

// A client that the event loop cannot serve gets an Error, so that it does not wait for an answer for ever.
void ControlServer::State::take(UniqueFd socket) {
  boost::system::error_code error;
  Protocol::socket served(host.loop.context());
  served.assign(Protocol(), socket.get(), error);
  if (!error) {
    (void)socket.release();
    served.native_non_blocking(true, error);
  }
  if (!error) return take(std::move(served));
  turn_away(socket ? socket.get() : served.native_handle(), v1::ERROR_BUSY,
            "the daemon cannot watch another connection: " + error.message() +
                "; raise fs.epoll.max_user_watches, give the machine memory, or try again when others have ended");
  if (served.is_open()) return hand_over(served, host.loop.closer(), kNobody, nullptr);
  host.loop.closer().close(Closer::Account::of_uid(kNobody), std::move(socket));
}

void ControlServer::State::take(Protocol::socket socket) {
  // The listener's setting only covers clients that connected after it was made.
  refuse_descriptors_on(socket.native_handle());
  const auto identity = identify_peer(socket.native_handle());
  if (identity && probed && identity->pid == static_cast<std::uint32_t>(::getpid())) return probed();
  if (identity) admit_or_turn_away(socket, *identity);
  // The client was not let in: closes its socket like any client's, because it may have descriptors in its queue.
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.Move): a socket of Asio that was moved from is closed, and says so.
  if (socket.is_open()) hand_over(socket, host.loop.closer(), identity ? identity->uid : kNobody, nullptr);
}

// Moves `socket` into a connection, or sends an Error and leaves it.
void ControlServer::State::admit_or_turn_away(Protocol::socket& socket, const PeerIdentity& identity) {
  if (users.hides(identity.uid) && !said_hidden) {
    said_hidden = true;
    log_warning(
        "clients of unknown users: this daemon's user namespace leaves them out, and they share one uid, its "
        "quota and its jobs; give the daemon no PrivateUsers=, or map the users",
        {{"uid", identity.uid}, {"pid", identity.pid}});
  }
  const Admission admission = admit(config, ::geteuid(), identity);
  if (!admission.allowed) {
    return turn_away(
        socket.native_handle(), v1::ERROR_NOT_ALLOWED,
        "uid " + std::to_string(identity.uid) + " may not use this daemon; an administrator can add it to allow_uids");
  }
  const auto refused = quota.open_connection(identity.uid);
  if (refused && !(admission.admin && quota.open_kept_connection())) {
    return turn_away(socket.native_handle(), v1::ERROR_BUSY, to_string(*refused));
  }
  const Peer peer{identity.uid,
                  identity.pid,
                  admission.admin,
                  ++last_connection,
                  refused ? to_string(*refused) : std::string(),
                  identity.gids.back(),
                  {identity.gids.begin(), identity.gids.end() - 1}};
  auto connection = std::make_shared<Connection>(std::move(socket), peer, host, [weak = weak_from_this(), peer] {
    if (const auto self = weak.lock()) {
      !peer.kept_since.empty() ? self->quota.close_kept_connection() : self->quota.close_connection(peer.uid);
      self->connections.erase(peer.connection);
    }
  });
  connections[peer.connection] = connection;
  connection->start();
}

bool ControlServer::State::turn(std::uint64_t number, core::TurnBudget& budget) {
  const auto at = connections.find(number);
  if (at == connections.end()) return false;
  const std::shared_ptr<Connection> connection = at->second;
  return connection->take_turn(budget);
}

void ControlServer::State::large_may_begin(std::uint32_t uid) {
  for (const auto& [number, connection] : connections) {
    if (connection->uid() == uid) connection->large_may_begin();
  }
}

void ControlServer::State::look_for_peaks() {
  if (!peak.use(host.traffic->held()) || peak_timer) return;
  peak_timer = host.loop.after(kPeakLook, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->peak_timer.reset();
    if (self->peak.is_over(self->host.traffic->held())) ::malloc_trim(0);
    self->look_for_peaks();
  });
}

ControlServer::ControlServer(EventLoop& loop, UniqueFd listener, const config::DaemonConfig& config,
                             core::QuotaBook& quota, RequestDesk& desk, const ControlLimits& limits)
    : state_(std::make_shared<State>(loop, std::move(listener), config, quota, desk, limits)) {
  // Otherwise protobuf would write a line of its own, past our log and its limits, for each text that is not UTF-8.
  google::protobuf::SetLogHandler(nullptr);
}

ControlServer::~ControlServer() {
  stop_accepting();
  for (auto& [id, connection] : state_->connections) connection->close();
  state_->connections.clear();
}

std::size_t ControlServer::connections() const { return state_->connections.size(); }

std::size_t ControlServer::unsent_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, connection] : state_->connections) bytes += connection->unsent_bytes();
  return bytes;
}

void ControlServer::listen_on(UniqueFd listener) { state_->listen(std::move(listener)); }

void ControlServer::when_probed(std::function<void()> probed) { state_->probed = std::move(probed); }

void ControlServer::stop_accepting() { state_->acceptor->stop(); }

}  // namespace ringmaster::daemon
