// A handler that is a client itself: `relay` gives its input to a handler of another pool and returns what that one
// made of it. One program with both libraries.
#include <stdexcept>
#include <string>

#include "client/client.h"
#include "worker/worker.h"

using ringmaster::Job;

namespace {

std::string argument(const Job& job, const char* name) { return std::string(job.text(name)); }

void relay(Job& job) {
  ringmaster::ConnectOptions options;
  options.socket = argument(job, "socket");
  auto client = ringmaster::Client::connect(options);
  if (!client) throw std::runtime_error(client.error().message);
  auto session = client->open(argument(job, "pool"));
  if (!session) throw std::runtime_error(session.error().message);
  auto sent = session->submit(argument(job, "handler"), job.input());
  if (!sent) throw std::runtime_error(sent.error().message);
  const ringmaster::Outcome outcome = sent->wait();
  if (!outcome.ok()) throw ringmaster::JobFailed(outcome.describe());
  job.output(outcome.result());
}

}  // namespace

int main(int argc, char** argv) {
  return ringmaster::worker_main(argc, argv,
                                 {{.name = "relay",
                                   .arguments = {{.name = "socket", .required = true},
                                                 {.name = "pool", .required = true},
                                                 {.name = "handler", .required = true}},
                                   .run = relay}});
}
