#include "tests/chaos/executor.h"

#include <signal.h>

#include <algorithm>
#include <thread>

namespace ringmaster::chaos {
namespace {

constexpr Nanos kLongestSleep = std::chrono::milliseconds(20);

int signal_of(Act act) {
  switch (act) {
    case Act::KillWorker:
    case Act::KillSupervisor:
    case Act::KillClient:
      return SIGKILL;
    case Act::StopWorker:
    case Act::StopSupervisor:
    case Act::StopClient:
      return SIGSTOP;
    case Act::TermWorker:
    case Act::TermSupervisor:
    case Act::TermClient:
      return SIGTERM;
    case Act::Drain:
      return 0;
  }
  return 0;
}

}  // namespace

void Executor::note(Role role, pid_t pid, int signal) const {
  journal_.write({0, Kind::Signal, 0, {static_cast<std::int64_t>(role), pid, signal}, {}});
}

bool Executor::to_worker(const Step& step, int signal) {
  const std::vector<pid_t> workers = daemon_.workers();
  if (workers.empty()) return false;
  target_ = workers[step.pick % workers.size()];
  note(Role::Worker, target_, signal);
  return daemon_.signal(target_, signal);
}

// Too many in too short a time are a loop to the keeper, whose answer is a cold start.
bool Executor::supervisor_may_die() {
  if (const std::int64_t serving = watcher_.serving(); serving != served_last_) {
    served_last_ = serving;
    pace_.serving();
  }
  const Nanos now(static_cast<std::int64_t>(now_ns()));
  if (!pace_.allows(now)) {
    ++spared_;
    return false;
  }
  pace_.killed(now);
  return true;
}

bool Executor::to_supervisor(int signal) {
  target_ = daemon_.supervisor();
  if (target_ == 0 || (signal == SIGKILL && !supervisor_may_die())) return false;
  note(Role::Supervisor, target_, signal);
  return daemon_.signal(target_, signal);
}

bool Executor::to_client(const Step& step, int signal) {
  if (!clients_.signal(step.pick, signal)) return false;
  target_ = clients_.last_pid();
  note(Role::Client, target_, signal);
  return true;
}

void Executor::perform(const Step& step) {
  const int signal = signal_of(step.act);
  bool done = true;
  Role role = Role::Worker;
  switch (step.act) {
    case Act::KillWorker:
    case Act::StopWorker:
    case Act::TermWorker:
      done = to_worker(step, signal);
      break;
    case Act::KillSupervisor:
    case Act::StopSupervisor:
    case Act::TermSupervisor:
      role = Role::Supervisor;
      done = to_supervisor(signal);
      break;
    case Act::KillClient:
    case Act::StopClient:
    case Act::TermClient:
      role = Role::Client;
      done = to_client(step, signal);
      break;
    case Act::Drain:
      watcher_.drain(step.pick % kPools, now_ns() + static_cast<std::uint64_t>(step.length.count()));
      break;
  }
  if (!done) return;
  ++done_[step.act];
  if (signal == SIGSTOP)
    stopped_.push_back({now_ns() + static_cast<std::uint64_t>(step.length.count()), role, target_});
}

void Executor::go_on(const Stopped& stopped) {
  note(stopped.role, stopped.pid, SIGCONT);
  if (stopped.role == Role::Client) {
    clients_.go_on(stopped.pid);
  } else {
    (void)daemon_.signal(stopped.pid, SIGCONT);
  }
}

void Executor::continue_due(std::uint64_t now) {
  std::erase_if(stopped_, [&](const Stopped& stopped) {
    if (now < stopped.until_ns) return false;
    go_on(stopped);
    return true;
  });
}

void Executor::continue_all() { continue_due(~std::uint64_t{0}); }

void Executor::run(const std::vector<Step>& steps, Nanos length) {
  const std::uint64_t begin = now_ns();
  auto next = steps.begin();
  while (daemon_.runs()) {
    const Nanos since(static_cast<std::int64_t>(now_ns() - begin));
    if (since >= length) return;
    for (; next != steps.end() && next->at <= since; ++next) perform(*next);
    continue_due(now_ns());
    (void)clients_.tend(true);
    const Nanos due = next == steps.end() ? kLongestSleep : next->at - since;
    std::this_thread::sleep_for(std::clamp(due, Nanos(0), kLongestSleep));
  }
}

}  // namespace ringmaster::chaos
