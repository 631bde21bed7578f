#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "client/client.h"
#include "tests/chaos/job_plan.h"
#include "tests/chaos/record.h"

namespace ringmaster::chaos {

/// The settings of one client process, from its command line, and the data that its parts share.
struct ClientTask {
  std::string socket;
  std::uint64_t seed = 0;
  Way way = Way::Session;
  std::uint32_t client = 0;
  std::uint32_t incarnation = 0;
  PlanLimits limits;
  Journal journal{3};

  [[nodiscard]] JobPlan plan(std::uint32_t number) const {
    return plan_job(seed, way, client, incarnation, number, limits);
  }
  [[nodiscard]] std::uint64_t self() const;
  void note(Kind kind, std::uint64_t job, std::array<std::int64_t, 10> numbers = {}, std::string text = {}) const {
    journal.write({0, kind, job, numbers, std::move(text)});
  }
  void note_submitting(const JobPlan& plan) const;
  /// Records the outcome, after checking the bytes of its result.
  void note_outcome(Kind kind, const JobPlan& plan, const Outcome& outcome) const;
};

/// Set by SIGTERM: submit no more jobs, wait for those in flight, and exit.
[[nodiscard]] std::atomic<bool>& told_to_leave() noexcept;

[[nodiscard]] std::string pool_name(unsigned pool);
[[nodiscard]] Arguments arguments_of(const JobPlan& plan);
[[nodiscard]] const char* handler_of(const JobPlan& plan) noexcept;
void pause_for(std::uint32_t us) noexcept;
/// The open descriptors of this process, without the one that is used to count them.
[[nodiscard]] std::int64_t open_descriptors();

void run_session_client(const ClientTask& task);
void run_socket_client(const ClientTask& task);
void run_wire_client(const ClientTask& task);

}  // namespace ringmaster::chaos
