// Needs a while before it is ready: RINGMASTER_TEST_START_MS milliseconds, 2,000 unless set.
#include <cstdlib>
#include <thread>

#include "worker/worker.h"

int main(int argc, char** argv) {
  const auto warm_up = [] {
    const char* const ms = std::getenv("RINGMASTER_TEST_START_MS");
    std::this_thread::sleep_for(std::chrono::milliseconds(ms != nullptr ? std::atoi(ms) : 2000));
  };
  return ringmaster::worker_main(
      argc, argv, {{.name = "echo", .warm_up = warm_up, .run = [](ringmaster::Job& job) { job.output(job.input()); }}});
}
