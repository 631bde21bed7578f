#include "daemon/core/daemon/health.h"

#include <algorithm>

namespace ringmaster::core {
namespace {

// The keeper asks each 5 s (daemon/link/deposit.h).
constexpr Duration kKeeperSilence = std::chrono::seconds{12};

std::string count_of(unsigned n, unsigned of, const char* what) {
  return std::to_string(n) + " of " + std::to_string(of) + " " + what;
}

std::string missing_workers(const PoolSnapshot& pool) {
  std::string text = count_of(pool.workers_active, pool.workers_wanted, "workers active");
  if (pool.workers_starting > 0) text += ", " + std::to_string(pool.workers_starting) + " starting";
  if (pool.workers_waiting > 0) text += ", " + std::to_string(pool.workers_waiting) + " waiting to restart";
  return text;
}

bool works(const PoolSnapshot& pool) { return pool.workers_active > 0 && pool.drain == Drain::State::Running; }

// True if the pool takes no jobs because somebody decided so, and not only for a moment.
bool closed(const PoolSnapshot& pool) { return pool.quarantined || pool.drain != Drain::State::Running; }

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string counted(std::uint64_t number, const char* what) {
  return grouped(number) + " " + what + (number == 1 ? "" : "s");
}

}  // namespace

bool HealthJudge::lasts(TimePoint now, const std::string& key, bool is_so) {
  if (!is_so) {
    since_.erase(key);
    return false;
  }
  const TimePoint due = since_.try_emplace(key, now).first->second + hold_;
  if (now >= due) return true;
  if (!next_ || due < *next_) next_ = due;
  return false;
}

void HealthJudge::judge_pool(TimePoint now, const PoolSnapshot& pool, std::vector<std::string>& reasons) {
  const auto say = [&](const std::string& text) { reasons.push_back("pool \"" + pool.name + "\": " + text); };
  const std::string last = pool.last_death.empty() ? "" : "; the last death: " + pool.last_death;
  const bool workers_missing = pool.workers_active < pool.workers_wanted;
  const bool spare_fails = pool.spares_ready < pool.spares_wanted && pool.workers_waiting > 0;
  const bool long_missing = lasts(now, pool.name + " workers", workers_missing && !closed(pool));
  const bool long_spareless = lasts(now, pool.name + " spares", spare_fails && !workers_missing && !closed(pool));
  if (pool.drain != Drain::State::Running) {
    say(to_string(pool.drain));
  } else if (pool.quarantined) {
    say(count_of(pool.workers_active, pool.workers_wanted, "workers active") +
        ", quarantined: " + pool.quarantine_reason);
  } else if (long_missing) {
    say(missing_workers(pool) + last);
  } else if (long_spareless) {
    say(count_of(pool.spares_ready, pool.spares_wanted, "spares ready") + ", " + std::to_string(pool.workers_waiting) +
        " waiting to restart" + last);
  }
  if (pool.queue_age_limit != Duration::zero() && pool.oldest_queued >= pool.queue_age_limit) {
    say("the oldest queued job has waited for " +
        to_string(std::chrono::floor<std::chrono::seconds>(pool.oldest_queued)) + " (health_queue_age is " +
        to_string(pool.queue_age_limit) + ")");
  }
  for (const std::string& limit : pool.unmet) say(limit);
}

Health HealthJudge::look(TimePoint now, const DaemonSnapshot& daemon) {
  next_.reset();
  Health health;
  if (daemon.state != Drain::State::Running) {
    health.reasons.push_back(std::string{"the daemon is "} + to_string(daemon.state));
  }
  for (const std::string& limit : daemon.unmet) health.reasons.push_back(limit);
  for (const PoolSnapshot& pool : daemon.pools) judge_pool(now, pool, health.reasons);
  if (daemon.keeper_silence >= kKeeperSilence) {
    health.reasons.push_back("the keeper has not answered for " +
                             to_string(std::chrono::floor<std::chrono::seconds>(daemon.keeper_silence)) +
                             ": no worker can be started or ended");
  }
  const bool nearly_full = daemon.fullest_queue && daemon.fullest_queue->used * 10 >= daemon.fullest_queue->limit * 9;
  if (lasts(now, "queue", nearly_full)) {
    health.reasons.push_back(daemon.fullest_queue->what + ": soon the next are refused");
  }

  const auto& pools = daemon.pools;
  started_ = started_ || std::all_of(pools.begin(), pools.end(), [](const PoolSnapshot& pool) { return pool.judged; });
  const bool none_works = std::none_of(pools.begin(), pools.end(), works);
  const bool none_will = std::all_of(pools.begin(), pools.end(), closed);
  const bool long_none = lasts(now, "all", none_works && started_);
  const bool no_pool_needed = pools.empty() && daemon.pools_come;
  const bool nothing_works = pools.empty() || (started_ && none_works && (none_will || long_none));
  if (daemon.state != Drain::State::Running || (nothing_works && !no_pool_needed)) {
    health.level = HealthLevel::Down;
    if (health.reasons.empty()) health.reasons.emplace_back("no pool is configured");
  } else if (!started_) {
    health.level = HealthLevel::Starting;
    for (const PoolSnapshot& pool : pools) {
      if (!pool.judged) health.reasons.push_back("pool \"" + pool.name + "\": its first worker is starting");
    }
  } else if (!health.reasons.empty()) {
    health.level = HealthLevel::Degraded;
  }
  return health;
}

DaemonFigures figures_of(std::span<const PoolSnapshot> pools) {
  DaemonFigures all;
  for (const PoolSnapshot& pool : pools) {
    ++all.pools;
    all.workers += pool.workers_active;
    all.done += pool.done;
    all.crashed += pool.crashed;
    all.timed_out += pool.timed_out;
    all.queued += pool.queued;
  }
  return all;
}

std::string health_line(const Health& health, const DaemonFigures& figures) {
  std::string line = to_string(health.level);
  line += ": ";
  for (const std::string& reason : health.reasons) line += reason + "; ";
  line += counted(figures.pools, "pool") + ", " + counted(figures.workers, "worker") + ", " + grouped(figures.done) +
          " done, " + grouped(figures.crashed) + " crashed, ";
  if (figures.timed_out != 0) line += grouped(figures.timed_out) + " timed out, ";
  return line + grouped(figures.queued) + " queued";
}

const char* to_string(HealthLevel level) {
  switch (level) {
    case HealthLevel::Healthy:
      return "healthy";
    case HealthLevel::Degraded:
      return "degraded";
    case HealthLevel::Down:
      return "down";
    case HealthLevel::Starting:
      return "starting";
  }
  return "unknown";
}

}  // namespace ringmaster::core
