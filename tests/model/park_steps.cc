#include "tests/model/expansion.h"

// The worker's rules when it finds no work: spin, then sleep.

namespace ringmaster::model {

void Expansion::park(int index) {
  const Worker& me = s_->workers[index];
  switch (me.at) {
    case WorkerAt::SetSpin: {
      State& n = add(Actor::Worker, index, "sets its spin bit").next;
      set(n.spin_mask, index);
      n.workers[index].owes_look = config_.cold() ? 1 : 0;
      n.workers[index].at = WorkerAt::SpinScan;
      return;
    }
    case WorkerAt::SpinScan:
      scan(index, WorkerAt::SpinFound, WorkerAt::SetIdle);
      return;
    case WorkerAt::SpinFound: {
      // Before it looks for others to ring on, or it would take itself for the spinner that makes a ring needless.
      State& n = add(Actor::Worker, index, "clears its spin bit").next;
      clear(n.spin_mask, index);
      n.workers[index].at = WorkerAt::Scan;
      return;
    }
    case WorkerAt::SetIdle: {
      State& n = add(Actor::Worker, index, "sets its idle bit").next;
      if (config_.mutated(Mutation::WorkerStoreDelayed)) {
        n.workers[index].buffered = 1;
      } else {
        set(n.idle_mask, index);
      }
      n.workers[index].at = config_.standby ? WorkerAt::SeeStream : after_idle();
      return;
    }
    case WorkerAt::ClearSpin: {
      State& n = add(Actor::Worker, index, "clears its spin bit").next;
      clear(n.spin_mask, index);
      n.workers[index].at = WorkerAt::IdleScan;
      return;
    }
    case WorkerAt::IdleScan:
      if (config_.cold() && !config_.mutated(Mutation::NoSecondLook)) {
        look_at_all(index, WorkerAt::ClearIdle, WorkerAt::Sleep);
      } else {
        scan(index, config_.standby ? WorkerAt::Called : WorkerAt::ClearIdle, WorkerAt::Sleep);
      }
      return;
    case WorkerAt::Sleep: {
      if (me.buffered != 0) return;  // the store buffer is empty by the time a task sleeps
      const bool pending = me.pending != 0;
      Worker& w = add(Actor::Worker, index, pending ? "epoll reports an edge" : "sleeps in epoll").next.workers[index];
      heed(w, me.pending);
      w.pending = 0;
      if (me.standing_by != 0) {
        w.at = pending ? WorkerAt::RiseFromStandby : WorkerAt::Napping;
      } else {
        w.at = pending ? WorkerAt::ClearIdle : WorkerAt::Asleep;
      }
      return;
    }
    case WorkerAt::ClearIdle: {
      if (me.buffered != 0) return;
      State& n = add(Actor::Worker, index, "clears its idle bit").next;
      clear(n.idle_mask, index);
      n.workers[index].at = WorkerAt::Scan;
      return;
    }
    default:  // Asleep
      return;
  }
}

// A ring names its session. After the pool's bell a worker looks at all, as it may at any time.
void Expansion::heed(Worker& w, uint8_t edges) const { w.hot = u8(w.hot | (edges & cold_mask())); }

}  // namespace ringmaster::model
