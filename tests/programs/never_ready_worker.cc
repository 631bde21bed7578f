// Says hello and describes its handlers, but its warm-up never ends.
#include <unistd.h>

#include "worker/worker.h"

int main(int argc, char** argv) {
  const auto warm_up = [] {
    while (true) ::pause();
  };
  return ringmaster::worker_main(argc, argv, {{.name = "never", .warm_up = warm_up, .run = [](ringmaster::Job&) {}}});
}
