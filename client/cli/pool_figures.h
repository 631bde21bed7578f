#pragma once

#include <string>

#include "proto/control.pb.h"

/// A pool's figures for people: queue, counts, rates, times. Pure.
namespace ringmaster::cli {

/// Lines of at most 80 columns, indented by two; leaves out figures that are not known or not interesting.
[[nodiscard]] std::string pool_figures(const control::v1::PoolStatus& pool);

/// A time with three digits: "1.05 ms", "12.3 s", "135 ms".
[[nodiscard]] std::string show_time(std::uint64_t ns);
/// Jobs a second: "0", "0.04", "7.3", "412".
[[nodiscard]] std::string show_rate(double per_second);

}  // namespace ringmaster::cli
