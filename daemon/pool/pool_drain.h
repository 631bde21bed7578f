#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "daemon/core/pool/drain.h"
#include "daemon/loop/later.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/seat/session_roster.h"
#include "daemon/ports/session_fates.h"

namespace ringmaster::daemon {

/// How a pool stops taking work: drain, resume, stop, and quarantine without a ready worker. core::Drain decides; this
/// writes the board, ends queued jobs as refused, checks that the workers rest, and answers those who wait. The pool
/// does the killing. Owned by the pool, on its thread.
class PoolDrain {
 public:
  using Done = std::function<void(const std::string& why_not)>;

  struct Rooms {
    shm::LedgerRecord& ledger;
    PoolBook& book;
    const SessionRoster& sessions;
    SessionFates& fates;
  };
  struct Ports {
    std::function<void()> call_workers;  ///< there may be a job that no worker was told of
    Later later;
  };
  /// The state of the pool now.
  struct Crew {
    std::span<Seat> seats;
    bool hopeless = false;  ///< the pool is quarantined and no worker is ready
  };

  PoolDrain(std::string pool, std::uint32_t index, const Rooms& rooms, Ports ports)
      : pool_(std::move(pool)), index_(index), rooms_(rooms), ports_(std::move(ports)) {}

  /// Before anything else. REQUIRES: the board outlives this.
  void open(shm::BoardRecord& board) { board_ = &board; }
  /// Continues a predecessor's drain; the jobs that it had accepted still run.
  void resume_drain(core::TimePoint now);

  void drain(core::TimePoint now, const Crew& crew, Done done);
  void resume(core::TimePoint now, const Crew& crew);
  /// `lost_as`: the cause of jobs that nobody will run, or that run for too long. That of the first stop stays.
  void stop(core::TimePoint now, const Crew& crew, core::Duration timeout, Cause lost_as = Cause::Lost);
  /// A session was opened after the drain began.
  void on_attach(const Session& session);

  /// True: the time for a stop is over, so running jobs must be killed.
  [[nodiscard]] bool deadline_passed(core::TimePoint now, const Crew& crew);
  /// Called in each round.
  void step(core::TimePoint now, const Crew& crew);
  /// Called between rounds: ends jobs that were submitted too late, and makes sure that workers know of the others.
  void refuse_late_jobs(const Crew& crew);

  [[nodiscard]] core::Drain::State state() const { return drain_.state(); }
  [[nodiscard]] bool accepts_jobs() const { return drain_.accepts_jobs(); }
  [[nodiscard]] bool stopping() const { return drain_.stopping(); }
  [[nodiscard]] Cause lost_as() const { return lost_as_; }
  /// True: no job is left to run, and the workers were told to claim nothing.
  [[nodiscard]] bool claiming_paused() const { return claiming_paused_; }
  /// When to look next: no message tells that the queue is empty or that a worker rests.
  [[nodiscard]] std::optional<core::TimePoint> next_deadline(core::TimePoint now) const;

 private:
  void act(const std::vector<core::Drain::Effect>& effects, const Crew& crew);
  void note(shm::LedgerDrain drain) const;
  void mark(const Session& session) const;
  void close_board(shm::BoardClosed closed) const;
  void publish_admission(const Crew& crew);
  void lose_queued();
  void end_if_idle(core::TimePoint now, const Crew& crew);
  void pause_claiming(bool pause, std::span<Seat> seats);
  [[nodiscard]] bool refuses(const Session& session, shm::SlotWord ready, const Crew& crew) const;
  [[nodiscard]] bool waits_for_a_job(const Crew& crew) const;
  void tell(Done done, const std::string& why_not) const;
  void tell_waiting(const std::string& why_not);

  std::string pool_;
  std::uint32_t index_;
  Rooms rooms_;
  Ports ports_;
  shm::BoardRecord* board_ = nullptr;
  core::Drain drain_;
  bool claiming_paused_ = false;
  Cause lost_as_ = Cause::Lost;
  std::vector<Done> waiting_;
};

}  // namespace ringmaster::daemon
