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

const RegisteredHandler* JobRunner::begin(AttachedSession& session, const shm::Claim& claim) {
  session_ = &session;
  claim_ = &claim;
  shm::JobExtents extents = shm::locate(session.port, claim);
  Judged judged = judge(extents);
  if (judged.handler != nullptr) {
    try {
      if (prepare(*judged.handler, extents)) {
        output_.open_job(given_.messages, given_.attempt, given_.id);
        return handler_ = judged.handler;
      }
      judged.refusal = result_of(context_.end(RM_INVALID));
    } catch (const std::bad_alloc&) {
      judged.refusal = failed(Cause::Application, "out of memory while the request was copied in");
    }
  }
  status_ = complete(judged.refusal);
  parcel_ = {};
  if (status_ == RunStatus::Finished && !extents.ok) status_ = RunStatus::BadDescriptor;
  return nullptr;
}

RunStatus JobRunner::end(std::int32_t code) {
  const JobEnd end = context_.end(code);
  // A written page is a private copy, also of the next request's bytes in it, which would be out of date by the next
  // job.
  if (context_.input_was_lent()) session_->private_requests.forget(given_.input);
  children_.ended(given_.id, handler_->starts_helpers);
  shm::JobResult result = result_of(end);
  if (room_.used()) [[unlikely]]
    leave_room(result);
  status_ = complete(result);
  if (parcel_) [[unlikely]]
    parcel_ = {};
  return status_;
}

// A result that outgrew its extent is whole, and sealed, before the job's word says so.
void JobRunner::leave_room(shm::JobResult& result) {
  if (result.result_bytes <= given_.output.size()) return room_.drop();
  const auto sealed = room_.seal(result.result_bytes);
  if (sealed) {
    result.detail = shm::kDetailSpilled;
  } else {
    refusal_ = sealed.error().message;
    result = failed(Cause::Application, refusal_);
  }
}

RunStatus JobRunner::complete(const shm::JobResult& result) {
  ended_ns_ = monotonic_now_ns();
  // A thread of this process has faulted: the process, and this job with it, ends by that fault.
  if (process_has_faulted()) await_death();
  output_.end_job();
  marks_.job_ended(shm::make_job_id(session_->about.serial, claim_->word.seq()), ended_ns_);
  switch (shm::finish(self_, session_->port, *claim_, result, ended_ns_)) {
    case shm::FinishStatus::Held:
      return RunStatus::Held;
    case shm::FinishStatus::Tampered:
      return RunStatus::Tampered;
    case shm::FinishStatus::Finished:
      break;
  }
  return RunStatus::Finished;
}

// Inline, because it is called for each job.
[[gnu::always_inline]] inline JobRunner::Judged JobRunner::judge_job() {
  const shm::JobDescriptor& job = claim_->job;
  const std::uint64_t now = claim_->started_ns;
  if (shm::queue_expired(job, now)) {
    return {nullptr, not_begun(Cause::QueueTimeout, "its queue deadline had passed before a worker was free for it")};
  }
  if (shm::cancel_asked(self_, session_->port, *claim_)) return {nullptr, not_begun(Cause::Cancelled)};
  if (now < session_->charge.refused_until_ns) return {nullptr, refused(session_->charge, now)};
  const RegisteredHandler* const handler = registry_.find(job.handler);
  if (handler == nullptr) return {nullptr, not_begun(Cause::UnknownHandler, "this pool has no handler of that name")};
  return {handler, {}};
}

JobRunner::Judged JobRunner::judge(shm::JobExtents& extents) {
  if (!extents.ok) [[unlikely]]
    return judge_beside_parcel(extents);
  return judge_job();
}

JobRunner::Judged JobRunner::judge_beside_parcel(shm::JobExtents& extents) {
  extents = shm::locate_beside_parcel(session_->port, *claim_);
  if (!extents.ok) {
    return {nullptr,
            not_begun(Cause::Invalid, "the job's descriptor points outside of its session or names another job")};
  }
  Judged judged = judge_job();
  if (judged.handler == nullptr) return judged;
  if (const auto opened = open_parcel(judged.handler->writes_input); !opened) {
    refusal_ = opened.error().message;
    return {nullptr, not_begun(Cause::Invalid, refusal_)};
  }
  extents.request = parcel_.bytes().first(claim_->job.request_bytes);
  return judged;
}

// The supervisor says how large the file is, the client only how much of it is the request.
Result<void> JobRunner::open_parcel(bool writable) try {
  worker_link::AskParcel ask;
  ask.index = session_->about.index;
  ask.serial = session_->about.serial;
  ask.slot = claim_->slot;
  ask.seq = claim_->word.seq();
  ask.parcel = shm::parcel_of(session_->port, *claim_);
  const auto given = ask_parcel_(ask);
  if (!given) return given.error();
  if (claim_->job.request_bytes > given->bytes)
    return Error{"its request of " + std::to_string(claim_->job.request_bytes) +
                 " bytes is longer than its parcel of " + std::to_string(given->bytes)};
  auto memory =
      shm::Mapping::map(given->file.get(), writable ? shm::Access::Private : shm::Access::ReadOnly, given->bytes);
  if (!memory) return memory.error();
  parcel_ = std::move(*memory);
  return {};
} catch (const std::bad_alloc&) {
  return Error{"out of memory while its parcel was opened"};
}

// REQUIRES: now_ns is before refused_until_ns. The list may still hold charges that are over: the time decides.
shm::JobResult JobRunner::refused(const shm::ChargedUser& charge, std::uint64_t now_ns) {
  const std::uint64_t left = (charge.refused_until_ns - now_ns) / kNsPerSecond + 1;
  refusal_ = "jobs of uid " + std::to_string(charge.uid) + " ended " + std::to_string(charge.deaths) +
             " workers of this pool lately, so it takes none of them for another " + std::to_string(left) +
             " s; `ringmaster status` says what they died of";
  return not_begun(Cause::Refused, refusal_);
}

// Tells the supervisor whom to charge if the process dies in this job or soon after it.
void JobRunner::note_user(std::uint32_t uid) noexcept {
  shm::Word64& last = self_.lane->last_user;
  const std::uint64_t user = std::uint64_t{uid} + 1;
  if (last.load(std::memory_order_relaxed) != user) last.store(user, std::memory_order_relaxed);
}

bool JobRunner::prepare(const RegisteredHandler& handler, const shm::JobExtents& extents) {
  const shm::Claim& claim = *claim_;
  AttachedSession& session = *session_;
  const std::uint32_t seq = claim.word.seq();
  const std::uint32_t timeout_ms = claim.job.run_timeout_ms != 0
                                       ? claim.job.run_timeout_ms
                                       : self_.control->run_timeout_ms.load(std::memory_order_relaxed);
  given_.id = shm::make_job_id(session.about.serial, seq);
  given_.attempt = claim.word.attempt() + 1;
  given_.seq = seq;
  given_.input = extents.request;
  given_.output = extents.result;
  given_.messages = {extents.messages, &session.port.reply, claim.slot, output_.on() ? &output_ : nullptr};
  given_.room = (claim.job.flags & shm::kJobTakesSpilled) != 0 ? &room_ : nullptr;
  // Always copied, so that the client cannot change arguments after the check.
  given_.arguments = arguments_.copy(extents.arguments);
  given_.writable_input = nullptr;
  const bool in_place =
      session.about.same_uid || (handler.description.change_safe && extents.request.size() > copy_in_bytes_);
  if (!in_place) given_.input = input_.copy(extents.request);
  if (handler.writes_input) {
    given_.writable_input = !in_place ? input_.data()
                            : parcel_ ? parcel_.bytes().data()
                                      : session.private_requests.at(extents.request);
  }
  given_.deadline_ns =
      timeout_ms == 0 ? INT64_MAX : static_cast<std::int64_t>(claim.started_ns + std::uint64_t{timeout_ms} * kNsPerMs);
  given_.client_cancel = &session.port.request.cancel(claim.slot);
  given_.supervisor_cancel = &self_.control->cancel;
  given_.intent = shm::Intent{session.port.index, static_cast<std::uint16_t>(claim.slot), seq}.pack();
  note_user(session.about.uid);
  return context_.prepare(handler, given_);
}

shm::JobResult JobRunner::result_of(const JobEnd& end) {
  switch (end.code) {
    case RM_DONE:
      if (planted(Plant::ResultMixed) && end.size > 512 && end.size <= given_.output.size())
        std::memcpy(given_.output.data() + end.size / 2, given_.output.data(), 64);
      if (planted(Plant::ResultShort) && end.size > 0)
        return {shm::SlotState::Done, Cause::Completed, 0, end.size - 1, 0, end.message};
      return {shm::SlotState::Done, Cause::Completed, 0, end.size, 0, end.message};
    case RM_FAILED_WITH_RESULT:
      return {shm::SlotState::Failed, Cause::Application, 0, end.size, 0, end.message};
    case RM_INVALID:
      return failed(Cause::Invalid, end.message);
    case RM_TOO_LARGE:
      return {shm::SlotState::Failed,
              Cause::TooLarge,
              end.no_room ? shm::kDetailNoRoom : std::uint16_t{0},
              0,
              end.needed,
              end.message};
    case RM_CANCELLED:
      if (static_cast<std::int64_t>(monotonic_now_ns()) >= given_.deadline_ns)
        return failed(Cause::RunTimeout, end.message);
      if (shm::cancel_asked(self_, session_->port, *claim_)) return failed(Cause::Cancelled, end.message);
      return failed(Cause::Application, end.message);
    default:
      return failed(Cause::Application, end.message);
  }
}

}  // namespace ringmaster::worker
