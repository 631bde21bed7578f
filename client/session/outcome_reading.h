#pragma once

#include <string>

#include "client/session/job_draft.h"
#include "client/session/job_records.h"
#include "client/types/outcome.h"
#include "shm/job_end.h"
#include "shm/segment_view.h"

/// Makes what the application is told from the record of an ended job.
namespace ringmaster::client {

/// How the job of `record` ended, by its slot's word and line. REQUIRES: it has ended and its slot is not released.
[[nodiscard, gnu::always_inline]] inline shm::JobEnd end_of(const JobRecord& record,
                                                            const shm::ReplyView& reply) noexcept {
  const shm::JobDescriptor& job = record.job;
  return shm::read_end(reply.line(record.slot), record.end,
                       {record.seq, job.queue_timeout_ms, job.submitted_ns, job.result_capacity}, record.seen_ns);
}

/// The cleaned message of an end that has one.
[[nodiscard]] std::string message_of(const shm::JobEnd& end, const shm::ReplyView& reply, std::uint32_t slot);

/// Fills `facts`, which is default-constructed. Inline, because it is called for each outcome.
[[gnu::always_inline]] inline void fill_facts(const shm::JobEnd& end, const JobRecord& record,
                                              const shm::ReplyView& reply, std::uint32_t serial,
                                              const JobDrafter& drafter, OutcomeFacts& facts) {
  facts.status = end.status;
  facts.cause = end.cause;
  facts.detail = end.detail;
  facts.attempts = end.attempts;
  facts.job_id = shm::make_job_id(serial, record.seq);
  facts.needed_bytes = end.needed_bytes;
  facts.timings = {Duration(end.queued_ns), Duration(end.run_ns)};
  if (end.message_bytes != 0 || end.impossible) [[unlikely]]
    facts.message = message_of(end, reply, record.slot);
  if (end.status != Status::Done) [[unlikely]]
    facts.handler = drafter.handler_named(record.job.handler);
}

}  // namespace ringmaster::client
