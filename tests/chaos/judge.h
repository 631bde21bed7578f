#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/chaos/history.h"

namespace ringmaster::chaos {

/// The rules that must hold, whatever was killed.
enum class Rule : std::uint8_t {
  OneOutcome,          ///< an accepted job has exactly one outcome, unless its client gave it up or died
  OneAnswer,           ///< a question has one reply, and the same question again the same answer
  OwnResult,           ///< a result is its job's, all of it
  OwnRequest,          ///< a handler sees its job's request, all of it
  RunsOnce,            ///< a job that is not idempotent is run by one handler, once
  FewAttempts,         ///< an idempotent one at most as often as its pool allows
  NoRunAfterTheEnd,    ///< nothing runs a job whose client knows its outcome
  OneRunAtATime,       ///< the next attempt begins when the last can write no more
  DoneWasRun,          ///< done says: this attempt's handler came to its end
  EndHasItsCause,      ///< an outcome is explained by the job, its client, or what the judge did
  RefusalHasItsCause,  ///< a refusal is explained in the same way
  NothingLost,         ///< no cold start: one daemon, no lost job
  NothingMissed,       ///< no wake is lost
  ClientsLive,         ///< a client ends when it is told to, and without an error
  NothingLeft,         ///< no slot, byte, descriptor, process, cgroup, file
  KnownJobs,           ///< nobody runs or ends a job that nobody submitted
};
inline constexpr Rule kLastRule = Rule::KnownJobs;
/// As a sentence, and as one word: "OneOutcome".
[[nodiscard]] const char* to_string(Rule rule) noexcept;
[[nodiscard]] const char* rule_name(Rule rule) noexcept;

struct Breach {
  Rule rule = Rule::OneOutcome;
  std::uint64_t job = 0;  ///< 0: of none
  std::string text;
};

/// What the pools of this run allow.
struct JudgeLimits {
  unsigned attempts = 3;
  std::uint32_t run_timeout_ms = 5000;
  std::int64_t slots = 64;  ///< of a client's session
  std::int64_t ring_bytes = 1 << 26;
  /// This many crashing jobs of one user within two minutes may get the user's next jobs refused.
  unsigned crashes_refused = 8;
};

struct Judgement {
  std::vector<Breach> breaches;
  std::map<std::string, std::uint64_t> outcomes;  ///< by cause
  std::map<std::string, std::uint64_t> refusals;  ///< by reason
  std::uint64_t jobs = 0;                         ///< submitted
  std::uint64_t accepted = 0;
  std::uint64_t given_up = 0;  ///< accepted, and their client died, left or closed the session
  std::uint64_t runs = 0;
  std::uint64_t crashes_by_judge = 0;  ///< outcomes that a signal of the judge explains
  [[nodiscard]] bool clean() const noexcept { return breaches.empty(); }
};

/// Pure: checks a whole history against the rules.
[[nodiscard]] Judgement judge(const History& history, const JudgeLimits& limits);

}  // namespace ringmaster::chaos
