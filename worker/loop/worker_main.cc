#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "base/standard_descriptors.h"
#include "ringmaster_version.h"
#include "worker/loop/worker_process.h"
#include "worker/worker.h"

namespace ringmaster::worker {
namespace {

int run_jobs(WorkerLoop& loop) {
  std::uint64_t now = monotonic_now_ns();
  while (true) {
    switch (loop.claim(now)) {
      case WorkerLoop::Step::Claimed:
        loop.finish(loop.runner().call());
        now = loop.ended_ns();  // The next claim's stamp too: one reading of the clock per job.
        break;
      case WorkerLoop::Step::Nothing:
        loop.wait();
        now = monotonic_now_ns();
        break;
      case WorkerLoop::Step::Leave:
        return loop.leave();
    }
  }
}

}  // namespace

int run_worker(const LoadHandlers& load) {
  WorkerProcess worker;
  auto begun = worker.open(load);
  if (begun) begun = worker.warm_up();
  if (begun) begun = worker.ready();
  if (begun) return run_jobs(*worker.loop());
  worker.say_boot_failed(begun.error().message);
  return 1;
}

}  // namespace ringmaster::worker

namespace ringmaster {

int worker_main(int argc, char** argv, std::vector<Handler> handlers) {
  fill_standard_descriptors(StandIn::Quiet);
  const HandlerTable table(std::move(handlers));
  const worker::LoadHandlers load = [&](worker::HandlerRegistry& registry) {
    return registry.add(table.get(), argv[0]);
  };
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--version") == 0) {
      std::printf("ringmaster worker library %s\n", RINGMASTER_VERSION);
      return 0;
    }
    if (std::strcmp(argv[i], "--list") == 0) {
      worker::HandlerRegistry registry;
      if (const auto loaded = load(registry); !loaded) {
        std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
        return 1;
      }
      std::fputs(worker::list_handlers(registry).c_str(), stdout);
      return 0;
    }
  }
  if (!worker::started_by_daemon()) {
    std::fprintf(stderr,
                 "%s: this is a ringmaster worker, which ringmasterd starts: name it as the command of a pool in its\n"
                 "configuration. --list prints its handlers.\n",
                 argv[0]);
    return 2;
  }
  return worker::run_worker(load);
}

}  // namespace ringmaster
