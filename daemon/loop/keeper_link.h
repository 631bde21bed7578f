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

/// The supervisor's end of the link to its keeper: requests are sent in order, answers are matched by serial. Owned by
/// the Supervisor; its one thread. When the keeper dies this process gets a signal (PR_SET_PDEATHSIG); a link that
/// breaks without that is reported once through `on_lost`.
class KeeperLink final : public Keeper {
 public:
  struct Listener {
    std::function<void(const keeper::ExitRecord&)>
        on_exit;                    ///< a worker is fenced; may be reported again until ack_exit
    std::function<void()> on_stop;  ///< SIGTERM or SIGINT reached the keeper
    std::function<void()> on_lost;
  };

  KeeperLink(EventLoop& loop, UniqueFd socket);
  ~KeeperLink() override;

  /// Starts to receive packets.
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
  /// Sets the phase: the keeper is told now, and with each answer to its questions.
  void set_phase(keeper::Phase phase, std::chrono::milliseconds stop_timeout);
  /// When the last packet came from the keeper, which asks every kAskAfterNs (daemon/link/deposit.h).
  [[nodiscard]] core::TimePoint last_heard() const { return heard_; }

 private:
  struct Outgoing {
    keeper::Packet packet;
    std::vector<UniqueFd> fds;
  };

  /// 0: sent, or waiting to be sent. An errno: dropped, because no descriptor is left.
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
  std::deque<Outgoing> waiting_;  ///< packets that could not be sent yet
  bool retrying_ = false;
  std::optional<core::TimePoint>
      refused_since_;  ///< since when the kernel has refused packets for another reason than a full socket
  std::uint64_t last_serial_ = 0;
  std::map<std::uint64_t, std::function<void(int)>> acks_;
  std::map<std::uint64_t, SpawnDone> spawns_;
  keeper::Phase phase_ = keeper::Phase::Starting;
  std::chrono::milliseconds stop_timeout_{0};
  core::TimePoint heard_{};
};

}  // namespace ringmaster::daemon
