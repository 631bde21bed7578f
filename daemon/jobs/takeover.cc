#include "daemon/jobs/takeover.h"

#include "shm/slots.h"

namespace ringmaster::daemon {

std::optional<MessageJob> job_left_in(const Session& session, std::uint32_t slot,
                                      const shm::DeliveredTable& delivered) {
  const shm::SlotWord word = shm::slot_word(session.reply, slot);
  const shm::JobDescriptor descriptor = session.request.descriptor(slot);
  const bool alive = word.state() == shm::SlotState::Ready || word.is_owned() || word.is_terminal();
  const std::uint64_t offset = std::uint64_t{descriptor.result_line} * shm::kCacheLine;
  const bool fits = descriptor.result_capacity <= session.geometry.result_ring_bytes &&
                    offset <= session.geometry.result_ring_bytes - descriptor.result_capacity;
  const bool named = (descriptor.cookie[0] | descriptor.cookie[1]) != 0 && descriptor.submitter != 0;
  if (!alive || descriptor.seq != word.seq() || !fits || !named) return std::nullopt;
  MessageJob job;
  job.id = shm::make_job_id(session.serial, descriptor.seq);
  job.uid = static_cast<std::uint32_t>(descriptor.submitter - 1);
  job.cookie = {descriptor.cookie[0], descriptor.cookie[1]};
  job.place.slot = slot;
  job.place.seq = descriptor.seq;
  job.place.result.offset = offset;
  job.result_capacity = descriptor.result_capacity;
  job.submitted_ns = descriptor.submitted_ns;
  job.queue_timeout_ms = descriptor.queue_timeout_ms;
  job.bytes = core::Bytes{descriptor.request_bytes + descriptor.arguments_bytes + descriptor.result_capacity};
  job.delivered = word.is_terminal() && shm::is_delivered(delivered, session.serial, slot);
  return job;
}

std::vector<MessageJob> jobs_left_in(const Session& session, const shm::DeliveredTable& delivered) {
  std::vector<MessageJob> found;
  for (std::uint32_t slot = 0; slot < session.geometry.slots; ++slot) {
    if (auto job = job_left_in(session, slot, delivered)) found.push_back(std::move(*job));
  }
  return found;
}

}  // namespace ringmaster::daemon
