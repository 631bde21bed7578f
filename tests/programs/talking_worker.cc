// A pool's command whose handlers send messages while they run.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "shm/message_log.h"
#include "worker/worker.h"

namespace {

using ringmaster::ArgumentKind;
using ringmaster::Job;

// Sends that many messages, "1", "2", …; its result is how many were taken.
void talk(Job& job) {
  std::int64_t sent = 0;
  for (std::int64_t at = 1; at <= job.integer("messages"); ++at) sent += job.send_message(std::to_string(at)) ? 1 : 0;
  (void)job.send_output("to be shown\n");
  (void)job.send_output("as an error\n", true);
  job.output(std::to_string(sent));
}

// Each run but the last dies after its message.
void die_talking(Job& job) {
  (void)job.send_message("run " + std::to_string(job.attempt()));
  if (job.attempt() < static_cast<unsigned>(job.integer("runs"))) ::raise(SIGKILL);
}

// Sends one, and never ends.
void hang_talking(Job& job) {
  (void)job.send_message("hanging");
  for (;;) ::pause();
}

// Writes a length into its log that is not true: behind the room for its result lies the log.
void lie(Job& job) {
  (void)job.send_message("true");
  std::byte* const end = job.reserve(job.capacity()).data() + ringmaster::shm::whole_lines(job.capacity());
  reinterpret_cast<ringmaster::shm::MessageLogHead*>(end)->written = std::uint64_t{1} << 40;
  (void)job.send_message("nowhere");
}

}  // namespace

int main(int argc, char** argv) {
  return ringmaster::worker_main(
      argc, argv,
      {{.name = "talk",
        .summary = "Sends messages.",
        .arguments = {{.name = "messages", .kind = ArgumentKind::Integer, .default_value = "1", .minimum = 0}},
        .result_constant = 64,
        .run = talk},
       {.name = "die",
        .summary = "Dies between messages.",
        .arguments = {{.name = "runs", .kind = ArgumentKind::Integer, .default_value = "1000", .minimum = 1}},
        .result_constant = 64,
        .idempotent = true,
        .run = die_talking},
       {.name = "hang", .summary = "Sends one message and hangs.", .result_constant = 64, .run = hang_talking},
       {.name = "lie", .summary = "Breaks its log.", .result_constant = 64, .run = lie}});
}
