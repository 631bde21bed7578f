#include "daemon/supervisor/control_server.h"

#include <google/protobuf/stubs/logging.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <optional>
#include <vector>

#include "daemon/core/memory_peak.h"
#include "daemon/supervisor/connection.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/parting.h"
#include "daemon/supervisor/peer_admission.h"
#include "daemon/supervisor/user_map.h"
#include "proto/control.pb.h"
#include "proto/control_convert.h"
#include "proto/fd_passing.h"
#include "proto/stranger.h"

namespace ringmaster {

namespace asio = boost::asio;
namespace v1 = control::v1;
using Protocol = asio::local::stream_protocol;

namespace {

constexpr std::size_t kInputBytes = std::size_t{64} << 10;
constexpr core::Duration kPeakLook = std::chrono::seconds{1};
/// Accepted before anything else is looked at again.
constexpr unsigned kAcceptsAtOnce = 32;

}  // namespace

struct ControlServer::State : std::enable_shared_from_this<State> {
  State(EventLoop& loop, UniqueFd listener, const config::DaemonConfig& config_in, core::QuotaBook& quota_in,
        RequestDesk& desk, const ControlLimits& limits)
      : context(loop.context()),
        acceptor(context, Protocol(), listener.release()),
        pause(context),
        config(config_in),
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
    boost::system::error_code ignored;
    acceptor.non_blocking(true, ignored);
    refuse_descriptors_on(acceptor.native_handle());
  }

  asio::awaitable<void> accept();
  boost::system::error_code accept_some();
  void take(Protocol::socket socket);
  void refuse_descriptors_on(int socket) const {
    (void)refuse_descriptors(socket);
    if (host.limits.descriptors_may_come) allow_descriptors(socket);
  }
  void admit_or_turn_away(Protocol::socket& socket, const PeerIdentity& identity);
  bool turn(std::uint64_t connection, core::TurnBudget& budget);
  void look_for_peaks();
  void large_may_begin(std::uint32_t uid);

  asio::io_context& context;
  Protocol::acceptor acceptor;
  asio::steady_timer pause;
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
  bool ended = false;
};

namespace {

// The last word to somebody who is not let in. Best effort: the frame fits any fresh socket's buffer.
void turn_away(Protocol::socket& socket, v1::ErrorCode code, const std::string& why) {
  const std::string frame = make_frame(error_reply(0, code, why).SerializeAsString());
  (void)send_with_fds(socket.native_handle(), std::as_bytes(std::span(frame)), {}, MSG_DONTWAIT);
}

}  // namespace

asio::awaitable<void> ControlServer::State::accept() {
  const auto self = shared_from_this();
  while (!ended) {
    boost::system::error_code error;
    if (host.loop.closer().full()) {
      // Those who are turned away with descriptors in their sockets come faster than these can be closed.
      pause.expires_after(std::chrono::milliseconds{2});
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    co_await acceptor.async_wait(Protocol::acceptor::wait_read, asio::redirect_error(asio::use_awaitable, error));
    if (ended || error == asio::error::bad_descriptor) co_return;
    if (error == asio::error::operation_aborted) continue;  // there is another listener
    if (!error) error = accept_some();
    if (!error || error == asio::error::would_block || error == asio::error::connection_aborted) continue;
    // Out of descriptors, most likely: those who wait in the backlog are served when some are free again.
    log_warning("cannot accept a connection", {{"error", error.message()}});
    pause.expires_after(std::chrono::milliseconds{200});
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

// Many at once, since one uid's crowd waits before others in the backlog; not all, since it may be refilled for ever.
boost::system::error_code ControlServer::State::accept_some() {
  boost::system::error_code error;
  core::TurnBudget budget(host.loop.now());
  for (unsigned i = 0; i < kAcceptsAtOnce && budget.step(host.loop.now()) && !ended && !host.loop.closer().full();
       ++i) {
    Protocol::socket socket(context);
    acceptor.accept(socket, error);
    if (error) break;
    take(std::move(socket));
  }
  return error;
}

void ControlServer::State::take(Protocol::socket socket) {
  // The listener's word counts for who connected after it.
  refuse_descriptors_on(socket.native_handle());
  const auto identity = identify_peer(socket.native_handle());
  if (identity && probed && identity->pid == static_cast<std::uint32_t>(::getpid())) return probed();
  if (identity) admit_or_turn_away(socket, *identity);
  // One that was not let in: what it may have in its queue is closed as any client's.
  if (socket.is_open()) hand_over(socket, host.loop.closer(), identity ? identity->uid : ~std::uint32_t{0}, nullptr);
}

// Moves from `socket` who is let in.
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
        socket, v1::ERROR_NOT_ALLOWED,
        "uid " + std::to_string(identity.uid) + " may not use this daemon; an administrator can add it to allow_uids");
  }
  const auto refused = quota.open_connection(identity.uid);
  if (refused && !(admission.admin && quota.open_kept_connection())) {
    return turn_away(socket, v1::ERROR_BUSY, to_string(*refused));
  }
  const Peer peer{identity.uid, identity.pid, admission.admin, ++last_connection,
                  refused ? to_string(*refused) : std::string()};
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
  // It would write a line of its own, past our log and its limits, for each text of a client that is none.
  google::protobuf::SetLogHandler(nullptr);
  asio::co_spawn(
      state_->context, [state = state_] { return state->accept(); }, asio::detached);
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

void ControlServer::listen_on(UniqueFd listener) {
  State& state = *state_;
  boost::system::error_code error;
  state.acceptor.non_blocking(true, error);
  while (!error) {
    Protocol::socket socket(state.context);
    state.acceptor.accept(socket, error);
    if (!error) state.take(std::move(socket));
  }
  state.acceptor = Protocol::acceptor(state.context, Protocol(), listener.release());
  state.acceptor.non_blocking(true, error);
  state.refuse_descriptors_on(state.acceptor.native_handle());
}

void ControlServer::when_probed(std::function<void()> probed) { state_->probed = std::move(probed); }

void ControlServer::stop_accepting() {
  state_->ended = true;
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

}  // namespace ringmaster
