#include "daemon/control/message/status_message.h"

#include "daemon/control/message/milliseconds.h"
#include "ringmaster_version.h"

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

// Rounds up: less than a millisecond left is not 0.
std::uint64_t milliseconds_left(core::Duration duration) {
  return milliseconds(std::chrono::ceil<std::chrono::milliseconds>(duration));
}

void fill(const TimesView& from, v1::Quantiles& to) {
  to.set_count(from.count);
  to.set_p50_ns(from.p50_ns);
  to.set_p90_ns(from.p90_ns);
  to.set_p99_ns(from.p99_ns);
  to.set_max_ns(from.max_ns);
  to.set_sum_ns(from.sum_ns);
  to.set_mean_ns(from.mean_ns);
  to.set_window_ms(milliseconds(from.window));
}

void fill(const CountsView& from, v1::Counters& to) {
  to.set_done(from.done);
  to.set_failed(from.failed);
  to.set_crashed(from.crashed);
  to.set_timed_out(from.timed_out);
  to.set_cancelled(from.cancelled);
  to.set_lost(from.lost);
  to.set_refused(from.refused);
  to.set_worker_starts(from.worker_starts);
  to.set_worker_deaths(from.worker_deaths);
  to.set_worker_kills(from.worker_kills);
  to.set_retries(from.retries);
  to.set_missed_wakes(from.missed_wakes);
  to.set_leftovers_ended(from.leftovers_ended);
  to.set_leftovers_kept(from.leftovers_kept);
  to.set_leftovers_reaped(from.leftovers_reaped);
  to.set_waited(from.waited);
  to.set_queue_full(from.queue_full);
  to.set_empty_rings(from.empty_rings);
}

void fill(const RatesView& from, v1::Rates& to) {
  to.set_window_ms(milliseconds(from.window));
  to.set_done(from.done);
  to.set_failed(from.failed);
  to.set_crashed(from.crashed);
  to.set_timed_out(from.timed_out);
  to.set_cancelled(from.cancelled);
  to.set_refused(from.refused);
  to.set_lost(from.lost);
  to.set_waited(from.waited);
}

void fill(const WorkerView& from, v1::WorkerStatus& to) {
  to.set_seat(from.seat);
  to.set_state(from.state);
  to.set_pid(from.pid);
  to.set_incarnation(from.incarnation);
  to.set_jobs(from.jobs);
  if (from.job) {
    to.set_current_job_id(from.job->id);
    to.set_current_handler(from.job->handler);
    to.set_current_label(from.job->label);
    to.set_current_run_ms(milliseconds(from.job->run));
  }
  to.set_uptime_ms(milliseconds(from.uptime));
  to.set_rss_bytes(from.resident.value);
  to.set_last_death(from.last_death);
  to.set_last_stack(from.last_stack);
  to.set_cpu_ms(milliseconds(from.cpu.used));
  to.set_cpu_percent(from.cpu.percent);
  to.set_cpu_window_ms(milliseconds(from.cpu.window));
  to.set_leftovers(from.leftovers);
}

void fill(const IncidentView& from, v1::Incident& to) {
  to.set_serial(from.serial);
  to.set_ago_ms(milliseconds(from.ago));
  to.set_seat(from.seat);
  to.set_incarnation(from.incarnation);
  to.set_kind(from.kind);
  to.set_detail(from.detail);
  to.set_cause(from.cause);
  to.set_job_id(from.job_id);
  to.set_handler(from.handler);
  to.set_label(from.label);
  to.set_same_as(from.same_as);
  if (!from.evidence) return;
  to.set_stack(from.evidence->stack);
  to.set_full_stack(from.evidence->full_stack);
  to.set_core(from.evidence->core);
  to.set_what(from.evidence->what);
}

void fill(const ChargeView& from, v1::UidCharge& to) {
  to.set_uid(from.uid);
  to.set_workers(from.workers);
  to.set_standing(from.standing);
  to.set_refused_for_ms(milliseconds_left(from.refused_for));
  to.set_last_for_ms(milliseconds_left(from.last_for));
  to.set_cause(from.cause);
}

void fill(const PoolFigures& from, v1::PoolStatus& to) {
  fill(from.counts, *to.mutable_counters());
  fill(from.queue_time, *to.mutable_queue_time());
  fill(from.run_time, *to.mutable_run_time());
  fill(from.queue_time_minute, *to.mutable_queue_time_minute());
  fill(from.run_time_minute, *to.mutable_run_time_minute());
  for (const RatesView& rates : from.rates) fill(rates, *to.add_rates());
  to.set_queue_highest(from.queue_highest);
  to.set_oldest_queued_ms(milliseconds(from.oldest_queued));
}

void fill(const PoolView& from, v1::PoolStatus& to) {
  to.set_name(from.name);
  if (from.owner) to.set_owner(*from.owner);
  to.set_state(from.state);
  to.set_quarantined(from.quarantined);
  to.set_quarantine_reason(from.quarantine_reason);
  to.set_workers_wanted(from.workers_wanted);
  to.set_workers_min(from.workers_min);
  to.set_workers_max(from.workers_max);
  to.set_spares_wanted(from.spares_wanted);
  to.set_queued(from.queued);
  to.set_running(from.running);
  for (const WorkerView& worker : from.workers) fill(worker, *to.add_workers());
  fill(from.figures, to);
  for (const IncidentView& incident : from.incidents) fill(incident, *to.add_incidents());
  for (const ChargeView& charge : from.charges) fill(charge, *to.add_charges());
}

void fill(const SessionView& from, v1::SessionStatus& to) {
  to.set_serial(from.serial);
  to.set_index(from.index);
  to.set_pool(from.pool);
  to.set_uid(from.uid);
  to.set_client(from.client);
  to.set_state(from.state);
  to.set_slots(from.slots);
  to.set_bytes(from.bytes.value);
  to.set_queued(from.queued);
  to.set_running(from.running);
  to.set_internal(from.internal);
}

void fill(const DaemonView& from, v1::Status& to) {
  to.set_version(RINGMASTER_VERSION);
  to.set_keeper_pid(from.keeper_pid);
  to.set_supervisor_pid(from.supervisor_pid);
  to.set_uptime_ms(milliseconds(from.uptime));
  to.set_supervisor_uptime_ms(milliseconds(from.supervisor_uptime));
  to.set_supervisor_incarnation(from.supervisor_incarnation);
  to.set_state(from.state);
  to.set_health(from.health);
  for (const std::string& reason : from.health_reasons) to.add_health_reasons(reason);
  to.set_summary(from.summary);
  to.set_socket(from.socket);
  to.set_socket_passed(from.socket_passed);
  to.set_notice(from.notice);
}

}  // namespace

v1::PoolStatus pool_message(const PoolView& pool) {
  v1::PoolStatus message;
  fill(pool, message);
  return message;
}

v1::Status status_message(const StatusView& status) {
  v1::Status message;
  fill(status.daemon, message);
  message.set_connections(status.connections);
  for (const SessionView& session : status.sessions) fill(session, *message.add_sessions());
  for (const PoolView& pool : status.pools) fill(pool, *message.add_pools());
  return message;
}

v1::Health health_message(const HealthView& health) {
  v1::Health message;
  message.set_level(health.level);
  for (const std::string& reason : health.reasons) message.add_reasons(reason);
  message.set_line(health.line);
  message.set_ready(health.ready);
  return message;
}

}  // namespace ringmaster::daemon
