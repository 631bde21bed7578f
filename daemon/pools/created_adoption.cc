#include <poll.h>

#include <utility>

#include "daemon/core/pool/pool_creation.h"
#include "daemon/log/log.h"
#include "daemon/pools/created_entry.h"

// What a supervisor does about the pools that its predecessor's clients have created.
namespace ringmaster::daemon {

using keeper::DepositKind;
using State = core::CreatedLife::State;

namespace {

bool owner_gone(const UniqueFd& lifeline) {
  pollfd look{lifeline.get(), POLLIN, 0};
  return ::poll(&look, 1, 0) > 0;
}

}  // namespace

void CreatedPools::adopt(const TakePoolDeposit& take) {
  shm::LedgerRecord& ledger = rooms_.host.ledger();
  const auto room = static_cast<std::uint32_t>(shm::ledger_pools(ledger.header.total_bytes));
  for (auto index = static_cast<std::uint32_t>(rooms_.pools.configured()); index < room; ++index) {
    PoolRecord record(ledger, index);
    const auto state = record.state();
    if (!state) continue;
    // Nobody was told of it yet, or nothing of it lives: its deposits are left, and let go of.
    if (*state == State::Created || *state == State::Removed) {
      record.clear();
      continue;
    }
    if (const auto taken = adopt_one(index, take); !taken) {
      log_error("a created pool is lost: its workers are killed, its jobs end",
                {{"pool", std::string(ledger.pools[index].name)}, {"reason", taken.error().message}});
      release_pool_deposits(rooms_.host.keeper(), index);
      record.clear();
    }
  }
}

Result<void> CreatedPools::adopt_one(std::uint32_t index, const TakePoolDeposit& take) {
  auto entry = std::make_unique<Entry>(rooms_.host.ledger(), index, *PoolRecord(rooms_.host.ledger(), index).state());
  const PoolRecord& record = entry->record;
  entry->place = record.place(index);
  const UniqueFd kept = take(DepositKind::PoolText, index, record.text_serial());
  entry->lifeline = take(DepositKind::PoolLifeline, index, record.text_serial());
  PoolFds fds{take(DepositKind::Board, index, 0), take(DepositKind::PoolBell, index, 0),
              take(DepositKind::Handlers, index, 0)};
  if (!kept || !entry->lifeline || !fds.board || !fds.bell) return Error{"its descriptors are not all there"};
  const auto text = config::read_pool_text(kept.get());
  if (!text) return text.error();
  auto parsed = config::parse_pool(*text, config::real_world(), terms_.own, rooms_.host.usable_cpus(), true);
  if (!parsed.config) return Error{config::render_problems("its configuration", parsed.problems)};
  entry->config = std::move(*parsed.config);
  const bool fits = core::judge_resize(record.workers(), entry->place.seats) == core::ResizeRefusal::None;
  if (seats_of(entry->config) != entry->place.seats || entry->owner() != record.owner() || !fits) {
    return Error{"its configuration is not that of the ledger"};
  }
  entry->bytes = pool_bytes(entry->config, text->text.size());
  if (!rooms_.pools.places().take_again(entry->place)) return Error{"another pool has its workers"};
  auto pool =
      std::make_unique<Pool>(rooms_.host, entry->config, index, static_cast<std::uint16_t>(entry->place.first_worker));
  if (auto opened = pool->open(std::move(fds)); !opened) {
    rooms_.pools.places().give_back(index);
    return opened;
  }
  pool->resize(record.workers());
  rooms_.pools.add(std::move(pool));
  rooms_.quota.charge_pool(entry->owner(), entry->place.seats, entry->bytes);
  entries_[index] = std::move(entry);
  return {};
}

void CreatedPools::start() {
  for (const auto& [index, entry] : entries_) {
    log_info("took over a created pool", {{"pool", entry->config.name}, {"uid", entry->owner()}});
    if (entry->life.state() == State::Draining) drain(*entry);
    if (owner_gone(entry->lifeline)) {
      lose_owner(*entry);  // before anybody asks for another pool of its name
    } else {
      watch_owner(*entry);
    }
  }
}

}  // namespace ringmaster::daemon
