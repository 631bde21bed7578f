#include <chrono>
#include <thread>
#include <vector>

#include "tests/chaos/client_task.h"
#include "tests/chaos/content.h"

// A client of the socket, by the library: one job a connection, several at a time.
namespace ringmaster::chaos {
namespace {

constexpr std::uint32_t kThreads = 3;
constexpr std::int64_t kOther = 99;

// The library makes a rejection without a cause of what refused the job before it was taken.
std::int64_t refusal_of(const Outcome& outcome) {
  const bool drains = outcome.message().find("drain") != std::string::npos ||
                      outcome.message().find("no new jobs") != std::string::npos;
  return drains ? static_cast<std::int64_t>(SubmitError::Draining) : kOther;
}

void run_one(const ClientTask& task, Client& client, const JobPlan& plan) {
  std::vector<std::byte> payload(static_cast<std::size_t>(plan.request_bytes));
  fill(payload, plan.job, Side::Request);
  SubmitOptions options;
  options.idempotent = plan.idempotent;
  options.timeout = std::chrono::milliseconds(plan.timeout_ms);
  options.queue_timeout = std::chrono::milliseconds(plan.queue_timeout_ms);
  options.result_capacity = plan.capacity;
  task.note_submitting(plan);
  const auto outcome = client.run(pool_name(plan.pool), handler_of(plan), payload, arguments_of(plan), options);
  if (!outcome) {
    task.note(Kind::Refused, plan.job, {kOther}, outcome.error().message);
  } else if (outcome->status() == Status::Refused && outcome->cause() == Cause::None) {
    task.note(Kind::Refused, plan.job, {refusal_of(*outcome)}, outcome->message());
  } else {
    task.note_outcome(Kind::Outcome, plan, *outcome);
  }
}

void run_thread(const ClientTask& task, std::uint32_t thread) {
  auto client = Client::connect({.socket = task.socket,
                                 .name = "chaos " + std::to_string(task.client),
                                 .control_timeout = std::chrono::seconds(40)});
  if (!client) {
    task.note(Kind::NotOpened, task.self(), {0, kOther}, client.error().message);
    return;
  }
  for (std::uint32_t number = 1 + thread; !told_to_leave(); number += kThreads) {
    const JobPlan plan = task.plan(number);
    pause_for(plan.pause_us);
    if (!told_to_leave()) run_one(task, *client, plan);
  }
}

}  // namespace

void run_socket_client(const ClientTask& task) {
  std::vector<std::jthread> threads;
  for (std::uint32_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&task, thread] { run_thread(task, thread); });
  threads.clear();
  task.note(Kind::Leaving, task.self());
}

}  // namespace ringmaster::chaos
