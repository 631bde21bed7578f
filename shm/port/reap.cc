#include "shm/port/reap.h"

#include <utility>

#include "base/plant.h"
#include "shm/job_label.h"
#include "shm/port/hints.h"
#include "shm/port/verdict.h"
#include "shm/slots.h"

namespace ringmaster::shm {
namespace {

// The terminal or ready word that replaces what the dead worker left in a slot.
SlotWord successor_word(SlotWord seen, bool retry, Cause cause, std::uint16_t detail) {
  if (retry) return SlotWord::ready(seen.seq(), seen.attempt() + 1);
  const SlotState state = status_of(cause) == Status::Cancelled ? SlotState::Cancelled : SlotState::Failed;
  return SlotWord::terminal(seen.seq(), state, seen.attempt(), cause, detail);
}

ReapedJob judge(const ReapTarget& session, std::uint16_t slot, SlotWord seen, const DeathReport& death,
                const CrashRule& rule) {
  const JobDescriptor& descriptor = session.request.descriptor(slot);
  ReapedJob job;
  job.session = session.index;
  job.slot = slot;
  job.seq = seen.seq();
  job.job_id = make_job_id(session.serial, seen.seq());
  job.handler = descriptor.handler;
  job.label = read_label(descriptor);
  job.cause = death.cause;
  job.detail = death.detail;
  const Intent here{session.index, slot, seen.seq()};
  if (death.intent_known && death.intent_bits != here.pack()) {
    job.forged = true;
    job.cause = Cause::ProtocolViolation;
    job.detail = 0;
  } else if (death.verdict && death.verdict->intent == here) {
    job.cause = death.verdict->cause;  // the verdict is the reason, not the signal that executed it
    job.detail = death.verdict->detail;
  } else {
    const bool idempotent = (descriptor.flags & kJobIdempotent) != 0;
    const AfterCrash after = rule(job.job_id, idempotent, seen.attempt() + 1);
    // A word that is Condemned without a verdict was forged by the client: its job is not run again.
    job.retried = after == AfterCrash::Retry && seen.state() == SlotState::Running && seen.attempt() < 15;
    if (after == AfterCrash::Poison) {
      if (job.cause == Cause::CrashedExit) job.detail |= kExitDetail;
      job.cause = Cause::Poisoned;
    }
  }
  return job;
}

// The slot's owner is dead and the word still names it, so only a client that harms itself could write here too. This
// also erases what the owner had begun to write about a result.
void write_times(const ReapTarget& session, std::uint16_t slot, SlotWord seen, const DeathReport& death, bool retried) {
  SlotLine& line = session.reply.line(slot);
  line.result_bytes = 0;
  line.needed_bytes = 0;
  line.message_bytes = 0;
  line.worker = death.owner.worker;
  line.incarnation = death.owner.incarnation;
  const bool known = !retried && death.run.intent_bits == Intent{session.index, slot, seen.seq()}.pack();
  line.started_ns = known ? death.run.started_ns : 0;
  line.finished_ns = known ? death.run.ended_ns : 0;
  line.result_seq = known ? seen.seq() : 0;
}

}  // namespace

std::optional<AttemptTimes> times_cut_short(std::span<const ReapTarget> sessions, const DeathReport& death) noexcept {
  const auto intent = Intent::unpack(death.run.intent_bits);
  if (!intent) return std::nullopt;
  for (const ReapTarget& session : sessions) {
    if (session.index != intent->session || intent->slot >= session.reply.slots()) continue;
    const SlotWord seen = slot_word(session.reply, intent->slot);
    if (!seen.is_owned() || !(seen.owner() == death.owner) || seen.seq() != intent->seq) return std::nullopt;
    const JobDescriptor& descriptor = session.request.descriptor(intent->slot);
    // Read only once: the client may go on writing.
    const std::uint64_t submitted = believed_submission(descriptor, session.opened_ns, death.run.started_ns);
    AttemptTimes times;
    if (death.run.started_ns > submitted && submitted != 0) times.queued_ns = death.run.started_ns - submitted;
    if (death.run.ended_ns > death.run.started_ns) times.run_ns = death.run.ended_ns - death.run.started_ns;
    return times;
  }
  return std::nullopt;
}

std::vector<ReapedJob> reap(std::span<const ReapTarget> sessions, const DeathReport& death, const CrashRule& rule) {
  std::vector<ReapedJob> jobs;
  for (const ReapTarget& session : sessions) {
    for (const auto [slot, seen] : slot_words(session.reply)) {
      if (!seen.is_owned() || !(seen.owner() == death.owner) || planted(Plant::OutcomeNever)) continue;
      ReapedJob job = judge(session, static_cast<std::uint16_t>(slot), seen, death, rule);
      const SlotWord next = successor_word(seen, job.retried, job.cause, job.detail);
      if (!job.forged) write_times(session, static_cast<std::uint16_t>(slot), seen, death, job.retried);
      std::uint64_t expected = seen.bits();
      // SYNC: acq_rel, pairs with claim (a retry) and collect. It fails only if the client altered its word.
      if (session.reply.word(slot).compare_exchange_strong(expected, next.bits(), std::memory_order_acq_rel)) {
        jobs.push_back(std::move(job));
      }
    }
  }
  for (const ReapTarget& session : sessions) restore_hints(session.reply);
  return jobs;
}

void restore_hints(const ReplyView& reply) noexcept {
  for (const auto [slot, word] : slot_words(reply)) {
    if (word.state() == SlotState::Ready) {
      set_hint(reply.ready(), slot);
    } else if (word.is_terminal()) {
      set_hint(reply.done(), slot);
    }
  }
  wake_client(reply);
}

unsigned end_all(const ReplyView& reply, Cause cause) noexcept {
  unsigned count = 0;
  for (const auto [slot, seen] : slot_words(reply)) {
    if (seen.state() != SlotState::Ready && !seen.is_owned()) continue;
    std::uint64_t expected = seen.bits();
    const SlotWord ended = successor_word(seen, false, cause, 0);
    // SYNC: acq_rel: fails if the client's own cancel was faster.
    if (reply.word(slot).compare_exchange_strong(expected, ended.bits(), std::memory_order_acq_rel)) ++count;
  }
  restore_hints(reply);
  return count;
}

}  // namespace ringmaster::shm
