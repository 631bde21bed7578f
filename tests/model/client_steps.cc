#include "tests/model/expansion.h"

// The client's rules: submit, wait, collect. Several threads of one client share its private memory (slot table, lock).

namespace ringmaster::model {

int Expansion::in_flight(const State& s, int thread) const {
  int count = 0;
  for (int k = 0; k < config_.all_slots(); ++k) {
    if (config_.session_of_slot(k) != config_.session_of_thread(thread)) continue;
    count += s.slots[k].expected != 0 && s.slots[k].submitter == thread ? 1 : 0;
  }
  return count;
}

void Expansion::begin_job(int thread) {
  const int session = config_.session_of_thread(thread);
  const Thread& me = s_->threads[thread];
  if (me.jobs_left > 0) {
    for (int k = session * config_.slots; k < (session + 1) * config_.slots; ++k) {
      if (s_->slots[k].expected != 0) continue;
      State& n = add(Actor::Client, thread, "writes a descriptor", k).next;
      Thread& t = n.threads[thread];
      const uint8_t seq = n.sessions[session].next_seq++;
      n.slots[k].expected = seq;
      n.slots[k].submitter = u8(thread);
      n.slots[k].descriptor = seq;
      t.slot = u8(k);
      t.jobs_left--;
      t.ring_later = 0;
      t.at = config_.mutated(Mutation::MaskReadBeforePublish) ? ClientAt::ReadMasksFirst : ClientAt::Publish;
      return;
    }
  }
  Thread& t = add(Actor::Client, thread, "goes on").next.threads[thread];
  t.slot = 0;
  t.at = config_.collects && (in_flight(*s_, thread) > 0 || t.jobs_left > 0) ? ClientAt::ReadWord : ClientAt::Finished;
}

void Expansion::client(int thread) {
  const int session = config_.session_of_thread(thread);
  const Thread& me = s_->threads[thread];
  const Session& of = s_->sessions[session];
  const int k = me.slot;
  switch (me.at) {
    case ClientAt::Next:
      begin_job(thread);
      return;
    case ClientAt::ReadMasksFirst: {
      Thread& t = add(Actor::Client, thread, "reads the masks").next.threads[thread];
      t.ring_later = s_->spin_mask == 0 && s_->idle_mask != 0 ? 1 : 0;
      t.at = ClientAt::Publish;
      return;
    }
    case ClientAt::Publish: {
      State& n = add(Actor::Client, thread, "stores Ready", k).next;
      n.slots[k].word = Word{Phase::Ready, n.slots[k].descriptor, 0, 0, 0};
      n.threads[thread].at = ClientAt::SetReady;
      return;
    }
    case ClientAt::SetReady: {
      State& n = add(Actor::Client, thread, "sets the ready bit", k).next;
      Thread& t = n.threads[thread];
      if (config_.mutated(Mutation::ClientStoreDelayed)) {
        t.buffered = u8(k + 1);
      } else {
        set(n.sessions[session].ready, k);
      }
      t.at = ClientAt::ReadSpin;
      if (config_.mutated(Mutation::MaskReadBeforePublish)) t.at = t.ring_later != 0 ? ClientAt::Ring : ClientAt::Next;
      return;
    }
    case ClientAt::ReadSpin:
      add(Actor::Client, thread, "reads the spin mask").next.threads[thread].at =
          s_->spin_mask != 0 ? ClientAt::Next : ClientAt::ReadIdle;
      return;
    case ClientAt::ReadIdle:
      add(Actor::Client, thread, "reads the idle mask").next.threads[thread].at = s_->idle_mask == 0 ? ClientAt::Next
                                                                                  : config_.standby
                                                                                      ? ClientAt::ReadStandby
                                                                                      : ClientAt::Ring;
      return;
    case ClientAt::ReadStandby:
      add(Actor::Client, thread, "reads the standby's word").next.threads[thread].at =
          s_->standby != 0 ? ClientAt::Next : ClientAt::Ring;
      return;
    case ClientAt::Ring:
      if (config_.is_told_of(session)) {
        call_one(Actor::Client, thread, "calls an idle worker", u8(1 << session),
                 [&](State& n) { n.threads[thread].at = ClientAt::Next; });
        // Nobody is idle any more.
        if ((s_->idle_mask & with_a_process()) == 0) {
          add(Actor::Client, thread, "finds nobody to call").next.threads[thread].at = ClientAt::Next;
        }
        return;
      }
      empty_bell(Actor::Client, thread,
                 [&](State& n, bool again) { n.threads[thread].at = again ? ClientAt::RingAgain : ClientAt::Next; });
      [[fallthrough]];
    case ClientAt::RingAgain:
      ring(Actor::Client, thread, "rings the session's bell", u8(1 << session),
           [&](State& n) { n.threads[thread].at = ClientAt::Next; });
      return;
    case ClientAt::ReadWord: {
      look_at_own(thread);
      Thread& t = add(Actor::Client, thread, "reads the completion word").next.threads[thread];
      t.current = 1;
      t.saw_waiting = of.waiting;
      t.got_any = 0;
      t.at = ClientAt::Collect;
      return;
    }
    case ClientAt::Collect:
      collect(thread);
      return;
    case ClientAt::Look:
      look(thread);
      return;
    case ClientAt::Release: {
      State& n = add(Actor::Client, thread, "stores Free", k).next;
      n.slots[k].word.phase = Phase::Free;
      Thread& t = n.threads[thread];
      n.slots[k].expected = 0;
      n.slots[k].submitter = 0;
      t.slot = 0;
      t.at = t.found != 0 ? ClientAt::Look : ClientAt::Unlock;
      if (t.at == ClientAt::Unlock && config_.threads == 1) after_collect(n, thread);
      return;
    }
    case ClientAt::Unlock: {
      State& n = add(Actor::Client, thread, "leaves the collecting section").next;
      if (n.sessions[session].lock == thread + 1) n.sessions[session].lock = 0;
      after_collect(n, thread);
      return;
    }
    case ClientAt::SetWaiting: {
      if (me.buffered != 0) return;  // a locked instruction waits for the store buffer
      const bool ok = me.current != 0 && of.waiting == me.saw_waiting;
      State& n = add(Actor::Client, thread, ok ? "sets the waiting bit" : "finds the completion word changed").next;
      if (ok) n.sessions[session].waiting = 1;
      n.threads[thread].at = ok ? ClientAt::FutexWait : ClientAt::ReadWord;
      return;
    }
    case ClientAt::FutexWait: {
      const bool sleeps = me.current != 0 && of.waiting != 0;
      Thread& t = add(Actor::Client, thread, sleeps ? "sleeps on the completion word" : "does not sleep: word changed")
                      .next.threads[thread];
      t.at = sleeps ? ClientAt::Asleep : ClientAt::ReadWord;
      t.current = 0;
      t.saw_waiting = 0;
      return;
    }
    case ClientAt::Asleep:
    case ClientAt::Finished:
    case ClientAt::Gone:
      return;
  }
}

// Waiting for one job, a thread looks at that job's word and takes its outcome without the done bits.
void Expansion::look_at_own(int thread) {
  const int session = config_.session_of_thread(thread);
  const bool locks = config_.threads > 1 && !config_.mutated(Mutation::CollectWithoutLock);
  if (locks && s_->sessions[session].lock != 0) return;
  for (int k = session * config_.slots; k < (session + 1) * config_.slots; ++k) {
    const Slot& slot = s_->slots[k];
    if (slot.expected == 0 || slot.submitter != thread) continue;
    if (!terminal(slot.word.phase) || slot.word.seq != slot.expected) continue;
    Step& step = add(Actor::Client, thread, "takes its own job's outcome", k);
    check_collected(step, k);
    Thread& t = step.next.threads[thread];
    if (locks) step.next.sessions[session].lock = u8(thread + 1);
    t.found = 0;
    t.slot = u8(k);
    t.got_any = 1;
    t.at = ClientAt::Release;
  }
}

void Expansion::check_collected(Step& step, int k) const {
  const Slot& slot = s_->slots[k];
  const int session = config_.session_of_slot(k);
  if (s_->sessions[session].tampered == 0 && slot.word.phase == Phase::Done && slot.result_seq != slot.expected) {
    step.violation = "the client collects a result that belongs to another job";
  }
}

void Expansion::collect(int thread) {
  const int session = config_.session_of_thread(thread);
  const bool locks = config_.threads > 1 && !config_.mutated(Mutation::CollectWithoutLock);
  if (locks && s_->sessions[session].lock != 0) return;
  State& n = add(Actor::Client, thread, "takes the done bits").next;
  Thread& t = n.threads[thread];
  t.found = n.sessions[session].done;
  n.sessions[session].done = 0;
  if (t.found == 0) {
    after_collect(n, thread);
    return;
  }
  if (locks) n.sessions[session].lock = u8(thread + 1);
  t.at = ClientAt::Look;
}

void Expansion::look(int thread) {
  int k = 0;
  while (!has(s_->threads[thread].found, k)) ++k;
  const Slot& slot = s_->slots[k];
  const bool mine = terminal(slot.word.phase) && slot.word.seq == slot.expected;
  Step& step = add(Actor::Client, thread, mine ? "takes an outcome" : "finds no outcome behind a done bit", k);
  Thread& t = step.next.threads[thread];
  clear(t.found, k);
  if (!mine) {
    t.at = t.found != 0 ? ClientAt::Look : ClientAt::Unlock;
    return;
  }
  check_collected(step, k);
  t.slot = u8(k);
  t.got_any = 1;
  t.at = ClientAt::Release;
}

void Expansion::after_collect(State& n, int thread) const {
  Thread& t = n.threads[thread];
  const int own = in_flight(n, thread);
  int free_slots = 0;
  for (int k = 0; k < config_.all_slots(); ++k) {
    if (config_.session_of_slot(k) == config_.session_of_thread(thread) && n.slots[k].expected == 0) ++free_slots;
  }
  if (own == 0 || (t.jobs_left > 0 && free_slots > 0)) {
    t.at = own == 0 && t.jobs_left == 0 ? ClientAt::Finished : ClientAt::Next;
    t.current = 0;
    t.saw_waiting = 0;
  } else if (t.got_any != 0) {
    t.at = ClientAt::ReadWord;
    t.current = 0;
    t.saw_waiting = 0;
  } else {
    t.at = ClientAt::SetWaiting;
  }
  t.got_any = 0;
}

}  // namespace ringmaster::model
