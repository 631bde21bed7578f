#include "daemon/jobs/job_table.h"

#include <algorithm>

namespace ringmaster::daemon {

MessageJob& JobTable::add(MessageJob job) {
  const std::uint64_t id = job.id;
  by_cookie_[{job.uid, job.cookie}] = id;
  return jobs_[id] = std::move(job);
}

MessageJob* JobTable::find(std::uint64_t id) {
  const auto at = jobs_.find(id);
  return at != jobs_.end() ? &at->second : nullptr;
}

MessageJob* JobTable::find(std::uint32_t uid, const JobCookie& cookie) {
  const auto known = by_cookie_.find({uid, cookie});
  return known != by_cookie_.end() ? find(known->second) : nullptr;
}

MessageJob* JobTable::shown_to(const Peer& peer, std::uint64_t id, const JobCookie& cookie) {
  MessageJob* job = id != 0 ? find(id) : find(peer.uid, cookie);
  if (job == nullptr || peer.admin) return job;
  return job->uid == peer.uid && job->cookie == cookie ? job : nullptr;
}

void JobTable::drop(std::uint64_t id) {
  const MessageJob& job = jobs_.at(id);
  shm::clear_delivered(delivered_, job.serial(), job.place.slot);
  job.home->release(job.place);
  forget(id);
}

void JobTable::forget(std::uint64_t id) {
  const auto at = jobs_.find(id);
  by_cookie_.erase({at->second.uid, at->second.cookie});
  jobs_.erase(at);
}

JobTable::Jobs::const_iterator JobTable::first_of(std::uint32_t serial) const {
  return jobs_.lower_bound(shm::make_job_id(serial, 0));
}

std::vector<std::uint64_t> JobTable::in_session(std::uint32_t serial) const {
  std::vector<std::uint64_t> ids;
  for (auto at = first_of(serial); at != jobs_.end() && at->second.serial() == serial; ++at) ids.push_back(at->first);
  return ids;
}

bool JobTable::any_in_session(std::uint32_t serial) const {
  const auto at = first_of(serial);
  return at != jobs_.end() && at->second.serial() == serial;
}

std::optional<std::uint64_t> JobTable::to_give_up(std::uint32_t serial, shm::Shortage shortage) const {
  if (shortage != shm::Shortage::Slot && shortage != shm::Shortage::ResultRing) return std::nullopt;
  for (auto at = first_of(serial); at != jobs_.end() && at->second.serial() == serial; ++at) {
    const MessageJob& job = at->second;
    if (job.end && job.delivered && !job.is_due()) return at->first;
    if (shortage == shm::Shortage::ResultRing) break;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> JobTable::expired(core::TimePoint now) const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, job] : jobs_) {
    if (job.end && now - job.ended_at >= kKept) ids.push_back(id);
  }
  return ids;
}

bool JobTable::any_ended() const {
  return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& one) { return one.second.end.has_value(); });
}

std::size_t JobTable::unfinished() const {
  return static_cast<std::size_t>(
      std::count_if(jobs_.begin(), jobs_.end(), [](const auto& one) { return !one.second.end.has_value(); }));
}

}  // namespace ringmaster::daemon
