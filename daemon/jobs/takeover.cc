#include <algorithm>

#include "daemon/jobs/message_jobs.h"
#include "daemon/log/log.h"
#include "proto/control.pb.h"
#include "proto/control_convert.h"
#include "shm/port/verdict.h"

// The rest of MessageJobs: cancelling, and what a successor takes over.
namespace ringmaster {
namespace {

namespace v1 = control::v1;

// One answer for a job that is another user's and for one that is not there: ids can be guessed.
void refuse_cancel(const Responder& respond, std::uint64_t id) {
  respond(error_reply(0, v1::ERROR_UNKNOWN_JOB,
                      "no job " + std::to_string(id) +
                          " of this user is queued, running or kept; it may have ended more than 60 s ago"),
          {});
}

void answer_cancel(const Responder& respond, bool was_queued, bool already_ended) {
  v1::Reply reply;
  reply.mutable_cancelled()->set_was_queued(was_queued);
  reply.mutable_cancelled()->set_already_ended(already_ended);
  respond(std::move(reply), {});
}

}  // namespace

void MessageJobs::cancel(const Peer& peer, const v1::Cancel& request, Responder respond) {
  const Cookie cookie{request.cookie_high(), request.cookie_low()};
  std::uint64_t id = request.job_id();
  if (id == 0) {
    const auto known = by_cookie_.find({peer.uid, cookie});
    if (known != by_cookie_.end()) id = known->second;
  }
  const auto at = jobs_.find(id);
  if (at == jobs_.end()) return cancel_in_session(peer, id, respond);
  Job& job = at->second;
  if (!peer.admin && job.uid != peer.uid) return refuse_cancel(respond, id);
  if (job.end) return answer_cancel(respond, false, true);
  MessageSession& home = *job.home;
  const bool was_queued = home.cancel(job.place.slot, job.place.seq);
  answer_cancel(respond, was_queued, false);
}

void MessageJobs::cancel_in_session(const Peer& peer, std::uint64_t id, const Responder& respond) {
  const auto serial = static_cast<std::uint32_t>(id >> 32);
  const auto seq = static_cast<std::uint32_t>(id);
  const Session* found = nullptr;
  sessions_.for_each([&](const Session& session) {
    if (session.serial == serial && session.state != SessionState::Opening && !session.internal()) found = &session;
  });
  const bool theirs = found != nullptr && (peer.admin || found->uid == peer.uid);
  if (!theirs || seq == 0) return refuse_cancel(respond, id);
  for (std::uint32_t slot = 0; slot < found->geometry.slots; ++slot) {
    // SYNC: acquire, pairs with publish and claim.
    SlotWord word(found->reply.word(slot).load(std::memory_order_acquire));
    if (word.seq() != seq || word.state() == SlotState::Free) continue;
    if (word.is_terminal()) return answer_cancel(respond, false, true);
    if (word.state() == SlotState::Ready && end_ready(found->reply, slot, word, Cause::Cancelled)) {
      return answer_cancel(respond, true, false);
    }
    if (PoolGate* pool = daemon_.pools().numbered(found->pool)) {
      pool->cancel_running(found->index, static_cast<std::uint16_t>(slot), seq);
    }
    return answer_cancel(respond, false, false);
  }
  refuse_cancel(respond, id);
}

// What a slot says must fit the ring and carry a cookie; else it is no job that anybody could ask for.
std::optional<MessageJobs::Job> MessageJobs::job_left_in(const Session& session, std::uint32_t slot) {
  // SYNC: acquire: the descriptor was written before the word.
  const SlotWord word(session.reply.word(slot).load(std::memory_order_acquire));
  const JobDescriptor descriptor = session.request.descriptor(slot);
  const bool alive = word.state() == SlotState::Ready || word.is_owned() || word.is_terminal();
  const std::uint64_t offset = std::uint64_t{descriptor.result_line} * kCacheLine;
  const bool fits = descriptor.result_capacity <= session.geometry.result_ring_bytes &&
                    offset <= session.geometry.result_ring_bytes - descriptor.result_capacity;
  const bool named = (descriptor.cookie[0] | descriptor.cookie[1]) != 0 && descriptor.submitter != 0;
  if (!alive || descriptor.seq != word.seq() || !fits || !named) return std::nullopt;
  Job job;
  job.id = make_job_id(session.serial, descriptor.seq);
  job.uid = static_cast<std::uint32_t>(descriptor.submitter - 1);
  job.cookie = {descriptor.cookie[0], descriptor.cookie[1]};
  job.place.slot = slot;
  job.place.seq = descriptor.seq;
  job.place.result.offset = offset;
  job.result_capacity = descriptor.result_capacity;
  job.submitted_ns = descriptor.submitted_ns;
  job.delivered = word.is_terminal() && is_delivered(daemon_.ledger().delivered, session.serial, slot);
  if (job.delivered) return job;
  job.charge = charge_again(job.uid, descriptor);
  return job;
}

std::shared_ptr<JobCharge> MessageJobs::charge_again(std::uint32_t uid, const JobDescriptor& job) {
  auto charge = std::make_shared<JobCharge>(sessions_.quota(), uid);
  charge->charge_accepted(core::Bytes{job.request_bytes + job.arguments_bytes + job.result_capacity});
  return charge;
}

void MessageJobs::take_over(Session& session) {
  PoolGate* pool = daemon_.pools().numbered(session.pool);
  if (pool == nullptr) return sessions_.end(session.index, session.serial, Cause::Lost);
  const std::uint32_t serial = session.serial;
  std::vector<Job> found;
  for (std::uint32_t slot = 0; slot < session.geometry.slots; ++slot) {
    if (auto job = job_left_in(session, slot)) found.push_back(std::move(*job));
  }
  // Nothing in it that anybody could ask for: it goes now, with its memory, its descriptors and its thread.
  if (found.empty()) return sessions_.end(session.index, serial, Cause::Lost);
  auto opened = MessageSession::open(loop_, *pool, session, false, [this, serial] {
    if (const auto at = homes_.find(serial); at != homes_.end()) look(*at->second);
  });
  if (!opened) {
    log_error("jobs that came as messages are lost", {{"session", serial}, {"error", opened.error().message}});
    return sessions_.end(session.index, serial, Cause::Lost);
  }
  const auto& home = homes_[serial] = std::move(*opened);
  log_info("took over jobs that came as messages",
           {{"session", serial}, {"pool", session.pool_name}, {"jobs", found.size()}});
  for (Job& job : found) {
    job.home = home.get();
    by_cookie_[{job.uid, job.cookie}] = job.id;
    jobs_[job.id] = std::move(job);
  }
  look(*home);
  if (!sweep_timer_) sweep_timer_ = loop_.after(std::chrono::seconds{1}, [this] { sweep(); });
}

}  // namespace ringmaster
