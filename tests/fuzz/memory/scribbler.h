#pragma once

#include "tests/fuzz/memory/house.h"
#include "tests/fuzz/script.h"

namespace ringmaster::fuzz {

/// An attacker: writes random values into all memory that it could write in a real daemon, and into no other.
enum class Stranger {
  Client,  ///< tenant 1's: both segments of its session
  Worker   ///< worker 1, by its handler: its lane, the reply segments, the board
};

/// One write of an aligned word: a random value, a plausible one, or a copy of another word.
void scribble(House& house, Stranger who, Script& script);

}  // namespace ringmaster::fuzz
