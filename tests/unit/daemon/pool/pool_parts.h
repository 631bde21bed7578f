#pragma once

#include <vector>

#include "daemon/config/config.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/session_roster.h"
#include "tests/testing/fake_keeper.h"
#include "tests/unit/daemon/pool/fake_fates.h"
#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::testing {

/// What stands around the rooms of a pool "t", the daemon's first, to which one session is attached. Its seats are
/// empty.
struct PoolParts {
  explicit PoolParts(std::size_t places = 1) : book(ledger.record, 0, places), seats(places) {
    config.name = "t";
    sessions.add(memory.session);
  }

  [[nodiscard]] shm::LedgerWorker& record(std::size_t seat = 0) const { return ledger.record.workers[seat]; }
  [[nodiscard]] shm::SlotWord word(std::uint32_t slot) const {
    return shm::SlotWord(memory.session.reply.word(slot).load());
  }

  Ledger ledger;
  SessionInMemory memory;
  config::PoolConfig config;
  Posted posted;
  FakeKeeper keeper;
  FakeFates fates;
  daemon::SessionRoster sessions{"t", 1000, posted.later()};
  daemon::HandlerCatalog handlers{0, keeper, posted.later()};
  daemon::PoolBook book;
  std::vector<daemon::Seat> seats;
};

}  // namespace ringmaster::testing
