#pragma once

#include "tests/unit/shm/fixture.h"

namespace ringmaster::testing {

/// A ledger with no daemon around it.
struct Ledger {
  Ledger() : memory(sizeof(LedgerRecord)), record(*format_ledger(memory.span())) {}
  Memory memory;
  LedgerRecord& record;
};

}  // namespace ringmaster::testing
