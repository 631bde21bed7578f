#include "tests/model/expansion.h"

// The worker's rules: claim, chain, run, finish.

namespace ringmaster::model {

void Expansion::worker(int index) {
  const Worker& me = s_->workers[index];
  if (me.life != Life::Alive && me.life != Life::Killed) return;
  switch (me.at) {
    case WorkerAt::Scan:
      if (config_.standby && me.session == 0) stream(index);
      scan(index, WorkerAt::ReadSlot, config_.spin ? WorkerAt::SetSpin : to_park());
      return;
    case WorkerAt::LookAtAll:
      look_at_all(index, WorkerAt::Scan, WorkerAt::Scan);
      return;
    case WorkerAt::ReadSlot:
    case WorkerAt::Intent:
    case WorkerAt::CheckHold:
    case WorkerAt::HeldClear:
    case WorkerAt::HeldWait:
    case WorkerAt::Claim:
    case WorkerAt::LateIntent:
    case WorkerAt::ClaimFailed:
      claim(index);
      return;
    case WorkerAt::ClearReady:
    case WorkerAt::Recheck:
    case WorkerAt::SetReady:
    case WorkerAt::ChainSpin:
    case WorkerAt::ChainIdle:
    case WorkerAt::ChainStandby:
    case WorkerAt::ChainBits:
    case WorkerAt::ChainRing:
    case WorkerAt::ChainRingAgain:
      chain(index);
      return;
    case WorkerAt::ChainLook:
      look_at_all(index, WorkerAt::ChainBits, WorkerAt::ChainBits);
      return;
    case WorkerAt::Run:
    case WorkerAt::Hung:
      run(index);
      return;
    case WorkerAt::Complete:
    case WorkerAt::SetDone:
    case WorkerAt::Bump:
    case WorkerAt::Wake:
    case WorkerAt::LateDone:
    case WorkerAt::ClearLane:
      finish(index);
      return;
    case WorkerAt::FailedHold:
    case WorkerAt::Stopped:
    case WorkerAt::Drop:
      lost_word(index);
      return;
    case WorkerAt::SetSpin:
    case WorkerAt::SpinScan:
    case WorkerAt::SpinFound:
    case WorkerAt::SetIdle:
    case WorkerAt::ClearSpin:
    case WorkerAt::IdleScan:
    case WorkerAt::Settle:
    case WorkerAt::SettleRead:
    case WorkerAt::SettleClear:
    case WorkerAt::SettleRecheck:
    case WorkerAt::SettleSet:
    case WorkerAt::Sleep:
    case WorkerAt::Asleep:
    case WorkerAt::ClearIdle:
      park(index);
      return;
    case WorkerAt::EndStream:
    case WorkerAt::EndCover:
    case WorkerAt::SeeStream:
    case WorkerAt::StandBy:
    case WorkerAt::SeeStreamAgain:
    case WorkerAt::LeaveStandby:
    case WorkerAt::Called:
    case WorkerAt::CalledCovered:
    case WorkerAt::Napping:
    case WorkerAt::NapEnds:
    case WorkerAt::EndAnothers:
    case WorkerAt::RiseFromStandby:
      stand_by(index);
      return;
  }
}

void Expansion::claim(int index) {
  const Worker& me = s_->workers[index];
  const int k = me.slot;
  const Slot& slot = s_->slots[k];
  const bool late = config_.mutated(Mutation::IntentAfterClaim);
  switch (me.at) {
    case WorkerAt::ReadSlot: {
      if (slot.word.phase == Phase::Ready) {
        take_ready(index, k, "reads the slot: Ready");
      } else {
        add(Actor::Worker, index, "reads the slot: not Ready", k).next.workers[index].at = WorkerAt::ClearReady;
      }
      return;
    }
    case WorkerAt::Intent: {
      Worker& w = add(Actor::Worker, index, "stores its intent", k).next.workers[index];
      w.lane = JobName{u8(k + 1), me.seq};
      w.at = config_.mutated(Mutation::ClaimIgnoresHold) ? WorkerAt::Claim : WorkerAt::CheckHold;
      return;
    }
    case WorkerAt::CheckHold:
      add(Actor::Worker, index, me.hold != 0 ? "reads hold: held" : "reads hold: clear").next.workers[index].at =
          me.hold != 0 ? WorkerAt::HeldClear : WorkerAt::Claim;
      return;
    case WorkerAt::HeldClear: {
      Worker& w = add(Actor::Worker, index, "clears its lane, waits for hold").next.workers[index];
      w.lane = {};
      w.slot = w.seq = w.attempt = 0;
      w.at = WorkerAt::HeldWait;
      return;
    }
    case WorkerAt::HeldWait:
      if (me.hold == 0) add(Actor::Worker, index, "is released").next.workers[index].at = WorkerAt::Scan;
      return;
    case WorkerAt::Claim: {
      const bool ok = slot.word == Word{Phase::Ready, me.seq, me.attempt, 0, 0};
      Step& step = add(Actor::Worker, index, ok ? "CAS Ready -> Running" : "CAS Ready -> Running fails", k);
      Worker& w = step.next.workers[index];
      if (!ok) {
        w.at = WorkerAt::ClaimFailed;
        return;
      }
      step.next.slots[k].word = Word{Phase::Running, me.seq, me.attempt, u8(index), me.incarnation};
      if (!is_tampered(k) && slot.descriptor != me.seq) step.violation = "a job claimed with another job's descriptor";
      if (s_->sessions[config_.session_of_slot(k)].dropped != 0) step.violation = "a job claimed in a dropped session";
      if (me.life == Life::Killed && !s_->verdicts[index].none() && me.lane != s_->verdicts[index])
        step.violation = "a worker under a kill claims another job";
      w.claimed = 1;
      w.at = late ? WorkerAt::LateIntent : after_claim();
      return;
    }
    case WorkerAt::LateIntent: {
      Worker& w = add(Actor::Worker, index, "stores its intent (late)", k).next.workers[index];
      w.lane = JobName{u8(k + 1), me.seq};
      w.at = after_claim();
      return;
    }
    default: {  // ClaimFailed
      Worker& w = add(Actor::Worker, index, "clears its lane").next.workers[index];
      w.lane = {};
      w.slot = w.seq = w.attempt = 0;
      w.at = WorkerAt::Scan;
      return;
    }
  }
}

void Expansion::chain(int index) {
  const Worker& me = s_->workers[index];
  const int k = me.slot;
  const int session = config_.session_of_slot(k);
  const auto go_on = [&](Worker& w) {
    w.session = 0;
    w.slot = w.seq = w.attempt = 0;
    w.at = WorkerAt::Scan;
  };
  switch (me.at) {
    case WorkerAt::ClearReady: {
      State& n = add(Actor::Worker, index, "clears the ready bit", k).next;
      clear(n.sessions[session].ready, k);
      n.workers[index].at = WorkerAt::Recheck;
      if (config_.mutated(Mutation::ClearWithoutRecheck)) go_on(n.workers[index]);
      return;
    }
    case WorkerAt::Recheck: {
      const bool again = s_->slots[k].word.phase == Phase::Ready;
      Worker& w =
          add(Actor::Worker, index, again ? "looks again: Ready" : "looks again: not Ready", k).next.workers[index];
      if (again) {
        w.at = WorkerAt::SetReady;
      } else {
        go_on(w);
      }
      return;
    }
    case WorkerAt::SetReady: {
      State& n = add(Actor::Worker, index, "sets the ready bit again", k).next;
      set(n.sessions[session].ready, k);
      go_on(n.workers[index]);
      return;
    }
    case WorkerAt::ChainSpin:
      add(Actor::Worker, index, "reads the spin mask").next.workers[index].at =
          s_->spin_mask != 0 ? WorkerAt::Run : WorkerAt::ChainIdle;
      return;
    case WorkerAt::ChainIdle: {
      const bool look = me.owes_look != 0 && !config_.mutated(Mutation::ChainHotOnly);
      const WorkerAt bits = look ? WorkerAt::ChainLook : WorkerAt::ChainBits;
      const WorkerAt covered = config_.standby ? WorkerAt::ChainStandby : bits;
      add(Actor::Worker, index, "reads the idle mask").next.workers[index].at =
          s_->idle_mask == 0 ? WorkerAt::Run : covered;
      return;
    }
    case WorkerAt::ChainStandby:
      add(Actor::Worker, index, "reads the standby's word").next.workers[index].at =
          s_->standby != 0 ? WorkerAt::Run : WorkerAt::ChainBits;
      return;
    case WorkerAt::ChainBits: {
      const bool own_only = config_.mutated(Mutation::ChainOwnSession);
      const int at = own_only ? session : next_to_chain(me, me.session);
      bool any = false;
      for (int slot = at * config_.slots; slot < (at + 1) * config_.slots && at < config_.sessions; ++slot) {
        any = any ||
              (!has(me.dropped, at) && has(s_->sessions[at].ready, slot) && s_->slots[slot].word.phase == Phase::Ready);
      }
      Worker& w =
          add(Actor::Worker, index, any ? "sees more ready work" : "sees no more ready work").next.workers[index];
      const int next = next_to_chain(me, at + 1);
      const bool last = own_only || next >= config_.sessions;
      w.session = any || last ? uint8_t{0} : u8(next);
      if (any) {
        w.at = WorkerAt::ChainRing;
      } else if (last) {
        w.at = WorkerAt::Run;
      }
      return;
    }
    case WorkerAt::ChainRing:
      empty_bell(Actor::Worker, index,
                 [&](State& n, bool again) { n.workers[index].at = again ? WorkerAt::ChainRingAgain : WorkerAt::Run; });
      [[fallthrough]];
    default:  // ChainRingAgain
      ring(Actor::Worker, index, "rings the pool's bell", kAnEdge,
           [&](State& n) { n.workers[index].at = WorkerAt::Run; });
      return;
  }
}

void Expansion::run(int index) {
  const Worker& me = s_->workers[index];
  const int k = me.slot;
  if (me.at == WorkerAt::Hung) return;
  const bool must_hang = config_.first_job_hangs && config_.session_of_slot(k) == 0;
  if (must_hang || s_->hangs > 0) {
    Step& step = add(Actor::Worker, index, "hangs in the handler", k);
    step.next.workers[index].at = WorkerAt::Hung;
    step.environment = !must_hang;
    if (!must_hang) step.next.hangs--;
    if (must_hang) {
      // It looks at nothing any more.
      Worker& w = step.next.workers[index];
      w.hot = w.owes_look = w.pending = 0;
      return;
    }
  }
  Step& step = add(Actor::Worker, index, "writes the result", k);
  check_result_write(step, k, index, me.incarnation, me.seq);
  Slot& slot = step.next.slots[k];
  slot.result_seq = me.seq;
  slot.result_worker = u8(index);
  slot.result_incarnation = me.incarnation;
  step.next.workers[index].at = WorkerAt::Complete;
}

void Expansion::finish(int index) {
  const Worker& me = s_->workers[index];
  const int k = me.slot;
  const int session = config_.session_of_slot(k);
  const bool late_bit = config_.mutated(Mutation::DoneBitAfterWake);
  const WorkerAt last = late_bit ? WorkerAt::LateDone : WorkerAt::ClearLane;
  switch (me.at) {
    case WorkerAt::Complete: {
      const Word mine{Phase::Running, me.seq, me.attempt, u8(index), me.incarnation};
      const bool ok = same(s_->slots[k].word, mine);
      Step& step = add(Actor::Worker, index, ok ? "CAS Running -> Done" : "CAS Running -> Done fails", k);
      Worker& w = step.next.workers[index];
      if (!ok) {
        w.at = WorkerAt::FailedHold;
        return;
      }
      const Slot& slot = s_->slots[k];
      const bool own = slot.result_seq == me.seq && slot.result_worker == index &&
                       slot.result_incarnation == me.incarnation && slot.word.incarnation == me.incarnation;
      end(step, k, Phase::Done);
      if (!own && !is_tampered(k)) step.violation = "a worker completes a job that is not its own";
      w.claimed = 0;
      w.at = late_bit ? WorkerAt::Bump : WorkerAt::SetDone;
      return;
    }
    case WorkerAt::SetDone: {
      State& n = add(Actor::Worker, index, "sets the done bit", k).next;
      set(n.sessions[session].done, k);
      n.workers[index].at = WorkerAt::Bump;
      return;
    }
    case WorkerAt::Bump: {
      const bool waits = s_->sessions[session].waiting != 0;
      State& n = add(Actor::Worker, index,
                     waits ? "adds 2 to the completion word, clears the waiting bit" : "adds 2 to the completion word")
                     .next;
      bump(n, session);
      n.sessions[session].waiting = 0;
      n.workers[index].at = waits ? WorkerAt::Wake : last;
      return;
    }
    case WorkerAt::Wake:
      wake(Actor::Worker, index, session, [&](State& n) { n.workers[index].at = last; });
      return;
    case WorkerAt::LateDone: {
      State& n = add(Actor::Worker, index, "sets the done bit (late)", k).next;
      set(n.sessions[session].done, k);
      n.workers[index].at = WorkerAt::ClearLane;
      return;
    }
    default: {  // ClearLane
      Worker& w = add(Actor::Worker, index, "empties its lane").next.workers[index];
      w.lane = {};
      w.slot = w.seq = w.attempt = 0;
      w.at = WorkerAt::Scan;
      return;
    }
  }
}

void Expansion::lost_word(int index) {
  const Worker& me = s_->workers[index];
  const int session = config_.session_of_slot(me.slot);
  const bool unchecked = config_.mutated(Mutation::LostWordTakenForHold);
  if (me.at == WorkerAt::FailedHold || me.at == WorkerAt::Stopped) {
    const bool held = me.hold != 0 || unchecked;
    if (held && me.at == WorkerAt::Stopped) return;
    add(Actor::Worker, index, held ? "reads hold: held, stops" : "reads hold: not held, so its client tampered")
        .next.workers[index]
        .at = held ? WorkerAt::Stopped : WorkerAt::Drop;
    return;
  }
  Step& step = add(Actor::Worker, index, "drops the session, empties its lane", me.slot);
  if (s_->sessions[session].tampered == 0) step.violation = "an honest client's session is dropped for tampering";
  Worker& w = step.next.workers[index];
  set(w.dropped, session);
  w.lane = {};
  w.slot = w.seq = w.attempt = w.claimed = 0;
  w.at = WorkerAt::Scan;
}

}  // namespace ringmaster::model
