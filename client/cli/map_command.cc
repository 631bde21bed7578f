#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <thread>

#include "client/cli/commands.h"
#include "client/cli/file_io.h"
#include "client/cli/interrupt.h"
#include "client/cli/map_plan.h"
#include "client/cli/map_report.h"

namespace ringmaster::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kLook = std::chrono::milliseconds(100);

/// Runs the plan: files go into their extents as room comes, results go to disk as they end.
class MapRun {
 public:
  MapRun(Session& session, const MapCommand& command, std::vector<MapItem> items, std::size_t in_flight, bool show)
      : session_(session),
        command_(command),
        items_(std::move(items)),
        in_flight_(in_flight),
        report_(items_.size(), show) {}

  MapReport& run() {
    while (!interrupted() && (next_ < items_.size() || !jobs_.empty())) {
      while (next_ < items_.size() && jobs_.size() < in_flight_ && !interrupted() && start(items_[next_])) ++next_;
      if (!jobs_.empty()) settle_one();
      report_.show();
    }
    if (interrupted()) give_up();
    report_.finish();
    return report_;
  }

 private:
  // False: no room until one of those in flight has ended.
  bool start(const MapItem& item) {
    auto input = open_input(item.input);
    if (!input) return report_.file_problem(item, input.error().message), true;
    const std::uint64_t bytes = input->sized ? input->bytes : 0;
    std::string text;
    if (!input->sized) {
      auto all = read_all(*input);
      if (!all) return report_.file_problem(item, all.error().message), true;
      text = std::move(*all);
    }
    auto request = session_.allocate(input->sized ? bytes : text.size());
    if (!request) return refused(item, request.error());
    if (input->sized) {
      const auto size = read_into(*input, request->bytes());
      if (!size) return report_.file_problem(item, size.error().message), true;
      request->shrink(*size);
    } else {
      std::copy_n(std::as_bytes(std::span(text)).begin(), text.size(), request->bytes().begin());
    }
    SubmitOptions options;
    options.timeout = command_.job.timeout;
    options.queue_timeout = command_.job.queue_timeout;
    options.idempotent = !command_.once;
    const std::size_t taken = request->bytes().size();
    auto job = session_.submit(command_.job.target.handler, std::move(*request), command_.job.arguments, options);
    if (!job) return refused(item, job.error());
    report_.add_input(taken);
    jobs_.push_back(std::move(*job));
    of_job_.push_back(&item);
    return true;
  }

  bool refused(const MapItem& item, const Refusal& refusal) {
    if (refusal.error == SubmitError::QueueFull && !jobs_.empty()) return false;
    report_.refused(item, refusal);
    return true;
  }

  void settle_one() {
    const auto at = session_.wait_any(jobs_, kLook);
    if (!at) return;
    const Outcome outcome = jobs_[*at].wait();
    const MapItem& item = *of_job_[*at];
    std::swap(jobs_[*at], jobs_.back());
    std::swap(of_job_[*at], of_job_.back());
    jobs_.pop_back();
    of_job_.pop_back();
    if (!outcome.ok()) return report_.ended(item, outcome);
    const auto written = write_file(item.output, outcome.result(), command_.force ? Existing::Replace : Existing::Keep);
    if (!written) return report_.file_problem(item, written.error().message);
    report_.ended(item, outcome);
  }

  void give_up() {
    for (const MapItem* item : of_job_) report_.interrupted(*item);
    jobs_.clear();  // cancels them
    for (; next_ < items_.size(); ++next_) report_.interrupted(items_[next_]);
  }

  Session& session_;
  const MapCommand& command_;
  const std::vector<MapItem> items_;
  const std::size_t in_flight_;
  MapReport report_;
  std::vector<PendingJob> jobs_;
  std::vector<const MapItem*> of_job_;
  std::size_t next_ = 0;
};

// Everything that can be refused before the first job is.
std::vector<std::string> find_problems(const MapCommand& command, std::vector<MapItem>& items) {
  std::vector<std::string> problems;
  std::error_code status;
  fs::create_directories(command.out, status);
  if (!fs::is_directory(command.out)) return {"--out \"" + command.out + "\" is no folder and cannot be made one"};
  if (::access(command.out.c_str(), W_OK | X_OK) != 0)
    return {errno_error("--out \"" + command.out + "\" is not writable", errno).message};
  for (MapItem& item : items) {
    struct stat facts {};
    if (item.input == "-")
      problems.emplace_back("map reads files; use submit for standard input");
    else if (::stat(item.input.c_str(), &facts) == 0 && S_ISREG(facts.st_mode))
      item.bytes = static_cast<std::uint64_t>(facts.st_size);
    if (!command.force && fs::exists(fs::symlink_status(item.output, status)))
      problems.push_back("\"" + item.output + "\" exists already; remove it, choose another --out, or use --force");
  }
  for (std::string& one : find_collisions(items)) problems.push_back(std::move(one));
  return problems;
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
  if (!client) return fail(kExitNoDaemon, client.error().message);
  const auto pool = describe_pool(*client, command.job.target.pool);
  if (!pool) return fail(kExitRejected, pool.error().message);
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
    items.push_back({file, (fs::path(command.out) / output_name(file, rule)).string(), 0});
  if (const auto problems = find_problems(command, items); !problems.empty()) return refuse(problems);

  const std::size_t in_flight = command.in_flight != 0
                                    ? command.in_flight
                                    : std::clamp<std::size_t>(2 * std::thread::hardware_concurrency(), 8, 64);
  const MapRoom room = plan_room(items, handler, in_flight, *pool);
  SessionOptions options;
  options.slots = in_flight > 64 ? 256 : 64;
  options.request_ring_bytes = room.request_ring;
  options.result_ring_bytes = room.result_ring;
  options.shortest_timeout = command.job.timeout;
  auto session = client->open(command.job.target.pool, options);
  if (!session) return fail(kExitNoDaemon, session.error().message);
  MapRun run(*session, command, std::move(items), std::min<std::size_t>(in_flight, session->slots()),
             ::isatty(STDERR_FILENO) == 1);
  const MapReport& report = run.run();
  if (common.json)
    print(report.to_json(command.job.target.pool + "/" + command.job.target.handler));
  else
    print(report.summary());
  if (interrupted()) return kExitInterrupted;
  return report.all_done() ? kExitDone : kExitFailed;
}

}  // namespace ringmaster::cli
