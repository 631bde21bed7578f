#pragma once

#include <memory>

#include "daemon/core/daemon/quota.h"

namespace ringmaster::daemon {

/// One job that came as a message, on its uid's account: one of the uid's jobs, and the bytes it lies in. Given back on
/// destruction. REQUIRES: the book outlives it.
class JobCharge {
 public:
  JobCharge(core::QuotaBook& book, core::Uid uid) : book_(book), uid_(uid) {}
  ~JobCharge() {
    if (bytes_.value != 0) book_.release_bytes(uid_, bytes_);
    if (job_) book_.release_socket_job(uid_);
  }
  JobCharge(const JobCharge&) = delete;
  JobCharge& operator=(const JobCharge&) = delete;

  /// A refusal has charged nothing.
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
  /// Accepted is accepted, whatever the limits are by now. REQUIRES: nothing has been taken.
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
