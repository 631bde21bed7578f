#include "daemon/jobs/job_placing.h"

#include "daemon/sessions/session.h"

namespace ringmaster::daemon {

RequestRefusal refusal_of(const NoPlace& reason, const std::string& pool) {
  switch (reason.why) {
    case NoPlace::Why::NoSession:
      return {RefusalCode::NoMemory, reason.no_session};
    case NoPlace::Why::TooLittleMemory:
      return {RefusalCode::NoMemory,
              "too little memory is available for the job; try again later, or with a smaller payload or "
              "result_capacity"};
    case NoPlace::Why::Full:
      break;
  }
  return {RefusalCode::QueueFull, "pool \"" + pool + "\" holds as many jobs and outcomes as fit; try again later"};
}

boost::system::result<PlacedAt, NoPlace> JobPlacing::place(std::uint32_t pool, std::uint32_t uid,
                                                           const JobToPlace& job) {
  const std::vector<JobHome*> homes = homes_of(pool, uid);
  for (JobHome* home : homes) {
    const Placing placed = place_in(*home, job);
    if (placed) {
      order_.took(pool, uid, home->session().serial);
      return PlacedAt{home, *placed};
    }
    // Another session would not get more memory either.
    if (placed.error() == shm::Shortage::Memory) return NoPlace{NoPlace::Why::TooLittleMemory, {}};
  }
  if (!order_.may_add(homes.size())) return NoPlace{NoPlace::Why::Full, {}};
  const auto opened = open(pool, uid);
  if (!opened && homes.empty()) return NoPlace{NoPlace::Why::NoSession, opened.error().message};
  if (!opened) return NoPlace{NoPlace::Why::Full, {}};
  const Placing placed = place_in(**opened, job);
  if (placed) return PlacedAt{*opened, *placed};
  return NoPlace{placed.error() == shm::Shortage::Memory ? NoPlace::Why::TooLittleMemory : NoPlace::Why::Full, {}};
}

std::vector<JobHome*> JobPlacing::homes_of(std::uint32_t pool, std::uint32_t uid) const {
  std::vector<JobHome*> homes;
  for (const std::uint32_t serial : order_.to_try(pool, uid)) {
    JobHome* home = find(serial);
    if (home != nullptr && home->session().state != SessionState::Closing) homes.push_back(home);
  }
  return homes;
}

Placing JobPlacing::place_in(JobHome& home, const JobToPlace& job) {
  declare_deadline(home.session(), job.descriptor.run_timeout_ms);
  for (;;) {
    Placing placed = home.place(job);
    if (placed) return placed;
    const auto outcome = jobs_.to_give_up(home.session().serial, placed.error());
    if (!outcome) return placed;
    jobs_.drop(*outcome);
  }
}

// Recorded before the job is published, so that this supervisor and a successor look as often as its deadline needs.
void JobPlacing::declare_deadline(Session& session, std::uint32_t run_timeout_ms) {
  if (run_timeout_ms == 0) return;
  std::uint32_t& shortest = session.shortest_run_ms;
  if (shortest == 0 || run_timeout_ms < shortest) shortest = run_timeout_ms;
  shm::LedgerSession& record = ledger_.sessions[session.index];
  if (record.serial == session.serial) record.shortest_run_ms = shortest;
}

Result<JobHome*> JobPlacing::open(std::uint32_t pool, std::uint32_t uid) {
  auto opened = source_.open(pool, uid);
  if (!opened) return opened.error();
  const std::uint32_t serial = (*opened)->session().serial;
  order_.add(pool, uid, serial);
  return (homes_[serial] = std::move(*opened)).get();
}

JobHome& JobPlacing::take_over(std::unique_ptr<JobHome> home) {
  auto& kept = homes_[home->session().serial];
  kept = std::move(home);
  return *kept;
}

JobHome* JobPlacing::find(std::uint32_t serial) const {
  const auto at = homes_.find(serial);
  return at != homes_.end() ? at->second.get() : nullptr;
}

void JobPlacing::for_each(const std::function<void(JobHome&)>& visit) const {
  for (const auto& [serial, home] : homes_) visit(*home);
}

void JobPlacing::gone(std::uint32_t serial) {
  order_.remove(serial);
  homes_.erase(serial);
}

void JobPlacing::close_idle() {
  for (auto at = homes_.begin(); at != homes_.end();) {
    const std::uint32_t serial = at->first;
    if (jobs_.any_in_session(serial)) {
      ++at;
      continue;
    }
    const std::uint16_t index = at->second->session().index;
    order_.remove(serial);
    at = homes_.erase(at);
    source_.close(index, serial);
  }
}

}  // namespace ringmaster::daemon
