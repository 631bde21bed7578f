#include "client/control/message_job.h"

#include <sys/random.h>

#include <cerrno>
#include <random>
#include <thread>

#include "base/text.h"
#include "client/control/backoff.h"
#include "client/session/spilled_result.h"
#include "client/session/wait_step.h"
#include "client/types/whole_ms.h"

namespace ringmaster::client {
namespace {

// The outcome of a job that the daemon refused; nullopt for any other error.
std::optional<Outcome> as_rejection(const ErrorReply& error) {
  OutcomeFacts facts;
  facts.status = Status::Refused;
  facts.message = error.message.empty() ? to_string(error.code) : error.message;
  switch (error.code) {
    case ErrorCode::UnknownHandler:
      facts.cause = Cause::UnknownHandler;
      break;
    case ErrorCode::TooLarge:
      facts.cause = Cause::TooLarge;
      facts.needed_bytes = error.needed;
      break;
    case ErrorCode::BadRequest:
    case ErrorCode::BadArgument:
    case ErrorCode::UnknownPool:
      facts.cause = Cause::Invalid;
      break;
    case ErrorCode::QueueFull:
    case ErrorCode::Quota:
    case ErrorCode::NoMemory:
    case ErrorCode::Draining:
      break;
    default:
      return std::nullopt;
  }
  return Outcome(std::move(facts));
}

Result<MessageCookie> make_cookie() {
  MessageCookie cookie;
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

EncodedRequest submit_request(const std::string& pool, const std::string& handler, std::span<const std::byte> payload,
                              const Arguments& arguments, const SubmitOptions& options, const MessageCookie& cookie) {
  const std::string label = clean_text(options.label);
  return encode(SubmitRequest{.pool = pool,
                              .handler = handler,
                              .arguments = arguments,
                              .payload = payload,
                              .result_capacity = options.result_capacity.value_or(0),
                              .queue_timeout_ms = whole_ms(options.queue_timeout),
                              .run_timeout_ms = whole_ms(options.timeout),
                              .idempotent = options.idempotent,
                              .cookie = cookie,
                              .wait = true,
                              .takes_descriptor = true,
                              .label = label});
}

}  // namespace

bool may_send_again(bool same_daemon, Duration since_submit, bool idempotent) noexcept {
  return idempotent || (same_daemon && since_submit <= kOutcomesKept);
}

namespace {

Result<Outcome> outcome_in(ControlAnswer& answer) {
  auto said = OutcomeReply::read(answer.reply.body());
  if (!said) return said.error();
  const std::uint64_t spilled = said->spilled_bytes;
  if (spilled == 0) return Outcome(std::move(said->facts), std::move(said->result));
  auto result = answer.fds.size() == 1 ? SpilledResult::open(std::move(answer.fds.front()), spilled)
                                       : Error{"its descriptor did not come; is the limit (ulimit -n) reached?"};
  if (result) {
    const auto in_place = (*result)->bytes();
    return Outcome(std::move(said->facts), std::move(*result), in_place);
  }
  lose_result(said->facts, spilled, result.error());
  return Outcome(std::move(said->facts));
}

}  // namespace

Result<Outcome> run_message_job(ControlLink& link, const std::string& pool, const std::string& handler,
                                std::span<const std::byte> payload, const Arguments& arguments,
                                const SubmitOptions& options) {
  if (options.messages != 0) return Error{"a job sent as a message has no room for messages: submit it in a session"};
  const auto cookie = make_cookie();
  if (!cookie) return cookie.error();
  const EncodedRequest submit = submit_request(pool, handler, payload, arguments, options, *cookie);
  const EncodedRequest fetch = encode(FetchRequest{.cookie = *cookie, .wait = true});

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
    if (answer->reply.kind() == ReplyKind::Outcome) return outcome_in(*answer);
    if (answer->reply.kind() == ReplyKind::Error) {
      const auto error = ErrorReply::read(answer->reply.body());
      if (!error) return error.error();
      if (fetching && error->code == ErrorCode::UnknownJob) {
        // The job never arrived, unless the daemon that took it is gone or has forgotten it.
        if (!may_send_again(link.daemon_id() == submitted_to, Clock::now() - submitted_at, options.idempotent))
          return lost();
        fetching = false;
        continue;
      }
      const Error refused = expect(std::move(answer), ReplyKind::Outcome).error();
      // Waits without limit for a job that may have been accepted, even if the daemon is busy.
      const Duration left = fetching ? kForever : room_limit.left();
      if (refused_for_now(refused) && left > Duration(0)) {
        std::this_thread::sleep_for(std::min(backoff.pause(std::random_device{}()), left));
        continue;
      }
      if (auto refused_job = as_rejection(*error)) return *std::move(refused_job);
      return refused;
    }
    return expect(std::move(answer), ReplyKind::Outcome).error();
  }
}

}  // namespace ringmaster::client
