#include <algorithm>

#include "daemon/core/admission.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/session.h"
#include "daemon/supervisor/word_audit.h"
#include "shm/hints.h"

// How a pool stops taking work: drain, resume, stop, and a quarantine without a living worker.
namespace ringmaster {
namespace {

// SYNC: acquire, pairs with publish and with the owner's completion.
SlotWord word_at(const Session& session, std::uint32_t slot) {
  return SlotWord(session.reply.word(slot).load(std::memory_order_acquire));
}

// The last job that still belongs to the time before the drain. Words that the client wrote: wrong ones are its loss.
std::uint32_t last_seq(const Session& session) {
  std::uint32_t pending = 0;
  std::uint32_t any = 0;
  const auto later = [](std::uint32_t seq, std::uint32_t than) { return than == 0 || seq_after(seq, than); };
  for (std::uint32_t slot = 0; slot < session.geometry.slots; ++slot) {
    const SlotWord word = word_at(session, slot);
    if (word.seq() == 0) continue;
    if (later(word.seq(), any)) any = word.seq();
    const bool waits_or_runs = word.state() == SlotState::Ready || word.is_owned();
    if (waits_or_runs && later(word.seq(), pending)) pending = word.seq();
  }
  return pending != 0 ? pending : any;
}

BoardClosed board_word(core::Admission admission) {
  switch (admission) {
    case core::Admission::Open:
      return BoardClosed::Open;
    case core::Admission::Draining:
      return BoardClosed::Draining;
    case core::Admission::Stopping:
      return BoardClosed::Stopping;
    case core::Admission::Quarantined:
      return BoardClosed::Quarantined;
  }
  return BoardClosed::Open;
}

}  // namespace

void Pool::drain(DrainDone done) {
  if (drain_.stopping()) return tell_drained(std::move(done), "pool \"" + config_.name + "\" is stopping");
  drain_waiters_.push_back(std::move(done));
  if (drain_.state() == core::Drain::State::Running) {
    close_board(BoardClosed::Draining);
    for (const auto& [index, session] : sessions_.all()) {
      host_.ledger_record().sessions[index].drain_serial.store(0, std::memory_order_relaxed);  // of an earlier drain
      mark_drain(*session);
    }
  }
  on_drain(drain_.handle(host_.loop().now(), core::Drain::DrainRequested{}));
  if (drain_.state() == core::Drain::State::Drained) on_drain({core::Drain::Effect::ReportDrained});
  update();
}

void Pool::resume() {
  on_drain(drain_.handle(host_.loop().now(), core::Drain::ResumeRequested{}));
  tell_drain_waiters("pool \"" + config_.name + "\" was told to take jobs again before it was drained");
  update();
}

void Pool::stop(core::Duration timeout) {
  on_drain(drain_.handle(host_.loop().now(), core::Drain::StopRequested{timeout}));
  tell_drain_waiters("pool \"" + config_.name + "\" was told to stop before it was drained");
  update();
}

void Pool::tell_drained(DrainDone done, const std::string& why) {
  host_.loop().post([done = std::move(done), why] { done(why); });
}

void Pool::tell_drain_waiters(const std::string& why) {
  for (DrainDone& done : drain_waiters_) tell_drained(std::move(done), why);
  drain_waiters_.clear();
}

void Pool::on_drain(const std::vector<core::Drain::Effect>& effects) {
  for (const auto effect : effects) {
    switch (effect) {
      case core::Drain::Effect::RefuseJobs:
        if (!drain_.stopping()) note_drain(LedgerDrain::Draining);
        log_info("pool", {{"pool", config_.name}, {"state", core::to_string(drain_.state())}});
        break;
      case core::Drain::Effect::AcceptJobs:
        note_drain(LedgerDrain::Running);
        tell_closed();
        shut_gate(false);
        log_info("pool", {{"pool", config_.name}, {"state", core::to_string(drain_.state())}});
        break;
      case core::Drain::Effect::ReportDrained:
        note_drain(LedgerDrain::Drained);
        tell_drain_waiters({});
        break;
      case core::Drain::Effect::LoseQueued:
        tell_closed();
        lose_queued();
        break;
      case core::Drain::Effect::AskWorkersToStop:
        break;  // the plan's goal says so
      case core::Drain::Effect::KillRunning:
        kill_running();
        break;
      case core::Drain::Effect::ReportStopped:
        break;  // pool_changed tells
    }
  }
}

void Pool::lose_queued() { book_.tally().lost += host_.sessions().end_queued(index_, Cause::Lost); }

void Pool::kill_running() {
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = seats_[i];
    kill_orphan(seat);
    if (!seat.process) continue;
    look_at_seat(static_cast<core::Seat>(i), host_.loop().now());
    if (seat.watch.running() && seat.ready) {
      if (!seat.ladder) seat.ladder = {seat.watch.intent(), ladder_config(seat)};
      step(static_cast<core::Seat>(i), core::KillLadder::CancelRequested{core::Verdict::Shutdown});
    } else {
      kill(seat, core::DeathKind::Shutdown);
    }
  }
}

void Pool::close_board(BoardClosed closed) {
  const auto word = static_cast<std::uint32_t>(closed);
  // SYNC: seq_cst: before the look at the slots that follows; clients only hasten what that look decides.
  if (board_->closed.load(std::memory_order_relaxed) != word) board_->closed.store(word, std::memory_order_seq_cst);
}

void Pool::tell_closed() {
  const bool hopeless = without_hope();
  close_board(board_word(core::admission(drain_.state(), hopeless)));
  // Nobody will take what is queued, and it may have no deadline of its own.
  if (hopeless && !drain_.stopping()) book_.tally().refused += host_.sessions().end_queued(index_, Cause::Refused);
}

bool Pool::without_hope() const { return policy_.quarantined() && none_ready(); }

void Pool::mark_drain(const Session& session) {
  LedgerSession& record = host_.ledger_record().sessions[session.index];
  if (record.drain_serial.load(std::memory_order_relaxed) == session.serial) return;
  record.drain_seq = last_seq(session);
  // SYNC: release: a successor that reads the serial reads the seq.
  record.drain_serial.store(session.serial, std::memory_order_release);
}

void Pool::note_drain(LedgerDrain drain) {
  // SYNC: release: a successor that reads Draining finds what its sessions still run.
  host_.ledger_record().pools[index_].drain.store(static_cast<std::uint32_t>(drain), std::memory_order_release);
}

// A predecessor's drain goes on, with the jobs that it had let in.
void Pool::take_up_drain() {
  // SYNC: acquire, pairs with note_drain.
  const auto drain =
      static_cast<LedgerDrain>(host_.ledger_record().pools[index_].drain.load(std::memory_order_acquire));
  if (drain == LedgerDrain::Running) return;
  (void)drain_.handle(host_.loop().now(), core::Drain::DrainRequested{});
  if (drain == LedgerDrain::Drained) {
    gate_shut_ = true;
    (void)drain_.handle(host_.loop().now(), core::Drain::BecameIdle{});
  }
}

bool Pool::refuses(const Session& session, SlotWord ready) const {
  const LedgerSession& record = host_.ledger_record().sessions[session.index];
  core::QueuedJob job;
  job.before_drain = record.drain_serial.load(std::memory_order_relaxed) == session.serial &&
                     !seq_after(ready.seq(), record.drain_seq);
  job.first_attempt = ready.attempt() == 0;
  return core::refuses(drain_.state(), without_hope(), gate_shut_, job);
}

void Pool::refuse_late_jobs() {
  bool reminded = false;
  for (const auto& [index, session] : sessions_.all()) {
    // Words, not bits: a bit may be stale, and who ignores the board may not set it.
    for (std::uint32_t slot = 0; slot < session->geometry.slots; ++slot) {
      const SlotWord word = word_at(*session, slot);
      if (!word.is_claimable()) continue;
      if (!refuses(*session, word)) {
        // One that is waited for must be seen by a worker, whether its client has told of it or not.
        reminded |= remind(session->reply, slot);
      } else if (end_ready(session->reply, slot, word, Cause::Refused)) {
        ++book_.tally().refused;
      }
    }
  }
  if (reminded) call();
}

bool Pool::any_slot(const std::function<bool(const Session&, SlotWord)>& test) const {
  for (const auto& [index, session] : sessions_.all()) {
    for (std::uint32_t slot = 0; slot < session->geometry.slots; ++slot) {
      if (test(*session, word_at(*session, slot))) return true;
    }
  }
  return false;
}

void Pool::step_drain(core::TimePoint now) {
  if (drain_.state() != core::Drain::State::Draining) return;
  refuse_late_jobs();
  const bool queued = any_slot(
      [this](const Session& session, SlotWord word) { return word.is_claimable() && !refuses(session, word); });
  // A job that lost its worker after the gate was shut opens it again.
  if (queued == gate_shut_) shut_gate(!queued);
  if (!gate_shut_ || !workers_rest()) return;
  WordAudit audit;
  const bool owned = audit.any_owned(sessions_.all(), seats_);
  audit.end_broken(host_.sessions());
  if (owned) return;
  on_drain(drain_.handle(now, core::Drain::BecameIdle{}));
}

void Pool::shut_gate(bool shut) {
  if (gate_shut_ == shut) return;
  gate_shut_ = shut;
  for (Seat& seat : seats_) {
    if (seat.process && seat.state == core::SeatState::Active) seat.process->send(worker_link::Drain{shut});
  }
  if (!shut) call();
}

bool Pool::workers_rest() const {
  return std::all_of(seats_.begin(), seats_.end(), [](const Seat& seat) {
    if (!seat.process || !seat.ready) return true;
    // SYNC: seq_cst, pairs with the worker's set_state: after the Drain that we sent.
    const auto state = static_cast<LaneState>(seat.process->lane().words.state.load(std::memory_order_seq_cst));
    return state == LaneState::Draining || state == LaneState::Stopped;
  });
}

}  // namespace ringmaster
