#include "tests/model/expansion.h"

// The supervisor's rules: verdict, hold, condemn, kill; queue deadlines; the end of a session. It is one thread that
// looks from Idle at what is due; a successor starts at Takeover and finds its way by ledger, lanes and slots alone.

namespace ringmaster::model {

void Expansion::supervisor() {
  const Supervisor& me = s_->supervisor;
  switch (me.at) {
    case SupervisorAt::Takeover: {
      Supervisor& n = add(Actor::Supervisor, 0, "takes over").next.supervisor;
      const bool repairs = !config_.mutated(Mutation::SuccessorDoesNotRepair);
      n.at = repairs ? SupervisorAt::Audit : SupervisorAt::Idle;
      n.task = repairs ? Task::Repair : Task::None;
      return;
    }
    case SupervisorAt::Idle:
      supervisor_idle();
      return;
    case SupervisorAt::WriteVerdict:
    case SupervisorAt::SetHold:
    case SupervisorAt::Condemn:
    case SupervisorAt::Kill:
    case SupervisorAt::EarlyKill:
    case SupervisorAt::LookLane:
    case SupervisorAt::LateHold:
    case SupervisorAt::ReleaseHold:
    case SupervisorAt::ReleaseVerdict:
    case SupervisorAt::BlameSession:
      verdict_step();
      return;
    case SupervisorAt::Fence:
    case SupervisorAt::ReadLane:
    case SupervisorAt::Resolve:
    case SupervisorAt::Audit:
    case SupervisorAt::ClearMasks:
    case SupervisorAt::Ring:
    case SupervisorAt::Spawn:
    case SupervisorAt::Acknowledge:
      reaper_step();
      return;
    case SupervisorAt::SetReady:
    case SupervisorAt::SetDone:
    case SupervisorAt::Bump:
    case SupervisorAt::Wake:
      restore_step();
      return;
    case SupervisorAt::EndSlots:
    case SupervisorAt::EndLanes:
    case SupervisorAt::EndDrop:
      end_session_step();
      return;
  }
}

void Expansion::supervisor_idle() {
  const bool early = config_.mutated(Mutation::KillBeforeVerdict);
  const auto judge = [&](int target, JobName job, bool late) {
    if (!late && s_->verdicts_left == 0) return;
    Step& step = add(Actor::Supervisor, target, "finds a worker past its deadline", job.index());
    step.environment = !late;
    if (!late) step.next.verdicts_left--;
    step.next.supervisor = Supervisor{
        .at = early ? SupervisorAt::EarlyKill : SupervisorAt::WriteVerdict, .worker = u8(target), .job = job};
  };
  for (int i = 0; i < config_.workers; ++i) {
    const Worker& w = s_->workers[i];
    if (w.life == Life::Killed || w.life == Life::Dead) {
      Supervisor& n = add(Actor::Supervisor, i, "learns of a worker's death").next.supervisor;
      n.worker = u8(i);
      n.task = Task::Reap;
      n.at = config_.mutated(Mutation::ReclaimWithoutFence) ? SupervisorAt::ReadLane : SupervisorAt::Fence;
    } else if (w.exited != 0) {
      Supervisor& n = add(Actor::Supervisor, i, "finds an exit that nobody acknowledged").next.supervisor;
      n.worker = u8(i);
      n.task = Task::Reap;
      n.at = SupervisorAt::ReadLane;
    } else if (config_.forced && w.life == Life::Alive && w.hold == 0 && !s_->verdicts[i].none() &&
               w.lane != s_->verdicts[i]) {
      add(Actor::Supervisor, i, "strikes the verdict on a job that has ended in its grace").next.verdicts[i] = {};
    } else if (w.life == Life::Alive && !s_->verdicts[i].none()) {
      Supervisor& n = add(Actor::Supervisor, i, "looks again at a worker with a verdict").next.supervisor;
      n.worker = u8(i);
      n.job = s_->verdicts[i];
      n.grace_over = w.at == WorkerAt::Hung || w.at == WorkerAt::Stopped ? 1 : 0;
      n.at = SupervisorAt::SetHold;
    } else if (w.life == Life::Alive && !w.lane.none() && !config_.mutated(Mutation::OwnerFromSlotWord) &&
               !config_.first_job_hangs) {
      judge(i, w.lane, w.at == WorkerAt::Hung);
    }
  }
  for (int k = 0; k < config_.all_slots(); ++k) {
    const Word& word = s_->slots[k].word;
    if (config_.mutated(Mutation::OwnerFromSlotWord) && word.phase == Phase::Running) {
      const Worker& w = s_->workers[word.worker];
      if (w.life == Life::Alive && w.incarnation == word.incarnation && s_->verdicts[word.worker].none()) {
        judge(word.worker, JobName{u8(k + 1), word.seq}, false);
      }
    }
    if (s_->expiries > 0 && word.phase == Phase::Ready) {
      Step& step = add(Actor::Supervisor, 0, "CAS Ready -> Failed(expired)", k);
      step.environment = true;
      step.next.expiries--;
      end(step, k, Phase::Failed);
      Supervisor& n = step.next.supervisor;
      n.task = Task::Expire;
      n.position = u8(config_.session_of_slot(k));
      set(n.restore_done, k);
      n.at = SupervisorAt::SetDone;
    }
  }
  for (int i = 0; i < config_.sessions; ++i) {
    if (s_->sessions[i].alive != 0 || s_->sessions[i].dropped != 0) continue;
    Supervisor& n = add(Actor::Supervisor, i, "finds a client gone").next.supervisor;
    n.worker = u8(i);
    n.position = u8(i * config_.slots);
    n.at = SupervisorAt::EndSlots;
  }
}

void Expansion::verdict_step() {
  const Supervisor& me = s_->supervisor;
  const int target = me.worker;
  const Worker& w = s_->workers[target];
  const bool hold_later = config_.mutated(Mutation::HoldAfterFailedCondemn);
  const auto kill = [&](Step& step) {
    const JobName job = true_job(w);
    if (!job.none() && job != me.job) step.violation = "a kill aimed at a worker that runs another job";
    if (w.life == Life::Alive) step.next.workers[target].life = Life::Killed;
    set(step.next.shot, target);
  };
  switch (me.at) {
    case SupervisorAt::EarlyKill: {
      Step& step = add(Actor::Supervisor, target, "sends SIGKILL");
      kill(step);
      step.next.supervisor.at = SupervisorAt::WriteVerdict;
      return;
    }
    case SupervisorAt::WriteVerdict: {
      State& n = add(Actor::Supervisor, target, "writes the verdict into the ledger", me.job.index()).next;
      n.verdicts[target] = me.job;
      n.supervisor.at = hold_later ? SupervisorAt::Condemn : SupervisorAt::SetHold;
      if (config_.forced) n.supervisor = Supervisor{.at = SupervisorAt::Idle};  // its grace
      return;
    }
    case SupervisorAt::SetHold:
    case SupervisorAt::LateHold: {
      State& n = add(Actor::Supervisor, target, "sets the worker's hold").next;
      n.workers[target].hold = 1;
      const bool skip = config_.mutated(Mutation::OneCondemn) && me.grace_over != 0;
      n.supervisor.at = me.at == SupervisorAt::LateHold || skip ? SupervisorAt::LookLane : SupervisorAt::Condemn;
      return;
    }
    case SupervisorAt::Condemn: {
      const int k = me.job.index();
      const Word& word = s_->slots[k].word;
      const bool ok = owns(word, target, w.incarnation, me.job.seq);
      State& n =
          add(Actor::Supervisor, target, ok ? "CAS Running -> Condemned" : "CAS Running -> Condemned fails", k).next;
      if (ok) n.slots[k].word.phase = Phase::Condemned;
      n.supervisor.condemned = ok ? 1 : 0;
      const bool blind =
          hold_later || config_.mutated(Mutation::KillOnCasAlone) || config_.mutated(Mutation::OwnerFromSlotWord);
      n.supervisor.at = ok && blind ? SupervisorAt::Kill : hold_later ? SupervisorAt::LateHold : SupervisorAt::LookLane;
      return;
    }
    case SupervisorAt::Kill: {
      Step& step = add(Actor::Supervisor, target, "sends SIGKILL");
      kill(step);
      step.next.supervisor = Supervisor{.at = SupervisorAt::Idle};
      return;
    }
    case SupervisorAt::LookLane: {
      const bool still = w.lane == me.job;
      Supervisor& n =
          add(Actor::Supervisor, target, still ? "reads the lane: still that job" : "reads the lane: moved on")
              .next.supervisor;
      if (!still) {
        n.at = SupervisorAt::ReleaseHold;
      } else if (me.condemned != 0) {
        n.at = SupervisorAt::Kill;
      } else if (me.grace_over != 0) {
        n.at = SupervisorAt::BlameSession;
      } else {
        n = Supervisor{.at = SupervisorAt::Idle};
      }
      return;
    }
    case SupervisorAt::ReleaseHold: {
      State& n = add(Actor::Supervisor, target, "releases the hold").next;
      n.workers[target].hold = 0;
      n.supervisor.at = SupervisorAt::ReleaseVerdict;
      return;
    }
    case SupervisorAt::ReleaseVerdict: {
      State& n = add(Actor::Supervisor, target, "strikes the verdict").next;
      n.verdicts[target] = {};
      n.supervisor = Supervisor{.at = SupervisorAt::Idle};
      return;
    }
    default: {  // BlameSession
      Step& step = add(Actor::Supervisor, target, "kills for a protocol violation, closes the session", me.job.index());
      if (!is_tampered(me.job.index())) step.violation = "an honest client's session is closed for tampering";
      kill(step);
      step.next.supervisor = Supervisor{.at = SupervisorAt::Idle};
      return;
    }
  }
}

void Expansion::end_session_step() {
  const Supervisor& me = s_->supervisor;
  const int session = me.worker;
  switch (me.at) {
    case SupervisorAt::EndSlots: {
      const int k = me.position;
      const bool ready = s_->slots[k].word.phase == Phase::Ready;
      Step& step = add(Actor::Supervisor, session, ready ? "CAS Ready -> Cancelled" : "leaves a slot as it is", k);
      if (ready) end(step, k, Phase::Cancelled);
      Supervisor& n = step.next.supervisor;
      n.position++;
      if (n.position == (session + 1) * config_.slots) {
        n.position = 0;
        n.at = SupervisorAt::EndLanes;
      }
      return;
    }
    case SupervisorAt::EndLanes: {
      const Worker& w = s_->workers[me.position];
      const auto names = [&](JobName job) { return !job.none() && config_.session_of_slot(job.index()) == session; };
      const bool busy = (w.life != Life::Absent && names(w.lane)) || names(w.old_lane);
      Supervisor& n =
          add(Actor::Supervisor, session, busy ? "reads a lane: in use" : "reads a lane: not in use").next.supervisor;
      n.position++;
      if (busy) {
        n = Supervisor{.at = SupervisorAt::Idle};
      } else if (n.position == config_.workers) {
        n.position = 0;
        n.at = SupervisorAt::EndDrop;
      }
      return;
    }
    default: {  // EndDrop
      Step& step = add(Actor::Supervisor, session, "lets the session's memory go");
      for (int i = 0; i < config_.workers; ++i) {
        const JobName job = true_job(s_->workers[i]);
        const bool runs = s_->workers[i].life == Life::Alive || s_->workers[i].life == Life::Killed;
        if (runs && !job.none() && config_.session_of_slot(job.index()) == session) {
          step.violation = "memory let go while a worker runs a job in it";
        }
      }
      for (int k = session * config_.slots; k < (session + 1) * config_.slots; ++k) step.next.slots[k] = Slot{};
      step.next.sessions[session] = Session{.dropped = 1, .alive = 0, .next_seq = 0};
      step.next.supervisor = Supervisor{.at = SupervisorAt::Idle};
      return;
    }
  }
}

}  // namespace ringmaster::model
