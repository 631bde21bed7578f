#include "tests/chaos/client_task.h"

#include <time.h>

#include <charconv>
#include <filesystem>

#include "tests/chaos/content.h"

namespace ringmaster::chaos {
namespace {

std::string hex(std::uint64_t number) {
  char text[17];
  return {text, std::to_chars(text, text + sizeof text, number, 16).ptr};
}

}  // namespace

std::uint64_t ClientTask::self() const { return make_job(client, incarnation, 0); }

void ClientTask::note_submitting(const JobPlan& plan) const {
  note(Kind::Submitting, plan.job,
       {static_cast<std::int64_t>(plan.way), plan.pool, static_cast<std::int64_t>(plan.behave),
        (plan.idempotent ? 1 : 0) + (plan.listens ? 2 : 0), static_cast<std::int64_t>(plan.request_bytes),
        static_cast<std::int64_t>(plan.result_bytes), static_cast<std::int64_t>(plan.capacity), plan.timeout_ms,
        plan.queue_timeout_ms, plan.run_us});
}

void ClientTask::note_outcome(Kind kind, const JobPlan& plan, const Outcome& outcome) const {
  Finding finding;
  if (outcome.ok()) finding = look_at(outcome.result(), plan.job, Side::Result, plan.result_bytes);
  const OutcomeFacts& facts = outcome.facts();
  note(kind, plan.job,
       {static_cast<std::int64_t>(facts.status), static_cast<std::int64_t>(facts.cause), facts.detail, facts.attempts,
        facts.timings.run.count(), facts.timings.queued.count(), static_cast<std::int64_t>(outcome.result().size()),
        static_cast<std::int64_t>(finding.verdict), static_cast<std::int64_t>(facts.needed_bytes)},
       finding.verdict == Verdict::Right ? facts.message : describe(finding));
}

std::atomic<bool>& told_to_leave() noexcept {
  static std::atomic<bool> told = false;
  return told;
}

std::string pool_name(unsigned pool) { return std::string("p") + std::to_string(pool); }

Arguments arguments_of(const JobPlan& plan) {
  return {{"job", hex(plan.job)},
          {"behave", std::to_string(static_cast<unsigned>(plan.behave))},
          {"request", std::to_string(plan.request_bytes)},
          {"result", std::to_string(plan.result_bytes)},
          {"us", std::to_string(plan.run_us)}};
}

const char* handler_of(const JobPlan& plan) noexcept { return plan.listens ? "work" : "deaf"; }

void pause_for(std::uint32_t us) noexcept {
  const timespec rest{us / 1'000'000, static_cast<long>(us % 1'000'000) * 1000};
  ::nanosleep(&rest, nullptr);
}

std::int64_t open_descriptors() {
  std::int64_t count = -1;  // the folder's own
  for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace ringmaster::chaos
