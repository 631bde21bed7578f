#pragma once

#include "tests/fuzz/memory/house.h"
#include "tests/fuzz/script.h"

namespace ringmaster::fuzz {

/// Who writes what it likes: into all that it could write in a daemon, and nothing else.
enum class Stranger {
  Client,  ///< tenant 1's: both segments of its session
  Worker   ///< worker 1, by its handler: its lane, the reply segments, the board
};

/// One write: a word where words are, any value or one that looks possible, or another's copied.
void scribble(House& house, Stranger who, Script& script);

}  // namespace ringmaster::fuzz
