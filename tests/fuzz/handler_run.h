#pragma once

#include <string>

#include "base/check.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/sentence.h"
#include "tests/unit/worker/job/run_handler.h"

namespace ringmaster::fuzz {

/// Runs a stock handler as a worker does and checks what must hold for every input: the handler returns one of the
/// known codes, its result fits its room, a failure has a message, and if the room was too small, the size that the
/// handler asks for is enough.
inline test::Ran run_checked(const std::string& name, std::string_view input, const test::Arguments& arguments,
                             std::size_t capacity) {
  constexpr std::uint64_t kMostRoom = std::uint64_t{4} << 20;
  const std::vector<std::byte> exact = exact_copy(input);
  const std::string_view bytes(reinterpret_cast<const char*>(exact.data()), exact.size());
  const worker::RegisteredHandler& handler = test::built_handler(name);
  test::Ran ran = test::run(handler, bytes, arguments, capacity);
  switch (ran.code) {
    case RM_DONE:
      RM_CHECK(ran.result.size() <= capacity && is_clean_text(ran.message), "%zu bytes", ran.result.size());
      break;
    case RM_FAILED:
    case RM_INVALID:
      check_sentence(ran.message, 1024);
      break;
    case RM_TOO_LARGE: {
      RM_CHECK(ran.needed > capacity, "%zu bytes do not fit %zu", static_cast<std::size_t>(ran.needed), capacity);
      if (ran.needed > kMostRoom) break;
      const test::Ran again = test::run(handler, bytes, arguments, ran.needed);
      RM_CHECK(again.code != RM_TOO_LARGE || again.needed > ran.needed, "it asks for the room that it has");
      break;
    }
    default:
      RM_CHECK(false, "a job that ended as %d", ran.code);
  }
  return ran;
}

}  // namespace ringmaster::fuzz
