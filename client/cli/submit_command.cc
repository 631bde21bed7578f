#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "client/cli/advice.h"
#include "client/cli/commands.h"
#include "client/cli/file_io.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/map_plan.h"

namespace ringmaster::cli {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(100);
constexpr Duration kLastWords = std::chrono::seconds(2);

// What one job needs: its payload once, kept for the case that the result asks for a larger session.
struct Payload {
  Input input;
  std::string text;  ///< of a stream
  [[nodiscard]] std::uint64_t bytes() const { return input.sized ? input.bytes : text.size(); }
};

Result<Payload> load(const SubmitCommand& command) {
  Payload payload;
  if (!command.in && ::isatty(STDIN_FILENO) == 1) return payload;
  auto input = open_input(command.in.value_or("-"));
  if (!input) return input.error();
  payload.input = std::move(*input);
  if (!payload.input.sized) {
    auto text = read_all(payload.input);
    if (!text) return text.error();
    payload.text = std::move(*text);
  }
  return payload;
}

Result<void> fill(const Payload& payload, Request& request) {
  if (!payload.input.sized) {
    if (!payload.text.empty()) std::memcpy(request.bytes().data(), payload.text.data(), payload.text.size());
    return {};
  }
  (void)::lseek(payload.input.fd.get(), 0, SEEK_SET);
  const auto size = read_into(payload.input, request.bytes());
  if (!size) return size.error();
  request.shrink(*size);
  return {};
}

// Waits; after an interrupt the job is cancelled and gets a moment to say how it ended.
Outcome await_outcome(PendingJob& job) {
  while (!interrupted()) {
    if (auto outcome = job.wait_for(kLook)) return *std::move(outcome);
  }
  job.cancel();
  if (auto outcome = job.wait_for(kLastWords)) return *std::move(outcome);
  OutcomeFacts facts;
  facts.status = Status::Cancelled;
  facts.cause = Cause::Cancelled;
  facts.message = "interrupted; its end was not awaited";
  return Outcome(std::move(facts));
}

struct Attempt {
  int code = kExitDone;  ///< of a job that got no outcome
  std::string problem;
  std::optional<Outcome> outcome;
  std::optional<Session> session;  ///< the result lies in it
};

Attempt try_once(Client& client, const SubmitCommand& command, const Payload& payload, const MapRoom& room,
                 const PoolHandlers& pool) {
  Attempt attempt;
  SessionOptions options;
  options.slots = 64;
  options.request_ring_bytes = room.request_ring;
  options.result_ring_bytes = room.result_ring;
  options.shortest_timeout = command.job.timeout;
  options.spin = Duration(0);
  auto session = client.open(command.job.target.pool, options);
  if (!session) return {exit_code(session.error()), session.error().message, {}, {}};
  attempt.session.emplace(std::move(*session));
  auto request = attempt.session->allocate(payload.bytes());
  if (!request) return {exit_code(request.error().error), explain(request.error(), payload.bytes(), pool), {}, {}};
  if (const auto filled = fill(payload, *request); !filled) return {kExitFile, filled.error().message, {}, {}};
  SubmitOptions submit;
  submit.timeout = command.job.timeout;
  submit.queue_timeout = command.job.queue_timeout;
  submit.idempotent = command.idempotent;
  auto job = attempt.session->submit(command.job.target.handler, std::move(*request), command.job.arguments, submit);
  if (!job) return {exit_code(job.error().error), job.error().message, {}, {}};
  attempt.outcome = await_outcome(*job);
  return attempt;
}

std::string to_json(const SubmitCommand& command, const Outcome& outcome) {
  JsonWriter json;
  json.begin_object();
  json.text("handler", command.job.target.pool + "/" + command.job.target.handler);
  json.text("status", to_string(outcome.status()));
  json.text("cause", to_string(outcome.cause()));
  json.number("detail", std::uint64_t{outcome.detail()});
  json.text("message", outcome.message());
  json.number("job_id", outcome.facts().job_id);
  json.number("attempts", std::uint64_t{outcome.attempts()});
  json.number("needed_bytes", outcome.facts().needed_bytes);
  json.number("queued_ns", std::int64_t{outcome.timings().queued.count()});
  json.number("run_ns", std::int64_t{outcome.timings().run.count()});
  json.number("result_bytes", std::uint64_t{outcome.result().size()});
  if (outcome.ok() && command.out == "-") json.text("result_base64", base64(outcome.result()));
  json.end_object();
  return json.take();
}

}  // namespace

int run_submit(const CommonOptions& common, const SubmitCommand& command) {
  catch_interrupts();
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  const auto pool = describe_pool(*client, command.job.target.pool);
  if (!pool) return fail(exit_code(pool.error()), pool.error().message);
  const auto payload = load(command);
  if (!payload) return fail(interrupted() ? kExitInterrupted : kExitFile, payload.error().message);

  const HandlerDescription* handler = find_handler(*pool, command.job.target.handler);
  MapRoom room = plan_room({{"", "", payload->bytes()}}, handler, 1, *pool);
  Attempt attempt = try_once(*client, command, *payload, room, *pool);
  const bool grow = attempt.outcome && command.idempotent && attempt.outcome->cause() == Cause::TooLarge &&
                    attempt.outcome->facts().needed_bytes > room.result_ring &&
                    fits_pool(attempt.outcome->facts().needed_bytes, *pool) && !interrupted();
  if (grow) {
    room.result_ring = whole_pages(attempt.outcome->facts().needed_bytes);
    attempt = Attempt();
    attempt = try_once(*client, command, *payload, room, *pool);
  }
  if (!attempt.outcome) return fail(attempt.code, attempt.problem);

  const Outcome& outcome = *attempt.outcome;
  if (outcome.ok() && command.out != "-") {
    if (const auto written = write_file(command.out, outcome.result(), Existing::Replace); !written)
      return fail(kExitFile, written.error().message);
  } else if (outcome.ok() && !common.json) {
    if (const auto written = write_all(STDOUT_FILENO, outcome.result(), "standard output"); !written)
      return fail(kExitFile, written.error().message);
  }
  if (common.json) {
    if (const int code = print(to_json(command, outcome)); code != kExitDone) return code;
  }
  if (interrupted() && !outcome.ok()) return fail(kExitInterrupted, outcome.describe());
  if (!outcome.ok())
    return fail(exit_code(outcome.status()),
                command.job.target.handler + ": " + outcome.describe() +
                    advice(outcome.facts(), *pool, command.idempotent ? nullptr : "use --idempotent"));
  return kExitDone;
}

}  // namespace ringmaster::cli
