#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/keeper_port.h"

namespace ringmaster::daemon {

/// The supervisor's end of the link to its keeper: requests go out in order, answers find their request by serial.
/// Owned by the Supervisor; its one thread. When the keeper is gone this process dies by PR_SET_PDEATHSIG; a link that
/// breaks all the same is reported once through `on_lost`.
class KeeperLink final : public Keeper {
 public:
  struct Listener {
    std::function<void(const keeper::ExitRecord&)> on_exit;  ///< a fenced worker; until ack_exit it may come again
    std::function<void()> on_stop;                           ///< SIGTERM or SIGINT reached the keeper
    std::function<void()> on_lost;
  };

  KeeperLink(EventLoop& loop, UniqueFd socket);
  ~KeeperLink() override;

  /// Takes packets from now on.
  void start(Listener listener);

  // Keeper
  void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
               std::function<void(int)> done) override;
  void release(const keeper::ReleaseSelector& selector) override;
  void release_later(const keeper::ReleaseSelector& selector) override;
  Result<void> spawn(const keeper::SpawnSpec& spec, std::span<const int> fds, SpawnDone done) override;
  void signal(std::uint32_t worker, std::uint32_t incarnation, int number) override;
  void ack_exit(std::uint32_t worker, std::uint32_t incarnation) override;

  void notify(std::string_view text);
  /// Tells the keeper now, and with each answer to its questions.
  void set_phase(keeper::Phase phase, std::chrono::milliseconds stop_timeout);
  /// The keeper's last packet. It asks each kAskAfterNs (daemon/link/deposit.h).
  [[nodiscard]] core::TimePoint last_heard() const { return heard_; }

 private:
  struct Outgoing {
    keeper::Packet packet;
    std::vector<UniqueFd> fds;
  };

  /// 0, or the errno for which nothing was sent and nothing is kept: no descriptor is left.
  int send(keeper::Packet packet, std::span<const int> fds = {});
  void flush();
  bool refused(int error);
  void receive();
  void dispatch(const keeper::KeeperEvent& event);
  void beat();
  void lost();

  EventLoop& loop_;
  UniqueFd socket_;
  Listener listener_;
  std::unique_ptr<FdWatch> watch_;
  std::deque<Outgoing> waiting_;  ///< the socket was full
  bool retrying_ = false;
  std::optional<core::TimePoint> refused_since_;  ///< the kernel takes no packet, and not for want of room
  std::uint64_t last_serial_ = 0;
  std::map<std::uint64_t, std::function<void(int)>> acks_;
  std::map<std::uint64_t, SpawnDone> spawns_;
  keeper::Phase phase_ = keeper::Phase::Starting;
  std::chrono::milliseconds stop_timeout_{0};
  core::TimePoint heard_{};
};

}  // namespace ringmaster::daemon
