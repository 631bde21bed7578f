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

/// How a pool stops taking work: drain, resume, stop, and a quarantine without a ready worker. The shell around
/// core::Drain: what the board says, which queued jobs end as refused, when the workers rest, and whom to tell. Kills
/// are its pool's. On its pool's thread.
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
    std::function<void()> call_workers;  ///< a job may be there that nobody was told of
    Later later;
  };
  /// The pool at the moment.
  struct Crew {
    std::span<Seat> seats;
    bool hopeless = false;  ///< it is quarantined, and nobody is ready
  };

  PoolDrain(std::string pool, std::uint32_t index, const Rooms& rooms, Ports ports)
      : pool_(std::move(pool)), index_(index), rooms_(rooms), ports_(std::move(ports)) {}

  /// Before anything else. REQUIRES: the board outlives this.
  void open(shm::BoardRecord& board) { board_ = &board; }
  /// A predecessor's drain goes on, with the jobs that it had let in.
  void resume_drain(core::TimePoint now);

  void drain(core::TimePoint now, const Crew& crew, Done done);
  void resume(core::TimePoint now, const Crew& crew);
  void stop(core::TimePoint now, const Crew& crew, core::Duration timeout);
  /// A session comes that was not there when the drain began.
  void on_attach(const Session& session);

  /// True: the time of a stop is over, and what still runs is to be killed.
  [[nodiscard]] bool deadline_passed(core::TimePoint now, const Crew& crew);
  /// What each round does.
  void step(core::TimePoint now, const Crew& crew);
  /// Ends what came too late, between rounds; of the rest somebody is told.
  void refuse_late_jobs(const Crew& crew);

  [[nodiscard]] core::Drain::State state() const { return drain_.state(); }
  [[nodiscard]] bool accepts_jobs() const { return drain_.accepts_jobs(); }
  [[nodiscard]] bool stopping() const { return drain_.stopping(); }
  /// Nothing is left: the workers were told to claim nothing more.
  [[nodiscard]] bool claiming_paused() const { return claiming_paused_; }
  /// No message tells that the queue is empty, or that a worker rests.
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
  std::vector<Done> waiting_;
};

}  // namespace ringmaster::daemon
