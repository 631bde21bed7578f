#pragma once

#include <memory>

#include "daemon/core/daemon/quota.h"

namespace ringmaster::daemon {

/// What the quota book charges a uid for one job that came as a message: the job and its bytes. Destruction ends the
/// charge. REQUIRES: the book outlives this.
class JobCharge {
 public:
  JobCharge(core::QuotaBook& book, core::Uid uid) : book_(book), uid_(uid) {}
  ~JobCharge() {
    if (bytes_.value != 0) book_.release_bytes(uid_, bytes_);
    if (job_) book_.release_socket_job(uid_);
  }
  JobCharge(const JobCharge&) = delete;
  JobCharge& operator=(const JobCharge&) = delete;

  /// Charges the job, but not its bytes yet. If it is refused, nothing is charged.
  [[nodiscard]] core::QuotaBook::Refused take_job(core::TimePoint now) {
    auto refused = book_.take_socket_job(now, uid_);
    job_ = !refused.has_value();
    return refused;
  }
  [[nodiscard]] core::QuotaBook::Refused take_bytes(core::Bytes bytes) {
    auto refused = book_.take_bytes(uid_, bytes);
    if (!refused) bytes_ += bytes;
    return refused;
  }
  /// Charges an accepted job even above the limits. REQUIRES: nothing has been charged.
  void charge_accepted(core::Bytes bytes) {
    book_.charge_accepted(uid_, bytes);
    bytes_ = bytes;
    job_ = true;
  }

 private:
  core::QuotaBook& book_;
  core::Uid uid_;
  core::Bytes bytes_{};
  bool job_ = false;
};

}  // namespace ringmaster::daemon
