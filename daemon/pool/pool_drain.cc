#include "daemon/pool/pool_drain.h"

#include <algorithm>

#include "daemon/core/pool/admission.h"
#include "daemon/log/log.h"
#include "daemon/pool/word_audit.h"
#include "daemon/sessions/session.h"
#include "shm/port/hints.h"
#include "shm/port/verdict.h"
#include "shm/slots.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kDrainLook = std::chrono::milliseconds{100};
constexpr core::Duration kRestLook = std::chrono::milliseconds{20};

// The last job that was submitted before the drain. The client wrote these words: wrong ones harm only itself.
std::uint32_t last_seq(const Session& session) {
  std::uint32_t pending = 0;
  std::uint32_t any = 0;
  const auto later = [](std::uint32_t seq, std::uint32_t than) { return than == 0 || shm::seq_after(seq, than); };
  for (const auto [slot, word] : shm::slot_words(session.reply)) {
    if (word.seq() == 0) continue;
    if (later(word.seq(), any)) any = word.seq();
    const bool waits_or_runs = word.state() == shm::SlotState::Ready || word.is_owned();
    if (waits_or_runs && later(word.seq(), pending)) pending = word.seq();
  }
  return pending != 0 ? pending : any;
}

shm::BoardClosed board_word(core::Admission admission) {
  switch (admission) {
    case core::Admission::Open:
      return shm::BoardClosed::Open;
    case core::Admission::Draining:
      return shm::BoardClosed::Draining;
    case core::Admission::Stopping:
      return shm::BoardClosed::Stopping;
    case core::Admission::Quarantined:
      return shm::BoardClosed::Quarantined;
  }
  return shm::BoardClosed::Open;
}

// True if no ready worker can claim before it has read what we sent.
bool workers_rest(std::span<const Seat> seats) {
  return std::ranges::all_of(seats, [](const Seat& seat) {
    if (!seat.process || !seat.ready) return true;
    // SYNC: seq_cst, pairs with the worker's set_state: read after Claiming{paused} was sent.
    const auto state = static_cast<shm::LaneState>(seat.process->lane().words.state.load(std::memory_order_seq_cst));
    return state == shm::LaneState::Resting || state == shm::LaneState::Stopped;
  });
}

}  // namespace

void PoolDrain::resume_drain(core::TimePoint now) {
  // SYNC: acquire, pairs with note.
  const auto drain = static_cast<shm::LedgerDrain>(rooms_.ledger.pools[index_].drain.load(std::memory_order_acquire));
  if (drain == shm::LedgerDrain::Running) return;
  (void)drain_.handle(now, core::Drain::DrainRequested{});
  if (drain != shm::LedgerDrain::Drained) return;
  claiming_paused_ = true;
  (void)drain_.handle(now, core::Drain::BecameIdle{});
}

void PoolDrain::drain(core::TimePoint now, const Crew& crew, Done done) {
  if (drain_.stopping()) return tell(std::move(done), "pool \"" + pool_ + "\" is stopping");
  waiting_.push_back(std::move(done));
  if (drain_.state() == core::Drain::State::Running) {
    close_board(shm::BoardClosed::Draining);
    for (const auto& [index, session] : rooms_.sessions.all()) {
      rooms_.ledger.sessions[index].drain_serial.store(0, std::memory_order_relaxed);  // of an earlier drain
      mark(*session);
    }
  }
  act(drain_.handle(now, core::Drain::DrainRequested{}), crew);
  if (drain_.state() == core::Drain::State::Drained) act({core::Drain::Effect::ReportDrained}, crew);
}

void PoolDrain::resume(core::TimePoint now, const Crew& crew) {
  act(drain_.handle(now, core::Drain::ResumeRequested{}), crew);
  tell_waiting("pool \"" + pool_ + "\" was told to take jobs again before it was drained");
}

void PoolDrain::stop(core::TimePoint now, const Crew& crew, core::Duration timeout, Cause lost_as) {
  if (!drain_.stopping()) lost_as_ = lost_as;
  act(drain_.handle(now, core::Drain::StopRequested{timeout}), crew);
  tell_waiting("pool \"" + pool_ + "\" was told to stop before it was drained");
}

void PoolDrain::on_attach(const Session& session) {
  const auto state = drain_.state();
  if (state == core::Drain::State::Draining || state == core::Drain::State::Drained) mark(session);
}

bool PoolDrain::deadline_passed(core::TimePoint now, const Crew& crew) {
  const auto effects = drain_.handle(now, core::Drain::TimerFired{});
  act(effects, crew);
  return std::ranges::find(effects, core::Drain::Effect::KillRunning) != effects.end();
}

void PoolDrain::step(core::TimePoint now, const Crew& crew) {
  if (drain_.stopping()) {
    lose_queued();
    if (workers_gone(crew.seats)) act(drain_.handle(now, core::Drain::WorkersGone{}), crew);
  }
  publish_admission(crew);
  if (drain_.state() == core::Drain::State::Draining) end_if_idle(now, crew);
}

std::optional<core::TimePoint> PoolDrain::next_deadline(core::TimePoint now) const {
  if (drain_.state() == core::Drain::State::Draining) return now + (claiming_paused_ ? kRestLook : kDrainLook);
  return drain_.deadline();
}

void PoolDrain::act(const std::vector<core::Drain::Effect>& effects, const Crew& crew) {
  for (const auto effect : effects) {
    switch (effect) {
      case core::Drain::Effect::RefuseJobs:
        if (!drain_.stopping()) note(shm::LedgerDrain::Draining);
        log_info("pool", {{"pool", pool_}, {"state", core::to_string(drain_.state())}});
        break;
      case core::Drain::Effect::AcceptJobs:
        note(shm::LedgerDrain::Running);
        publish_admission(crew);
        pause_claiming(false, crew.seats);
        log_info("pool", {{"pool", pool_}, {"state", core::to_string(drain_.state())}});
        break;
      case core::Drain::Effect::ReportDrained:
        note(shm::LedgerDrain::Drained);
        tell_waiting({});
        break;
      case core::Drain::Effect::LoseQueued:
        publish_admission(crew);
        lose_queued();
        break;
      case core::Drain::Effect::AskWorkersToStop:  // done by the staffing plan
      case core::Drain::Effect::KillRunning:       // done when deadline_passed() is true
      case core::Drain::Effect::ReportStopped:     // seen in the pool's state
        break;
    }
  }
}

void PoolDrain::tell(Done done, const std::string& why_not) const {
  ports_.later([done = std::move(done), why_not] { done(why_not); });
}

void PoolDrain::tell_waiting(const std::string& why_not) {
  for (Done& done : waiting_) tell(std::move(done), why_not);
  waiting_.clear();
}

void PoolDrain::lose_queued() { rooms_.book.tally().lost += rooms_.fates.end_queued(index_, lost_as_); }

void PoolDrain::close_board(shm::BoardClosed closed) const {
  const auto word = static_cast<std::uint32_t>(closed);
  // SYNC: seq_cst: before the look at the slots that follows, which decides; for clients it is only a hint.
  if (board_->closed.load(std::memory_order_relaxed) != word) board_->closed.store(word, std::memory_order_seq_cst);
}

void PoolDrain::publish_admission(const Crew& crew) {
  close_board(board_word(core::admission(drain_.state(), crew.hopeless)));
  if (!crew.hopeless || drain_.stopping()) return;
  // No worker will take the queued jobs, and they may have no timeout of their own.
  rooms_.book.tally().refused += rooms_.fates.end_queued(index_, Cause::Refused);
}

void PoolDrain::mark(const Session& session) const {
  shm::LedgerSession& record = rooms_.ledger.sessions[session.index];
  if (record.drain_serial.load(std::memory_order_relaxed) == session.serial) return;
  record.drain_seq = last_seq(session);
  // SYNC: release: a successor that reads the serial reads the seq.
  record.drain_serial.store(session.serial, std::memory_order_release);
}

void PoolDrain::note(shm::LedgerDrain drain) const {
  // SYNC: release: a successor that reads Draining also reads each session's drain_seq.
  rooms_.ledger.pools[index_].drain.store(static_cast<std::uint32_t>(drain), std::memory_order_release);
}

bool PoolDrain::refuses(const Session& session, shm::SlotWord ready, const Crew& crew) const {
  const shm::LedgerSession& record = rooms_.ledger.sessions[session.index];
  core::QueuedJob job;
  job.before_drain = record.drain_serial.load(std::memory_order_relaxed) == session.serial &&
                     !shm::seq_after(ready.seq(), record.drain_seq);
  job.first_attempt = ready.attempt() == 0;
  return core::refuses(drain_.state(), crew.hopeless, claiming_paused_, job);
}

// Reads every slot's word: hint bits may be stale, and a client that ignores the board need not set any.
void PoolDrain::refuse_late_jobs(const Crew& crew) {
  bool reminded = false;
  for (const auto& [index, session] : rooms_.sessions.all()) {
    for (const auto [slot, word] : shm::slot_words(session->reply)) {
      if (!word.is_claimable()) continue;
      if (!refuses(*session, word, crew)) {
        // The drain waits for this job, so a worker must find it even if its client has set no bit.
        reminded |= shm::remind(session->reply, slot);
      } else if (shm::end_ready(session->reply, slot, word, Cause::Refused)) {
        ++rooms_.book.tally().refused;
      }
    }
  }
  if (reminded) ports_.call_workers();
}

bool PoolDrain::waits_for_a_job(const Crew& crew) const {
  for (const auto& [index, session] : rooms_.sessions.all()) {
    for (const auto [slot, word] : shm::slot_words(session->reply)) {
      if (word.is_claimable() && !refuses(*session, word, crew)) return true;
    }
  }
  return false;
}

void PoolDrain::end_if_idle(core::TimePoint now, const Crew& crew) {
  refuse_late_jobs(crew);
  const bool queued = waits_for_a_job(crew);
  // After a crash a job can be queued again: then claiming goes on.
  if (queued == claiming_paused_) pause_claiming(!queued, crew.seats);
  if (!claiming_paused_ || !workers_rest(crew.seats)) return;
  WordAudit audit;
  const bool owned = audit.any_owned(rooms_.sessions.all(), crew.seats);
  audit.end_broken(rooms_.fates);
  if (!owned) act(drain_.handle(now, core::Drain::BecameIdle{}), crew);
}

void PoolDrain::pause_claiming(bool pause, std::span<Seat> seats) {
  if (claiming_paused_ == pause) return;
  claiming_paused_ = pause;
  for (Seat& seat : seats) {
    if (seat.process && seat.state == core::SeatState::Active) seat.process->send(worker_link::Claiming{pause});
  }
  if (!pause) ports_.call_workers();
}

}  // namespace ringmaster::daemon
