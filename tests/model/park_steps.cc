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
      if (!config_.settles) return scan(index, stay_awake(), WorkerAt::Sleep);
      if (config_.cold() && !config_.mutated(Mutation::NoSecondLook)) {
        look_at_all(index, WorkerAt::Settle, WorkerAt::Sleep);
        return;
      }
      [[fallthrough]];
    case WorkerAt::Settle:
      settle(index);
      return;
    case WorkerAt::SettleRead:
    case WorkerAt::SettleClear:
    case WorkerAt::SettleRecheck:
    case WorkerAt::SettleSet:
      settle_slot(index);
      return;
    case WorkerAt::Sleep: {
      if (me.buffered != 0) return;  // the store buffer is empty by the time a task sleeps
      const bool pending = me.pending != 0;
      Worker& w = add(Actor::Worker, index, pending ? "epoll reports an edge" : "sleeps in epoll").next.workers[index];
      w.woken = 0;
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
      n.workers[index].woken = 0;
      n.workers[index].at = WorkerAt::Scan;
      return;
    }
    default:  // Asleep
      return;
  }
}

// The bits of the hot sessions, to see what lies behind them.
void Expansion::settle(int index) {
  const Worker& me = s_->workers[index];
  const int session = next_hot(me, me.session);
  const bool over = session == config_.sessions;
  const uint8_t bits = over || has(me.dropped, session) ? uint8_t{0} : s_->sessions[session].ready;
  if (bits == 0) {
    Worker& w = add(Actor::Worker, index, "looks before its sleep: no bit").next.workers[index];
    const int next = over ? config_.sessions : next_hot(me, session + 1);
    w.session = next < config_.sessions ? u8(next) : uint8_t{0};
    w.at = w.session != 0 ? WorkerAt::Settle : WorkerAt::Sleep;
    return;
  }
  for (int k = 0; k < config_.all_slots(); ++k) {
    if (!has(bits, k)) continue;
    Worker& w = add(Actor::Worker, index, "looks before its sleep: a bit", k).next.workers[index];
    w.session = 0;
    w.slot = u8(k);
    w.at = config_.mutated(Mutation::SettleForgets) ? WorkerAt::SettleClear : WorkerAt::SettleRead;
  }
}

void Expansion::settle_slot(int index) {
  const Worker& me = s_->workers[index];
  const int k = me.slot;
  const bool ready = s_->slots[k].word.phase == Phase::Ready;
  const auto go_on = [](Worker& w, WorkerAt at) {
    w.slot = 0;
    w.at = at;
  };
  switch (me.at) {
    case WorkerAt::SettleRead: {
      Worker& w = add(Actor::Worker, index, ready ? "finds a job" : "finds no job", k).next.workers[index];
      ready ? go_on(w, stay_awake()) : void(w.at = WorkerAt::SettleClear);
      return;
    }
    case WorkerAt::SettleClear: {
      State& n = add(Actor::Worker, index, "clears the ready bit before its sleep", k).next;
      clear(n.sessions[config_.session_of_slot(k)].ready, k);
      const bool blind = config_.mutated(Mutation::SettleWithoutRecheck) || config_.mutated(Mutation::SettleForgets);
      blind ? go_on(n.workers[index], WorkerAt::Settle) : void(n.workers[index].at = WorkerAt::SettleRecheck);
      return;
    }
    case WorkerAt::SettleRecheck: {
      Worker& w =
          add(Actor::Worker, index, ready ? "looks again: a job" : "looks again: no job", k).next.workers[index];
      ready ? void(w.at = WorkerAt::SettleSet) : go_on(w, WorkerAt::Settle);
      return;
    }
    default: {  // SettleSet
      State& n = add(Actor::Worker, index, "sets the ready bit again", k).next;
      set(n.sessions[config_.session_of_slot(k)].ready, k);
      go_on(n.workers[index], stay_awake());
      return;
    }
  }
}

// A ring names its session. After the pool's bell a worker looks at all, as it may at any time.
void Expansion::heed(Worker& w, uint8_t edges) const { w.hot = u8(w.hot | (edges & cold_mask())); }

}  // namespace ringmaster::model
