#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "worker/job/handler_library.h"
#include "worker/job/job_context.h"

namespace ringmaster::test {

/// What a job run outside of any session left behind.
struct Ran {
  std::int32_t code = RM_FAILED;
  std::string result;
  std::string message;
  std::uint64_t needed = 0;
};

using Arguments = std::map<std::string, std::string>;

/// Runs a handler on private memory, through the same JobContext as a worker does.
inline Ran run(const worker::RegisteredHandler& handler, std::string_view input, const Arguments& arguments = {},
               std::size_t capacity = 1 << 20) {
  std::vector<Argument> list;
  for (const auto& [key, value] : arguments) list.push_back({key, value});
  const auto encoded = encode_arguments(list).value();
  std::vector<std::byte> output(capacity);
  std::atomic<std::uint64_t> progress{0};
  worker::JobContext context(progress);
  worker::JobInput job;
  job.id = 7;
  job.seq = 7;
  job.input = std::as_bytes(std::span(input));
  job.output = output;
  job.arguments = encoded;
  const worker::JobEnd end = context.end(context.prepare(handler, job) ? context.call() : RM_INVALID);
  return {end.code, std::string(reinterpret_cast<const char*>(output.data()), end.size), std::string(end.message),
          end.needed};
}

/// Loads one of the built handler libraries, warmed up.
inline const worker::RegisteredHandler& built_handler(const std::string& name) {
  static worker::HandlerRegistry registry;  // NOLINT: for the life of the test program
  if (registry.find(name) == nullptr) {
    worker::load_handler_library(std::string(RINGMASTER_HANDLER_FOLDER) + "/" + name + ".so", registry).value();
    registry.warm_up().value();
  }
  return *registry.find(name);
}

}  // namespace ringmaster::test
