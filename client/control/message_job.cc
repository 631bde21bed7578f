#include "client/control/message_job.h"

#include <sys/random.h>

#include <cerrno>
#include <random>
#include <thread>

#include "client/control/backoff.h"
#include "client/session/wait_step.h"
#include "client/types/whole_ms.h"
#include "proto/control_convert.h"

namespace ringmaster::client {
namespace {

namespace v1 = control::v1;
using v1::Reply;

Status status_of_kind(v1::OutcomeKind kind) {
  switch (kind) {
    case v1::OUTCOME_DONE:
      return Status::Done;
    case v1::OUTCOME_CRASHED:
      return Status::Crashed;
    case v1::OUTCOME_TIMED_OUT:
      return Status::TimedOut;
    case v1::OUTCOME_CANCELLED:
      return Status::Cancelled;
    case v1::OUTCOME_REFUSED:
      return Status::Refused;
    case v1::OUTCOME_LOST:
      return Status::Lost;
    default:
      return Status::Failed;
  }
}

// The outcome of a job that the daemon refused; nullopt for any other error.
std::optional<Outcome> as_rejection(const v1::Error& error) {
  OutcomeFacts facts;
  facts.status = Status::Refused;
  facts.message = error.message().empty() ? wire::to_string(error.code()) : error.message();
  switch (error.code()) {
    case v1::ERROR_UNKNOWN_HANDLER:
      facts.cause = Cause::UnknownHandler;
      break;
    case v1::ERROR_TOO_LARGE:
      facts.cause = Cause::TooLarge;
      facts.needed_bytes = error.needed();
      break;
    case v1::ERROR_BAD_REQUEST:
    case v1::ERROR_BAD_ARGUMENT:
    case v1::ERROR_UNKNOWN_POOL:
      facts.cause = Cause::Invalid;
      break;
    case v1::ERROR_QUEUE_FULL:
    case v1::ERROR_QUOTA:
    case v1::ERROR_NO_MEMORY:
    case v1::ERROR_DRAINING:
      break;
    default:
      return std::nullopt;
  }
  return Outcome(std::move(facts));
}

struct Cookie {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

Result<Cookie> make_cookie() {
  Cookie cookie;
  if (::getrandom(&cookie, sizeof cookie, 0) != static_cast<ssize_t>(sizeof cookie))
    return errno_error("cannot draw a random number for the job", errno);
  cookie.low |= 1;  // never all 0
  return cookie;
}

Outcome lost() {
  OutcomeFacts facts;
  facts.status = Status::Lost;
  facts.cause = Cause::Lost;
  facts.message =
      "the daemon that took the job is gone, or keeps its outcome no longer: whether it ran is not known; it was not "
      "sent again because it is not marked idempotent";
  return Outcome(std::move(facts));
}

v1::Request submit_request(const std::string& pool, const std::string& handler, std::span<const std::byte> payload,
                           const Arguments& arguments, const SubmitOptions& options, const Cookie& cookie) {
  v1::Request submit;
  auto& job = *submit.mutable_submit();
  job.set_pool(pool);
  job.set_handler(handler);
  for (const Argument& one : arguments) {
    auto& argument = *job.add_arguments();
    argument.set_key(one.key);
    argument.set_value(one.value);
  }
  job.set_payload(payload.data(), payload.size());
  job.set_result_capacity(options.result_capacity.value_or(0));
  job.set_queue_timeout_ms(whole_ms(options.queue_timeout));
  job.set_run_timeout_ms(whole_ms(options.timeout));
  job.set_idempotent(options.idempotent);
  job.set_cookie_high(cookie.high);
  job.set_cookie_low(cookie.low);
  job.set_wait(true);
  return submit;
}

}  // namespace

bool may_send_again(bool same_daemon, Duration since_submit, bool idempotent) noexcept {
  return idempotent || (same_daemon && since_submit <= kOutcomesKept);
}

Outcome to_outcome(v1::Outcome& message) {
  OutcomeFacts facts;
  facts.status = status_of_kind(message.kind());
  facts.cause =
      message.cause() <= static_cast<std::uint32_t>(kLastCause) ? static_cast<Cause>(message.cause()) : Cause::None;
  facts.detail = static_cast<std::uint16_t>(message.detail());
  facts.attempts = message.attempt();
  facts.job_id = message.job_id();
  facts.needed_bytes = message.needed_bytes();
  facts.timings = {Duration(message.queued_ns()), Duration(message.run_ns())};
  facts.message = std::move(*message.mutable_message());
  facts.handler = std::move(*message.mutable_handler());
  facts.worker = std::move(*message.mutable_worker());
  facts.stack = std::move(*message.mutable_stack());
  facts.what = std::move(*message.mutable_what());
  facts.core = std::move(*message.mutable_core());
  return Outcome(std::move(facts), std::move(*message.mutable_result()));
}

Result<Outcome> run_message_job(ControlLink& link, const std::string& pool, const std::string& handler,
                                std::span<const std::byte> payload, const Arguments& arguments,
                                const SubmitOptions& options) {
  const auto cookie = make_cookie();
  if (!cookie) return cookie.error();
  const v1::Request submit = submit_request(pool, handler, payload, arguments, options, *cookie);
  v1::Request fetch;
  fetch.mutable_fetch()->set_cookie_high(cookie->high);
  fetch.mutable_fetch()->set_cookie_low(cookie->low);
  fetch.mutable_fetch()->set_wait(true);

  using Clock = std::chrono::steady_clock;
  const TimeLimit room_limit(options.wait_for_room);
  Backoff backoff(std::chrono::milliseconds(5), std::chrono::milliseconds(250));
  bool fetching = false;
  std::uint64_t submitted_to = 0;
  Clock::time_point submitted_at = Clock::now();
  for (;;) {
    if (!fetching) submitted_at = Clock::now();
    auto answer = link.ask(fetching ? fetch : submit, ControlLink::Resend::No, kForever);
    if (!fetching) submitted_to = link.daemon_id();
    if (!answer) {
      if (answer.error().code != kConnectionLost) return answer.error();
      fetching = true;  // the job may have arrived
      continue;
    }
    if (answer->reply.body_case() == Reply::kOutcome) return to_outcome(*answer->reply.mutable_outcome());
    if (answer->reply.body_case() == Reply::kError) {
      const v1::Error error = answer->reply.error();
      if (fetching && error.code() == v1::ERROR_UNKNOWN_JOB) {
        // The job never arrived, unless the daemon that took it is gone or has forgotten it.
        if (!may_send_again(link.daemon_id() == submitted_to, Clock::now() - submitted_at, options.idempotent))
          return lost();
        fetching = false;
        continue;
      }
      const Error refused = expect(std::move(answer), Reply::kOutcome).error();
      // Waits without limit for a job that may have been accepted, even if the daemon is busy.
      const Duration left = fetching ? kForever : room_limit.left();
      if (refused_for_now(refused) && left > Duration(0)) {
        std::this_thread::sleep_for(std::min(backoff.pause(std::random_device{}()), left));
        continue;
      }
      if (auto refused_job = as_rejection(error)) return *std::move(refused_job);
      return refused;
    }
    return expect(std::move(answer), Reply::kOutcome).error();
  }
}

}  // namespace ringmaster::client
