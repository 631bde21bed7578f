#include "daemon/core/machine/cpu_count.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace ringmaster::core {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

/// Microseconds as the kernel prints them; nullopt: not a positive number of at most a day.
std::optional<Duration> parse_us(std::string_view text) {
  constexpr std::int64_t kDayUs = 86'400'000'000;
  text = trimmed(text);
  std::int64_t us = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), us);
  if (error != std::errc{} || end != text.data() + text.size() || us <= 0 || us > kDayUs) return std::nullopt;
  return std::chrono::microseconds{us};
}

double cpus(const CpuQuota& quota) {
  return static_cast<double>(quota.quota.count()) / static_cast<double>(quota.period.count());
}

unsigned whole_cpus(const CpuQuota& quota) {
  return static_cast<unsigned>(std::clamp<std::int64_t>(quota.quota / quota.period, 1, 1 << 20));
}

/// "1.50": quota in CPUs.
std::string in_cpus(const CpuQuota& quota) {
  const std::int64_t hundredths = quota.quota.count() / (quota.period.count() / 100);
  const std::string fraction = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + "." + (fraction.size() < 2 ? "0" : "") + fraction;
}

}  // namespace

std::optional<CpuQuota> parse_cpu_max(std::string_view text, std::string source) {
  text = trimmed(text);
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  return parse_cfs_quota(text.substr(0, space), text.substr(space + 1), std::move(source));
}

std::optional<CpuQuota> parse_cfs_quota(std::string_view quota_us, std::string_view period_us, std::string source) {
  const auto quota = parse_us(quota_us);
  const auto period = parse_us(period_us);
  if (!quota || !period) return std::nullopt;
  return CpuQuota{*quota, *period, std::move(source)};
}

CpuDecision decide_cpus(const CpuFacts& facts) {
  const unsigned online = std::max(1U, facts.online);
  CpuDecision decision;
  decision.usable = facts.affinity > 0 ? facts.affinity : online;
  decision.why = facts.affinity > 0 ? "affinity mask allows " + std::to_string(facts.affinity) + " of " +
                                          std::to_string(online) + " CPUs"
                                    : "affinity mask unreadable, " + std::to_string(online) + " CPUs online";

  const auto tightest = std::min_element(facts.quotas.begin(), facts.quotas.end(),
                                         [](const CpuQuota& a, const CpuQuota& b) { return cpus(a) < cpus(b); });
  if (tightest == facts.quotas.end()) {
    decision.why += ", no CPU quota";
  } else {
    decision.why += ", quota of " + in_cpus(*tightest) + " CPUs (" + tightest->source + ")";
    decision.usable = std::min(decision.usable, whole_cpus(*tightest));
  }
  decision.why =
      std::to_string(decision.usable) + (decision.usable == 1 ? " CPU usable: " : " CPUs usable: ") + decision.why;
  return decision;
}

}  // namespace ringmaster::core
