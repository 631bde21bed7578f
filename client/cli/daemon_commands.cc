#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <thread>

#include "client/cli/commands.h"
#include "client/cli/console/interrupt.h"
#include "client/cli/console/json.h"
#include "client/cli/console/show_text.h"
#include "client/cli/console/terminal.h"
#include "client/cli/protobuf_link.h"
#include "client/cli/status_view.h"

namespace ringmaster::cli {
namespace {

namespace v1 = control::v1;
using v1::Reply;

Result<v1::Status> ask_status(Client& client) {
  v1::Request request;
  request.mutable_get_status();
  auto answer = client::ask_for(client.link(), request, Reply::kStatus);
  if (!answer) return answer.error();
  return std::move(*answer->reply.mutable_status());
}

// Removes all but `pool` from the status; an Error if there is no such pool.
Result<void> keep_pool(v1::Status& status, const std::string& pool) {
  std::vector<std::string> names;
  for (const auto& one : status.pools()) names.push_back(one.name());
  if (std::find(names.begin(), names.end(), pool) == names.end())
    return Error{"no pool \"" + pool + "\"" + did_you_mean(pool, names)};
  const auto others = [&](auto& list, auto&& name_of) {
    for (int at = list.size(); at-- > 0;)
      if (name_of(list.Get(at)) != pool) list.DeleteSubrange(at, 1);
  };
  others(*status.mutable_pools(), [](const v1::PoolStatus& one) { return one.name(); });
  others(*status.mutable_sessions(), [](const v1::SessionStatus& one) { return one.pool(); });
  return {};
}

std::string what_became_of(const client::CancelledReply& cancelled, bool force) {
  if (cancelled.already_ended) return "had ended already";
  if (cancelled.was_queued) return "cancelled while it was queued";
  if (cancelled.forced) {
    const std::string grace = show_duration(std::chrono::milliseconds(cancelled.grace_ms));
    return "cancelled by force; its worker is killed if it has not ended after " + grace;
  }
  return force ? "its handler was asked to stop: this daemon knows no forced cancel"
               : "its handler was asked to stop; one that does not listen runs on until its deadline, --force ends it";
}

}  // namespace

int run_handlers(const CommonOptions& common, const std::string& pool) {
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  const auto pools = client->handlers(pool);
  if (!pools) return fail(exit_code(pools.error()), pools.error().message);
  return print(common.json ? handlers_json(*pools) : handlers_text(*pools));
}

int run_status(const CommonOptions& common, const std::string& pool, bool watch, bool full) {
  auto client = connect_to_administer(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  if (watch) catch_interrupts();
  const bool clear = watch && !common.json && can_redraw(STDOUT_FILENO);
  do {
    auto status = ask_status(*client);
    if (!status) return fail(exit_code(status.error()), status.error().message);
    if (!pool.empty()) {
      if (const auto kept = keep_pool(*status, pool); !kept) return fail(kExitRefused, kept.error().message);
    }
    std::string text = common.json ? status_json(*status) : status_text(*status, full);
    if (clear) text = "\x1b[H\x1b[2J" + text;
    if (watch && !common.json && !clear) text += "\n";
    if (const int code = print(text); code != kExitDone) return code;
    for (int tenth = 0; watch && tenth < 10 && !interrupted(); ++tenth)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  } while (watch && !interrupted());
  return kExitDone;
}

int run_cancel(const CommonOptions& common, std::uint64_t job_id, const std::optional<Force>& force) {
  auto client = connect_to_administer(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  client::CancelRequest cancel{.job_id = job_id, .force = force.has_value(), .grace_ms = std::nullopt};
  if (force && force->grace) {
    const auto grace = std::chrono::ceil<std::chrono::milliseconds>(*force->grace);
    cancel.grace_ms = static_cast<std::uint32_t>(std::min<std::int64_t>(grace.count(), UINT32_MAX));
  }
  const auto cancelled = client::ask_for<client::CancelledReply>(client->link(), client::encode(cancel));
  if (!cancelled)
    return fail(exit_code(cancelled.error()), "job " + show_job(job_id) + ": " + cancelled.error().message);
  const std::string what = what_became_of(*cancelled, force.has_value());
  return print("job " + show_job(job_id) + ": " + what + "\n");
}

int run_drain(const CommonOptions& common, const std::string& pool, bool resume, bool wait) {
  auto client = connect_to_administer(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  v1::Request request;
  auto& drain = *request.mutable_drain();
  drain.set_pool(pool);
  drain.set_resume(resume);
  drain.set_wait(wait && !resume);
  const auto answer =
      client::ask_for(client->link(), request, Reply::kDone, wait ? std::optional(kForever) : std::nullopt);
  if (!answer) return fail(exit_code(answer.error()), answer.error().message);
  const std::string which = pool.empty() ? "all pools" : "pool \"" + pool + "\"";
  return print(which + (resume ? " take jobs again\n" : wait ? ": drained\n" : ": draining; no new jobs are taken\n"));
}

int run_stop(const CommonOptions& common) {
  auto client = connect_to_administer(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  const auto status = ask_status(*client);
  v1::Request request;
  request.mutable_stop();
  // Not sent again: another daemon that takes the socket over must not be stopped.
  const auto answer =
      client::ask_for(client->link(), request, Reply::kDone, std::nullopt, client::ControlLink::Resend::No);
  if (!answer && answer.error().code != client::kConnectionLost)
    return fail(exit_code(answer.error()), answer.error().message);
  if (status && status->socket_passed())
    return print(
        "the daemon is stopping; its socket belongs to a service manager's socket unit, which starts it again for the "
        "next client: to end it for good stop that too (systemctl stop ringmaster.socket ringmaster.service)\n");
  return print("the daemon is stopping\n");
}

}  // namespace ringmaster::cli
