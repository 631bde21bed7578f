#pragma once

#include <cstdint>

#include "base/unique_fd.h"
#include "daemon/keeper/table/deposit_table.h"
#include "daemon/keeper/table/worker_table.h"

namespace ringmaster::keeper {

/// Makes the sealed memfd that inherited_table.h describes. Workers that never reached exec are left out; the exits in
/// it count as reported. Empty, with the errno in `error`, on failure.
[[nodiscard]] UniqueFd make_inherited_table(std::uint32_t ordinal, bool cold, const DepositTable& deposits,
                                            WorkerTable& workers, int& error) noexcept;

}  // namespace ringmaster::keeper
