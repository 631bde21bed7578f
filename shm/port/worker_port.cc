#include "shm/port/worker_port.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "base/spin_step.h"
#include "shm/message_log.h"
#include "shm/port/hints.h"
#include "shm/port/verdict.h"

namespace ringmaster::shm {
namespace {

// True if `bytes` bytes from cache line number `line` on lie in a ring of `ring_bytes`.
bool inside(std::uint64_t line, std::uint64_t bytes, std::uint64_t ring_bytes) {
  const std::uint64_t offset = line * kCacheLine;
  return offset <= ring_bytes && bytes <= ring_bytes - offset;
}

void copy_first_line(JobDescriptor& to, const JobDescriptor& from) { std::memcpy(&to, &from, kCacheLine); }

// The lane's counters have one writer: a load and a store, no locked instruction.
void add(Word64& counter, std::uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

void count_time(LaneTimes& times, Word64 (&buckets)[kTimeBuckets], std::uint64_t ns) {
  add(times.sum_ns, ns);
  if (ns > times.max_ns.load(std::memory_order_relaxed)) times.max_ns.store(ns, std::memory_order_relaxed);
  add(buckets[bucket_of(ns)], 1);
}

std::uint64_t since(std::uint64_t begin, std::uint64_t end) { return end > begin ? end - begin : 0; }

Word64& counter_of(LaneCounters& counters, const JobResult& result) {
  if (result.state == SlotState::Done) return counters.done;
  if (result.cause == Cause::Cancelled) return counters.cancelled;
  if (result.cause == Cause::QueueTimeout || result.cause == Cause::RunTimeout) return counters.timed_out;
  if (result.cause == Cause::Refused) return counters.refused;
  return counters.failed;
}

void count(LaneRecord& lane, const Claim& claim, const JobResult& result, std::uint64_t now_ns) {
  add(counter_of(lane.counters, result), 1);
  add(lane.counters.bytes_in, claim.job.request_bytes);
  add(lane.counters.bytes_out, result.result_bytes);
  count_time(lane.counters.queue, lane.queue_buckets, since(claim.job.submitted_ns, claim.started_ns));
  if (!result.ran) return;
  lane.counters.ended_ns.store(now_ns, std::memory_order_relaxed);
  count_time(lane.counters.run, lane.run_buckets, since(claim.started_ns, now_ns));
}

// Steps C1 to C5. Nothing: another worker has the slot.
ClaimStatus take(const WorkerSelf& self, WorkerSession& session, std::uint32_t slot, SlotWord ready,
                 std::uint64_t now_ns, Claim& out) {
  const ReplyView& reply = session.reply;
  __builtin_prefetch(&session.request.descriptor(slot), 0);
  LaneWords& lane = self.lane->words;
  lane.stamp_ns.store(now_ns, std::memory_order_relaxed);
  // SYNC: seq_cst: the intent is stored before hold is read and before the CAS; pairs with the supervisor, which sets
  // hold and then reads the intent.
  lane.intent.store(Intent{session.index, static_cast<std::uint16_t>(slot), ready.seq()}.pack(),
                    std::memory_order_seq_cst);
  if (is_held(self)) {
    lane.intent.store(0, std::memory_order_seq_cst);  // SYNC: pairs with condemn_and_look's second look.
    session.cursor = slot;
    return ClaimStatus::Held;
  }
  const SlotWord running = SlotWord::owned(ready.seq(), SlotState::Running, ready.attempt(), self.owner);
  std::uint64_t expected = ready.bits();
  // SYNC: acq_rel: this step makes the job ours; pairs with publish (acquire) and with reap (release).
  if (!reply.word(slot).compare_exchange_strong(expected, running.bits(), std::memory_order_acq_rel)) {
    lane.intent.store(0, std::memory_order_release);  // SYNC: as above; another worker has the slot.
    return ClaimStatus::Nothing;
  }
  copy_first_line(out.job, session.request.descriptor(slot));
  out.job.submitted_ns = believed_submission(out.job, session.opened_ns, now_ns);
  lane.handler.store(out.job.handler, std::memory_order_relaxed);
  // SYNC: release, pairs with look_at_lane: where the seq is this job's, the handler is too.
  lane.run_timeout.store(std::uint64_t{ready.seq()} << 32 | out.job.run_timeout_ms, std::memory_order_release);
  lane.attempt.store(ready.attempt() + 1, std::memory_order_relaxed);
  session.cursor = slot + 1 == reply.slots() ? 0 : slot + 1;
  out.slot = slot;
  out.word = running;
  out.started_ns = now_ns;
  return ClaimStatus::Claimed;
}

// The client may be writing it for the slot's next job; a wrong time does no harm.
std::uint64_t submitted_ns(const WorkerSession& session, std::uint32_t slot) {
  return std::atomic_ref(session.request.descriptor(slot).submitted_ns).load(std::memory_order_relaxed);
}

/// True when test(slot, word) is true for some slot whose ready bit is set.
template <typename Test>
bool any_hinted(const WorkerSession& session, Test&& test) {
  const ReplyView& reply = session.reply;
  for (std::uint32_t at = 0; at < reply.bit_words(); ++at) {
    // SYNC: pairs with set_hint.
    for (std::uint64_t set = reply.ready().bits[at].load(std::memory_order_acquire); set != 0; set &= set - 1) {
      const std::uint32_t slot = at * 64 + static_cast<std::uint32_t>(std::countr_zero(set));
      if (test(slot, slot_word(reply, slot))) return true;
    }
  }
  return false;
}

/// The same, asked only for slots with a claimable job.
template <typename Test>
bool any_ready(const WorkerSession& session, Test&& test) {
  return any_hinted(session,
                    [&](std::uint32_t slot, SlotWord word) { return word.is_claimable() && test(slot, word); });
}

ClaimStatus tampered(const WorkerSelf& self, std::uint32_t slot, Claim& out) {
  add(self.lane->counters.tampered, 1);
  out.slot = slot;
  return ClaimStatus::Tampered;
}

}  // namespace

std::optional<RingRange> messages_in_ring(const RequestView& request, std::uint32_t slot, const JobDescriptor& job,
                                          std::uint64_t ring_bytes) noexcept {
  if (!inside(job.result_line, job.result_capacity, ring_bytes)) return std::nullopt;
  if ((job.flags & kJobTakesMessages) == 0) return RingRange{};
  const auto* shared = reinterpret_cast<const volatile std::uint32_t*>(&request.descriptor(slot).message_room);
  const std::uint32_t room = *shared;
  if (room == 0 || room > kMostMessageRoom) return std::nullopt;
  if (!inside(job.result_line, reply_bytes(job.result_capacity, room), ring_bytes)) return std::nullopt;
  return RingRange{std::uint64_t{job.result_line} * kCacheLine + whole_lines(job.result_capacity),
                   message_log_bytes(room)};
}

bool clear_stale_ready(const ReplyView& reply, std::uint32_t slot) noexcept {
  clear_hint(reply.ready(), slot);
  // clear_hint is a read-modify-write, so if it cleared the bit of a slot that became Ready, that is seen here.
  if (slot_word(reply, slot).state() != SlotState::Ready) return false;
  set_hint(reply.ready(), slot);
  return true;
}

bool settle(const WorkerSession& session) noexcept {
  return any_hinted(session, [&](std::uint32_t slot, SlotWord word) {
    return word.is_claimable() || !word.is_possible() || clear_stale_ready(session.reply, slot);
  });
}

bool has_ready_job(const WorkerSession& session) noexcept {
  return any_ready(session, [](std::uint32_t, SlotWord) { return true; });
}

bool has_job_ready_since(const WorkerSession& session, std::uint64_t before_ns) noexcept {
  return any_ready(session, [&](std::uint32_t slot, SlotWord word) {
    return word.attempt() == 0 && submitted_ns(session, slot) < before_ns;
  });
}

bool has_waiting_job(const WorkerSession& session, std::uint64_t now_ns, std::uint64_t age_ns) noexcept {
  return any_ready(session, [&](std::uint32_t slot, SlotWord word) {
    const std::uint64_t submitted = submitted_ns(session, slot);
    return word.attempt() != 0 || submitted + age_ns <= now_ns || submitted > now_ns + age_ns;
  });
}

ClaimStatus claim(const WorkerSelf& self, WorkerSession& session, std::uint64_t now_ns, Claim& out) noexcept {
  const ReplyView& reply = session.reply;
  out.in_turn = false;
  if (const SlotWord next = slot_word(reply, session.cursor); next.state() == SlotState::Ready) {
    if (!next.is_claimable()) return tampered(self, session.cursor, out);
    const ClaimStatus status = take(self, session, session.cursor, next, now_ns, out);
    out.in_turn = status == ClaimStatus::Claimed;
    if (status != ClaimStatus::Nothing) return status;
  }
  // Bounded, because a hostile client can set bits again and again.
  for (std::uint32_t tries = 0; tries <= reply.slots(); ++tries) {
    const auto slot = next_hint(reply.ready(), reply.slots(), session.cursor);
    if (!slot) return ClaimStatus::Nothing;
    session.cursor = (*slot + 1) % reply.slots();
    const SlotWord word = slot_word(reply, *slot);
    if (!word.is_claimable()) {
      if (!word.is_possible()) return tampered(self, *slot, out);
      clear_stale_ready(reply, *slot);
      continue;
    }
    const ClaimStatus status = take(self, session, *slot, word, now_ns, out);
    if (status != ClaimStatus::Nothing) return status;
  }
  return ClaimStatus::Nothing;
}

JobExtents locate(const WorkerSession& session, const Claim& claim) noexcept {
  const JobDescriptor& job = claim.job;
  const std::uint64_t request_ring = session.request.ring_bytes();
  if (job.seq != claim.word.seq() || job.arguments_bytes > kMaxArgumentBytes ||
      !inside(job.request_line, job.request_bytes, request_ring) ||
      !inside(job.arguments_line, job.arguments_bytes, request_ring))
    return {};
  const auto messages = messages_in_ring(session.request, claim.slot, job, session.reply.ring_bytes());
  if (!messages) return {};
  const std::byte* requests = session.request.ring();
  return {true,
          {requests + std::uint64_t{job.request_line} * kCacheLine, job.request_bytes},
          {requests + std::uint64_t{job.arguments_line} * kCacheLine, job.arguments_bytes},
          {session.reply.ring() + std::uint64_t{job.result_line} * kCacheLine, job.result_capacity},
          {session.reply.ring() + messages->offset, messages->bytes}};
}

JobExtents locate_beside_parcel(const WorkerSession& session, const Claim& claim) noexcept {
  if (claim.job.request_line != kRequestInParcel) return {};
  Claim rest = claim;
  rest.job.request_line = 0;
  rest.job.request_bytes = 0;
  JobExtents extents = locate(session, rest);
  extents.request = {};
  return extents;
}

// Once: the client may be changing it, and then gets the job that it has asked for last.
std::uint32_t parcel_of(const WorkerSession& session, const Claim& claim) noexcept {
  return static_cast<std::uint32_t>(
      std::atomic_ref(session.request.descriptor(claim.slot).parcel).load(std::memory_order_relaxed));
}

FinishStatus finish(const WorkerSelf& self, const WorkerSession& session, const Claim& claim, const JobResult& result,
                    std::uint64_t now_ns) noexcept {
  SlotLine& line = session.reply.line(claim.slot);
  line.result_bytes = result.result_bytes;
  line.needed_bytes = result.needed_bytes;
  line.started_ns = claim.started_ns;
  line.finished_ns = result.ran ? now_ns : claim.started_ns;
  line.result_seq = claim.word.seq();
  line.worker = self.owner.worker;
  line.incarnation = self.owner.incarnation;
  line.cpu = static_cast<CpuMark>(self.lane->cpu.load(std::memory_order_relaxed));
  const std::size_t message = std::min(result.message.size(), kMessageBytes);
  line.message_bytes = static_cast<std::uint32_t>(message);
  if (message != 0) std::memcpy(session.reply.message(claim.slot).text, result.message.data(), message);

  const SlotWord ended =
      SlotWord::terminal(claim.word.seq(), result.state, claim.word.attempt(), result.cause, result.detail);
  std::uint64_t expected = claim.word.bits();
  // SYNC: release: the result is visible to everyone that sees the terminal word.
  if (!line.word.compare_exchange_strong(expected, ended.bits(), std::memory_order_acq_rel)) {
    if (is_held(self)) return FinishStatus::Held;
    self.lane->words.intent.store(0, std::memory_order_seq_cst);  // SYNC: as in claim.
    add(self.lane->counters.tampered, 1);
    return FinishStatus::Tampered;
  }
  // Counted before anybody is woken: a client that wakes may take this CPU, and the worker may be killed meanwhile.
  count(*self.lane, claim, result, now_ns);
  announce_done(session.reply, claim.slot);
  // SYNC: release: a supervisor that reads no intent here relies on the end being announced.
  self.lane->words.intent.store(0, std::memory_order_release);
  return FinishStatus::Finished;
}

bool cancel_asked(const WorkerSelf& self, const WorkerSession& session, const Claim& claim) noexcept {
  // SYNC: acquire for both loads: pairs with ClientPort::cancel and with the supervisor's store.
  if (session.request.cancel(claim.slot).load(std::memory_order_acquire) == claim.word.seq()) return true;
  const Intent intent{session.index, static_cast<std::uint16_t>(claim.slot), claim.word.seq()};
  return self.control->cancel.load(std::memory_order_acquire) == intent.pack();
}

}  // namespace ringmaster::shm
