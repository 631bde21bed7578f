#include "daemon/supervisor/control_server.h"

#include <google/protobuf/stubs/logging.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "daemon/supervisor/connection.h"
#include "daemon/supervisor/log.h"
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

struct ControlServer::State : std::enable_shared_from_this<State> {
  State(EventLoop& loop, UniqueFd listener, const config::DaemonConfig& config_in, core::QuotaBook& quota_in,
        RequestDesk& desk_in, const ControlLimits& limits_in)
      : context(loop.context()),
        closer(loop.closer()),
        acceptor(context, Protocol(), listener.release()),
        pause(context),
        config(config_in),
        quota(quota_in),
        desk(desk_in),
        limits(limits_in) {
    refuse_descriptors_on(acceptor.native_handle());
  }

  asio::awaitable<void> accept();
  void take(Protocol::socket socket);
  void refuse_descriptors_on(int socket) const {
    (void)refuse_descriptors(socket);
    if (limits.descriptors_may_come) allow_descriptors(socket);
  }
  void admit_or_turn_away(Protocol::socket& socket, const PeerIdentity& identity);

  asio::io_context& context;
  Closer& closer;
  Protocol::acceptor acceptor;
  asio::steady_timer pause;
  config::DaemonConfig config;
  core::QuotaBook& quota;
  RequestDesk& desk;
  ControlLimits limits;
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
    if (closer.full()) {
      // Those who are turned away with descriptors in their sockets come faster than these can be closed.
      pause.expires_after(std::chrono::milliseconds{2});
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    Protocol::socket socket(context);
    co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (ended || error == asio::error::bad_descriptor) co_return;
    if (error == asio::error::operation_aborted) continue;  // there is another listener
    if (error) {
      // Out of descriptors, most likely: those who wait in the backlog are served when some are free again.
      log_warning("cannot accept a connection", {{"error", error.message()}});
      pause.expires_after(std::chrono::milliseconds{200});
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    take(std::move(socket));
  }
}

void ControlServer::State::take(Protocol::socket socket) {
  // The listener's word counts for who connected after it.
  refuse_descriptors_on(socket.native_handle());
  const auto identity = identify_peer(socket.native_handle());
  if (identity && probed && identity->pid == static_cast<std::uint32_t>(::getpid())) return probed();
  if (identity) admit_or_turn_away(socket, *identity);
  // One that was not let in: what it may have in its queue is closed as any client's.
  if (socket.is_open()) hand_over(socket, closer, identity ? identity->uid : ~std::uint32_t{0}, nullptr);
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
  auto connection =
      std::make_shared<Connection>(std::move(socket), peer, desk, closer, limits, [weak = weak_from_this(), peer] {
        if (const auto self = weak.lock()) {
          !peer.kept_since.empty() ? self->quota.close_kept_connection() : self->quota.close_connection(peer.uid);
          self->connections.erase(peer.connection);
        }
      });
  connections[peer.connection] = connection;
  connection->start();
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
  state.refuse_descriptors_on(state.acceptor.native_handle());
}

void ControlServer::when_probed(std::function<void()> probed) { state_->probed = std::move(probed); }

void ControlServer::stop_accepting() {
  state_->ended = true;
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

}  // namespace ringmaster
