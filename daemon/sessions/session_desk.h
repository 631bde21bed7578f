#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/daemon/quota.h"
#include "daemon/loop/event_loop.h"
#include "daemon/ports/control_types.h"
#include "daemon/ports/pool_gate.h"
#include "daemon/ports/session_fates.h"
#include "daemon/ports/session_view.h"
#include "daemon/sessions/session.h"
#include "daemon/sessions/session_request.h"

namespace ringmaster {

/// The supervisor looks at running jobs every 5 ms at most, so that a shorter deadline could not be kept.
inline constexpr std::uint64_t kShortestRunMs = 10;

/// Opens, resumes and ends sessions; owns them all. The supervisor's one thread.
///
/// A session ends by CloseSession, by its lifeline (the client process is gone), by a broken report, or by the end of
/// its pool; never by the loss of a control connection. Ending: queued jobs are cancelled, running ones are asked to
/// stop, every worker is told to detach; when none has it mapped any more the deposits and the ledger entry go and the
/// uid gets its bytes back.
class SessionDesk final : public SessionFates {
 public:
  SessionDesk(EventLoop& loop, DaemonGate& daemon, core::QuotaBook& quota);
  ~SessionDesk() override;

  // ---- requests of clients ----
  void open(const Peer& peer, SessionWish wish, SessionAsker asker);
  void mapped(const Peer& peer, std::uint32_t serial, SessionAsker asker);
  void resume(const Peer& peer, const SessionKey& key, SessionAsker asker);
  void close(const Peer& peer, const SessionKey& key, SessionAsker asker);
  /// The connection is gone: sessions that it had not finished opening end.
  void connection_closed(std::uint64_t connection);

  // ---- the pool side: SessionFates, and what a supervisor takes up ----
  void broken(std::uint16_t index, std::uint32_t serial, std::string_view reason) override;
  void lost(std::uint16_t index, std::uint32_t serial) override { end(index, serial, Cause::Lost); }
  unsigned end_queued(std::optional<std::uint32_t> pool, Cause cause) override;
  void count_crash(std::uint32_t uid) override { quota_.count_crash(loop_.now(), uid); }
  void end_those_with_holes() override;
  [[nodiscard]] Session* find(std::uint16_t index, std::uint32_t serial);
  /// For the reaper and the deadline watch: each session of the pool that workers may have mapped, with valid views.
  void for_each(std::uint32_t pool, const std::function<void(Session&)>& visit);
  void for_each(const std::function<void(const Session&)>& visit) const;
  /// Takes up what the ledger and the inherited descriptors say; before the first request. Sessions whose descriptors
  /// are incomplete, or all of them after a cold start (`cold`), end as lost. `take` gives a descriptor once.
  /// `predecessors` gets each session that an earlier supervisor owned, to drain it.
  void adopt(const std::function<UniqueFd(keeper::DepositKind, std::uint32_t serial)>& take, bool cold,
             const std::function<void(Session&)>& predecessors);
  /// Ends every session of every pool with `cause` for its queued jobs; for the daemon's end.
  void end_all_sessions(Cause cause);

  // ---- the job desk ----
  /// The supervisor's own session on a pool, for jobs of one uid; null when segments or memory are refused (`why` says
  /// it). Attached at once.
  [[nodiscard]] Session* open_internal(PoolGate& pool, std::uint32_t uid, const SessionGeometry& geometry,
                                       std::string& why);
  void end(std::uint16_t index, std::uint32_t serial, Cause cause);
  /// Called with an internal session's serial right before it is destroyed, all its jobs being terminal.
  void on_internal_gone(std::function<void(std::uint32_t serial)> gone) { internal_gone_ = std::move(gone); }

  [[nodiscard]] std::vector<SessionView> views() const;
  [[nodiscard]] core::QuotaBook& quota() { return quota_; }

 private:
  struct Entry {
    Session session;
    PoolGate* pool = nullptr;
    std::uint64_t connection = 0;  ///< that opens it
    std::unique_ptr<FdWatch> lifeline_watch;
    UniqueFd client_lifeline;  ///< until it is sent
    std::optional<std::uint64_t> opening_timer;
    bool sealing = false;  ///< SessionMapped has come
  };
  /// One that could not be taken up from a predecessor, until no worker has it any more.
  struct Lost {
    std::uint32_t serial = 0;
    std::uint32_t uid = 0;
    std::uint64_t slots = 0;
    core::Bytes bytes{};
    bool charged = false;
  };

  void do_open(const Peer& peer, PoolGate& pool, const SessionWish& wish, const SessionAsker& asker);
  Result<Entry*> create(PoolGate& pool, const Peer& peer, const SessionGeometry& geometry, std::uint32_t supervisor);
  void hand_out(Entry& entry, const SessionAsker& asker);
  void sealed(std::uint32_t serial, const Result<void>& sealed, const SessionAsker& asker);
  void attach(Entry& entry, std::function<void()> done);
  void discard(std::uint16_t index);
  void deposit(Entry& entry, std::function<void(bool)> done);
  void write_ledger(const Entry& entry);
  void watch_lifeline(Entry& entry);
  void begin_end(Entry& entry, Cause cause);
  Entry* entry_of(const Peer& peer, std::uint32_t serial);
  Entry* entry_of_serial(std::uint32_t serial);
  Result<void> adopt_one(std::uint16_t index, const std::function<UniqueFd(keeper::DepositKind, std::uint32_t)>& take);
  void lose(std::uint16_t index, const std::string& why);
  void let_go_by_all(std::uint16_t index);
  void forget(std::uint16_t index, std::uint32_t serial);
  void release(std::uint32_t serial);

  EventLoop& loop_;
  DaemonGate& daemon_;
  core::QuotaBook& quota_;
  std::map<std::uint16_t, std::unique_ptr<Entry>> sessions_;
  std::map<std::uint16_t, Lost> lost_;
  std::uint16_t next_index_ = 0;
  core::TimePoint holes_looked_{};
  std::function<void(std::uint32_t)> internal_gone_;
};

}  // namespace ringmaster
