#include "tests/model/trace.h"

#include <cstdarg>
#include <cstdio>

namespace ringmaster::model {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* text, ...) {
  char line[256];
  va_list args;
  va_start(args, text);
  std::vsnprintf(line, sizeof line, text, args);
  va_end(args);
  return line;
}
#pragma GCC diagnostic pop

const char* name_of(Phase phase) {
  static constexpr const char* kNames[] = {"Invalid",   "Free", "Ready",  "Running",
                                           "Condemned", "Done", "Failed", "Cancelled"};
  return kNames[static_cast<int>(phase)];
}

const char* name_of(Life life) {
  static constexpr const char* kNames[] = {"absent", "alive", "killed", "dead", "fenced"};
  return kNames[static_cast<int>(life)];
}

}  // namespace

std::string describe(const Step& step) {
  static constexpr const char* kActors[] = {"client thread", "worker", "supervisor, on", "environment,"};
  std::string line = format("  %-15s %d: %s", kActors[static_cast<int>(step.actor)], step.who, step.what);
  if (step.slot >= 0) line += format(" (slot %d)", step.slot);
  if (step.violation != nullptr) line += format("   <-- %s", step.violation);
  return line + "\n";
}

std::string describe(const State& state, const Config& config) {
  std::string text = "  then:\n";
  for (int k = 0; k < config.all_slots(); ++k) {
    const Slot& slot = state.slots[k];
    text += format("    slot %d: %s seq %d attempt %d owner %d.%d; in flight: %d\n", k, name_of(slot.word.phase),
                   slot.word.seq, slot.word.attempt, slot.word.worker, slot.word.incarnation, slot.expected);
  }
  for (int i = 0; i < config.sessions; ++i) {
    const Session& of = state.sessions[i];
    text += format("    session %d: ready %#x done %#x waiting %d%s%s\n", i, of.ready, of.done, of.waiting,
                   of.tampered != 0 ? " tampered" : "", of.dropped != 0 ? " dropped" : "");
  }
  for (int t = 0; t < config.all_threads(); ++t) {
    const Thread& me = state.threads[t];
    text += format("    client thread %d: %s, %d jobs to submit\n", t,
                   me.at == ClientAt::Asleep     ? "asleep on the completion word"
                   : me.at == ClientAt::Finished ? "finished"
                   : me.at == ClientAt::Gone     ? "gone"
                                                 : "running",
                   me.jobs_left);
  }
  for (int i = 0; i < config.workers; ++i) {
    const Worker& w = state.workers[i];
    const char* where = w.at == WorkerAt::Asleep    ? "asleep in epoll"
                        : w.at == WorkerAt::Napping ? "standing by"
                        : w.at == WorkerAt::Hung    ? "hung in its handler"
                        : w.at == WorkerAt::Stopped ? "stopped"
                                                    : "at a step";
    text += format("    worker %d.%d: %s, %s, lane slot %d seq %d, hold %d\n", i, w.incarnation, name_of(w.life), where,
                   w.lane.index(), w.lane.seq, w.hold);
  }
  text += format("    idle mask %#x, spin mask %#x, supervisor %s\n", state.idle_mask, state.spin_mask,
                 state.supervisor.at == SupervisorAt::Idle ? "idle" : "at a step");
  return text;
}

}  // namespace ringmaster::model
