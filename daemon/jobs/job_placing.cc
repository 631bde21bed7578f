#include <algorithm>

#include "daemon/jobs/message_jobs.h"
#include "proto/control.pb.h"

// The rest of MessageJobs: the sessions that jobs go through, and room in them.
namespace ringmaster {
namespace {

namespace v1 = control::v1;

constexpr core::Duration kKept = std::chrono::seconds{60};
constexpr core::Duration kSweepEvery = std::chrono::seconds{1};
constexpr SessionGeometry kGeometry{1024, std::uint64_t{64} << 20, std::uint64_t{64} << 20};
static_assert(kGeometry.slots <= kMessageSlots);
constexpr std::size_t kMaxHomes = 4;         ///< of one uid in a pool
constexpr std::size_t kMaxHomesInAll = 256;  ///< each has a thread that watches it, and clients need sessions too

}  // namespace

// A ring gives its bytes back from the oldest on, so one long job blocks it: then the job goes through another session.
// Outcomes that somebody has read give their place up where that helps, and before there are too many sessions.
std::optional<MessageJobs::Placed> MessageJobs::place(PoolGate& pool, std::uint32_t uid, const Parcel& parcel,
                                                      Error& why) {
  auto& serials = own_[{pool.index(), uid}];
  Shortage shortage = Shortage::Slot;
  const std::vector<MessageSession*> homes = homes_of(pool, uid);
  for (auto at = homes.rbegin(); at != homes.rend(); ++at) {
    const auto placed = place_in(**at, parcel, shortage);
    if (placed) {
      const auto serial = std::find(serials.begin(), serials.end(), (*at)->session().serial);
      std::rotate(serial, serial + 1, serials.end());
      return Placed{*at, *placed};
    }
    if (shortage == Shortage::Memory) break;
  }
  if (shortage != Shortage::Memory && homes.size() < kMaxHomes && own_homes() < kMaxHomesInAll) {
    MessageSession* home = open_home(pool, uid, why.message);
    if (home == nullptr && homes.empty()) {
      why.code = v1::ERROR_NO_MEMORY;
      return std::nullopt;
    }
    if (home != nullptr) {
      if (const auto placed = place_in(*home, parcel, shortage)) return Placed{home, *placed};
    }
  }
  if (shortage == Shortage::Memory) {
    why = {"too little memory is available for the job; try again later, or with a smaller payload or result_capacity",
           v1::ERROR_NO_MEMORY};
  } else {
    why = {"pool \"" + pool.config().name + "\" holds as many jobs and outcomes as fit; try again later",
           v1::ERROR_QUEUE_FULL};
  }
  return std::nullopt;
}

std::optional<PlacedJob> MessageJobs::place_in(MessageSession& home, const Parcel& parcel, Shortage& shortage) {
  declare_deadline(home, parcel.descriptor.run_timeout_ms);
  do {
    if (auto placed = home.place(parcel.descriptor, parcel.payload, parcel.arguments, parcel.capacity, shortage)) {
      return placed;
    }
  } while (make_room(home, shortage));
  return std::nullopt;
}

// Before the job is there: a supervisor must look as often as its deadline needs, and so must a successor.
void MessageJobs::declare_deadline(MessageSession& home, std::uint32_t run_timeout_ms) {
  if (run_timeout_ms == 0) return;
  std::uint32_t& shortest = home.session().shortest_run_ms;
  if (shortest == 0 || run_timeout_ms < shortest) shortest = run_timeout_ms;
  LedgerSession& record = daemon_.ledger().sessions[home.session().index];
  if (record.serial == home.session().serial) record.shortest_run_ms = shortest;
}

// The oldest outcome that somebody has read gives its place up, unless that would free nothing: a job that has not
// ended, or that nobody has asked for, lies before it in the ring.
bool MessageJobs::make_room(MessageSession& home, Shortage shortage) {
  if (shortage != Shortage::Slot && shortage != Shortage::ResultRing) return false;
  const std::uint32_t serial = home.session().serial;
  for (auto at = jobs_.lower_bound(make_job_id(serial, 0)); at != jobs_.end() && at->second.home == &home; ++at) {
    if (at->second.end && at->second.delivered && !at->second.is_due()) {
      drop(at->first);
      return true;
    }
    if (shortage == Shortage::ResultRing) return false;
  }
  return false;
}

std::vector<MessageSession*> MessageJobs::homes_of(const PoolGate& pool, std::uint32_t uid) {
  std::vector<MessageSession*> homes;
  for (const std::uint32_t serial : own_[{pool.index(), uid}]) {
    const auto home = homes_.find(serial);
    if (home != homes_.end() && home->second->session().state != SessionState::Closing) {
      homes.push_back(home->second.get());
    }
  }
  return homes;
}

// Without those of predecessors, which take no jobs and are gone in a minute.
std::size_t MessageJobs::own_homes() const {
  std::size_t count = 0;
  for (const auto& [place, serials] : own_) count += serials.size();
  return count;
}

MessageSession* MessageJobs::open_home(PoolGate& pool, std::uint32_t uid, std::string& why) {
  Session* session = sessions_.open_internal(pool, uid, kGeometry, why);
  if (session == nullptr) return nullptr;
  const std::uint32_t serial = session->serial;
  auto home = MessageSession::open(
      loop_, pool, *session, true,
      [this, serial] {
        if (const auto at = homes_.find(serial); at != homes_.end()) look(*at->second);
      },
      [this](core::Bytes bytes) {
        core::GrantQuestion question = sessions_.memory_for(0, bytes);
        question.from_kept = true;
        return !core::judge_grant(question);
      });
  if (!home) {
    why = home.error().message;
    sessions_.end(session->index, serial, Cause::Lost);
    return nullptr;
  }
  own_[{pool.index(), uid}].push_back(serial);
  return (homes_[serial] = std::move(*home)).get();
}

void MessageJobs::leave_pools(std::uint32_t serial) {
  for (auto& [place, serials] : own_) std::erase(serials, serial);
  std::erase_if(own_, [](const auto& one) { return one.second.empty(); });
}

// The session ends for another reason than ours (the daemon stops): whoever waits is told, and nothing is kept.
void MessageJobs::home_gone(std::uint32_t serial) {
  leave_pools(serial);
  const auto at = homes_.find(serial);
  if (at == homes_.end()) return;
  look(*at->second);
  std::vector<std::uint64_t> gone;
  for (const auto& [id, job] : jobs_) {
    if (job.home == at->second.get()) gone.push_back(id);
  }
  for (const std::uint64_t id : gone) {
    Job& job = jobs_.at(id);
    // There is no later: with room or without.
    for (const auto& due : job.due) {
      if (const auto respond = due.lock()) deliver(job, *respond);
    }
    by_cookie_.erase({job.uid, job.cookie});
    jobs_.erase(id);
  }
  homes_.erase(at);
}

void MessageJobs::sweep() {
  sweep_timer_.reset();
  const core::TimePoint now = loop_.now();
  std::vector<std::uint64_t> expired;
  bool any_ended = false;
  for (const auto& [id, job] : jobs_) {
    if (!job.end) continue;
    any_ended = true;
    if (now - job.ended_at >= kKept) expired.push_back(id);
  }
  for (const std::uint64_t id : expired) drop(id);
  close_idle_homes();
  if (any_ended) sweep_timer_ = loop_.after(kSweepEvery, [this] { sweep(); });
}

void MessageJobs::all_read(std::uint64_t connection) {
  for (const std::uint64_t id : deliveries_.read(connection)) settle(id);
}

void MessageJobs::connection_closed(std::uint64_t connection) {
  waiters_.drop(connection);
  for (const std::uint64_t id : deliveries_.lose(connection)) undeliver(id);
}

// Whoever asks for it again must find it, and its uid pays for it until then. A predecessor's session keeps all that is
// in it anyway.
void MessageJobs::undeliver(std::uint64_t id) {
  const auto at = jobs_.find(id);
  if (at == jobs_.end() || at->second.settled || !at->second.delivered) return;
  Job& job = at->second;
  Session& session = job.home->session();
  job.delivered = false;
  clear_delivered(daemon_.ledger().delivered, session.serial, job.place.slot);
  job.charge = charge_again(job.uid, session.request.descriptor(job.place.slot));
}

// No successor has to keep it for anybody. A predecessor's session ends with the last of its jobs.
void MessageJobs::settle(std::uint64_t id) {
  const auto at = jobs_.find(id);
  if (at == jobs_.end()) return;
  // Others were promised it: the last of them settles it.
  if (at->second.is_due()) return;
  at->second.settled = true;
  MessageSession& home = *at->second.home;
  home.settle(at->second.place);
  if (home.own()) return;
  drop(id);
  close_idle_homes();
}

// Gone when its last job is: its uid may never come again.
void MessageJobs::close_idle_homes() {
  for (auto at = homes_.begin(); at != homes_.end();) {
    const std::uint32_t serial = at->first;
    const MessageSession* home = at->second.get();
    const auto job = jobs_.lower_bound(make_job_id(serial, 0));
    if (job != jobs_.end() && job->second.home == home) {
      ++at;
      continue;
    }
    const std::uint16_t index = at->second->session().index;
    leave_pools(serial);
    at = homes_.erase(at);
    sessions_.end(index, serial, Cause::Lost);
  }
}

}  // namespace ringmaster
