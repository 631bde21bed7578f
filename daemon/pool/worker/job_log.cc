#include "daemon/pool/worker/job_log.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "daemon/sessions/session.h"
#include "shm/port/output_taking.h"
#include "shm/port/worker_port.h"
#include "shm/slots.h"

namespace ringmaster::daemon {
namespace {

// No sum with what the client may have written is taken before it is bounded.
std::uint64_t behind_head(std::uint64_t written) {
  return sizeof(shm::MessageLogHead) + std::min<std::uint64_t>(written, shm::kMostMessageRoom);
}

}  // namespace

JobLog JobLog::open(const Session* session, std::uint64_t intent_bits, shm::Owner dead) {
  const auto intent = shm::Intent::unpack(intent_bits);
  if (session == nullptr || !intent || intent->session != session->index || intent->slot >= session->reply.slots())
    return {};
  const shm::SlotWord word = shm::slot_word(session->reply, intent->slot);
  if (!word.is_owned() || !(word.owner() == dead) || word.seq() != intent->seq) return {};
  shm::JobDescriptor job;
  // Once: the client may be writing it, and then harms only itself.
  std::memcpy(static_cast<void*>(&job), &session->request.descriptor(intent->slot), shm::kCacheLine);
  const std::uint64_t ring_bytes = session->geometry.result_ring_bytes;
  const auto range = shm::messages_in_ring(session->request, intent->slot, job, ring_bytes);
  if (job.seq != intent->seq || !range || range->bytes == 0) return {};
  const std::uint64_t begin = session->geometry.reply_control_bytes() + range->offset;
  auto memory = shm::Mapping::map(session->reply_fd.get(), shm::Access::ReadWrite, begin + range->bytes);
  if (!memory) return {};
  JobLog log;
  log.memory_ = std::move(*memory);
  log.log_ = log.memory_.bytes().subspan(begin, range->bytes);
  log.attempt_ = word.attempt() + 1;
  if (!log.reserve(0, sizeof(shm::MessageLogHead))) return {};
  return log;
}

bool JobLog::finish_taking() {
  if (log_.empty()) return false;
  const auto& head = *reinterpret_cast<const shm::MessageLogHead*>(log_.data());
  if (head.taking.load(std::memory_order_relaxed) == 0) return true;
  const std::uint64_t written = shm::written_in(log_);
  if (!reserve(behind_head(written), sizeof(shm::MessageRecord) + shm::kMostOutputAtOnce)) return false;
  shm::finish_taking(log_, written);
  return true;
}

void JobLog::take(int pipe, bool standard_error, std::uint64_t most) {
  const shm::MessageKind kind = standard_error ? shm::MessageKind::Error : shm::MessageKind::Output;
  for (std::uint64_t left = std::min(shm::waiting_output(pipe), most); left != 0;) {
    const std::uint64_t written = shm::written_in(log_);
    if (!reserve(behind_head(written), sizeof(shm::MessageRecord) + std::min(left, shm::kMostOutputAtOnce))) return;
    const std::uint64_t taken = shm::take_output(pipe, kind, attempt_, left, log_, written);
    if (taken == 0) return;
    left -= taken;
  }
}

// A page that cannot be had must not end the supervisor: its client has reserved them all, but may have given some
// back.
bool JobLog::reserve(std::uint64_t from, std::uint64_t bytes) const {
  const std::uint64_t begin = std::min<std::uint64_t>(from, log_.size());
  const std::uint64_t end = begin + std::min(bytes, log_.size() - begin);
  if (begin == end) return true;
  const auto offset = static_cast<std::uint64_t>(log_.data() - memory_.bytes().data());
  const std::uint64_t page = (offset + begin) / shm::kPageBytes * shm::kPageBytes;
  return ::madvise(memory_.bytes().data() + page, offset + end - page, MADV_POPULATE_WRITE) == 0;
}

}  // namespace ringmaster::daemon
