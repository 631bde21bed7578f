#include "daemon/pool/queue_watch.h"

#include <algorithm>

#include "daemon/pool/waiting_jobs.h"
#include "shm/port/verdict.h"

namespace ringmaster::daemon {

void QueueWatch::look(std::uint64_t now_ns) {
  next_deadline_.reset();
  work_waits_ = false;
  core::QueueGauge& gauge = rooms_.statistics.gauge();
  gauge.begin(core::from_monotonic_ns(now_ns));
  WordAudit audit;
  for (const auto& [index, session] : rooms_.sessions.all()) {
    rooms_.statistics.take_refusals(*session);
    gauge.session(session->serial);
    for_each_hinted(*session, [&, session = session](std::uint32_t slot, shm::SlotWord seen) {
      if (audit.can_be(*session, slot, seen) && seen.is_claimable()) look_at_job(*session, slot, seen, now_ns);
    });
  }
  gauge.end();
  rooms_.statistics.queue_seen(gauge);
  audit.end_broken(rooms_.fates);
}

void QueueWatch::look_at_job(const Session& session, std::uint32_t slot, shm::SlotWord seen, std::uint64_t now_ns) {
  work_waits_ = true;
  shm::JobDescriptor job = session.request.descriptor(slot);  // a copy: the client may change it
  if (job.queue_timeout_ms == 0) {
    job.queue_timeout_ms =
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(timeout_).count());
  }
  if (job.seq != seen.seq()) return;
  job.submitted_ns = shm::believed_submission(job, session.opened_ns, now_ns);
  if (shm::queue_expired(job, now_ns)) {
    if (!shm::end_ready(session.reply, slot, seen, Cause::QueueTimeout)) return;
    ++rooms_.book.tally().timed_out;
    rooms_.book.tally().queue.add(now_ns - job.submitted_ns);
    return;
  }
  const auto submitted = core::from_monotonic_ns(job.submitted_ns);
  rooms_.statistics.gauge().waits(submitted);
  if (job.queue_timeout_ms == 0) return;
  const auto due = submitted + std::chrono::milliseconds{job.queue_timeout_ms} + std::chrono::microseconds{100};
  next_deadline_ = next_deadline_ ? std::min(*next_deadline_, core::TimePoint{due}) : due;
}

core::QueueGauge QueueWatch::measure(core::TimePoint now) const {
  core::QueueGauge gauge = rooms_.statistics.gauge();
  gauge.begin(now);
  for (const auto& [index, session] : rooms_.sessions.all()) {
    rooms_.statistics.take_refusals(*session);
    gauge.session(session->serial);
    for_each_waiting(*session, [&gauge, session = session](std::uint32_t slot, shm::SlotWord) {
      gauge.waits(
          core::from_monotonic_ns(std::max(session->request.descriptor(slot).submitted_ns, session->opened_ns)));
    });
  }
  gauge.end();
  rooms_.statistics.queue_seen(gauge);
  return gauge;
}

}  // namespace ringmaster::daemon
