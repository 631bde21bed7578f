#include "client/cli/map/map_command.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "client/cli/console/common.h"
#include "client/cli/console/interrupt.h"
#include "client/cli/console/terminal.h"
#include "client/cli/files/result_writer.h"
#include "client/cli/map/map_check.h"
#include "client/cli/map/map_plan.h"
#include "client/cli/map/map_report.h"
#include "client/cli/map/map_run.h"
#include "client/control/control_link.h"

namespace ringmaster::cli {
namespace {

namespace fs = std::filesystem;

// Opens a session with rings for as many jobs in flight as the daemon grants: fewer if memory is short.
Result<Session> open_session(Client& client, const MapCommand& command, const std::vector<MapItem>& items,
                             const HandlerDescription* handler, const PoolHandlers& pool, std::size_t& in_flight) {
  for (;; in_flight /= 2) {
    const MapRoom room = plan_room(items, handler, in_flight, pool);
    SessionOptions options;
    options.slots = in_flight > 64 ? 256 : 64;
    options.request_ring_bytes = room.request_ring;
    options.result_ring_bytes = room.result_ring;
    options.shortest_timeout = command.job.timeout;
    // Does not wait while a smaller session might be granted at once.
    const Duration busy = in_flight <= 1 ? busy_timeout(command.job) : Duration(0);
    auto session = open_patiently(client, command.job.target.pool, options, busy);
    if (session || in_flight <= 1) return session;
    const auto refusal = client::refusal_of(session.error());
    const bool too_much = refusal == client::ErrorCode::NoMemory || refusal == client::ErrorCode::Quota ||
                          refusal == client::ErrorCode::TooLarge;
    if (!too_much) return session;
  }
}

int refuse(const std::vector<std::string>& problems) {
  constexpr std::size_t kShown = 20;
  for (std::size_t at = 0; at < std::min(problems.size(), kShown); ++at) (void)fail(kExitUsage, problems[at]);
  if (problems.size() > kShown) (void)fail(kExitUsage, "and " + std::to_string(problems.size() - kShown) + " more");
  return fail(kExitUsage, "nothing was submitted");
}

// The inputs with the names of their results. Errors are added to `problems`.
std::vector<MapItem> plan_items(const MapCommand& command, const ExtensionRule& rule,
                                std::vector<std::string>& problems) {
  std::vector<MapItem> items;
  for (const std::string& file : command.files) {
    const auto name = output_name(file, rule);
    if (!name) problems.push_back(name.error().message);
    if (name) items.push_back({file, (fs::path(command.out) / *name).string()});
  }
  return items;
}

// The handler, if its arguments are right.
Result<const HandlerDescription*> check_handler(const MapCommand& command, const PoolHandlers& pool) {
  if (!pool.known && !command.extension)
    return Error{"pool \"" + pool.pool +
                 "\": no worker has been ready yet, so what its handlers would call their results is "
                 "not known; \"ringmaster status\" tells why, --ext names them"};
  const HandlerDescription* handler = find_handler(pool, command.job.target.handler);
  if (handler == nullptr && pool.known)
    return Error{"pool \"" + pool.pool + "\" has no handler \"" + command.job.target.handler +
                 "\"; \"ringmaster handlers\" lists what there is"};
  std::vector<ArgumentView> views;
  for (const Argument& one : command.job.arguments) views.push_back({one.key, one.value});
  if (handler != nullptr) {
    if (const auto checked = check_arguments(*handler, views); !checked) return checked.error();
  }
  return handler;
}

}  // namespace

int run_map(const CommonOptions& common, const MapCommand& command) {
  catch_interrupts();
  if (const auto open = check_standard_output(); !open) return fail(kExitFile, open.error().message);
  auto client = connect(common, busy_timeout(command.job));
  if (!client) return fail_unless_interrupted(exit_code(client.error()), client.error().message);
  const auto pool = describe_pool(*client, command.job.target.pool);
  if (!pool) return fail(exit_code(pool.error()), pool.error().message);
  const auto handler = check_handler(command, *pool);
  if (!handler) return fail(kExitRefused, handler.error().message);

  const ExtensionRule rule =
      extension_rule(*handler != nullptr ? **handler : HandlerDescription(), command.job.arguments, command.extension);
  ResultWriter writer;
  std::vector<std::string> problems;
  std::vector<MapItem> items = plan_items(command, rule, problems);
  for (std::string& one : find_problems(command, items, writer)) problems.push_back(std::move(one));
  if (!problems.empty()) return refuse(problems);

  std::size_t in_flight = command.in_flight != 0
                              ? command.in_flight
                              : std::clamp<std::size_t>(2 * std::thread::hardware_concurrency(), 8, 64);
  MapReport report(items.size(), can_redraw(STDERR_FILENO));
  bool disk_failed = false;
  // The second time for files whose results need more room than the handler's rule gave them.
  for (const bool first : {true, false}) {
    auto session = open_session(*client, command, items, *handler, *pool, in_flight);
    if (!session && first) return fail_unless_interrupted(exit_code(session.error()), session.error().message);
    if (!session) {
      for (const MapItem& item : items) report.refused(item, {SubmitError::TooLarge, session.error().message});
      break;
    }
    MapRun run(*session, command, *pool, std::move(items), std::min<std::size_t>(in_flight, session->slots()), first,
               writer, report);
    run.run();
    disk_failed = run.disk_failed();
    items = run.take_too_large();
    if (items.empty()) break;
  }
  report.finish();
  if (disk_failed) (void)fail(kExitFile, "results cannot be written any more: the remaining files were not run");
  const int written = print(common.json ? report.to_json(command.job.target.pool + "/" + command.job.target.handler)
                                        : report.summary());
  if (written != kExitDone) return written;
  if (interrupted()) return kExitInterrupted;
  if (disk_failed) return kExitFile;
  return report.all_done() ? kExitDone : kExitFailed;
}

}  // namespace ringmaster::cli
