#include "client/cli/pool_figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "client/cli/console/words.h"

namespace ringmaster::cli {
namespace {

namespace v1 = control::v1;

std::string formatted(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string left(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}
std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

void add(std::string& text, std::uint64_t count, const char* what) {
  if (count != 0) text += ", " + std::to_string(count) + " " + what;
}

std::uint64_t ended(const v1::Counters& of) {
  return of.done() + of.failed() + of.crashed() + of.timed_out() + of.cancelled() + of.refused() + of.lost();
}

std::string queue(const v1::PoolStatus& pool) {
  if (pool.queue_highest() == 0 && pool.queued() == 0) return {};
  std::string text = "  queue: " + std::to_string(pool.queued()) + " now";
  if (pool.queued() != 0) text += ", the oldest for " + show_time(pool.oldest_queued_ms() * 1'000'000);
  return text + "; " + std::to_string(std::max(pool.queue_highest(), pool.queued())) + " at most\n";
}

std::string jobs(const v1::Counters& of) {
  std::string text = "  jobs: " + std::to_string(of.done()) + " done";
  add(text, of.failed(), "failed");
  add(text, of.crashed(), "crashed");
  add(text, of.timed_out(), "timed out");
  add(text, of.cancelled(), "cancelled");
  add(text, of.refused(), "refused");
  add(text, of.lost(), "lost");
  add(text, of.retries(), "retried");
  return text + "\n";
}

std::string saturation(const v1::Counters& of) {
  if (of.waited() == 0 && of.queue_full() == 0) return {};
  std::string text = "  saturation: " + std::to_string(of.waited()) + " jobs waited for a free worker";
  if (ended(of) != 0) {
    const double share =
        100.0 * static_cast<double>(of.waited()) / static_cast<double>(std::max(ended(of), of.waited()));
    text += " (" + formatted(share < 10 ? "%.1f" : "%.0f", share) + " %)";
  }
  add(text, of.queue_full(), "refused, queue full");
  return text + "\n";
}

std::string processes(const v1::Counters& of) {
  std::string text = "  workers: " + std::to_string(of.worker_starts()) + " started";
  add(text, of.worker_deaths(), "died");
  add(text, of.worker_kills(), "killed");
  add(text, of.missed_wakes(), "missed wakes");
  add(text, of.empty_rings(), "empty rings");
  add(text, of.leftovers_ended(), "left processes ended");
  add(text, of.leftovers_kept(), "left processes kept");
  return text + "\n";
}

// "1 min", "10 s"; shorter where the supervisor is younger.
std::string window(std::uint64_t ms) {
  const std::uint64_t seconds = (ms + 500) / 1000;
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (ms < 10'000 && ms % 1000 >= 50) return formatted("%.1f s", static_cast<double>(ms) / 1000);
  return seconds >= 60 ? "1 min" : std::to_string(seconds) + " s";
}

std::string rates(const v1::PoolStatus& pool) {
  std::string text =
      "  " + left("JOBS A SECOND", 16) + right("DONE", 9) + right("NOT DONE", 10) + right("WAITED", 9) + "\n";
  std::uint64_t before = 0;
  for (const v1::Rates& one : pool.rates()) {
    if (one.window_ms() <= before) continue;  // for a young supervisor all windows are its age
    before = one.window_ms();
    const double others = one.failed() + one.crashed() + one.timed_out() + one.cancelled() + one.refused() + one.lost();
    text += "  " + left("last " + window(one.window_ms()), 16) + right(show_rate(one.done()), 9) +
            right(show_rate(others), 10) + right(show_rate(one.waited()), 9) + "\n";
  }
  return before == 0 ? std::string() : text;
}

// Percentiles are middles of buckets: "~" marks them as approximate. The greatest time is exact.
std::string about(std::uint64_t ns, const v1::Quantiles& times) {
  return (ns == times.max_ns() && times.window_ms() == 0 ? "" : "~") + show_time(ns);
}

std::string row(const std::string& name, const v1::Quantiles& times) {
  std::string text = "  " + left(name, 16);
  if (times.count() == 0) {
    for (int i = 0; i < 5; ++i) text += right("-", 10);
    return text + right("0", 10) + "\n";
  }
  for (const std::uint64_t ns : {times.p50_ns(), times.p90_ns(), times.p99_ns()}) text += right(about(ns, times), 10);
  text += right(times.window_ms() == 0 ? show_time(times.max_ns()) : about(times.max_ns(), times), 10);
  return text + right(show_time(times.mean_ns()), 10) + right(std::to_string(times.count()), 10) + "\n";
}

std::string times(const v1::PoolStatus& pool) {
  if (pool.queue_time().count() == 0 && pool.run_time().count() == 0) return {};
  std::string text = "  " + left("TIME", 16);
  for (const char* heading : {"P50", "P90", "P99", "MAX", "MEAN", "COUNT"}) text += right(heading, 10);
  text += "\n";
  if (pool.queue_time_minute().window_ms() != 0) {
    const std::string last = " " + window(pool.queue_time_minute().window_ms());
    text += row("queued" + last, pool.queue_time_minute());
    text += row("run" + last, pool.run_time_minute());
  }
  return text + row("queued, ever", pool.queue_time()) + row("run, ever", pool.run_time());
}

}  // namespace

std::string show_time(std::uint64_t ns) {
  struct Unit {
    double ns;
    const char* name;
  };
  constexpr std::array<Unit, 5> kUnits{{{1e3, " us"}, {1e6, " ms"}, {1e9, " s"}, {60e9, " min"}, {3600e9, " h"}}};
  const auto value = static_cast<double>(ns);
  std::size_t at = 0;
  // Chosen after rounding to three digits: 999.9 us are 1.00 ms.
  while (at + 1 < kUnits.size() && value >= kUnits[at + 1].ns * 0.9995) ++at;
  const double shown = value / kUnits[at].ns;
  return formatted(shown < 9.995 ? "%.2f" : shown < 99.95 ? "%.1f" : "%.0f", shown) + kUnits[at].name;
}

std::string show_rate(double per_second) {
  if (per_second < 0.005) return "0";
  return formatted(per_second < 0.995 ? "%.2f" : per_second < 9.95 ? "%.1f" : "%.0f", per_second);
}

std::string pool_figures(const v1::PoolStatus& pool) {
  return queue(pool) + jobs(pool.counters()) + saturation(pool.counters()) + processes(pool.counters()) + rates(pool) +
         times(pool);
}

}  // namespace ringmaster::cli
