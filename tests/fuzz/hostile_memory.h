#pragma once

#include <cstdint>
#include <span>

namespace ringmaster::testing {

/// Plays a script against one session's segments: its bytes say what a hostile peer scribbles where, and which honest
/// step (submit, claim, run, finish, collect, look, sentence, reap, repair, reopen) is done in between. Segments are
/// exact heap blocks, so that AddressSanitizer sees one byte too far; what the honest side must never accept is
/// checked. Returns how many honest steps were done.
unsigned play_hostile_script(std::span<const std::uint8_t> script);

}  // namespace ringmaster::testing
