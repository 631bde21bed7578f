#pragma once

#include <cstdint>
#include <string>

/// Public header: what a handler says beside its result.
namespace ringmaster {

/// A message of a job, sent while it ran. The bytes are a stranger's.
struct Message {
  enum class Kind : std::uint8_t { Data, Output, Error };
  Kind kind = Kind::Data;  ///< for this program, or text to be shown as output or as error output
  unsigned attempt = 1;    ///< the run that sent it: an earlier one may have died
  std::uint64_t job_id = 0;
  std::string bytes;
};

}  // namespace ringmaster
