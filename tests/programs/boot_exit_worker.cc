// Cannot start. RINGMASTER_TEST_BOOT=throw: a warm-up that fails with a message; else it leaves with code 7 at once.
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "worker/worker.h"

int main(int argc, char** argv) {
  const char* const mode = std::getenv("RINGMASTER_TEST_BOOT");
  if (mode == nullptr || std::string_view(mode) != "throw") return 7;
  const auto warm_up = [] { throw std::runtime_error("the model file is missing"); };
  return ringmaster::worker_main(argc, argv, {{.name = "never", .warm_up = warm_up, .run = [](ringmaster::Job&) {}}});
}
