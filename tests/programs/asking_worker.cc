// A worker that is a client too: its handler "ask" passes its input on to a handler of another pool, over a session or
// as a message, and returns what that has returned. Links both libraries.
#include <stdexcept>
#include <string>

#include "client/client.h"
#include "worker/worker.h"

namespace {

void give(ringmaster::Job& job, const ringmaster::Outcome& outcome) {
  if (!outcome.ok()) throw std::runtime_error(outcome.describe());
  job.output(outcome.result());
}

void ask(ringmaster::Job& job) {
  ringmaster::ConnectOptions options;
  options.socket = job.text("socket");
  auto client = ringmaster::Client::connect(options);
  if (!client) throw std::runtime_error(client.error().message);
  const std::string pool(job.text("pool"));
  if (job.flag("message")) {
    const auto outcome = client->run(pool, "echo", job.input());
    if (!outcome) throw std::runtime_error(outcome.error().message);
    return give(job, *outcome);
  }
  auto session = client->open(pool);
  if (!session) throw std::runtime_error(session.error().message);
  auto asked = session->submit("echo", job.input());
  if (!asked) throw std::runtime_error(asked.error().message);
  give(job, asked->wait());
}

}  // namespace

int main(int argc, char** argv) {
  using ringmaster::ArgumentKind;
  ringmaster::Handler handler;
  handler.name = "ask";
  handler.arguments = {{.name = "socket", .required = true},
                       {.name = "pool", .required = true},
                       {.name = "message", .kind = ArgumentKind::Boolean, .default_value = "false"}};
  handler.run = ask;
  return ringmaster::worker_main(argc, argv, {handler});
}
