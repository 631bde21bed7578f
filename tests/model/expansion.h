#pragma once

#include <cstdint>
#include <vector>

#include "tests/model/config.h"
#include "tests/model/state.h"

namespace ringmaster::model {

enum class Actor : uint8_t { Client, Worker, Supervisor, Environment };

/// One atomic step of one actor. `violation` is null or says which safety property the step breaks.
/// Environment steps (crashes, deadlines, tampering) may happen; the others happen if nothing else does.
struct Step {
  State next;
  const char* what;
  const char* violation;
  Actor actor;
  uint8_t who;
  int8_t slot;
  bool environment;
};

/// All steps that are possible in one state: the protocol, one shared access per step.
/// Each actor's rules stand in its own file (*_steps.cc).
class Expansion {
 public:
  explicit Expansion(const Config& config) : config_(config) { out_.reserve(128); }

  /// The steps possible in `state`; valid until the next call.
  const std::vector<Step>& expand(const State& state);

  /// All jobs that must end have ended and were collected.
  [[nodiscard]] bool complete(const State& state) const;

 private:
  // client_steps.cc
  void client(int thread);
  void begin_job(int thread);
  void look_at_own(int thread);
  void check_collected(Step& step, int slot) const;
  void collect(int thread);
  void look(int thread);
  void after_collect(State& n, int thread) const;
  [[nodiscard]] int in_flight(const State& s, int thread) const;
  // worker_steps.cc
  void worker(int index);
  void scan(int index, WorkerAt if_found_at, WorkerAt if_none);
  void look_at_all(int index, WorkerAt if_any, WorkerAt if_none);
  void heed(Worker& w, uint8_t edges) const;
  /// Sessions that may be cold, one bit for each.
  [[nodiscard]] uint8_t cold_mask() const {
    return u8(((1 << config_.sessions) - 1) & ~((1 << config_.always_hot) - 1));
  }
  [[nodiscard]] int next_hot(const Worker& w, int from) const;
  /// The same, with the supervisor's own session.
  [[nodiscard]] int next_to_chain(const Worker& w, int from) const {
    const int next = next_hot(w, from);
    const int own = config_.sessions - 1;
    const bool told = config_.told_of && !config_.mutated(Mutation::ChainSkipsToldOf);
    return told && next > own && from <= own ? own : next;
  }
  void take_ready(int index, int slot, const char* what);
  void claim(int index);
  void chain(int index);
  void run(int index);
  void finish(int index);
  void lost_word(int index);
  // park_steps.cc
  void park(int index);
  void settle(int index);
  void settle_slot(int index);
  // standby_steps.cc
  void stream(int index);
  void stand_by(int index);
  /// The next step of a worker that has found no work, or leaves the work to the streamer.
  [[nodiscard]] WorkerAt to_park() const { return config_.standby ? WorkerAt::EndStream : WorkerAt::SetIdle; }
  [[nodiscard]] WorkerAt after_idle() const { return config_.spin ? WorkerAt::ClearSpin : WorkerAt::IdleScan; }
  [[nodiscard]] WorkerAt stay_awake() const { return config_.standby ? WorkerAt::Called : WorkerAt::ClearIdle; }
  [[nodiscard]] static WorkerAt rises(const Worker& w) {
    return w.standing_by != 0 ? WorkerAt::EndAnothers : WorkerAt::ClearIdle;
  }
  [[nodiscard]] bool another_streams(int index) const { return s_->streamer != 0 && s_->streamer != index + 1; }
  // supervisor_steps.cc
  void supervisor();
  void supervisor_idle();
  void verdict_step();
  void end_session_step();
  // reaper_steps.cc
  void reaper_step();
  void resolve(Step& step, int slot, bool by_lane);
  void restore_step();
  // environment_steps.cc
  void environment();
  void tamper(int session);
  void children();
  void store_buffers();

  // expansion.cc
  Step& add(Actor actor, int who, const char* what, int slot = -1);
  void wake_clients(State& n, int session) const;
  /// Wakes a worker that the supervisor has called: at once if it sleeps, else when it is about to sleep.
  void call(State& n, int worker, uint8_t edge) const;
  template <typename Then>
  void call_all(Actor actor, int who, Then then);
  template <typename Then>
  void call_one(Actor actor, int who, const char* what, uint8_t edge, Then then);
  template <typename Then>
  void empty_bell(Actor actor, int who, Then then);
  template <typename Then>
  void ring(Actor actor, int who, const char* what, uint8_t edge, Then then);
  template <typename Then>
  void wake(Actor actor, int who, int session, Then then);
  void bump(State& n, int session) const;
  void end(Step& step, int slot, Phase phase);
  void check_result_write(Step& step, int slot, int worker, int incarnation, int seq);
  [[nodiscard]] bool owns(const Word& word, int worker, int incarnation, int seq) const;
  [[nodiscard]] bool same(const Word& a, const Word& b) const;
  [[nodiscard]] JobName true_job(const Worker& w) const;
  [[nodiscard]] bool is_tampered(int slot) const { return s_->sessions[config_.session_of_slot(slot)].tampered != 0; }
  /// The state of a worker that has ended: its private memory is cleared, since it matters no more.
  void bury(Worker& w, Life life) const;
  [[nodiscard]] uint8_t slots_mask(int session) const;
  [[nodiscard]] uint8_t with_a_process() const;
  /// False for the only worker of a pool: it has no other worker to wake.
  [[nodiscard]] WorkerAt after_claim() const { return config_.workers > 1 ? WorkerAt::ChainSpin : WorkerAt::Run; }

  const Config& config_;
  const State* s_ = nullptr;
  std::vector<Step> out_;
};

/// The bell is full. Its ringer empties it, so that it can be rung. A worker that an earlier ring has just woken then
/// finds nothing and sleeps on, and edges that no worker has seen yet are lost. then(state, true): ring it now.
template <typename Then>
void Expansion::empty_bell(Actor actor, int who, Then then) {
  if (config_.mutated(Mutation::FullBellIsSilent)) then(add(actor, who, "finds the bell full").next, false);
  if (!config_.full_bells) return;
  Step& step = add(actor, who, "finds the bell full, empties it");
  for (int i = 0; i < config_.workers; ++i) {
    Worker& w = step.next.workers[i];
    w.pending = u8(w.pending & kCalled);
    if (w.woken == 0 || w.at != WorkerAt::ClearIdle) continue;
    w.at = WorkerAt::Asleep;
    w.woken = 0;
  }
  then(step.next, true);
}

template <typename Then>
void Expansion::call_all(Actor actor, int who, Then then) {
  Step& step = add(actor, who, "calls all workers");
  for (int i = 0; i < config_.workers; ++i) call(step.next, i, 0);
  then(step.next);
}

/// Any one of the workers whose idle bit is set; it may be dead.
template <typename Then>
void Expansion::call_one(Actor actor, int who, const char* what, uint8_t edge, Then then) {
  for (int i = 0; i < config_.workers; ++i) {
    if (!has(s_->idle_mask & with_a_process(), i)) continue;
    Step& step = add(actor, who, what);
    call(step.next, i, edge);
    then(step.next);
  }
}

/// A ring of a bell: an exclusive epoll wakes one sleeper, whichever is first in the kernel's queue; one that is
/// killed but not yet gone may be that one. If nobody sleeps, everybody has an edge pending. `edge`: whose bell it is.
template <typename Then>
void Expansion::ring(Actor actor, int who, const char* what, uint8_t edge, Then then) {
  bool found = false;
  for (int i = 0; i < config_.workers; ++i) {
    const Worker& sleeper = s_->workers[i];
    const bool sleeps = sleeper.at == WorkerAt::Asleep || sleeper.at == WorkerAt::Napping;
    if (!sleeps || sleeper.life == Life::Absent || sleeper.life == Life::Fenced) continue;
    found = true;
    Step& step = add(actor, who, what);
    step.next.workers[i].at = sleeper.at == WorkerAt::Napping ? WorkerAt::RiseFromStandby : WorkerAt::ClearIdle;
    heed(step.next.workers[i], edge);
    step.next.workers[i].woken = config_.full_bells ? 1 : 0;
    then(step.next);
  }
  if (found) return;
  Step& step = add(actor, who, what);
  for (int i = 0; i < config_.workers; ++i) {
    Worker& w = step.next.workers[i];
    const bool for_ever = config_.first_job_hangs && w.at == WorkerAt::Hung;
    if (w.life == Life::Alive && !for_ever) w.pending = u8(w.pending | kAnEdge | (edge & cold_mask()));
  }
  then(step.next);
}

/// FUTEX_WAKE on a completion word.
template <typename Then>
void Expansion::wake(Actor actor, int who, int session, Then then) {
  if (config_.mutated(Mutation::WakeOne)) {
    bool found = false;
    for (int t = 0; t < config_.all_threads(); ++t) {
      if (config_.session_of_thread(t) != session || s_->threads[t].at != ClientAt::Asleep) continue;
      found = true;
      Step& step = add(actor, who, "wakes one thread");
      step.next.threads[t].at = ClientAt::ReadWord;
      then(step.next);
    }
    if (found) return;
  }
  Step& step = add(actor, who, "wakes all threads");
  wake_clients(step.next, session);
  then(step.next);
}

}  // namespace ringmaster::model
