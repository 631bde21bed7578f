#include "client/cli/console/json.h"
#include "client/cli/console/words.h"
#include "client/cli/status_view.h"

namespace ringmaster::cli {
namespace {

namespace v1 = control::v1;

std::uint64_t wide(std::uint64_t value) { return value; }

void add_quantiles(JsonWriter& json, const char* key, const v1::Quantiles& times) {
  json.begin_object(key);
  json.number("count", wide(times.count()))
      .number("p50_ns", wide(times.p50_ns()))
      .number("p90_ns", wide(times.p90_ns()));
  json.number("p99_ns", wide(times.p99_ns())).number("max_ns", wide(times.max_ns()));
  json.number("mean_ns", wide(times.mean_ns())).number("sum_ns", wide(times.sum_ns())).end_object();
}

void add_rates(JsonWriter& json, const v1::Rates& rates) {
  json.begin_object();
  json.number("window_ms", wide(rates.window_ms())).real("done", rates.done()).real("failed", rates.failed());
  json.real("crashed", rates.crashed()).real("timed_out", rates.timed_out()).real("cancelled", rates.cancelled());
  json.real("refused", rates.refused()).real("lost", rates.lost()).real("waited", rates.waited()).end_object();
}

// The recent figures; those since the daemon's start follow them.
void add_recent(JsonWriter& json, const v1::PoolStatus& pool) {
  json.number("queue_highest", wide(pool.queue_highest())).number("oldest_queued_ms", wide(pool.oldest_queued_ms()));
  json.begin_array("rates");
  for (const auto& rates : pool.rates()) add_rates(json, rates);
  json.end_array().begin_object("last_minute");
  json.number("window_ms", wide(pool.queue_time_minute().window_ms()));
  add_quantiles(json, "queue_time", pool.queue_time_minute());
  add_quantiles(json, "run_time", pool.run_time_minute());
  json.end_object();
}

void add_counters(JsonWriter& json, const v1::Counters& of) {
  json.begin_object("counters");
  json.number("done", wide(of.done())).number("failed", wide(of.failed())).number("crashed", wide(of.crashed()));
  json.number("timed_out", wide(of.timed_out())).number("cancelled", wide(of.cancelled()));
  json.number("refused", wide(of.refused())).number("lost", wide(of.lost()));
  json.number("worker_starts", wide(of.worker_starts())).number("worker_deaths", wide(of.worker_deaths()));
  json.number("worker_kills", wide(of.worker_kills())).number("retries", wide(of.retries()));
  json.number("missed_wakes", wide(of.missed_wakes())).number("waited", wide(of.waited()));
  json.number("queue_full", wide(of.queue_full())).number("empty_rings", wide(of.empty_rings()));
  json.number("leftovers_ended", wide(of.leftovers_ended())).number("leftovers_kept", wide(of.leftovers_kept()));
  json.number("leftovers_reaped", wide(of.leftovers_reaped())).end_object();
}

void add_worker(JsonWriter& json, const v1::WorkerStatus& worker) {
  json.begin_object();
  json.number("seat", wide(worker.seat())).text("state", worker.state()).number("pid", std::int64_t{worker.pid()});
  json.number("incarnation", wide(worker.incarnation())).number("jobs", wide(worker.jobs()));
  json.text("current_job_id", decimal_job(worker.current_job_id()))
      .text("current_job", show_job(worker.current_job_id()));
  json.text("current_handler", worker.current_handler()).text("current_label", worker.current_label());
  json.number("current_run_ms", wide(worker.current_run_ms())).number("uptime_ms", wide(worker.uptime_ms()));
  json.number("rss_bytes", wide(worker.rss_bytes())).number("cpu_ms", wide(worker.cpu_ms()));
  json.real("cpu_percent", worker.cpu_percent()).number("cpu_window_ms", wide(worker.cpu_window_ms()));
  json.number("leftovers", wide(worker.leftovers()));
  json.text("last_death", worker.last_death());
  json.text("last_stack", worker.last_stack()).end_object();
}

void add_incident(JsonWriter& json, const v1::Incident& of) {
  json.begin_object();
  json.number("serial", wide(of.serial())).number("ago_ms", wide(of.ago_ms())).number("seat", wide(of.seat()));
  json.number("incarnation", wide(of.incarnation()))
      .text("kind", of.kind())
      .number("detail", std::int64_t{of.detail()});
  json.text("cause", of.cause()).text("job_id", decimal_job(of.job_id())).text("job", show_job(of.job_id()));
  json.text("handler", of.handler()).text("label", of.label());
  json.text("stack", of.stack()).text("full_stack", of.full_stack());
  json.text("what", of.what()).text("core", of.core()).number("same_as", of.same_as()).end_object();
}

void add_charge(JsonWriter& json, const v1::UidCharge& of) {
  json.begin_object();
  json.number("uid", wide(of.uid())).number("workers", wide(of.workers())).text("standing", of.standing());
  json.number("refused_for_ms", wide(of.refused_for_ms())).number("last_for_ms", wide(of.last_for_ms()));
  json.text("cause", of.cause()).end_object();
}

void add_pool(JsonWriter& json, const v1::PoolStatus& pool) {
  json.begin_object();
  json.text("name", pool.name()).text("state", pool.state()).boolean("quarantined", pool.quarantined());
  if (pool.has_owner()) json.number("owner", wide(pool.owner()));
  json.text("quarantine_reason", pool.quarantine_reason()).number("workers_wanted", wide(pool.workers_wanted()));
  json.number("workers_min", wide(pool.workers_min())).number("workers_max", wide(pool.workers_max()));
  json.number("spares_wanted", wide(pool.spares_wanted())).number("queued", wide(pool.queued()));
  json.number("running", wide(pool.running()));
  add_recent(json, pool);
  add_counters(json, pool.counters());
  add_quantiles(json, "queue_time", pool.queue_time());
  add_quantiles(json, "run_time", pool.run_time());
  json.begin_array("workers");
  for (const auto& worker : pool.workers()) add_worker(json, worker);
  json.end_array().begin_array("incidents");
  for (const auto& incident : pool.incidents()) add_incident(json, incident);
  json.end_array().begin_array("charges");
  for (const auto& charge : pool.charges()) add_charge(json, charge);
  json.end_array().end_object();
}

void add_argument(JsonWriter& json, const ArgumentDescription& argument) {
  json.begin_object();
  json.text("name", argument.name).text("type", to_string(argument.type)).boolean("required", argument.required);
  json.text("default", argument.default_value).text("help", argument.help).begin_array("choices");
  for (const std::string& one : argument.choices) json.text({}, one);
  json.end_array();
  if (argument.minimum) json.number("minimum", std::int64_t{*argument.minimum});
  if (argument.maximum) json.number("maximum", std::int64_t{*argument.maximum});
  json.end_object();
}

}  // namespace

std::string status_json(const v1::Status& status) {
  JsonWriter json;
  json.begin_object();
  json.text("version", status.version()).text("state", status.state()).text("health", status.health());
  json.begin_array("health_reasons");
  for (const std::string& one : status.health_reasons()) json.text({}, one);
  json.end_array().text("summary", status.summary());
  json.number("keeper_pid", std::int64_t{status.keeper_pid()})
      .number("supervisor_pid", std::int64_t{status.supervisor_pid()});
  json.number("supervisor_incarnation", wide(status.supervisor_incarnation()))
      .number("uptime_ms", wide(status.uptime_ms()));
  json.number("supervisor_uptime_ms", wide(status.supervisor_uptime_ms()))
      .number("connections", wide(status.connections()));
  json.text("socket", status.socket()).boolean("socket_passed", status.socket_passed()).text("notice", status.notice());
  json.begin_array("pools");
  for (const auto& pool : status.pools()) add_pool(json, pool);
  json.end_array().begin_array("sessions");
  for (const auto& one : status.sessions()) {
    json.begin_object();
    json.number("serial", wide(one.serial())).number("index", wide(one.index())).text("pool", one.pool());
    json.number("uid", wide(one.uid())).text("client", one.client()).text("state", one.state());
    json.number("slots", wide(one.slots())).number("bytes", wide(one.bytes())).number("queued", wide(one.queued()));
    json.number("running", wide(one.running())).boolean("internal", one.internal()).end_object();
  }
  json.end_array().end_object();
  return json.take();
}

std::string handlers_json(const std::vector<PoolHandlers>& pools) {
  JsonWriter json;
  json.begin_object().begin_array("pools");
  for (const PoolHandlers& pool : pools) {
    json.begin_object();
    json.text("pool", pool.pool).boolean("known", pool.known);
    json.number("run_timeout_ms", std::int64_t{pool.default_timeout.count() / 1'000'000});
    json.number("queue_timeout_ms", std::int64_t{pool.default_queue_timeout.count() / 1'000'000});
    json.number("max_request_ring_bytes", wide(pool.max_request_ring_bytes));
    json.number("max_result_ring_bytes", wide(pool.max_result_ring_bytes)).begin_array("handlers");
    for (const HandlerDescription& handler : pool.handlers) {
      json.begin_object();
      json.text("name", handler.name).text("summary", handler.summary).begin_array("arguments");
      for (const ArgumentDescription& one : handler.arguments) add_argument(json, one);
      json.end_array()
          .number("result_constant", wide(handler.result_constant))
          .real("result_factor", handler.result_factor);
      json.number("max_request_bytes", wide(handler.max_request_bytes))
          .text("output_extension", handler.output_extension);
      json.boolean("listens_to_cancel", handler.listens_to_cancel).boolean("change_safe", handler.change_safe);
      json.boolean("idempotent", handler.idempotent).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace ringmaster::cli
