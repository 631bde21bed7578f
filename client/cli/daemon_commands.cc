#include <cstdio>
#include <thread>

#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/status_view.h"
#include "client/control/control_link.h"

namespace ringmaster::cli {
namespace {

namespace wire = control::v1;
using wire::Reply;

Result<wire::Status> ask_status(Client& client) {
  wire::Request request;
  request.mutable_get_status();
  auto answer = ask_for(client.link(), std::move(request), Reply::kStatus);
  if (!answer) return answer.error();
  return std::move(*answer->reply.mutable_status());
}

std::string reasons_of(const wire::Status& status) {
  std::string text;
  for (const std::string& one : status.health_reasons()) text += (text.empty() ? ": " : "; ") + one;
  return text;
}

}  // namespace

int run_handlers(const CommonOptions& common, const std::string& pool) {
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  const auto pools = client->handlers(pool);
  if (!pools) return fail(exit_code(pools.error()), pools.error().message);
  return print(common.json ? handlers_json(*pools) : handlers_text(*pools));
}

int run_status(const CommonOptions& common, bool watch) {
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  if (watch) catch_interrupts();
  do {
    const auto status = ask_status(*client);
    if (!status) return fail(exit_code(status.error()), status.error().message);
    std::string text = common.json ? status_json(*status) : status_text(*status);
    if (watch && !common.json) text = "\x1b[H\x1b[2J" + text;
    if (const int code = print(text); code != kExitDone) return code;
    for (int tenth = 0; watch && tenth < 10 && !interrupted(); ++tenth)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  } while (watch && !interrupted());
  return kExitDone;
}

int run_health(const CommonOptions& common) {
  constexpr int kHealthy = 0, kDegraded = 1, kDown = 2;
  auto client = connect(common);
  const auto status = client ? ask_status(*client) : Result<wire::Status>(client.error());
  const std::string health = status ? status->health() : "down";
  const std::string why = status ? reasons_of(*status) : ": " + status.error().message;
  const int code = health == "healthy" ? kHealthy : health == "degraded" ? kDegraded : kDown;
  if (common.json) {
    JsonWriter json;
    json.begin_object().text("health", health).begin_array("reasons");
    if (status) {
      for (const std::string& one : status->health_reasons()) json.text({}, one);
    } else {
      json.text({}, status.error().message);
    }
    return print(json.end_array().end_object().take(), code);
  }
  return print(health + why + "\n", code);
}

int run_cancel(const CommonOptions& common, std::uint64_t job_id) {
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  wire::Request request;
  request.mutable_cancel()->set_job_id(job_id);
  const auto answer = ask_for(client->link(), std::move(request), Reply::kCancelled);
  if (!answer) return fail(exit_code(answer.error()), "job " + std::to_string(job_id) + ": " + answer.error().message);
  const auto& cancelled = answer->reply.cancelled();
  const char* what = cancelled.already_ended() ? "had ended already"
                     : cancelled.was_queued()  ? "cancelled while it was queued"
                                               : "its handler was asked to stop";
  return print("job " + std::to_string(job_id) + ": " + what + "\n");
}

int run_drain(const CommonOptions& common, const std::string& pool, bool resume, bool wait) {
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  wire::Request request;
  auto& drain = *request.mutable_drain();
  drain.set_pool(pool);
  drain.set_resume(resume);
  drain.set_wait(wait && !resume);
  const auto answer =
      ask_for(client->link(), std::move(request), Reply::kDone, wait ? std::optional(kForever) : std::nullopt);
  if (!answer) return fail(exit_code(answer.error()), answer.error().message);
  const std::string which = pool.empty() ? "all pools" : "pool \"" + pool + "\"";
  return print(which + (resume ? " take jobs again\n" : wait ? ": drained\n" : ": draining; no new jobs are taken\n"));
}

int run_stop(const CommonOptions& common) {
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  wire::Request request;
  request.mutable_stop();
  // Not sent again: whoever takes the socket over next was not meant.
  auto answer = expect(client->link().ask(std::move(request), ControlLink::Resend::No), Reply::kDone);
  if (!answer && answer.error().code != kConnectionLost) return fail(exit_code(answer.error()), answer.error().message);
  return print("the daemon is stopping\n");
}

}  // namespace ringmaster::cli
