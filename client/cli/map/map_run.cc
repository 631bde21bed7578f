#include "client/cli/map/map_run.h"

#include <algorithm>
#include <cerrno>

#include "client/cli/console/advice.h"
#include "client/cli/console/common.h"
#include "client/cli/console/interrupt.h"
#include "client/cli/files/input.h"

namespace ringmaster::cli {
namespace {
constexpr Duration kLook = std::chrono::milliseconds(100);
}  // namespace

MapRun::MapRun(Session& session, const MapCommand& command, const PoolHandlers& pool, std::vector<MapItem> items,
               std::size_t in_flight, bool grow, ResultWriter& writer, MapReport& report)
    : session_(session),
      command_(command),
      pool_(pool),
      items_(std::move(items)),
      in_flight_(in_flight),
      grow_(grow),
      handler_(find_handler(pool, command.job.target.handler)),
      writer_(writer),
      report_(report) {}

bool MapRun::ends() const { return disk_failed_ || interrupted(); }

void MapRun::run() {
  while (!ends() && (next_ < items_.size() || !jobs_.empty())) {
    while (next_ < items_.size() && jobs_.size() < in_flight_ && !ends() && start(items_[next_])) ++next_;
    if (!jobs_.empty()) settle_one();
    report_.show();
  }
  if (ends()) give_up();
}

bool MapRun::start(const MapItem& item) {
  auto input = open_input(item.input);
  if (!input) return report_.file_problem(item, input.error().message), true;
  if (!input->regular)
    return report_.file_problem(item, "\"" + item.input + "\" is not a regular file any more; use submit for it"), true;
  const std::uint64_t limit = request_limit(pool_, handler_, !input->sized);
  const auto too_large = [&] {
    report_.refused(item, {SubmitError::TooLarge, request_too_large("\"" + item.input + "\"", pool_, handler_)});
    return true;
  };
  if (input->bytes > limit) return too_large();
  const std::uint64_t bytes = input->bytes;
  std::string text;
  if (!input->sized) {
    auto all = read_all(*input, limit);
    if (!all && interrupted()) return false;
    if (!all && all.error().code == EFBIG) return too_large();
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
  options.label = item.input.substr(item.input.rfind('/') + 1);
  if (item.result != 0) options.result_capacity = item.result;
  const std::size_t taken = request->bytes().size();
  auto job = session_.submit(command_.job.target.handler, std::move(*request), command_.job.arguments, options);
  if (!job) return refused(item, job.error());
  if (item.result == 0) report_.add_input(taken);  // a second attempt was counted the first time
  jobs_.push_back(std::move(*job));
  of_job_.push_back(&item);
  return true;
}

bool MapRun::refused(const MapItem& item, const Refusal& refusal) {
  if (refusal.error == SubmitError::QueueFull && !jobs_.empty()) return false;
  report_.refused(item, refusal);
  return true;
}

void MapRun::settle_one() {
  const auto at = session_.wait_any(jobs_, kLook);
  if (!at) return;
  Outcome outcome = jobs_[*at].wait();
  session_.explain(outcome);
  const MapItem& item = *of_job_[*at];
  std::swap(jobs_[*at], jobs_.back());
  std::swap(of_job_[*at], of_job_.back());
  jobs_.pop_back();
  of_job_.pop_back();
  settle(item, outcome);
}

void MapRun::settle(const MapItem& item, const Outcome& outcome) {
  const std::uint64_t needed = outcome.facts().needed_bytes;
  if (grow_ && !command_.once && outcome.facts().wants_room() && fits_pool(needed, pool_)) {
    too_large_.push_back(item);
    too_large_.back().result = needed;
    return;
  }
  if (!outcome.ok())
    return report_.ended(item, outcome, advice(outcome.facts(), pool_, command_.once ? "leave out --once" : nullptr));
  const auto existing = command_.force ? Existing::Replace : Existing::Keep;
  const auto written = writer_.write(item.output, outcome.result(), existing);
  if (!written) return written_in_vain(item, written.error());
  report_.ended(item, outcome);
}

// If the disk is full no other result can be written either: starts no more jobs.
void MapRun::written_in_vain(const MapItem& item, const Error& failure) {
  report_.file_problem(item, failure.message);
  disk_failed_ = disk_failed_ || writer_.ends_all(failure, command_.out);
}

void MapRun::give_up() {
  const auto left = [this](const MapItem& item) { disk_failed_ ? report_.not_run(item) : report_.interrupted(item); };
  for (const MapItem* item : of_job_) left(*item);
  jobs_.clear();  // cancels them
  of_job_.clear();
  for (; next_ < items_.size(); ++next_) left(items_[next_]);
  for (const MapItem& item : too_large_) left(item);
  too_large_.clear();
}

}  // namespace ringmaster::cli
