#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

#include "base/text.h"
#include "client/cli/commands.h"
#include "client/cli/console/advice.h"
#include "client/cli/console/interrupt.h"
#include "client/cli/console/json.h"
#include "client/cli/console/show_text.h"
#include "client/cli/files/input.h"
#include "client/cli/files/result_writer.h"
#include "client/cli/map/map_plan.h"

namespace ringmaster::cli {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(100);
constexpr std::uint32_t kOutputRoom = 1 << 20;
constexpr Duration kLastWords = std::chrono::seconds(2);

// A job's payload, kept in case the job must run again in a larger session.
struct Payload {
  Input input;
  std::string text;  ///< content of a stream
  [[nodiscard]] std::uint64_t bytes() const { return input.sized ? input.bytes : text.size(); }
};

// Reads the payload. EFBIG: it is more than it may be, and no more was read.
Result<Payload> load(const SubmitCommand& command, const PoolHandlers& pool, const HandlerDescription* handler) {
  Payload payload;
  if (!command.in && ::isatty(STDIN_FILENO) == 1) return payload;
  auto input = open_input(command.in.value_or("-"));
  if (!input) return input.error();
  payload.input = std::move(*input);
  const std::uint64_t limit = request_limit(pool, handler, !payload.input.sized);
  if (payload.input.bytes > limit) return Error{"\"" + payload.input.name + "\"", EFBIG};
  if (!payload.input.sized) {
    auto text = read_all(payload.input, limit);
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

// What the job has written: where standard output has the result, all of it to standard error.
void show_output(const SubmitCommand& command, const Message& message) {
  const bool apart = command.out != "-" && message.kind == Message::Kind::Output;
  const int to = apart ? STDOUT_FILENO : STDERR_FILENO;
  const std::string text = ::isatty(to) == 1 ? clean_lines(message.bytes) : message.bytes;
  // Nobody who reads it is no reason to give up the job.
  (void)write_all(to, std::as_bytes(std::span(text)), apart ? "standard output" : "standard error");
}

// Waits for the job's end. An interrupt cancels the job, and then waits only a moment for its end.
Outcome await_outcome(const SubmitCommand& command, PendingJob& job) {
  while (!interrupted()) {
    while (command.output && !interrupted()) {
      const auto message = job.next_message(kLook);
      if (!message) break;
      if (message->kind != Message::Kind::Data) show_output(command, *message);
    }
    if (auto outcome = job.wait_for(kLook)) return *std::move(outcome);
  }
  job.cancel();
  if (auto outcome = job.wait_for(kLastWords)) return *std::move(outcome);
  OutcomeFacts facts;
  facts.status = Status::Cancelled;
  facts.cause = Cause::Cancelled;
  facts.message = "interrupted; the job's end was not awaited";
  return Outcome(std::move(facts));
}

struct Attempt {
  int code = kExitDone;  ///< of a job that got no outcome
  std::string problem;
  std::optional<Outcome> outcome;
  std::optional<Session> session;  ///< its memory holds the result
};

Attempt try_once(Client& client, const SubmitCommand& command, const Payload& payload, const MapRoom& room) {
  Attempt attempt;
  SessionOptions options;
  options.slots = 64;
  options.request_ring_bytes = room.request_ring;
  options.result_ring_bytes = room.result_ring + (command.output ? whole_pages(2 * kOutputRoom) : 0);
  options.shortest_timeout = command.job.timeout;
  options.spin = Duration(0);
  auto session = open_patiently(client, command.job.target.pool, options, busy_timeout(command.job));
  if (!session) return {exit_code(session.error()), session.error().message, {}, {}};
  attempt.session.emplace(std::move(*session));
  auto request = attempt.session->allocate(payload.bytes());
  if (!request) return {exit_code(request.error().error), request.error().message, {}, {}};
  if (const auto filled = fill(payload, *request); !filled) return {kExitFile, filled.error().message, {}, {}};
  SubmitOptions submit;
  submit.timeout = command.job.timeout;
  submit.queue_timeout = command.job.queue_timeout;
  submit.idempotent = command.idempotent;
  submit.label = command.label;
  if (command.output) submit.messages = kOutputRoom;
  auto job = attempt.session->submit(command.job.target.handler, std::move(*request), command.job.arguments, submit);
  if (!job) return {exit_code(job.error().error), job.error().message, {}, {}};
  attempt.outcome = await_outcome(command, *job);
  attempt.session->explain(*attempt.outcome);
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
  json.text("job_id", decimal_job(outcome.facts().job_id)).text("job", show_job(outcome.facts().job_id));
  json.text("worker", outcome.facts().worker);
  json.text("stack", outcome.facts().stack);
  json.text("what", outcome.facts().what);
  json.text("core", outcome.facts().core);
  json.number("attempts", std::uint64_t{outcome.attempts()});
  json.number("needed_bytes", outcome.facts().needed_bytes);
  json.number("queued_ns", std::int64_t{outcome.timings().queued.count()});
  json.number("run_ns", std::int64_t{outcome.timings().run.count()});
  json.number("result_bytes", std::uint64_t{outcome.result().size()});
  if (outcome.ok() && command.out == "-") json.text("result_base64", base64(outcome.result()));
  json.end_object();
  return json.take();
}

// Checks before the job whether its result can be written, so that no job runs in vain.
int check_output(const CommonOptions& common, const SubmitCommand& command, ResultWriter& writer) {
  const bool to_file = command.out != "-";
  if (!to_file || common.json) {
    if (const auto open = check_standard_output(); !open) return fail(kExitFile, open.error().message);
  }
  if (!to_file) return kExitDone;
  if (const auto fits = writer.check(command.out, Existing::Replace); !fits)
    return fail(kExitUsage, "--out: " + fits.error().message);
  return kExitDone;
}

// Without a final newline the shell's prompt would follow the text on the same line.
bool wants_newline(const Outcome& outcome) {
  return ::isatty(STDOUT_FILENO) == 1 && !outcome.text().empty() && outcome.text().back() != '\n' &&
         is_clean_text(outcome.text());
}

Result<void> deliver(const CommonOptions& common, const SubmitCommand& command, const Outcome& outcome,
                     ResultWriter& writer) {
  if (!outcome.ok()) return {};
  if (command.out != "-") return writer.write(command.out, outcome.result(), Existing::Replace);
  if (common.json) return {};
  if (auto written = write_all(STDOUT_FILENO, outcome.result(), "standard output"); !written) return written;
  const std::byte newline{'\n'};
  return wants_newline(outcome) ? write_all(STDOUT_FILENO, {&newline, 1}, "standard output") : Result<void>();
}

int not_delivered(const Error& why) {
  if (why.code == EPIPE) return kExitFile;  // the reader is gone: no message
  return fail(why.code == EINTR ? kExitInterrupted : kExitFile, why.message);
}

int not_loaded(const Error& why, const PoolHandlers& pool, const HandlerDescription* handler,
               const SubmitCommand& command) {
  const std::string name = command.in.value_or("-") == "-" ? "standard input" : "\"" + *command.in + "\"";
  if (why.code == EFBIG) return fail(kExitRefused, request_too_large(name, pool, handler));
  if (why.code == ENOMEM) return fail(kExitRefused, why.message);
  return fail_unless_interrupted(kExitFile, why.message);
}

// Runs the job, and once more if its handler wants a larger session for the result.
Attempt attempt_job(Client& client, const SubmitCommand& command, const Payload& payload, const PoolHandlers& pool,
                    const HandlerDescription* handler) {
  MapRoom room = plan_room({{"", "", payload.bytes()}}, handler, 1, pool);
  Attempt attempt = try_once(client, command, payload, room);
  const bool grow = attempt.outcome && command.idempotent && attempt.outcome->facts().wants_room() &&
                    attempt.outcome->facts().needed_bytes > room.result_ring &&
                    fits_pool(attempt.outcome->facts().needed_bytes, pool) && !interrupted();
  if (!grow) return attempt;
  room.result_ring = whole_pages(attempt.outcome->facts().needed_bytes);
  attempt = Attempt();
  return try_once(client, command, payload, room);
}

}  // namespace

int run_submit(const CommonOptions& common, const SubmitCommand& command) {
  catch_interrupts();
  ResultWriter writer;
  if (const int code = check_output(common, command, writer); code != kExitDone) return code;
  auto client = connect(common, busy_timeout(command.job));
  if (!client) return fail_unless_interrupted(exit_code(client.error()), client.error().message);
  const auto pool = describe_pool(*client, command.job.target.pool);
  if (!pool) return fail(exit_code(pool.error()), pool.error().message);
  const HandlerDescription* handler = find_handler(*pool, command.job.target.handler);
  const auto payload = load(command, *pool, handler);
  if (!payload) return not_loaded(payload.error(), *pool, handler, command);

  const Attempt attempt = attempt_job(*client, command, *payload, *pool, handler);
  if (!attempt.outcome) return fail_unless_interrupted(attempt.code, attempt.problem);
  const Outcome& outcome = *attempt.outcome;
  if (const auto delivered = deliver(common, command, outcome, writer); !delivered)
    return not_delivered(delivered.error());
  if (common.json) {
    if (const int code = print(to_json(command, outcome)); code != kExitDone) return code;
  }
  if (const auto dropped = outcome.facts().dropped_messages; command.output && dropped != 0)
    std::fprintf(stderr, "ringmaster: %s: more output than is kept: what came later is missing\n",
                 command.job.target.handler.c_str());
  if (outcome.ok()) {
    if (!outcome.message().empty() && !common.json) {
      std::fprintf(stderr, "ringmaster: %s: done, with a remark: %s\n", command.job.target.handler.c_str(),
                   clean_line(outcome.message()).c_str());
    }
    return kExitDone;
  }
  const std::string more = advice(outcome.facts(), *pool, command.idempotent ? nullptr : "use --idempotent");
  return fail_unless_interrupted(exit_code(outcome.status()),
                                 command.job.target.handler + ": " + outcome.describe() + more);
}

}  // namespace ringmaster::cli
