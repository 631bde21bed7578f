#pragma once

namespace ringmaster::core {

/// How many workers of a pool are at work, spares not counted. With equal ends it is always so many.
struct WorkerRange {
  unsigned min = 1;
  unsigned max = 1;

  friend bool operator==(const WorkerRange&, const WorkerRange&) = default;
};

}  // namespace ringmaster::core
