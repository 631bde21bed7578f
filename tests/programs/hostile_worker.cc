// A pool's command whose handlers attack the daemon from within a worker, one way each.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "proto/worker_link.h"
#include "worker/worker.h"

namespace {

using ringmaster::HandlerArgument;
using ringmaster::Job;
namespace link = ringmaster::worker_link;

constexpr int kControlSocket = 3;

link::ToSupervisor message_named(std::string_view name, std::uint32_t number) {
  if (name == "hello") return link::Hello{link::kAbiVersion, number};
  if (name == "handlers") return link::HandlersChunk{number, true, {}};
  if (name == "ready") return link::Ready{};
  if (name == "bootfailed") return link::BootFailed{"event=forged\nlevel=error " + std::to_string(number)};
  if (name == "attached") return link::Attached{number % 1024, 1'000'000 + number};
  if (name == "detached") return link::Detached{number % 1024, 1'000'000 + number};
  if (name == "broken")
    return link::SessionBroken{number % 1024, 100'000 + number, link::BrokenReason::BadDescriptor, 0};
  if (name == "badindex") return link::SessionBroken{number % 1024, 100'000 + number, link::BrokenReason::BadIndex, 0};
  return link::Leftovers{};
}

// Says it `count` times and waits for what comes of it.
void say(Job& job) {
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(job.integer("count")); ++i) {
    const auto packet = link::encode(message_named(job.text("what"), i));
    while (::send(kControlSocket, packet.data(), packet.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }
  for (;;) ::pause();
}

void echo(Job& job) { job.output(job.input()); }

}  // namespace

int main(int argc, char** argv) {
  const HandlerArgument what{.name = "what", .help = "the message", .default_value = "hello"};
  const HandlerArgument count{.name = "count",
                              .kind = ringmaster::ArgumentKind::Integer,
                              .help = "how often",
                              .default_value = "1",
                              .minimum = 0};
  return ringmaster::worker_main(
      argc, argv,
      {
          {.name = "say", .summary = "Says it on the control socket.", .arguments = {what, count}, .run = say},
          {.name = "echo",
           .summary = "Gives the input back.",
           .result_constant = 0,
           .result_factor = 1,
           .idempotent = true,
           .run = echo},
      });
}
