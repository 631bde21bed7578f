#include "worker/session/session_turns.h"

#include <algorithm>

#include "worker/session/session_table.h"

namespace ringmaster::worker {
namespace {

using shm::ClaimStatus;

/// Removes an element from a round. The turn stays where it is, or passes on if the element had it.
template <typename T>
void take_out(std::vector<T>& round, typename std::vector<T>::iterator one, std::size_t& turn) {
  if (static_cast<std::size_t>(one - round.begin()) < turn) --turn;
  round.erase(one);
  if (turn == round.size()) turn = 0;
}

}  // namespace

SessionTurns::Class& SessionTurns::class_of(const AttachedSession& session) noexcept {
  return session.charged() ? charged_ : classes_[session.about.priority];
}

// Starting at the uid whose turn it is, a round is ordered by last turns. The new uid is put before the first uid that
// had a turn later than its own last one.
SessionTurns::User& SessionTurns::place(Class& in, const AttachedSession& session) {
  auto& users = in.users;
  std::size_t at = 0;
  while (at < users.size() && users[(in.turn + at) % users.size()].served <= session.served) ++at;
  std::size_t index = in.turn + at;
  if (!users.empty() && index >= users.size()) {
    index -= users.size();
    ++in.turn;
  }
  return *users.insert(users.begin() + static_cast<std::ptrdiff_t>(index),
                       User{session.about.uid, {}, 0, 0, session.served});
}

void SessionTurns::add(AttachedSession& session) {
  Class& in = class_of(session);
  const auto user =
      std::find_if(in.users.begin(), in.users.end(), [&](const User& one) { return one.uid == session.about.uid; });
  (user == in.users.end() ? place(in, session) : *user).sessions.push_back(&session);
}

void SessionTurns::remove(AttachedSession& session) noexcept {
  Class& in = class_of(session);
  const auto user =
      std::find_if(in.users.begin(), in.users.end(), [&](const User& one) { return one.uid == session.about.uid; });
  const auto gone = std::find(user->sessions.begin(), user->sessions.end(), &session);
  if (static_cast<std::size_t>(gone - user->sessions.begin()) == user->turn) user->taken = 0;
  take_out(user->sessions, gone, user->turn);
  if (user->sessions.empty()) take_out(in.users, user, in.turn);
  if (charged_.users.empty()) charged_since_ns_ = 0;
}

// Inline: called from one place, for each job.
inline ClaimStatus SessionTurns::claim_of_user(User& user, const shm::WorkerSelf& self, std::uint64_t now_ns,
                                               shm::Claim& claimed, AttachedSession*& from) noexcept {
  for (std::size_t tries = 0; tries < user.sessions.size(); ++tries) {
    AttachedSession* const session = user.sessions[user.turn];
    if (shm::next_is_ready(session->port) || shm::may_have_work(session->port)) {
      const ClaimStatus status = shm::claim(self, session->port, now_ns, claimed);
      if (status != ClaimStatus::Nothing) from = session;
      if (status == ClaimStatus::Held || status == ClaimStatus::Tampered) return status;
      if (status == ClaimStatus::Claimed) {
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

ClaimStatus SessionTurns::claim_in(Class& one, const shm::WorkerSelf& self, std::uint64_t now_ns, shm::Claim& claimed,
                                   AttachedSession*& from) noexcept {
  for (std::size_t tries = 0; tries < one.users.size(); ++tries) {
    User& user = one.users[one.turn];
    const ClaimStatus status = claim_of_user(user, self, now_ns, claimed, from);
    if (status == ClaimStatus::Held || status == ClaimStatus::Tampered) return status;
    if (status == ClaimStatus::Claimed) from->served = user.served = ++turns_;
    // A session within its weight keeps its uid's turn.
    if (status != ClaimStatus::Claimed || user.taken == 0) {
      if (++one.turn == one.users.size()) one.turn = 0;
    }
    if (status == ClaimStatus::Claimed) return status;
  }
  return ClaimStatus::Nothing;
}

ClaimStatus SessionTurns::claim_next(const shm::WorkerSelf& self, std::uint64_t now_ns, shm::Claim& claimed,
                                     AttachedSession*& from) noexcept {
  if (someone_charged()) {
    if (charged_since_ns_ == 0) charged_since_ns_ = now_ns;
    if (now_ns >= charged_since_ns_ + kChargedWaitNs) {
      const ClaimStatus status = claim_charged(self, now_ns, claimed, from);
      if (status != ClaimStatus::Nothing) return status;
    }
  }
  for (Class& one : classes_) {
    const ClaimStatus status = claim_in(one, self, now_ns, claimed, from);
    if (status != ClaimStatus::Nothing) return status;
  }
  return ClaimStatus::Nothing;
}

ClaimStatus SessionTurns::claim_charged(const shm::WorkerSelf& self, std::uint64_t now_ns, shm::Claim& claimed,
                                        AttachedSession*& from) noexcept {
  const ClaimStatus status = claim_in(charged_, self, now_ns, claimed, from);
  // Nothing: no charged uid waits.
  if (status != ClaimStatus::Held) charged_since_ns_ = now_ns;
  return status;
}

}  // namespace ringmaster::worker
