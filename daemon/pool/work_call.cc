#include "daemon/pool/work_call.h"

#include "daemon/pool/waiting_jobs.h"
#include "daemon/sessions/session.h"
#include "shm/port/hints.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kLookAgain = std::chrono::milliseconds{5};

bool takes_jobs(const Seat& seat) { return seat.process && seat.ready && seat.state == core::SeatState::Active; }

bool is_idle(const shm::BoardRecord& board, std::size_t place) {
  // SYNC: seq_cst, pairs with set_idle, as in should_ring: after the job was published.
  return (board.idle[place / 64].load(std::memory_order_seq_cst) >> (place % 64) & 1) != 0;
}

}  // namespace

void WorkCall::everyone(std::span<Seat> seats) {
  for (Seat& seat : seats) {
    if (takes_jobs(seat)) seat.process->call({});
  }
}

void WorkCall::one(std::span<Seat> seats, const shm::BoardRecord& board, const Session& session) {
  for (std::size_t i = 0; i < seats.size(); ++i) {
    const std::size_t at = (turn_ + i) % seats.size();
    if (!takes_jobs(seats[at]) || !is_idle(board, at) || seats[at].owes_attach) continue;
    turn_ = at + 1;
    if (seats[at].process->call({session.index, session.serial})) return;
  }
  // The board has an idle bit, but not of a worker that we know.
  everyone(seats);
}

WorkCall::~WorkCall() {
  if (timer_) loop_->cancel(*timer_);
}

void WorkCall::look_again(EventLoop& loop, std::function<void()> look) {
  if (timer_) return;
  loop_ = &loop;
  timer_ = loop.after(kLookAgain, [this, look = std::move(look)] {
    timer_.reset();
    look();
  });
}

bool WorkCall::passed_over(const shm::BoardRecord& board, const std::map<std::uint16_t, const Session*>& sessions) {
  if (!shm::anyone_idle(board)) return false;
  bool found = false;
  for (const auto& [index, session] : sessions) {
    if (!session->internal()) continue;
    for_each_waiting(*session, [&](std::uint32_t, shm::SlotWord) { found = true; });
  }
  return found;
}

}  // namespace ringmaster::daemon
