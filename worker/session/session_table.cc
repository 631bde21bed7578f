#include "worker/session/session_table.h"

#include <algorithm>

#include "base/check.h"
#include "base/spin_step.h"
#include "shm/port/hints.h"

namespace ringmaster::worker {
namespace {

// The cache lines of a session are fetched this many sessions ahead.
constexpr std::size_t kLinesAhead = 12;

}  // namespace

std::unique_ptr<AttachedSession> open_session(const worker_link::Attach& about, int request_fd, int reply_fd,
                                              UniqueFd bell, AttachFailure& failure) {
  auto request_memory = shm::Mapping::map(request_fd, shm::Access::ReadOnly);
  auto reply_memory = shm::Mapping::map(reply_fd, shm::Access::ReadWrite);
  if (!request_memory || !reply_memory) {
    const Error& error = request_memory ? reply_memory.error() : request_memory.error();
    // With an errno the kernel refused the mapping; without one the segment lacks seals.
    failure = {error.code != 0 ? worker_link::BrokenReason::MapFailed : worker_link::BrokenReason::BadSegment,
               static_cast<std::uint64_t>(error.code)};
    return nullptr;
  }
  failure = {worker_link::BrokenReason::BadSegment, 0};
  if (request_memory->bytes().size() != about.request_segment_bytes ||
      reply_memory->bytes().size() != about.reply_segment_bytes)
    return nullptr;
  const auto request = shm::RequestView::open(request_memory->bytes());
  const auto reply = shm::ReplyView::open(reply_memory->bytes());
  if (!request || !reply || request->serial() != about.serial || request->slots() != about.slots ||
      reply->slots() != about.slots || request->ring_bytes() != about.request_ring_bytes ||
      reply->ring_bytes() != about.result_ring_bytes)
    return nullptr;
  auto session = std::make_unique<AttachedSession>();
  session->about = about;
  session->request_memory = std::move(*request_memory);
  session->reply_memory = std::move(*reply_memory);
  session->bell = std::move(bell);
  session->port.index = static_cast<std::uint16_t>(about.index);
  session->port.opened_ns = about.opened_ns;
  session->port.request = *request;
  session->port.reply = *reply;
  return session;
}

AttachedSession& SessionTable::add(std::unique_ptr<AttachedSession> session) {
  AttachedSession& added = *session;
  if (const shm::ChargedUser* charge = charged_.find(added.about.uid)) added.charge = *charge;
  RM_CHECK(sessions_[added.about.index] == nullptr);
  sessions_[added.about.index] = std::move(session);
  all_.push_back({added.port.reply.ready(), added.port.reply.bit_words(), &added});
  if (added.about.told_of) told_of_.push_back(&added);
  warm(added, 0);
  return added;
}

void SessionTable::remove(std::uint32_t index) {
  AttachedSession* const gone = at(index);
  if (gone == nullptr) return;
  if (gone->hot_at != AttachedSession::kCold) cool(*gone);
  std::erase(told_of_, gone);
  std::erase_if(all_, [&](const Watched& one) { return one.session == gone; });
  sessions_[index].reset();
}

void SessionTable::set_charges(const shm::ChargedUsers& users) {
  charged_ = users;
  for (const Watched& one : all_) {
    AttachedSession& session = *one.session;
    const shm::ChargedUser* const found = users.find(session.about.uid);
    const shm::ChargedUser charge = found != nullptr ? *found : shm::ChargedUser{};
    const bool moves = session.hot_at != AttachedSession::kCold && (charge.deaths != 0) != session.charged();
    if (moves) turns_.remove(session);
    session.charge = charge;
    if (moves) turns_.add(session);
  }
}

void SessionTable::warm(AttachedSession& session, std::uint64_t now_ns) {
  session.used_ns = now_ns;
  if (session.hot_at != AttachedSession::kCold) return;
  session.hot_at = hot_.size();
  hot_.push_back(&session);
  turns_.add(session);
}

void SessionTable::cool(AttachedSession& session) noexcept {
  hot_.back()->hot_at = session.hot_at;
  hot_[session.hot_at] = hot_.back();
  hot_.pop_back();
  session.hot_at = AttachedSession::kCold;
  turns_.remove(session);
}

void SessionTable::rung(std::uint32_t index, std::uint64_t now_ns) {
  if (AttachedSession* const session = at(index)) warm(*session, now_ns);
}

bool SessionTable::look_at_all(std::uint64_t now_ns) {
  bool any = false;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    // Each session's bits lie in a page of their own.
    if (i + kLinesAhead < all_.size()) __builtin_prefetch(all_[i + kLinesAhead].ready.bits);
    if (!shm::any_hint(all_[i].ready, all_[i].bit_words)) continue;
    any = true;
    warm(*all_[i].session, now_ns);
  }
  cool_down(now_ns);
  return any;
}

void SessionTable::cool_down(std::uint64_t now_ns) {
  for (std::size_t i = hot_.size(); i-- > 0;) {
    if (hot_[i]->used_ns + kHotForNs < now_ns) cool(*hot_[i]);
  }
  if (hot_.size() <= kHotSessions) return;
  std::vector<AttachedSession*> by_age = hot_;
  std::ranges::sort(by_age, {}, &AttachedSession::used_ns);
  for (AttachedSession* const oldest : by_age) {
    // A session that has work stays hot, even above the limit.
    if (hot_.size() <= kHotSessions || oldest->used_ns == now_ns) break;
    cool(*oldest);
  }
}

bool SessionTable::overlooked(std::uint64_t before_ns) const noexcept {
  return std::ranges::any_of(all_, [&](const Watched& one) {
    return one.session->hot_at == AttachedSession::kCold && shm::any_hint(one.ready, one.bit_words) &&
           shm::has_job_ready_since(one.session->port, before_ns);
  });
}

template <typename Test>
bool SessionTable::any_hot(Test&& test) const noexcept {
  return std::ranges::any_of(hot_, [&](const AttachedSession* one) { return test(one->port); });
}

bool SessionTable::may_have_work() const noexcept {
  return any_hot([](const shm::WorkerSession& one) { return shm::may_have_work(one); });
}

bool SessionTable::next_is_ready() const noexcept {
  return any_hot([](const shm::WorkerSession& one) {
    if (!shm::next_is_ready(one)) return false;
    // Fetches the descriptor while the turn is chosen: the client wrote it, and the claim needs it.
    __builtin_prefetch(&one.request.descriptor(one.cursor), 0);
    return true;
  });
}

bool SessionTable::next_is_ready(int looks) const noexcept {
  for (int look = 0; look < looks; ++look) {
    if (next_is_ready()) return true;
    pause_cpu();
  }
  return false;
}

bool SessionTable::has_ready_job() const noexcept {
  const auto has_job = [](const shm::WorkerSession& one) { return shm::has_ready_job(one); };
  return any_hot(has_job) ||
         std::ranges::any_of(told_of_, [&](const AttachedSession* one) { return has_job(one->port); });
}

bool SessionTable::has_waiting_job(std::uint64_t now_ns, std::uint64_t age_ns) const noexcept {
  return any_hot([&](const shm::WorkerSession& one) { return shm::has_waiting_job(one, now_ns, age_ns); });
}

bool SessionTable::settle() const noexcept {
  return any_hot([](const shm::WorkerSession& one) { return shm::settle(one); });
}

shm::ClaimStatus SessionTable::claim_next(const shm::WorkerSelf& self, std::uint64_t now_ns, shm::Claim& claimed,
                                          AttachedSession*& from) {
  shm::ClaimStatus status = turns_.claim_next(self, now_ns, claimed, from);
  if (status == shm::ClaimStatus::Nothing && turns_.someone_charged()) {
    look_at_all(now_ns);
    status = turns_.claim_next(self, now_ns, claimed, from);
    if (status == shm::ClaimStatus::Nothing) status = turns_.claim_charged(self, now_ns, claimed, from);
  }
  if (status == shm::ClaimStatus::Claimed) from->used_ns = now_ns;
  return status;
}

}  // namespace ringmaster::worker
