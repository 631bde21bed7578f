#include "worker/job/job_runner.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/plant.h"
#include "shm/port/verdict.h"
#include "worker/process/fault_handler.h"

namespace ringmaster::worker {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::size_t kKeptBuffer = std::size_t{1} << 20;

shm::JobResult failed(Cause cause, std::string_view message = {}) {
  return {shm::SlotState::Failed, cause, 0, 0, 0, message};
}

shm::JobResult not_begun(Cause cause, std::string_view message = {}) {
  shm::JobResult result = failed(cause, message);
  result.ran = false;
  return result;
}

}  // namespace

std::uint64_t monotonic_now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::span<const std::byte> JobRunner::Buffer::copy(std::span<const std::byte> from) {
  if (from.empty()) return {};
  if (from.size() > size_ || (size_ > kKeptBuffer && from.size() <= kKeptBuffer)) {
    bytes_.reset();
    size_ = 0;
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(std::max<std::size_t>(from.size(), 4096));
    size_ = std::max<std::size_t>(from.size(), 4096);
  }
  std::memcpy(bytes_.get(), from.data(), from.size());
  return {bytes_.get(), from.size()};
}

RunStatus JobRunner::run(AttachedSession& session, const shm::Claim& claim) {
  const shm::JobExtents extents = shm::locate(session.port, claim);
  const shm::JobResult result =
      extents.ok ? result_of(session, claim, extents)
                 : not_begun(Cause::Invalid, "the job's descriptor points outside of its session or names another job");
  ended_ns_ = monotonic_now_ns();
  // A thread that the handler made has faulted: that is how this job ends.
  if (process_has_faulted()) await_death();
  marks_.job_ended(shm::make_job_id(session.about.serial, claim.word.seq()), ended_ns_);
  switch (shm::finish(self_, session.port, claim, result, ended_ns_)) {
    case shm::FinishStatus::Held:
      return RunStatus::Held;
    case shm::FinishStatus::Tampered:
      return RunStatus::Tampered;
    case shm::FinishStatus::Finished:
      break;
  }
  return extents.ok ? RunStatus::Finished : RunStatus::BadDescriptor;
}

shm::JobResult JobRunner::result_of(AttachedSession& session, const shm::Claim& claim, const shm::JobExtents& extents) {
  const shm::JobDescriptor& job = claim.job;
  if (shm::queue_expired(job, claim.started_ns)) {
    return not_begun(Cause::QueueTimeout, "its queue deadline had passed when a worker came to it");
  }
  if (shm::cancel_asked(self_, session.port, claim)) return not_begun(Cause::Cancelled);
  if (claim.started_ns < session.charge.refused_until_ns) return refused(session.charge, claim.started_ns);
  const RegisteredHandler* const handler = registry_.find(job.handler);
  if (handler == nullptr) return not_begun(Cause::UnknownHandler, "this pool has no handler of that name");
  try {
    return call(*handler, session, claim, extents);
  } catch (const std::bad_alloc&) {
    return failed(Cause::Application, "out of memory while the request was copied in");
  }
}

// What a supervisor may have left of a charge that is over is no charge: the time decides.
shm::JobResult JobRunner::refused(const shm::ChargedUser& charge, std::uint64_t now_ns) {
  const std::uint64_t left = (charge.refused_until_ns - now_ns) / kNsPerSecond + 1;
  refusal_ = "jobs of uid " + std::to_string(charge.uid) + " ended " + std::to_string(charge.deaths) +
             " workers of this pool lately, so it takes none of them for another " + std::to_string(left) +
             " s; `ringmaster status` says what they died of";
  return not_begun(Cause::Refused, refusal_);
}

// For the supervisor, should the process die of this job or soon after it.
void JobRunner::note_user(std::uint32_t uid) noexcept {
  shm::Word64& last = self_.lane->last_user;
  const std::uint64_t user = std::uint64_t{uid} + 1;
  if (last.load(std::memory_order_relaxed) != user) last.store(user, std::memory_order_relaxed);
}

shm::JobResult JobRunner::call(const RegisteredHandler& handler, AttachedSession& session, const shm::Claim& claim,
                               const shm::JobExtents& extents) {
  const std::uint32_t seq = claim.word.seq();
  const std::uint32_t timeout_ms = claim.job.run_timeout_ms != 0
                                       ? claim.job.run_timeout_ms
                                       : self_.control->run_timeout_ms.load(std::memory_order_relaxed);
  JobInput input;
  input.id = shm::make_job_id(session.about.serial, seq);
  input.attempt = claim.word.attempt() + 1;
  input.seq = seq;
  input.input = extents.request;
  input.output = extents.result;
  // Always copied: what is checked must be what is used.
  input.arguments = arguments_.copy(extents.arguments);
  const bool in_place =
      session.about.same_uid || (handler.description.change_safe && extents.request.size() > copy_in_bytes_);
  if (!in_place) input.input = input_.copy(extents.request);
  if (timeout_ms != 0) {
    input.deadline_ns = static_cast<std::int64_t>(claim.started_ns + std::uint64_t{timeout_ms} * kNsPerMs);
  }
  input.client_cancel = &session.port.request.cancel(claim.slot);
  input.supervisor_cancel = &self_.control->cancel;
  input.intent = shm::Intent{session.port.index, static_cast<std::uint16_t>(claim.slot), seq}.pack();

  note_user(session.about.uid);
  const JobEnd end = context_.run(handler, input);
  children_.ended(input.id, handler.starts_helpers);
  switch (end.code) {
    case RM_DONE:
      if (planted(Plant::ResultMixed) && end.size > 512)
        std::memcpy(extents.result.data() + end.size / 2, extents.result.data(), 64);
      if (planted(Plant::ResultShort) && end.size > 0)
        return {shm::SlotState::Done, Cause::Completed, 0, end.size - 1, 0, end.message};
      return {shm::SlotState::Done, Cause::Completed, 0, end.size, 0, end.message};
    case RM_FAILED_WITH_RESULT:
      return {shm::SlotState::Failed, Cause::Application, 0, end.size, 0, end.message};
    case RM_INVALID:
      return failed(Cause::Invalid, end.message);
    case RM_TOO_LARGE:
      return {shm::SlotState::Failed, Cause::TooLarge, 0, 0, end.needed, end.message};
    case RM_CANCELLED:
      if (timeout_ms != 0 && static_cast<std::int64_t>(monotonic_now_ns()) >= input.deadline_ns)
        return failed(Cause::RunTimeout, end.message);
      if (shm::cancel_asked(self_, session.port, claim)) return failed(Cause::Cancelled, end.message);
      return failed(Cause::Application, end.message);
    default:
      return failed(Cause::Application, end.message);
  }
}

}  // namespace ringmaster::worker
