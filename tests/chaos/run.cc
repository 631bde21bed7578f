#include "tests/chaos/run.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/unique_fd.h"
#include "tests/chaos/client_task.h"
#include "tests/chaos/content.h"
#include "tests/chaos/executor.h"
#include "tests/chaos/leftovers.h"

namespace ringmaster::chaos {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr auto kLook = milliseconds(100);

template <typename Condition>
bool eventually(Nanos patience, Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

// Every pool has its workers, and each has run a job that came as a message: its own session is there then.
void warm_up(const Setup& setup, const Daemon& daemon) {
  std::optional<Client> client;
  const bool serves = eventually(std::chrono::seconds(60), [&] {
    if (!daemon.runs()) throw std::runtime_error("the daemon ended at once:\n" + read_text(setup.log()));
    auto connected = Client::connect({.socket = setup.socket(), .name = "chaos warm-up"});
    if (connected) client.emplace(std::move(*connected));
    return client.has_value();
  });
  if (!serves) throw std::runtime_error("the daemon does not serve:\n" + read_text(setup.log()));
  for (unsigned pool = 0; pool < kPools; ++pool) {
    JobPlan plan;
    plan.job = make_job(0, 1, pool + 1);
    const auto outcome = client->run(pool_name(pool), "work", {}, arguments_of(plan));
    if (!outcome || !outcome->ok())
      throw std::runtime_error("pool " + pool_name(pool) +
                               " does not work: " + (outcome ? outcome->describe() : outcome.error().message) + "\n" +
                               read_text(setup.log()));
  }
}

class ChaosRun {
 public:
  ChaosRun(const Setup& setup, const RunOptions& options)
      : setup_(setup),
        options_(options),
        file_(::open((setup.folder + "/acts").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
        journal_(file_.get()) {
    if (!file_) throw std::runtime_error("cannot write to " + setup.folder);
  }

  void run(RunResult& result) {
    // Whatever escapes its parents comes to us.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    Daemon daemon(setup_);
    warm_up(setup_, daemon);
    // The warm-up's runs are no client's: out of the history.
    fs::resize_file(setup_.runs(), 0);
    {
      Watcher watcher(setup_.socket(), journal_);
      const Footprint before = rest(daemon, watcher);
      drive(daemon, watcher, result);
      settle(daemon, watcher, before);
    }
    stop(daemon);
  }

 private:
  void fault(const std::string& text) { journal_.write({0, Kind::Fault, 0, {}, text}); }

  Footprint rest(const Daemon& daemon, Watcher& watcher) {
    Footprint print;
    std::vector<std::string> busy{"it gives no status"};
    const bool ready = eventually(std::chrono::seconds(60), [&] {
      const auto view = watcher.look();
      if (!view) return false;
      print = footprint_of(daemon, *view);
      busy = left_in(daemon, *view, print, print);
      return busy.empty();
    });
    if (!ready)
      throw std::runtime_error("the daemon does not come to rest: " + busy.front() + "\n" + read_text(setup_.log()));
    return print;
  }

  void drive(Daemon& daemon, Watcher& watcher, RunResult& result) {
    PlanLimits limits;
    limits.pools = kPools;
    limits.mean_pause_us = options_.mean_pause_us;
    limits.largest_bytes = options_.largest_bytes;
    limits.crashes = options_.crashes;
    Clients clients(setup_, journal_, options_.seed, options_.clients, limits);
    Executor executor(daemon, clients, watcher, journal_);
    executor.run(plan_steps(options_.seed, options_.length, options_.pace), options_.length);
    executor.continue_all();
    if (!daemon.runs()) fault("the daemon ended in the middle of the run");
    if (!watcher.resume_all(40'000)) fault("a pool could not be told to take jobs again");
    clients.tell_all_to_leave();
    if (!eventually(options_.patience, [&] { return !clients.tend(false); })) {
      clients.give_up();
      (void)eventually(options_.patience, [&] { return !clients.tend(false); });
    }
    result.acts = executor.done();
    result.spared = executor.spared();
    result.client_lives = clients.lives();
  }

  void settle(const Daemon& daemon, Watcher& watcher, const Footprint& before) {
    std::vector<std::string> left{"the daemon gives no status"};
    (void)eventually(options_.patience, [&] {
      if (!daemon.runs()) return true;
      const auto view = watcher.look();
      if (!view) return false;
      left = left_in(daemon, *view, before, footprint_of(daemon, *view));
      return left.empty();
    });
    for (const std::string& text : left) fault(text);
  }

  void stop(Daemon& daemon) {
    const auto status = daemon.stop(60'000);
    if (!status) {
      fault("the daemon did not stop within a minute");
    } else if (*status != 0) {
      fault("the daemon ended with wait status " + std::to_string(*status));
    }
    std::vector<std::string> left;
    (void)eventually(std::chrono::seconds(5), [&] { return (left = left_after(setup_)).empty(); });
    for (const std::string& text : left) fault(text);
    for (const ProcessFacts& stranger : children_of(::getpid())) (void)signal_child_of(::getpid(), stranger.pid, 9);
  }

  const Setup& setup_;
  const RunOptions& options_;
  UniqueFd file_;
  Journal journal_;
};

std::vector<fs::path> history_files(const Setup& setup) {
  std::vector<fs::path> files{setup.folder + "/acts", setup.runs()};
  for (const auto& entry : fs::directory_iterator(setup.folder + "/clients"))
    if (entry.path().extension() != ".err") files.push_back(entry.path());
  return files;
}

}  // namespace

RunResult run_chaos(const Setup& setup, const RunOptions& options) {
  RunResult result;
  ChaosRun(setup, options).run(result);
  History history;
  for (const fs::path& file : history_files(setup)) history.add_text(read_text(file.string()));
  JudgeLimits limits;
  limits.attempts = kAttempts;
  limits.run_timeout_ms = kRunTimeoutMs;
  result.judgement = judge(history, limits);
  return result;
}

std::string lines_of(const Setup& setup, std::uint64_t job) {
  std::vector<Record> found;
  for (const fs::path& file : history_files(setup)) {
    std::ifstream text(file);
    for (std::string line; std::getline(text, line);) {
      const auto record = parse_line(line + "\n");
      if (record && record->job == job) found.push_back(*record);
    }
  }
  std::sort(found.begin(), found.end(), [](const Record& a, const Record& b) { return a.ns < b.ns; });
  std::string lines;
  for (const Record& record : found) lines += "    " + to_line(record);
  return lines;
}

}  // namespace ringmaster::chaos
