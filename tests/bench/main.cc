// ringmaster-bench: every figure of README.md beside its floor and its peers, all in the same run.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/bench/floors.h"
#include "tests/bench/measures.h"
#include "tests/bench/peer.h"
#include "tests/bench/samples.h"

namespace ringmaster::bench {

std::string pools_toml(const std::string& handlers) {
  const auto pool = [&](const std::string& name, const std::string& rest) {
    return "[pool." + name + "]\nhandlers = [\"" + handlers + "\"]\n" + rest + "\n";
  };
  // Crashes are what these pools are for: a restart is never held back, and nobody is refused for them.
  const auto for_crashes = [](const std::string& name) { return "[pool." + name + ".restart]\nbudget = 100000\n"; };
  return pool("one", "workers = 1\nspares = 0\n") + pool("two", "workers = 2\nspares = 0\n") +
         pool("nospin", "workers = 1\nspares = 0\nspin = \"0s\"\n") + pool("free", "workers = 1\nspares = 0\n") +
         pool("free2", "workers = 2\nspares = 0\n") +
         pool("crash", "workers = 1\nspares = 1\n" + for_crashes("crash")) +
         pool("alone", "workers = 1\nspares = 0\n" + for_crashes("alone")) +
         pool("deadline",
              "workers = 1\nspares = 1\nrun_timeout = \"50ms\"\ngrace = \"0s\"\n" + for_crashes("deadline")) +
         pool("chaos", "workers = 4\nspares = 1\n");
}

void measure_idle(const Programs& programs, Report& report) {
  const Daemon daemon(programs, "[pool.idle]\nhandlers = [\"" + programs.handlers + "\"]\nworkers = 8\nspares = 0\n");
  // Start-up work is over by then, also what is due a while after a worker's start.
  std::this_thread::sleep_for(std::chrono::seconds(15));
  auto processes = daemon.workers("idle");
  report.add("rss_worker_kib", resident_kib(processes.at(0)));
  report.add("rss_keeper_kib", resident_kib(daemon.keeper()));
  report.add("rss_supervisor_kib", resident_kib(daemon.supervisor()));
  processes.push_back(daemon.keeper());
  processes.push_back(daemon.supervisor());
  const auto total = [&](double (*figure)(pid_t)) {
    double sum = 0;
    for (const pid_t pid : processes) sum += figure(pid);
    return sum;
  };
  const double used = total(cpu_ns);
  const double woken = total(wakeups);
  const auto start = Clock::now();
  std::this_thread::sleep_for(std::chrono::seconds(60));
  const double took = seconds(Clock::now() - start);
  report.add("idle_wakeups_per_s", (total(wakeups) - woken) / took);
  report.add("idle_cpu_percent", (total(cpu_ns) - used) / (took * 1e9) * 100);
}

namespace {

struct Options {
  Programs programs;
  std::string piscina;
  std::string python;
  std::string invoices;
  std::string json;
  std::string only;  // one group of figures, without peers and what takes long; empty: all
  int blocks = 9;
};

void add_peer(Peer& peer, Report& report, const std::string& name, int rounds, int jobs) {
  auto sequential = peer.measure("sequential " + std::to_string(rounds));
  auto inflight = peer.measure("inflight " + std::to_string(jobs) + " 64");
  if (sequential.contains("p50_us")) report.add(name + "_p50_us", sequential["p50_us"]);
  if (inflight.contains("jobs_per_s")) report.add(name + "_jobs_per_s", inflight["jobs_per_s"]);
}

/// One measurement that fails says so and leaves its figures out; the rest go on.
void attempt(const Options& options, const char* what, const std::function<void()>& measure) {
  if (!options.only.empty() && options.only != what) return;
  try {
    measure();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench: %s: %s\n", what, error.what());
  }
}

void run_pdf(const Options& options, Report& report) {
  attempt(options, "pdf", [&] {
    if (options.invoices.empty()) throw std::runtime_error("left out; scripts/bench says why");
    measure_pdf(options.invoices, options.blocks, report);
  });
}

void run(const Options& options, Report& report) {
  if (options.only == "pdf") return run_pdf(options, report);
  std::optional<Peer> piscina;
  std::optional<Peer> python;
  const bool all = options.only.empty();
  if (all && !options.piscina.empty())
    if (auto peer = Peer::start({"node", options.piscina + "/piscina.mjs", options.piscina}))
      piscina.emplace(std::move(*peer));
  if (all && !options.python.empty())
    if (auto peer = Peer::start({"python3", options.python})) python.emplace(std::move(*peer));
  if (all && !piscina) std::fprintf(stderr, "bench: piscina is not here; its figures are left out\n");
  if (all && !python) std::fprintf(stderr, "bench: Python is not here; its figures are left out\n");

  {
    const Daemon daemon(options.programs, pools_toml(options.programs.handlers));
    for (int block = 1; block <= options.blocks; ++block) {
      std::fprintf(stderr, "bench: block %d of %d\n", block, options.blocks);
      report.add("cache_line_pingpong_us", cache_line_ping_pong_us(2000));
      report.add("raw_pingpong_parked_p50_us", parked_ping_pong_us(1000));
      attempt(options, "round trips", [&] { measure_round_trips(daemon, report); });
      if (piscina) add_peer(*piscina, report, "piscina", 2000, 20'000);
      attempt(options, "rates", [&] { measure_rates(daemon, report); });
      if (python) add_peer(*python, report, "ppe", 500, 2000);
      attempt(options, "payloads", [&] { measure_payloads(daemon, report); });
      if (python)
        if (auto answer = python->measure("handover 16777216"); answer.contains("p50_ms"))
          report.add("ppe_handover_us", answer["p50_ms"] * 1000);
      attempt(options, "dispatch", [&] { measure_dispatch(daemon, report); });
      attempt(options, "crash", [&] { measure_crash(daemon, report); });
      attempt(options, "fault", [&] { measure_fault(daemon, report); });
      attempt(options, "deadline", [&] { measure_deadline(daemon, report); });
    }
    std::fprintf(stderr, "bench: chaos, supervisor, idle\n");
    attempt(options, "chaos", [&] { measure_chaos(daemon, report); });
    attempt(options, "supervisor", [&] { measure_supervisor_kill(daemon, report); });
    attempt(options, "missed wakes", [&] { report.add("missed_wakes", daemon.missed_wakes()); });
  }
  attempt(options, "idle sessions", [&] { measure_idle_sessions(options.programs, report); });
  attempt(options, "fairness", [&] { measure_fairness(options.programs, report); });
  attempt(options, "storms", [&] { measure_storms(options.programs, report); });
  attempt(options, "idle", [&] { measure_idle(options.programs, report); });
  run_pdf(options, report);
}

}  // namespace
}  // namespace ringmaster::bench

int main(int argc, char** argv) try {
  using namespace ringmaster::bench;  // NOLINT(google-build-using-namespace): a program
  Options options;
  const std::map<std::string, std::string*> texts = {{"--daemon", &options.programs.ringmasterd},
                                                     {"--client", &options.programs.ringmaster},
                                                     {"--handlers", &options.programs.handlers},
                                                     {"--piscina", &options.piscina},
                                                     {"--python", &options.python},
                                                     {"--invoices", &options.invoices},
                                                     {"--json", &options.json},
                                                     {"--only", &options.only}};
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (const auto text = texts.find(name); text != texts.end() && !value.empty()) {
      *text->second = value;
    } else if (name == "--blocks" && std::atoi(value.c_str()) > 0) {
      options.blocks = std::atoi(value.c_str());
    } else {
      throw std::runtime_error("option \"" + name + "\": unknown, or its value is missing; use scripts/bench");
    }
  }
  Report report;
  run(options, report);
  std::printf("%s\n", machine().c_str());
  if (options.only != "pdf") std::printf("\n%s", report.table(options.only.empty()).c_str());
  if (report.has("pdf_ringmaster_none_failed")) std::printf("\n%s", pdf_table(report).c_str());
  if (!options.json.empty() && !(std::ofstream(options.json) << report.json()))
    throw std::runtime_error("cannot write " + options.json);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "ringmaster-bench: %s\n", error.what());
  return 1;
}
