#include "tests/model/expansion.h"

// What the world does to the actors: crashes, a client that cancels or tampers, forked children, store buffers.

namespace ringmaster::model {

void Expansion::environment() {
  if (s_->crashes > 0) {
    for (int i = 0; config_.worker_crashes && i < config_.workers; ++i) {
      const Worker& w = s_->workers[i];
      if (w.life != Life::Alive) continue;
      for (int child = 0; child <= (config_.children && w.at == WorkerAt::Run ? 1 : 0); ++child) {
        Step& step = add(Actor::Environment, i, child != 0 ? "a worker crashes, its child lives" : "a worker crashes");
        step.environment = true;
        step.next.crashes--;
        Worker& n = step.next.workers[i];
        bury(n, Life::Dead);
        if (child != 0) {
          n.child_slot = u8(w.slot + 1);
          n.child_seq = w.seq;
        }
      }
    }
    for (int i = 0; config_.client_crashes && i < config_.sessions; ++i) {
      if (s_->sessions[i].alive == 0) continue;
      Step& step = add(Actor::Environment, i, "a client crashes");
      step.environment = true;
      State& n = step.next;
      n.crashes--;
      n.sessions[i].alive = 0;
      n.sessions[i].lock = 0;
      for (int t = 0; t < config_.all_threads(); ++t) {
        if (config_.session_of_thread(t) == i) n.threads[t] = Thread{.at = ClientAt::Gone};
      }
      for (int k = i * config_.slots; k < (i + 1) * config_.slots; ++k) n.slots[k].expected = n.slots[k].submitter = 0;
    }
    if (config_.supervisor_crashes && s_->supervisor.at != SupervisorAt::Takeover) {
      Step& step = add(Actor::Environment, 0, "the supervisor crashes");
      step.environment = true;
      step.next.crashes--;
      step.next.supervisor = Supervisor{};
    }
  }
  for (int t = 0; s_->cancels > 0 && t < config_.all_threads(); ++t) {
    if (s_->threads[t].at != ClientAt::ReadWord) continue;
    for (int k = 0; k < config_.all_slots(); ++k) {
      const Slot& slot = s_->slots[k];
      if (slot.expected == 0 || slot.submitter != t || slot.word.phase != Phase::Ready) continue;
      if (config_.session_of_slot(k) != config_.session_of_thread(t)) continue;
      Step& step = add(Actor::Client, t, "CAS Ready -> Cancelled", k);
      step.environment = true;
      step.next.cancels--;
      end(step, k, Phase::Cancelled);
      Thread& n = step.next.threads[t];
      n.slot = u8(k);
      n.got_any = 1;
      n.at = ClientAt::Release;
    }
  }
  const int last = config_.sessions - 1;
  if (s_->tampers > 0 && s_->sessions[last].alive != 0) tamper(last);
}

void Expansion::tamper(int session) {
  for (int k = session * config_.slots; k < (session + 1) * config_.slots; ++k) {
    const Word& word = s_->slots[k].word;
    if (word.seq == 0) continue;
    const auto write = [&](Word bad, const char* what) {
      if (bad == word) return;
      Step& step = add(Actor::Environment, session, what, k);
      step.environment = true;
      State& n = step.next;
      n.tampers--;
      n.sessions[session].tampered = 1;
      n.slots[k].word = bad;
      for (int t = 0; t < config_.all_threads(); ++t) {
        if (config_.session_of_thread(t) == session) n.threads[t] = Thread{.at = ClientAt::Gone};
      }
    };
    write(Word{Phase::Free, word.seq, 0, 0, 0}, "a client overwrites its slot: Free");
    write(Word{Phase::Ready, word.seq, word.attempt, 0, 0}, "a client overwrites its slot: Ready");
    write(Word{Phase::Done, word.seq, 0, 0, 0}, "a client overwrites its slot: Done");
    for (int i = 0; i < config_.workers; ++i) {
      const uint8_t incarnation = s_->workers[i].incarnation;
      write(Word{Phase::Running, word.seq, 0, u8(i), incarnation}, "a client overwrites its slot: Running by a worker");
      write(Word{Phase::Condemned, word.seq, 0, u8(i), incarnation}, "a client overwrites its slot: Condemned");
    }
  }
}

void Expansion::children() {
  for (int i = 0; i < config_.workers; ++i) {
    const Worker& w = s_->workers[i];
    if (w.child_slot == 0) continue;
    Step& step = add(Actor::Worker, i, "a forked child writes the result", w.child_slot - 1);
    step.environment = true;
    check_result_write(step, w.child_slot - 1, i, w.incarnation, w.child_seq);
    step.next.workers[i].child_slot = step.next.workers[i].child_seq = 0;
  }
}

void Expansion::store_buffers() {
  for (int t = 0; t < config_.all_threads(); ++t) {
    const int k = s_->threads[t].buffered - 1;
    if (k < 0) continue;
    State& n = add(Actor::Client, t, "its ready bit becomes visible", k).next;
    set(n.sessions[config_.session_of_slot(k)].ready, k);
    n.threads[t].buffered = 0;
  }
  for (int i = 0; i < config_.workers; ++i) {
    if (s_->workers[i].buffered == 0) continue;
    State& n = add(Actor::Worker, i, "its idle bit becomes visible").next;
    set(n.idle_mask, i);
    n.workers[i].buffered = 0;
  }
}

}  // namespace ringmaster::model
