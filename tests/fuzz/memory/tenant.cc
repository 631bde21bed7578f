#include "tests/fuzz/memory/tenant.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "daemon/control/message/outcome_message.h"
#include "daemon/jobs/job_outcome.h"
#include "proto/control.pb.h"

namespace ringmaster::fuzz {
namespace {

bool allowed(Cause cause, const Fate& fate) {
  switch (cause) {
    case Cause::Completed:
      return true;
    case Cause::Cancelled:
      return fate.cancelled || fate.ended;
    case Cause::QueueTimeout:
      return fate.expired;
    case Cause::CrashedSignal:
    case Cause::Poisoned:
      return fate.crashed;
    case Cause::RunTimeout:
      return fate.sentenced;
    case Cause::CancelledByForce:
      return fate.forced;
    case Cause::Lost:
      return fate.ended;
    default:
      return false;
  }
}

}  // namespace

Tenant::Tenant(std::uint16_t index, bool safe, const shm::BoardRecord* board)
    : index_(index),
      safe_(safe),
      request_(shm::RequestView::format(request_memory_.span(), geometry_, serial(), index, 0)),
      reply_(shm::ReplyView::format(reply_memory_.span(), geometry_, serial(), index, 0)),
      port_(request_, reply_, board) {}

void Tenant::submit(std::size_t bytes, bool idempotent, std::uint32_t queue_timeout_ms, std::uint64_t now_ns) {
  const auto slot = port_.take_slot();
  if (!slot) return;
  const auto request = requests_.take(bytes);
  const auto result = request ? results_.take(bytes) : std::nullopt;
  if (!result) {
    if (request) requests_.give_back(request->id);
    port_.untake_slot(*slot);
    return;
  }
  Sent sent;
  sent.tag = static_cast<std::uint8_t>(last_seq_ + 1);
  sent.bytes = bytes;
  sent.request = *request;
  sent.result = *result;
  sent.submitted_ns = now_ns;
  std::fill_n(request_.ring() + request->offset, bytes, std::byte{sent.tag});
  shm::JobDescriptor job{};
  job.handler = 42;
  job.flags = idempotent ? shm::kJobIdempotent : 0;
  job.request_line = static_cast<std::uint32_t>(request->offset / shm::kCacheLine);
  job.result_line = static_cast<std::uint32_t>(result->offset / shm::kCacheLine);
  job.request_bytes = job.result_capacity = bytes;
  job.submitted_ns = now_ns;
  job.queue_timeout_ms = queue_timeout_ms;
  sent.seq = port_.publish(*slot, job).seq;
  last_slot_ = *slot;
  last_seq_ = sent.seq;
  jobs_[*slot] = sent;
}

void Tenant::gather(std::uint64_t now_ns) {
  const unsigned before = port_.in_flight();
  std::vector<std::pair<std::uint32_t, shm::SlotWord>> ended;
  const unsigned found = port_.collect([&](std::uint32_t slot, shm::SlotWord word) { ended.emplace_back(slot, word); });
  RM_CHECK(found == ended.size() && found <= before && port_.in_flight() == before - found, "%u of %u", found, before);
  for (const auto& [slot, word] : ended) take(slot, word, now_ns);
}

void Tenant::gather_one(std::uint32_t slot, std::uint64_t now_ns) {
  if (!jobs_.contains(slot)) return;
  shm::SlotWord word;
  if (port_.collect_one(slot, word)) take(slot, word, now_ns);
}

// Once for each job that was submitted, and for nothing else.
void Tenant::take(std::uint32_t slot, shm::SlotWord word, std::uint64_t now_ns) {
  const auto at = jobs_.find(slot);
  RM_CHECK(at != jobs_.end() && word.is_terminal() && word.seq() == at->second.seq, "slot %u: an end of no job", slot);
  check_end(at->second, slot, word, now_ns);
  requests_.give_back(at->second.request.id);
  results_.give_back(at->second.result.id);
  jobs_.erase(at);
  port_.release(slot);
}

void Tenant::check_end(const Sent& job, std::uint32_t slot, shm::SlotWord word, std::uint64_t now_ns) const {
  daemon::JobFacts facts{
      shm::make_job_id(serial(), job.seq), slot, job.seq, job.result.offset, job.bytes, job.submitted_ns};
  facts.ended_ns = now_ns;
  const control::v1::Outcome outcome = daemon::outcome_message(daemon::read_outcome(reply_, facts, word));
  RM_CHECK(outcome.result().size() <= job.bytes, "a result of %zu bytes in a room of %zu", outcome.result().size(),
           job.bytes);
  RM_CHECK(is_clean_text(outcome.message()) && outcome.message().size() <= 4096, "a message that cannot be shown");
  control::v1::Outcome again;
  RM_CHECK(again.ParseFromString(outcome.SerializeAsString()), "an outcome that does not go over the wire");
  if (!safe_) return;
  const std::string cause(to_string(word.cause()));
  RM_CHECK(allowed(word.cause(), job.fate), "slot %u ended as %s, which it had no reason for", slot, cause.c_str());
  if (word.cause() != Cause::Completed) return;
  const auto wanted = static_cast<char>(answer_to(std::byte{job.tag}));
  RM_CHECK(outcome.kind() == control::v1::OUTCOME_DONE && outcome.result() == std::string(job.bytes, wanted),
           "slot %u: another job's result, or half of one", slot);
}

void Tenant::cancel(std::uint32_t slot) {
  const auto at = jobs_.find(slot);
  if (at == jobs_.end()) return;
  at->second.fate.cancelled = true;
  (void)port_.cancel(slot, at->second.seq);
}

Fate* Tenant::fate_of(std::uint32_t slot, std::uint32_t seq) {
  const auto at = jobs_.find(slot);
  return at != jobs_.end() && at->second.seq == seq ? &at->second.fate : nullptr;
}

void Tenant::end_all_fates() {
  for (auto& [slot, job] : jobs_) job.fate.ended = true;
}

}  // namespace ringmaster::fuzz
