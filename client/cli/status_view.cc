#include "client/cli/status_view.h"

#include <algorithm>
#include <cmath>

#include "client/cli/console/show_text.h"
#include "client/cli/console/words.h"
#include "client/cli/pool_figures.h"

namespace ringmaster::cli {
namespace {

namespace v1 = control::v1;

using Row = std::vector<std::string>;

// Columns padded to their widest cell; the first row is the heading.
std::string table(std::vector<Row> rows, const std::string& indent) {
  std::vector<std::size_t> widths;
  for (Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) {
      row[at] = clean_line(row[at]);
      widths[at] = std::max(widths[at], display_width(row[at]));
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = indent;
    for (std::size_t at = 0; at < row.size(); ++at)
      line += row[at] + std::string(widths[at] - display_width(row[at]) + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string time_of_ms(std::uint64_t ms) {
  constexpr std::uint64_t kLongest = std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max()).count();
  return show_duration(std::chrono::milliseconds(std::min(ms, kLongest)));
}

std::string incidents(const v1::PoolStatus& pool, bool full) {
  if (pool.incidents().empty()) return {};
  std::string text = "  last incidents\n";
  for (const auto& one : pool.incidents()) {
    text += "    " + time_of_ms(one.ago_ms()) + " ago, seat " + std::to_string(one.seat()) + ": " +
            (one.cause().empty() ? one.kind() : one.cause());
    if (!one.handler().empty()) text += ", in " + one.handler();
    if (!one.label().empty()) text += ", " + one.label();
    if (one.job_id() != 0) text += ", job " + show_job(one.job_id());
    if (!one.what().empty()) text += ": " + one.what();
    if (!one.core().empty()) text += " (" + one.core() + ")";
    text += "\n";
    if (one.same_as() != 0) text += "      as in incident " + std::to_string(one.same_as()) + ", a moment before\n";
    const std::string& stack = full && !one.full_stack().empty() ? one.full_stack() : one.stack();
    for (std::size_t at = 0; at < stack.size();) {
      const std::size_t end = std::min(stack.find('\n', at), stack.size());
      text += "      " + stack.substr(at, end - at) + "\n";
      at = end + 1;
    }
  }
  return text;
}

// Does not show uids whose charges have no effect yet.
std::string charges(const v1::PoolStatus& pool) {
  std::string text;
  for (const auto& one : pool.charges()) {
    if (one.last_for_ms() == 0 && one.refused_for_ms() == 0) continue;
    text += "  uid " + std::to_string(one.uid()) + " is charged with the end of " + count_of(one.workers(), "worker") +
            ": ";
    if (one.refused_for_ms() != 0) text += "refused for another " + time_of_ms(one.refused_for_ms()) + ", then ";
    text += "served last for " + time_of_ms(std::max(one.last_for_ms(), one.refused_for_ms()) - one.refused_for_ms());
    text += "; the last one " + one.cause() + "\n";
  }
  return text;
}

std::string workers_of(const v1::PoolStatus& pool) {
  std::string text = count_of(pool.workers_wanted(), "worker");
  if (pool.workers_min() == pool.workers_max()) return text;
  return text + " (" + std::to_string(pool.workers_min()) + " to " + std::to_string(pool.workers_max()) + ")";
}

std::string pool_text(const v1::PoolStatus& pool, bool full) {
  const std::string owner = pool.has_owner() ? ", created by uid " + std::to_string(pool.owner()) : "";
  std::string text = "\npool " + pool.name() + ": " + pool.state() + owner + ", " + workers_of(pool) + " + " +
                     count_of(pool.spares_wanted(), "spare") + ", " + std::to_string(pool.queued()) + " queued, " +
                     std::to_string(pool.running()) + " running\n";
  if (pool.quarantined()) text += "  QUARANTINED: " + pool.quarantine_reason() + "\n";
  text += charges(pool);
  text += pool_figures(pool);
  std::vector<Row> rows{{"SEAT", "STATE", "PID", "JOBS", "UP", "RSS", "CPU", "NOW", "LAST DEATH"}};
  for (const auto& worker : pool.workers()) {
    std::string now;
    if (!worker.current_handler().empty() || worker.current_job_id() != 0) {
      now = worker.current_handler() + " ";
      if (!worker.current_label().empty()) now += worker.current_label() + " ";
      if (worker.current_job_id() != 0)
        now += show_job(worker.current_job_id()) + " ";  // 0 also for another user's job
      now += time_of_ms(worker.current_run_ms());
    }
    if (worker.leftovers() != 0) now += (now.empty() ? "" : ", ") + std::to_string(worker.leftovers()) + " left behind";
    const std::string cpu = worker.pid() != 0 ? std::to_string(std::lround(worker.cpu_percent())) + " %" : "-";
    std::string death = worker.last_death();
    if (!worker.last_stack().empty()) death += " in " + worker.last_stack();
    rows.push_back({std::to_string(worker.seat()), worker.state(),
                    worker.pid() != 0 ? std::to_string(worker.pid()) : "-", std::to_string(worker.jobs()),
                    time_of_ms(worker.uptime_ms()), show_bytes(worker.rss_bytes()), cpu, now, death});
  }
  return text + table(std::move(rows), "  ") + incidents(pool, full);
}

std::string limits_of(const ArgumentDescription& argument) {
  std::string text(to_string(argument.type));
  if (!argument.choices.empty()) {
    text.clear();
    for (const std::string& one : argument.choices) text += (text.empty() ? "" : "|") + one;
  }
  if (argument.minimum && argument.maximum) {
    text += " " + std::to_string(*argument.minimum) + ".." + std::to_string(*argument.maximum);
  } else if (argument.minimum) {
    text += " from " + std::to_string(*argument.minimum);
  } else if (argument.maximum) {
    text += " up to " + std::to_string(*argument.maximum);
  }
  return text;
}

}  // namespace

std::string status_text(const v1::Status& status, bool full) {
  std::string text = "ringmaster " + status.version() + ": " + status.health();
  for (const std::string& one : status.health_reasons()) text += "\n  " + one;
  text += "\n" + status.state() + ", up " + time_of_ms(status.uptime_ms()) + ", socket " + status.socket() + "\n";
  text += "keeper " + std::to_string(status.keeper_pid()) + ", supervisor " + std::to_string(status.supervisor_pid());
  if (status.supervisor_incarnation() > 1)
    text +=
        " (the " + ordinal(status.supervisor_incarnation()) + ", up " + time_of_ms(status.supervisor_uptime_ms()) + ")";
  text += ", " + count_of(status.connections(), "connection") + "\n";
  if (!status.notice().empty()) text += status.notice() + "\n";
  for (const auto& pool : status.pools()) text += pool_text(pool, full);
  std::vector<Row> rows{{"SESSION", "POOL", "UID", "CLIENT", "STATE", "SLOTS", "QUEUED", "RUNNING", "BYTES"}};
  for (const auto& one : status.sessions())
    rows.push_back({std::to_string(one.serial()), one.pool(), std::to_string(one.uid()),
                    one.internal() ? "(the daemon's own)" : one.client(), one.state(), std::to_string(one.slots()),
                    std::to_string(one.queued()), std::to_string(one.running()), show_bytes(one.bytes())});
  if (rows.size() > 1) text += "\n" + table(std::move(rows), "");
  return clean_lines(text);
}

std::string handlers_text(const std::vector<PoolHandlers>& pools) {
  std::string text;
  for (const PoolHandlers& pool : pools) {
    if (!pool.known) text += pool.pool + ": no worker has been ready yet; \"ringmaster status\" tells why\n";
    for (const HandlerDescription& handler : pool.handlers) {
      text += pool.pool + "/" + handler.name + "  " + handler.summary + "\n";
      std::vector<Row> rows;
      for (const ArgumentDescription& one : handler.arguments)
        rows.push_back({one.name + "=", limits_of(one),
                        one.required                ? "required"
                        : one.default_value.empty() ? ""
                                                    : "default " + one.default_value,
                        one.help});
      text += table(std::move(rows), "    ");
      std::string limits = "    result: " + show_bytes(handler.result_constant);
      if (handler.result_factor > 0)
        limits += " + " + std::to_string(handler.result_factor).substr(0, 4) + " x request";
      if (handler.max_request_bytes != 0) limits += "; request up to " + show_bytes(handler.max_request_bytes);
      if (handler.idempotent) limits += "; may be retried";
      if (handler.listens_to_cancel) limits += "; stops when cancelled";
      text += limits + "\n";
    }
    if (pool.default_timeout > Duration(0)) text += pool.pool + ": run timeout " + show_duration(pool.default_timeout);
    if (pool.max_request_ring_bytes != 0) text += "; requests up to " + show_bytes(pool.max_request_ring_bytes);
    if (pool.max_result_ring_bytes != 0) text += ", results up to " + show_bytes(pool.max_result_ring_bytes);
    text += "\n";
  }
  return clean_lines(text);
}

}  // namespace ringmaster::cli
