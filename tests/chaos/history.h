#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/chaos/job_plan.h"
#include "tests/chaos/record.h"

namespace ringmaster::chaos {

/// One run of a job by a worker, as its handler wrote it.
struct Run {
  std::uint64_t public_id = 0;
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;  ///< 0: no end was recorded
  std::int64_t pid = 0;
  unsigned attempt = 0;
  bool asked_to_stop = false;
};

/// How a job ended, as its client saw it.
struct Seen {
  std::uint64_t ns = 0;
  std::int64_t status = 0;
  std::int64_t cause = 0;
  std::int64_t detail = 0;
  std::int64_t attempts = 0;
  std::int64_t run_ns = 0;
  std::int64_t queued_ns = 0;
  std::int64_t bytes = 0;
  std::int64_t content = 0;  ///< Verdict
  std::int64_t needed = 0;
  std::string text;
};

/// All records about one job.
struct JobHistory {
  JobPlan plan;
  std::uint64_t submitted_ns = 0;
  std::uint64_t accepted_ns = 0;
  std::uint64_t cancelled_ns = 0;
  bool forced = false;  ///< and by force,
  std::int64_t grace_ms = 0;
  std::uint64_t dropped_ns = 0;
  std::vector<Seen> outcomes;
  std::vector<Seen> again;
  std::vector<Run> runs;
  std::string bad_request;  ///< what a handler found in place of its request
  std::uint64_t refused_ns = 0;
  std::int64_t refusal = 0;
  std::int64_t flying = 0;
  std::int64_t flying_bytes = 0;
  std::string refusal_text;
};

struct ClientLife {
  std::uint64_t started_ns = 0;
  std::uint64_t leaving_ns = 0;
  std::uint64_t left_ns = 0;
  std::uint64_t ended_ns = 0;
  std::int64_t wait_status = 0;
  std::int64_t descriptors = 0;
  std::int64_t descriptors_left = 0;
  bool crashes = false;  ///< some of its jobs crash their worker
  bool killed = false;   ///< by the judge
  bool gave_up = false;  ///< it did not leave when it was told to
  std::string text;
};

struct SignalSent {
  std::uint64_t ns = 0;
  std::int64_t role = 0;
  std::int64_t pid = 0;
  int signal = 0;
};
struct Window {
  std::uint64_t from_ns = 0;
  std::uint64_t to_ns = 0;  ///< 0: not over
};

/// The records of all processes of a run.
struct History {
  void add(const Record& record);
  /// Every whole line of a file's text.
  void add_text(std::string_view text);

  std::unordered_map<std::uint64_t, JobHistory> jobs;
  std::map<std::uint32_t, ClientLife> clients;  ///< by client and incarnation
  std::vector<SignalSent> signals;
  std::map<std::int64_t, std::vector<Window>> drains;  ///< by pool
  std::vector<Record> not_opened;
  std::vector<Record> strays;
  std::vector<Record> faults;
  std::vector<Record> missed;                     ///< the counts of missed wakes, in the order they were read
  std::map<std::int64_t, std::uint64_t> daemons;  ///< daemon ids, when first seen
  std::uint64_t broken_lines = 0;
};

}  // namespace ringmaster::chaos
