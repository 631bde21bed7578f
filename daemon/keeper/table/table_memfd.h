#pragma once

#include <cstdint>

#include "base/unique_fd.h"
#include "daemon/keeper/table/deposit_table.h"
#include "daemon/keeper/table/worker_table.h"

namespace ringmaster::keeper {

/// A sealed memfd as inherited_table.h draws it. Workers that never came to exec are left out; the exits in it count as
/// reported. Empty, with the errno in `error`, on failure.
[[nodiscard]] UniqueFd make_inherited_table(std::uint32_t ordinal, bool cold, const DepositTable& deposits,
                                            WorkerTable& workers, int& error) noexcept;

}  // namespace ringmaster::keeper
