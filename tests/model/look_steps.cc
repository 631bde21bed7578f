#include "tests/model/expansion.h"

// How a worker looks for a job: at its hot sessions, and at all.

namespace ringmaster::model {

int Expansion::next_hot(const Worker& w, int from) const {
  while (from >= config_.always_hot && from < config_.sessions && !has(w.hot, from)) ++from;
  return from;
}

// A look at the hot sessions, which are all where none is ever cold.
void Expansion::scan(int index, WorkerAt if_found_at, WorkerAt if_none) {
  const Worker& me = s_->workers[index];
  const int session = next_hot(me, me.session);
  if (if_found_at == WorkerAt::ReadSlot && config_.cold() && me.session == 0) {
    // A half millisecond may have passed since the last one.
    add(Actor::Worker, index, "is to look at all sessions").next.workers[index].at = WorkerAt::LookAtAll;
  }
  if (session == config_.sessions) {
    Worker& w = add(Actor::Worker, index, "has no session to look at").next.workers[index];
    w.session = 0;
    w.at = if_none;
    return;
  }
  if (if_found_at == WorkerAt::ReadSlot && !has(me.dropped, session)) {
    // The slot at its cursor, wherever that is, is looked at without regard to its bit.
    for (int k = session * config_.slots; k < (session + 1) * config_.slots; ++k) {
      if (s_->slots[k].word.phase == Phase::Ready) take_ready(index, k, "looks at the slot in turn: Ready");
    }
  }
  const uint8_t bits = has(me.dropped, session) ? uint8_t{0} : s_->sessions[session].ready;
  if (bits == 0) {
    Worker& w = add(Actor::Worker, index, "scans: nothing ready").next.workers[index];
    const int next = next_hot(me, session + 1);
    w.session = next < config_.sessions ? u8(next) : uint8_t{0};
    if (w.session == 0) w.at = if_none;
    return;
  }
  if (if_found_at != WorkerAt::ReadSlot) {
    Worker& w = add(Actor::Worker, index, "scans: something is ready").next.workers[index];
    w.session = 0;
    w.at = if_found_at;
    return;
  }
  for (int k = 0; k < config_.all_slots(); ++k) {
    if (!has(bits, k)) continue;
    Worker& w = add(Actor::Worker, index, "scans: takes a ready bit", k).next.workers[index];
    w.session = 0;
    w.slot = u8(k);
    w.at = WorkerAt::ReadSlot;
  }
}

// A look at the ready bits of the sessions that may be cold, one after the other: what has one is hot from now on, what
// has none is cold. Before it sleeps a worker looks at the others too.
void Expansion::look_at_all(int index, WorkerAt if_any, WorkerAt if_none) {
  const Worker& me = s_->workers[index];
  const bool first = me.session == 0;
  const int session = first && me.at != WorkerAt::IdleScan ? config_.always_hot : me.session;
  const bool shared = config_.mutated(Mutation::OneSharedBit);
  const bool known = shared && has(s_->shared_hot, session) && !has(me.hot, session);
  const bool any = !known && !has(me.dropped, session) && s_->sessions[session].ready != 0;
  State& n = add(Actor::Worker, index, any ? "looks at all: hot" : "looks at all: cold").next;
  Worker& w = n.workers[index];
  if (first && !has(s_->spin_mask, index)) w.owes_look = 0;
  any ? set(w.hot, session) : clear(w.hot, session);
  if (shared && !known) any ? set(n.shared_hot, session) : clear(n.shared_hot, session);
  const bool last = session + 1 == config_.sessions;
  w.session = last ? uint8_t{0} : u8(session + 1);
  if (last) w.at = w.hot != 0 ? if_any : if_none;
  if (last) w.hot = u8(w.hot & cold_mask());
}

void Expansion::take_ready(int index, int k, const char* what) {
  Worker& w = add(Actor::Worker, index, what, k).next.workers[index];
  w.session = 0;
  w.slot = u8(k);
  w.seq = s_->slots[k].word.seq;
  w.attempt = s_->slots[k].word.attempt;
  w.at = config_.mutated(Mutation::IntentAfterClaim) ? WorkerAt::CheckHold : WorkerAt::Intent;
}

}  // namespace ringmaster::model
