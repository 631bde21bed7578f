#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/chaos/judge.h"

namespace ringmaster::chaos {

/// Explains why a job ended, or was refused, as it did: by its plan, by its client's requests or by what the judge did
/// to the processes. Pure. Each function returns an empty string if there is an explanation, else what is wrong.
class EndRules {
 public:
  EndRules(const History& history, const JudgeLimits& limits);

  [[nodiscard]] const JudgeLimits& limits() const noexcept { return limits_; }
  /// `by_judge`: it is explained by a signal of the judge.
  [[nodiscard]] std::string unexplained_end(const JobHistory& job, const Seen& seen, bool& by_judge) const;
  [[nodiscard]] std::string unfounded_refusal(const JobHistory& job) const;
  [[nodiscard]] std::string unfounded_opening(const Record& record) const;
  /// A wake that was missed while no process was stopped.
  [[nodiscard]] std::vector<std::string> missed_wakes() const;

  [[nodiscard]] std::string describe(const Seen& seen) const;
  /// "done", "crashed: crashed by signal", …
  [[nodiscard]] std::string name(const Seen& seen) const;

 private:
  [[nodiscard]] std::string unexplained_cancel(const JobHistory& job, const Seen& seen) const;
  [[nodiscard]] std::string unexplained_force(const JobHistory& job, const Seen& seen) const;
  [[nodiscard]] std::string unexplained_crash(const JobHistory& job, const Seen& seen, bool& by_judge) const;
  [[nodiscard]] std::string unexplained_timeout(const JobHistory& job, const Seen& seen, bool& by_judge) const;
  [[nodiscard]] std::string unexplained_rejection(const JobHistory& job, const Seen& seen) const;
  /// A signal of the judge to that process, or where `pid` is 0 to any worker, within the window.
  [[nodiscard]] bool signalled(std::int64_t pid, int signal, std::uint64_t from_ns, std::uint64_t to_ns) const;
  /// True if recent jobs of this user crashed so many workers that the daemon may refuse further ones.
  [[nodiscard]] bool charged(std::uint64_t job, std::uint64_t ns, const std::string& text) const;
  [[nodiscard]] bool drained(std::int64_t pool, std::uint64_t from_ns, std::uint64_t to_ns) const;

  const History& history_;
  JudgeLimits limits_;
  std::unordered_map<std::int64_t, std::vector<SignalSent>> by_pid_;
  std::vector<SignalSent> to_workers_;  ///< in the order of time
  std::vector<std::uint64_t> crashes_;  ///< when runs began that crash their worker, in the order of time
  std::vector<SignalSent> stops_;       ///< of anybody
};

/// Of Record::Refused and Record::NotOpened.
[[nodiscard]] std::string refusal_name(std::int64_t code);

}  // namespace ringmaster::chaos
