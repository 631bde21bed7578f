#include "tests/model/expansion.h"

#include "base/check.h"

namespace ringmaster::model {

State initial_state(const Config& config) {
  State s;
  std::memset(static_cast<void*>(&s), 0, sizeof s);
  s = State{};
  for (int i = 0; i < config.all_slots(); ++i) s.slots[i].word.phase = Phase::Free;
  for (int i = config.sessions; i < kMaxSessions; ++i) s.sessions[i] = Session{.alive = 0, .next_seq = 0};
  for (int t = 0; t < config.all_threads(); ++t) s.threads[t].jobs_left = u8(config.jobs);
  for (int w = 0; w < config.workers; ++w) s.workers[w].life = Life::Alive;
  // The first supervisor is not a successor; it has nothing to repair.
  s.supervisor.at = SupervisorAt::Idle;
  s.crashes = u8(config.crashes);
  s.verdicts_left = u8(config.verdicts);
  s.hangs = u8(config.hangs);
  s.expiries = u8(config.expiries);
  s.cancels = u8(config.cancels);
  s.tampers = u8(config.tampers);
  return s;
}

const std::vector<Step>& Expansion::expand(const State& state) {
  s_ = &state;
  out_.clear();
  for (int t = 0; t < config_.all_threads(); ++t) client(t);
  for (int w = 0; w < config_.workers; ++w) worker(w);
  supervisor();
  children();
  store_buffers();
  environment();
  return out_;
}

bool Expansion::complete(const State& state) const {
  for (int t = 0; t < config_.all_threads(); ++t) {
    const int session = config_.session_of_thread(t);
    const Session& of = state.sessions[session];
    if (config_.first_job_hangs && session == 0) continue;
    if (of.tampered != 0 || of.dropped != 0) continue;
    if (of.alive == 0 || state.threads[t].at != ClientAt::Finished) return false;
    for (int k = session * config_.slots; k < (session + 1) * config_.slots; ++k) {
      if (state.slots[k].expected != 0 && !terminal(state.slots[k].word.phase)) return false;
    }
  }
  return true;
}

Step& Expansion::add(Actor actor, int who, const char* what, int slot) {
  // A reallocation would leave the caller's reference dangling.
  RM_CHECK(out_.size() < out_.capacity());
  out_.push_back(Step{*s_, what, nullptr, actor, u8(who), static_cast<int8_t>(slot), false});
  return out_.back();
}

void Expansion::call(State& n, int worker, uint8_t edge) const {
  Worker& w = n.workers[worker];
  if (w.life != Life::Alive && w.life != Life::Killed) return;
  w.woken = 0;  // what the bell said does not matter any more
  if (w.at == WorkerAt::Asleep || w.at == WorkerAt::Napping) {
    w.at = w.at == WorkerAt::Napping ? WorkerAt::RiseFromStandby : WorkerAt::ClearIdle;
    heed(w, edge);
  } else if (w.life == Life::Alive && !(config_.first_job_hangs && w.at == WorkerAt::Hung)) {
    // Told apart only where that makes a difference: it doubles the states.
    w.pending = u8(w.pending | (config_.full_bells ? kCalled : kAnEdge) | (edge & cold_mask()));
  }
}

uint8_t Expansion::with_a_process() const {
  uint8_t mask = 0;
  for (int i = 0; i < config_.workers; ++i) {
    const Life life = s_->workers[i].life;
    if (life == Life::Alive || life == Life::Killed || life == Life::Dead) set(mask, i);
  }
  return mask;
}

void Expansion::wake_clients(State& n, int session) const {
  for (int t = 0; t < config_.all_threads(); ++t) {
    if (config_.session_of_thread(t) == session && n.threads[t].at == ClientAt::Asleep) {
      n.threads[t].at = ClientAt::ReadWord;
    }
  }
}

void Expansion::bump(State& n, int session) const {
  for (int t = 0; t < config_.all_threads(); ++t) {
    if (config_.session_of_thread(t) == session) n.threads[t].current = 0;
  }
}

void Expansion::end(Step& step, int slot, Phase phase) {
  Slot& in = step.next.slots[slot];
  const uint8_t seq = in.word.seq;
  if (!is_tampered(slot)) {
    if (in.ended == seq) step.violation = "a second terminal transition of one job";
    in.ended = seq;
  }
  in.word = Word{phase, seq, 0, 0, 0};
}

void Expansion::check_result_write(Step& step, int slot, int worker, int incarnation, int seq) {
  const Slot& before = s_->slots[slot];
  if (is_tampered(slot)) return;
  const Word& word = before.word;
  const bool owner = (word.phase == Phase::Running || word.phase == Phase::Condemned) && word.seq == seq &&
                     word.worker == worker && word.incarnation == incarnation;
  if (!owner) step.violation = "result bytes written by a process that does not own the job (any more)";
}

bool Expansion::owns(const Word& word, int worker, int incarnation, int seq) const {
  if (word.phase != Phase::Running && word.phase != Phase::Condemned) return false;
  return word.worker == worker && word.seq == seq &&
         (word.incarnation == incarnation || config_.mutated(Mutation::NoIncarnation));
}

bool Expansion::same(const Word& a, const Word& b) const {
  if (!config_.mutated(Mutation::NoIncarnation)) return a == b;
  return a.phase == b.phase && a.seq == b.seq && a.attempt == b.attempt && a.worker == b.worker;
}

JobName Expansion::true_job(const Worker& w) const {
  switch (w.at) {
    case WorkerAt::LateIntent:
    case WorkerAt::ClearReady:
    case WorkerAt::Recheck:
    case WorkerAt::SetReady:
    case WorkerAt::ChainSpin:
    case WorkerAt::ChainIdle:
    case WorkerAt::ChainStandby:
    case WorkerAt::ChainLook:
    case WorkerAt::ChainBits:
    case WorkerAt::ChainRing:
    case WorkerAt::ChainRingAgain:
    case WorkerAt::Run:
    case WorkerAt::Hung:
    case WorkerAt::Complete:
    case WorkerAt::FailedHold:
    case WorkerAt::Stopped:
      if (w.claimed != 0) return JobName{u8(w.slot + 1), w.seq};
      return {};
    default:
      return {};
  }
}

void Expansion::bury(Worker& w, Life life) const {
  const JobName job = true_job(w);
  const bool unnamed = w.unnamed != 0 || (!job.none() && w.lane != job);
  const bool sleeps = w.at == WorkerAt::Asleep || w.at == WorkerAt::Napping;
  const WorkerAt at = sleeps && life == Life::Dead ? WorkerAt::Asleep : WorkerAt::Scan;
  w = Worker{.life = life,
             .at = at,
             .incarnation = w.incarnation,
             .hold = w.hold,
             .lane = w.lane,
             .unnamed = u8(unnamed ? 1 : 0),
             .exited = w.exited,
             .old_lane = w.old_lane};
}

uint8_t Expansion::slots_mask(int session) const { return u8(((1 << config_.slots) - 1) << (session * config_.slots)); }

}  // namespace ringmaster::model
