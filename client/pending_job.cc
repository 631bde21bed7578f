#include "client/pending_job.h"

#include "base/check.h"
#include "client/session/session_core.h"

namespace ringmaster {

PendingJob& PendingJob::operator=(PendingJob&& other) noexcept {
  if (this == &other) return *this;
  if (core_) abandon();
  core_ = std::move(other.core_);
  record_ = other.record_;
  return *this;
}
void PendingJob::abandon() noexcept { core_->abandon(record_); }
std::uint64_t PendingJob::id() const { return core_ ? core_->job_id(record_) : 0; }
bool PendingJob::ended() const { return !core_ || core_->ended(record_); }
Outcome PendingJob::wait() {
  RM_CHECK(core_ != nullptr, "the outcome of this job has been taken");
  Outcome outcome;
  (void)core_->wait(record_, kForever, outcome);
  core_.reset();
  return outcome;
}
std::optional<Outcome> PendingJob::wait_for(Duration limit) {
  RM_CHECK(core_ != nullptr, "the outcome of this job has been taken");
  auto outcome = core_->wait(record_, limit);
  if (outcome) core_.reset();
  return outcome;
}
std::optional<Message> PendingJob::next_message(Duration limit) {
  return core_ ? core_->next_message(record_, limit) : std::nullopt;
}
void PendingJob::cancel() {
  if (core_) core_->cancel(record_);
}
bool PendingJob::cancel(const Force& force) { return !core_ || core_->force(record_, force); }

}  // namespace ringmaster
