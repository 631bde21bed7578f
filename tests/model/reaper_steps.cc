#include "tests/model/expansion.h"

// The reaper's rules (the supervisor after a worker's death) and the repair of hints that it shares with a successor.

namespace ringmaster::model {

void Expansion::resolve(Step& step, int slot, bool by_lane) {
  const Supervisor& me = s_->supervisor;
  const Worker& w = s_->workers[me.worker];
  const Word& word = s_->slots[slot].word;
  const uint8_t seq = by_lane ? me.job.seq : word.seq;
  const int incarnation = w.exited - 1;
  if (!owns(word, me.worker, incarnation, seq)) return;
  if (word.phase == Phase::Running && has(s_->shot, me.worker) && !is_tampered(slot)) {
    step.violation = "a job whose worker was killed for it is taken for a crashed one";
  }
  if (config_.forced && word.phase == Phase::Running) {
    const JobName verdict = s_->verdicts[me.worker];
    const bool about_it = verdict == JobName{u8(slot + 1), word.seq};
    const bool believed = config_.mutated(Mutation::ReaperTakesAnyVerdict) ? !verdict.none() : about_it;
    if (believed && !about_it) step.violation = "a job is ended by a verdict on another";
    if (believed && !config_.mutated(Mutation::ReaperForgetsVerdict)) {
      end(step, slot, Phase::Cancelled);
      step.what = "CAS Running -> Cancelled(by force)";
      return;
    }
    if (about_it) step.violation = "a job under a verdict is tried again";
  }
  if (word.phase == Phase::Running && word.attempt + 1 < config_.attempts) {
    step.next.slots[slot].word = Word{Phase::Ready, word.seq, u8(word.attempt + 1), 0, 0};
    step.what = "CAS Running -> Ready (next attempt)";
    return;
  }
  end(step, slot, Phase::Failed);
  step.what = word.phase == Phase::Condemned ? "CAS Condemned -> Failed(timed out)" : "CAS Running -> Failed(crashed)";
}

void Expansion::reaper_step() {
  const Supervisor& me = s_->supervisor;
  const int target = me.worker;
  const Worker& w = s_->workers[target];
  switch (me.at) {
    case SupervisorAt::Fence: {
      State& n = add(Actor::Supervisor, target, "has the worker and its children gone (fence)").next;
      Worker& dead = n.workers[target];
      bury(dead, Life::Fenced);
      dead.exited = u8(w.incarnation + 1);
      dead.old_lane = w.lane;
      dead.lane = {};
      dead.hold = 0;
      n.supervisor.at = SupervisorAt::ReadLane;
      return;
    }
    case SupervisorAt::ReadLane: {
      Step& step = add(Actor::Supervisor, target, "reads the dead worker's lane");
      if (w.exited == 0) {  // ReclaimWithoutFence
        step.next.workers[target].exited = u8(w.incarnation + 1);
        step.next.workers[target].old_lane = w.lane;
      }
      const JobName lane = step.next.workers[target].old_lane;
      if (w.life == Life::Fenced && w.unnamed != 0) {
        step.violation = "the reaper does not learn which job the dead worker had";
      }
      Supervisor& n = step.next.supervisor;
      n.job = lane;
      n.position = 0;
      n.at = lane.none() ? SupervisorAt::Audit : SupervisorAt::Resolve;
      return;
    }
    case SupervisorAt::Resolve: {
      Step& step = add(Actor::Supervisor, target, "finds the intent's slot not owned by the dead", me.job.index());
      resolve(step, me.job.index(), true);
      step.next.supervisor.at = SupervisorAt::Audit;
      return;
    }
    case SupervisorAt::Audit: {
      const int k = me.position;
      Step& step = add(Actor::Supervisor, target, "audits a slot", k);
      if (me.task == Task::Reap) resolve(step, k, false);
      Supervisor& n = step.next.supervisor;
      const Phase phase = step.next.slots[k].word.phase;
      if (phase == Phase::Ready) set(n.restore_ready, k);
      if (terminal(phase)) set(n.restore_done, k);
      n.position++;
      if (n.position == config_.all_slots()) {
        n.position = 0;
        n.job = {};
        n.at = SupervisorAt::SetReady;
      }
      return;
    }
    case SupervisorAt::ClearMasks: {
      State& n = add(Actor::Supervisor, target, "clears the dead worker's idle and spin bits").next;
      clear(n.idle_mask, target);
      clear(n.spin_mask, target);
      if (!config_.mutated(Mutation::ReaperLeavesRoles)) {
        if (n.streamer == target + 1) n.streamer = 0;
        if (n.standby == target + 1) n.standby = 0;
      }
      n.supervisor.at = config_.mutated(Mutation::ReaperDoesNotRing) ? SupervisorAt::Spawn : SupervisorAt::Ring;
      return;
    }
    case SupervisorAt::Ring: {
      const SupervisorAt then = me.task == Task::Reap ? SupervisorAt::Spawn : SupervisorAt::Idle;
      call_all(Actor::Supervisor, target, [&](State& n) {
        n.supervisor.at = then;
        if (then == SupervisorAt::Idle) n.supervisor = Supervisor{.at = SupervisorAt::Idle};
      });
      return;
    }
    case SupervisorAt::Spawn: {
      const bool here = w.life == Life::Alive && w.incarnation == w.exited;  // by a predecessor
      const bool may = w.exited < config_.incarnations;
      State& n = add(Actor::Supervisor, target,
                     here  ? "finds the next incarnation running"
                     : may ? "starts the next incarnation with a fresh lane"
                           : "starts no other incarnation")
                     .next;
      Worker& next = n.workers[target];
      if (!here) {
        clear(n.shot, target);
        next = Worker{.life = may ? Life::Alive : Life::Fenced,
                      .incarnation = may ? w.exited : w.incarnation,
                      .exited = w.exited,
                      .old_lane = w.old_lane};
      }
      n.supervisor.at = SupervisorAt::Acknowledge;
      return;
    }
    default: {  // Acknowledge
      State& n = add(Actor::Supervisor, target, "acknowledges the exit").next;
      Worker& next = n.workers[target];
      next.exited = 0;
      next.old_lane = {};
      if (next.life == Life::Fenced) next = Worker{};
      n.verdicts[target] = {};
      n.supervisor = Supervisor{.at = SupervisorAt::Idle};
      return;
    }
  }
}

void Expansion::restore_step() {
  const Supervisor& me = s_->supervisor;
  const int session = me.position;
  const uint8_t ready = u8(me.restore_ready & slots_mask(session));
  const uint8_t done = u8(me.restore_done & slots_mask(session));
  const auto next_session = [&](Supervisor& n) {
    n.position++;
    n.at = SupervisorAt::SetReady;
    if (me.task == Task::Expire) {
      n = Supervisor{.at = SupervisorAt::Idle};
    } else if (n.position == config_.sessions) {
      n.position = n.restore_ready = n.restore_done = 0;
      const bool masks = me.task == Task::Reap && !config_.mutated(Mutation::ReaperLeavesMasks);
      n.at = masks ? SupervisorAt::ClearMasks : SupervisorAt::Ring;
    }
  };
  switch (me.at) {
    case SupervisorAt::SetReady: {
      State& n = add(Actor::Supervisor, session, "restores ready bits").next;
      n.sessions[session].ready = u8(n.sessions[session].ready | ready);
      n.supervisor.at = SupervisorAt::SetDone;
      return;
    }
    case SupervisorAt::SetDone: {
      State& n = add(Actor::Supervisor, session, "restores done bits").next;
      n.sessions[session].done = u8(n.sessions[session].done | done);
      const bool leaves = me.task == Task::Reap && config_.mutated(Mutation::ReaperLeavesWord);
      n.supervisor.at = leaves ? SupervisorAt::Wake : SupervisorAt::Bump;
      return;
    }
    case SupervisorAt::Bump: {
      State& n = add(Actor::Supervisor, session, "adds 2 to the completion word, clears the waiting bit").next;
      bump(n, session);
      n.sessions[session].waiting = 0;
      n.supervisor.at = SupervisorAt::Wake;
      return;
    }
    default:  // Wake
      wake(Actor::Supervisor, session, session, [&](State& n) { next_session(n.supervisor); });
      return;
  }
}

}  // namespace ringmaster::model
