#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/cli/console/common.h"
#include "client/cli/console/options.h"

/// One function per command (for map see map_command.h). Each returns the exit status, and prints errors to standard
/// error.
namespace ringmaster::cli {

int run_submit(const CommonOptions& common, const SubmitCommand& command);
int run_handlers(const CommonOptions& common, const std::string& pool);
/// `full`: stacks with every frame.
int run_status(const CommonOptions& common, const std::string& pool, bool watch, bool full);
int run_health(const CommonOptions& common, const HealthCommand& command);
/// `force`: nullopt, its handler is only asked to stop.
int run_cancel(const CommonOptions& common, std::uint64_t job_id, const std::optional<Force>& force);
int run_drain(const CommonOptions& common, const std::string& pool, bool resume, bool wait);
/// Holds the pool until a signal ends it; prints its name.
int run_create_pool(const CommonOptions& common, const PoolCommand& command);
int run_drop_pool(const CommonOptions& common, const PoolCommand& command);
int run_resize_pool(const CommonOptions& common, const PoolCommand& command);
int run_stop(const CommonOptions& common);

}  // namespace ringmaster::cli
