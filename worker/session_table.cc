#include "worker/session_table.h"

#include <algorithm>

#include "shm/base/check.h"
#include "shm/hints.h"

namespace ringmaster {

std::unique_ptr<AttachedSession> open_session(const worker_link::Attach& about, int request_fd, int reply_fd,
                                              UniqueFd bell, AttachFailure& failure) {
  auto request_memory = Mapping::map(request_fd, Access::ReadOnly);
  auto reply_memory = Mapping::map(reply_fd, Access::ReadWrite);
  if (!request_memory || !reply_memory) {
    const Error& error = request_memory ? reply_memory.error() : request_memory.error();
    // A failure with an errno is the kernel's; one without is a segment with missing seals.
    failure = {error.code != 0 ? worker_link::BrokenReason::MapFailed : worker_link::BrokenReason::BadSegment,
               static_cast<std::uint64_t>(error.code)};
    return nullptr;
  }
  failure = {worker_link::BrokenReason::BadSegment, 0};
  if (request_memory->bytes().size() != about.request_segment_bytes ||
      reply_memory->bytes().size() != about.reply_segment_bytes)
    return nullptr;
  const auto request = RequestView::open(request_memory->bytes());
  const auto reply = ReplyView::open(reply_memory->bytes());
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
  session->port.request = *request;
  session->port.reply = *reply;
  return session;
}

AttachedSession& SessionTable::add(std::unique_ptr<AttachedSession> session) {
  AttachedSession& added = *session;
  RM_CHECK(sessions_[added.about.index] == nullptr);
  auto& users = classes_[added.about.priority].users;
  auto user = std::find_if(users.begin(), users.end(), [&](const User& one) { return one.uid == added.about.uid; });
  if (user == users.end()) user = users.insert(users.end(), User{added.about.uid, {}, 0, 0});
  user->sessions.push_back(&added);
  sessions_[added.about.index] = std::move(session);
  ++count_;
  return added;
}

void SessionTable::remove(std::uint32_t index) {
  AttachedSession* const gone = sessions_[index].get();
  if (gone == nullptr) return;
  Class& in = classes_[gone->about.priority];
  for (User& user : in.users) std::erase(user.sessions, gone);
  std::erase_if(in.users, [](const User& user) { return user.sessions.empty(); });
  for (User& user : in.users) user.turn %= user.sessions.size();
  in.turn = in.users.empty() ? 0 : in.turn % in.users.size();
  sessions_[index].reset();
  --count_;
}

template <typename Test>
bool SessionTable::any_session(Test&& test) const noexcept {
  for (const Class& one : classes_) {
    for (const User& user : one.users) {
      for (const AttachedSession* session : user.sessions) {
        if (test(session->port)) return true;
      }
    }
  }
  return false;
}

bool SessionTable::may_have_work() const noexcept {
  return any_session([](const WorkerSession& one) { return ringmaster::may_have_work(one); });
}

bool SessionTable::next_is_ready() const noexcept {
  return any_session([](const WorkerSession& one) { return ringmaster::next_is_ready(one); });
}

bool SessionTable::has_ready_job() const noexcept {
  return any_session([](const WorkerSession& one) { return ringmaster::has_ready_job(one); });
}

ClaimStatus SessionTable::claim_of_user(User& user, const WorkerSelf& self, std::uint64_t now_ns, Claim& claimed,
                                        AttachedSession*& from) noexcept {
  for (std::size_t tries = 0; tries < user.sessions.size(); ++tries) {
    AttachedSession* const session = user.sessions[user.turn];
    if (ringmaster::next_is_ready(session->port) || ringmaster::may_have_work(session->port)) {
      const ClaimStatus status = claim(self, session->port, now_ns, claimed);
      if (status == ClaimStatus::Held) return status;
      if (status == ClaimStatus::Claimed) {
        from = session;
        if (++user.taken >= session->about.weight) {
          user.taken = 0;
          if (++user.turn == user.sessions.size()) user.turn = 0;
        }
        return status;
      }
    }
    user.taken = 0;
    if (++user.turn == user.sessions.size()) user.turn = 0;
  }
  return ClaimStatus::Nothing;
}

ClaimStatus SessionTable::claim_next(const WorkerSelf& self, std::uint64_t now_ns, Claim& claimed,
                                     AttachedSession*& from) noexcept {
  for (Class& one : classes_) {
    for (std::size_t tries = 0; tries < one.users.size(); ++tries) {
      User& user = one.users[one.turn];
      const ClaimStatus status = claim_of_user(user, self, now_ns, claimed, from);
      if (status == ClaimStatus::Held) return status;
      // A session within its weight keeps its uid's turn.
      if (status != ClaimStatus::Claimed || user.taken == 0) {
        if (++one.turn == one.users.size()) one.turn = 0;
      }
      if (status == ClaimStatus::Claimed) return status;
    }
  }
  return ClaimStatus::Nothing;
}

}  // namespace ringmaster
