#include "daemon/supervisor/work_call.h"

#include "daemon/supervisor/session.h"

namespace ringmaster {
namespace {

bool takes_jobs(const PoolSeat& seat) { return seat.process && seat.ready && seat.state == core::SeatState::Active; }

bool is_idle(const BoardRecord& board, std::size_t place) {
  // SYNC: seq_cst, pairs with set_idle, as in should_ring: after the job was published.
  return (board.idle[place / 64].load(std::memory_order_seq_cst) >> (place % 64) & 1) != 0;
}

}  // namespace

void WorkCall::everyone(std::span<PoolSeat> seats) {
  for (PoolSeat& seat : seats) {
    if (takes_jobs(seat)) seat.process->call({});
  }
}

void WorkCall::one(std::span<PoolSeat> seats, const BoardRecord& board, const Session& session) {
  for (std::size_t i = 0; i < seats.size(); ++i) {
    const std::size_t at = (turn_ + i) % seats.size();
    if (!takes_jobs(seats[at]) || !is_idle(board, at) || seats[at].process->owes_attach) continue;
    turn_ = at + 1;
    if (seats[at].process->call({session.index, session.serial})) return;
  }
  // The board says that somebody is idle, and it is nobody whom we know.
  everyone(seats);
}

}  // namespace ringmaster
