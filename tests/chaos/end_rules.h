#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/chaos/judge.h"

namespace ringmaster::chaos {

/// Why jobs may end, or be refused, as they did: by what they are, by what their client asked for, by what the judge
/// did to the processes. Pure. Each answer is empty where the end is explained, else says what is wrong with it.
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
  [[nodiscard]] std::string unexplained_crash(const JobHistory& job, const Seen& seen, bool& by_judge) const;
  [[nodiscard]] std::string unexplained_timeout(const JobHistory& job, const Seen& seen, bool& by_judge) const;
  [[nodiscard]] std::string unexplained_rejection(const JobHistory& job, const Seen& seen) const;
  /// A signal of the judge to that process, or where `pid` is 0 to any worker, within the window.
  [[nodiscard]] bool signalled(std::int64_t pid, int signal, std::uint64_t from_ns, std::uint64_t to_ns) const;
  /// Its user's jobs ended so many workers lately that the daemon may refuse them, and says that this is why.
  [[nodiscard]] bool charged(std::uint64_t job, std::uint64_t ns, const std::string& text) const;
  [[nodiscard]] bool drained(std::int64_t pool, std::uint64_t from_ns, std::uint64_t to_ns) const;

  const History& history_;
  JudgeLimits limits_;
  std::unordered_map<std::int64_t, std::vector<SignalSent>> by_pid_;
  std::vector<SignalSent> to_workers_;  ///< in the order of time
  std::vector<std::uint64_t> crashes_;  ///< when runs began that take their worker along, in the order of time
  std::vector<SignalSent> stops_;       ///< of anybody
};

/// Of Record::Refused and Record::NotOpened.
[[nodiscard]] std::string refusal_name(std::int64_t code);

}  // namespace ringmaster::chaos
