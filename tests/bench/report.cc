#include "tests/bench/report.h"

#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "tests/bench/samples.h"

namespace ringmaster::bench {
namespace {

constexpr std::array kKeys = {"roundtrip_hot_p50_us",
                              "roundtrip_hot_2w_p50_us",
                              "roundtrip_parked_p50_us",
                              "raw_pingpong_parked_p50_us",
                              "sequential_default_p50_us",
                              "piscina_p50_us",
                              "ppe_p50_us",
                              "jobs_per_s_1w",
                              "jobs_per_s_2w",
                              "jobs_per_s_nospin_1w",
                              "piscina_jobs_per_s",
                              "fill_and_read_16mib_ratio",
                              "dispatch_efficiency",
                              "idle_sessions_ratio_1",
                              "idle_sessions_ratio_64",
                              "idle_sessions_ratio_1000",
                              "idle_sessions_ratio_1000_2w",
                              "idle_sessions_roundtrip_ratio_1000",
                              "idle_sessions_roundtrip_ratio_1000_2w",
                              "idle_sessions_first_job_us",
                              "idle_sessions_first_job_beside_us",
                              "fairness_light_p99_ms",
                              "fairness_light_p99_alone_ms",
                              "crash_to_next_done_ms_p50",
                              "segv_to_next_done_ms_p50",
                              "segv_to_next_done_alone_ms_p50",
                              "segv_to_outcome_ms_p50",
                              "segv_to_retry_done_ms_p50",
                              "deadline_overshoot_ms_p99",
                              "deadline_to_next_done_ms_p50",
                              "deadline_to_outcome_ms_p99",
                              "calm_first_answer_ms",
                              "storm_first_answer_ms",
                              "chaos_settled",
                              "chaos_failed",
                              "chaos_kills",
                              "chaos_failed_with_retries",
                              "supervisor_kill_failed_jobs",
                              "supervisor_back_ms",
                              "missed_wakes",
                              "idle_cpu_percent",
                              "idle_wakeups_per_s",
                              "rss_keeper_kib",
                              "rss_supervisor_kib",
                              "rss_worker_kib"};
constexpr std::array kHandoverSizes = {"64", "4096", "65536", "1048576", "16777216"};

/// One line of the table. `floor` and `limit` name other samples or are empty; the target is text, since targets differ
/// in kind.
struct Row {
  std::string_view what;
  const char* ours;
  const char* beside;
  std::string_view target;
};
constexpr std::array kRows = {
    Row{"round trip, both awake, us (best block)", "roundtrip_hot_p50_us", "cache_line_pingpong_us", "< 0.5"},
    Row{"the same, two workers, us", "roundtrip_hot_2w_p50_us", "cache_line_pingpong_us", ""},
    Row{"round trip, both parked, us", "roundtrip_parked_p50_us", "raw_pingpong_parked_p50_us", "<= 1.25 x floor"},
    Row{"one after the other, defaults, us", "sequential_default_p50_us", "piscina_p50_us", "<= 1/5 of piscina"},
    Row{"  beside ProcessPoolExecutor, us", "sequential_default_p50_us", "ppe_p50_us", ""},
    Row{"jobs/s, 64 in flight, 1 worker", "jobs_per_s_1w", "piscina_jobs_per_s", ">= 5,000,000"},
    Row{"jobs/s, 64 in flight, 2 workers", "jobs_per_s_2w", "ppe_jobs_per_s", ""},
    Row{"jobs/s, spin 0, 1 worker", "jobs_per_s_nospin_1w", "piscina_jobs_per_s", ">= 1,000,000"},
    Row{"hand-over of 64 B, us", "handover_64", "", ""},
    Row{"hand-over of 16 MiB, us", "handover_16777216", "ppe_handover_us", "64 B + 10 % or 0.1"},
    Row{"fill and read 16 MiB, ratio", "fill_and_read_16mib_ratio", "fill_and_read_two_cpus_ratio", "<= 1.1"},
    Row{"dispatch efficiency, 4 x 10 ms jobs", "dispatch_efficiency", "", ">= 0.995"},
    Row{"1 idle session: time of a job, ratio", "idle_sessions_ratio_1", "", "<= 1.2"},
    Row{"64 idle sessions", "idle_sessions_ratio_64", "", "<= 1.2"},
    Row{"1,000 idle sessions", "idle_sessions_ratio_1000", "", "<= 1.2"},
    Row{"  the same, two workers", "idle_sessions_ratio_1000_2w", "", "<= 1.2"},
    Row{"  round trip", "idle_sessions_roundtrip_ratio_1000", "", "<= 1.2"},
    Row{"  round trip, two workers", "idle_sessions_roundtrip_ratio_1000_2w", "", "<= 1.2"},
    Row{"  first job into one of them, us", "idle_sessions_first_job_us", "", ""},
    Row{"  its wait beside a busy session, p99 us", "idle_sessions_first_job_beside_us", "", "< 1,000"},
    Row{"10 ms job of a light user beside a heavy one, p99 ms", "fairness_light_p99_ms", "fairness_light_p99_alone_ms",
        "<= alone + 10"},
    Row{"crash to next job done, ms", "crash_to_next_done_ms_p50", "", "< 5"},
    Row{"SIGSEGV to next job done, one spare, ms", "segv_to_next_done_ms_p50", "crash_to_next_done_ms_p50", "< 5"},
    Row{"  without a spare", "segv_to_next_done_alone_ms_p50", "", ""},
    Row{"SIGSEGV to its caller's outcome, ms", "segv_to_outcome_ms_p50", "", ""},
    Row{"SIGSEGV to its retry done, ms", "segv_to_retry_done_ms_p50", "", ""},
    Row{"deadline to verdict, p99 ms (at most)", "deadline_overshoot_ms_p99", "", "<= 5"},
    Row{"deadline to next job done, ms", "deadline_to_next_done_ms_p50", "", "< 10"},
    Row{"deadline to its caller's outcome, p99 ms", "deadline_to_outcome_ms_p99", "", ""},
    Row{"first answer in another user's storm, p99 ms", "storm_first_answer_ms", "calm_first_answer_ms", "< 50"},
    Row{"4,000 jobs, SIGKILL every 50 ms: settled", "chaos_settled", "", "4000"},
    Row{"  failed, of kills", "chaos_failed", "chaos_kills", "<= kills"},
    Row{"  failed with retries", "chaos_failed_with_retries", "", "0"},
    Row{"SIGKILL of the supervisor: failed jobs", "supervisor_kill_failed_jobs", "", "0"},
    Row{"  back after, ms", "supervisor_back_ms", "", "< 50"},
    Row{"missed wakes in the whole run", "missed_wakes", "", "0"},
    Row{"idle, 8 parked workers, % of a CPU", "idle_cpu_percent", "", "< 0.2"},
    Row{"idle, wake-ups a second of all processes", "idle_wakeups_per_s", "", "<= 1"},
    Row{"resident: keeper, KiB", "rss_keeper_kib", "", "< 3072"},
    Row{"resident: supervisor, KiB", "rss_supervisor_kib", "", "< 15360"},
    Row{"resident: worker, KiB", "rss_worker_kib", "", ""}};

}  // namespace

std::string number(double value) {
  char text[64];
  const char* const format = value >= 1000 || value == static_cast<long>(value) ? "%.0f"
                             : value >= 10                                      ? "%.1f"
                                                                                : "%.3f";
  std::snprintf(text, sizeof text, format, value);
  return text;
}

double Report::value(const std::string& name) const { return median(samples_.at(name)); }

double Report::best(const std::string& name) const { return *std::ranges::min_element(samples_.at(name)); }

std::string Report::table(bool all) const {
  std::string text = "| what | ours | floor or peer | must be |\n|---|---|---|---|\n";
  for (const Row& row : kRows) {
    if (!all && !has(row.ours)) continue;
    const bool quiet = std::string_view(row.ours) == "roundtrip_hot_p50_us";
    const std::string ours = !has(row.ours) ? "not measured" : number(quiet ? best(row.ours) : value(row.ours));
    const std::string beside = row.beside[0] == '\0' ? "" : has(row.beside) ? number(value(row.beside)) : "not here";
    text += "| " + std::string(row.what) + " | " + ours + " | " + beside + " | " + std::string(row.target) + " |\n";
  }
  return text;
}

std::string Report::json() const {
  std::string text = "{\n";
  const auto field = [&](const std::string& key, const std::string& name) {
    char digits[64] = "null";
    if (has(name)) std::snprintf(digits, sizeof digits, "%.6g", value(name));
    text += "\"" + key + "\": " + digits;
  };
  for (const char* key : kKeys) {
    text += "  ";
    field(key, key);
    text += ",\n";
  }
  text += "  \"handover_us\": {";
  for (const char* size : kHandoverSizes) {
    if (size != kHandoverSizes.front()) text += ", ";
    field(size, std::string("handover_") + size);
  }
  text += "}";
  for (const auto& [name, values] : samples_) {
    if (!name.starts_with("pdf_")) continue;
    text += ",\n  ";
    field(name, name);
  }
  return text + "\n}\n";
}

std::string machine() {
  std::string cpu = "unknown CPU";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    cpu = line.substr(line.find(':') + 2);
    break;
  }
  cpu_set_t usable;
  CPU_ZERO(&usable);
  ::sched_getaffinity(0, sizeof usable, &usable);
  utsname kernel{};
  ::uname(&kernel);
  return cpu + ", " + std::to_string(CPU_COUNT(&usable)) + " usable CPUs, Linux " + kernel.release + ", GCC " +
         __VERSION__;
}

}  // namespace ringmaster::bench
