// The smallest handler: returns its input. Also used for health checks and first tries.
#include "worker/handler.h"

namespace {

void echo(ringmaster::Job& job) {
  const auto input = job.input();
  const auto times = static_cast<std::size_t>(job.integer("repeat"));
  const auto output = job.reserve(input.size() * times);
  for (std::size_t i = 0; i < times && !input.empty(); ++i) {
    std::memcpy(output.data() + i * input.size(), input.data(), input.size());
  }
  job.commit(output.size());
}

}  // namespace

RINGMASTER_HANDLERS({.name = "echo",
                     .summary = "Gives the input back.",
                     .arguments = {{.name = "repeat",
                                    .kind = ringmaster::ArgumentKind::Integer,
                                    .help = "how many times",
                                    .default_value = "1",
                                    .minimum = 0,
                                    .maximum = 1000}},
                     .result_constant = 0,
                     .result_factor = 1,
                     .change_safe = true,
                     .idempotent = true,
                     .run = echo})
