#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/map_check.h"
#include "client/cli/map_plan.h"
#include "client/cli/map_report.h"
#include "client/cli/map_run.h"
#include "client/control/control_link.h"

namespace ringmaster::cli {
namespace {

namespace fs = std::filesystem;

// Rings for so many in flight that the daemon grants them: fewer where memory is short.
Result<Session> open_session(Client& client, const MapCommand& command, const std::vector<MapItem>& items,
                             const HandlerDescription* handler, const PoolHandlers& pool, std::size_t& in_flight) {
  for (;; in_flight /= 2) {
    const MapRoom room = plan_room(items, handler, in_flight, pool);
    SessionOptions options;
    options.slots = in_flight > 64 ? 256 : 64;
    options.request_ring_bytes = room.request_ring;
    options.result_ring_bytes = room.result_ring;
    options.shortest_timeout = command.job.timeout;
    auto session = client.open(command.job.target.pool, options);
    const int refusal = session ? 0 : session.error().code - kRefusedByDaemon;
    const bool too_much = refusal == control::v1::ERROR_NO_MEMORY || refusal == control::v1::ERROR_QUOTA;
    if (!too_much || in_flight <= 1) return session;
  }
}

int refuse(const std::vector<std::string>& problems) {
  constexpr std::size_t kShown = 20;
  for (std::size_t at = 0; at < std::min(problems.size(), kShown); ++at) (void)fail(kExitUsage, problems[at]);
  if (problems.size() > kShown) (void)fail(kExitUsage, "and " + std::to_string(problems.size() - kShown) + " more");
  return fail(kExitUsage, "nothing was submitted");
}

}  // namespace

int run_map(const CommonOptions& common, const MapCommand& command) {
  catch_interrupts();
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  const auto pool = describe_pool(*client, command.job.target.pool);
  if (!pool) return fail(exit_code(pool.error()), pool.error().message);
  const HandlerDescription* handler = find_handler(*pool, command.job.target.handler);
  if (handler == nullptr && pool->known)
    return fail(kExitRejected, "pool \"" + pool->pool + "\" has no handler \"" + command.job.target.handler +
                                   "\"; \"ringmaster handlers\" lists what there is");
  std::vector<ArgumentView> views;
  for (const Argument& one : command.job.arguments) views.push_back({one.key, one.value});
  if (handler != nullptr) {
    if (const auto checked = check_arguments(*handler, views); !checked)
      return fail(kExitRejected, checked.error().message);
  }

  const ExtensionRule rule =
      extension_rule(handler != nullptr ? *handler : HandlerDescription(), command.job.arguments, command.extension);
  std::vector<MapItem> items;
  for (const std::string& file : command.files)
    items.push_back({file, (fs::path(command.out) / output_name(file, rule)).string()});
  if (const auto problems = find_problems(command, items); !problems.empty()) return refuse(problems);

  std::size_t in_flight = command.in_flight != 0
                              ? command.in_flight
                              : std::clamp<std::size_t>(2 * std::thread::hardware_concurrency(), 8, 64);
  MapReport report(items.size(), ::isatty(STDERR_FILENO) == 1);
  // The second time for those whose results need a larger session than the handler's rule asks for.
  for (const bool first : {true, false}) {
    auto session = open_session(*client, command, items, handler, *pool, in_flight);
    if (!session && first) return fail(exit_code(session.error()), session.error().message);
    if (!session) {
      for (const MapItem& item : items) report.refused(item, {SubmitError::TooLarge, session.error().message});
      break;
    }
    MapRun run(*session, command, *pool, std::move(items), std::min<std::size_t>(in_flight, session->slots()), first,
               report);
    run.run();
    items = run.take_too_large();
    if (items.empty()) break;
  }
  report.finish();
  const int written = print(common.json ? report.to_json(command.job.target.pool + "/" + command.job.target.handler)
                                        : report.summary());
  if (written != kExitDone) return written;
  if (interrupted()) return kExitInterrupted;
  return report.all_done() ? kExitDone : kExitFailed;
}

}  // namespace ringmaster::cli
