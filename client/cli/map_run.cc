#include "client/cli/map_run.h"

#include <algorithm>

#include "client/cli/advice.h"
#include "client/cli/file_io.h"
#include "client/cli/interrupt.h"

namespace ringmaster::cli {
namespace {
constexpr Duration kLook = std::chrono::milliseconds(100);
}  // namespace

MapRun::MapRun(Session& session, const MapCommand& command, const PoolHandlers& pool, std::vector<MapItem> items,
               std::size_t in_flight, bool grow, MapReport& report)
    : session_(session),
      command_(command),
      pool_(pool),
      items_(std::move(items)),
      in_flight_(in_flight),
      grow_(grow),
      report_(report) {}

void MapRun::run() {
  while (!interrupted() && (next_ < items_.size() || !jobs_.empty())) {
    while (next_ < items_.size() && jobs_.size() < in_flight_ && !interrupted() && start(items_[next_])) ++next_;
    if (!jobs_.empty()) settle_one();
    report_.show();
  }
  if (interrupted()) give_up();
}

bool MapRun::start(const MapItem& item) {
  auto input = open_input(item.input);
  if (!input) return report_.file_problem(item, input.error().message), true;
  const std::uint64_t bytes = input->sized ? input->bytes : 0;
  std::string text;
  if (!input->sized) {
    auto all = read_all(*input);
    if (!all && interrupted()) return false;
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
  if (item.result != 0) options.result_capacity = item.result;
  const std::size_t taken = request->bytes().size();
  auto job = session_.submit(command_.job.target.handler, std::move(*request), command_.job.arguments, options);
  if (!job) return refused(item, job.error());
  if (item.result == 0) report_.add_input(taken);  // else it was counted the first time
  jobs_.push_back(std::move(*job));
  of_job_.push_back(&item);
  return true;
}

bool MapRun::refused(const MapItem& item, const Refusal& refusal) {
  if (refusal.error == SubmitError::QueueFull && !jobs_.empty()) return false;
  report_.refused(item, {refusal.error, explain(refusal, item.bytes, pool_)});
  return true;
}

void MapRun::settle_one() {
  const auto at = session_.wait_any(jobs_, kLook);
  if (!at) return;
  const Outcome outcome = jobs_[*at].wait();
  const MapItem& item = *of_job_[*at];
  std::swap(jobs_[*at], jobs_.back());
  std::swap(of_job_[*at], of_job_.back());
  jobs_.pop_back();
  of_job_.pop_back();
  settle(item, outcome);
}

void MapRun::settle(const MapItem& item, const Outcome& outcome) {
  const std::uint64_t needed = outcome.facts().needed_bytes;
  if (grow_ && !command_.once && outcome.cause() == Cause::TooLarge && needed != 0 && fits_pool(needed, pool_)) {
    too_large_.push_back(item);
    too_large_.back().result = needed;
    return;
  }
  if (!outcome.ok())
    return report_.ended(item, outcome, advice(outcome.facts(), pool_, command_.once ? "leave out --once" : nullptr));
  const auto written = write_file(item.output, outcome.result(), command_.force ? Existing::Replace : Existing::Keep);
  if (!written) return report_.file_problem(item, written.error().message);
  report_.ended(item, outcome);
}

void MapRun::give_up() {
  for (const MapItem* item : of_job_) report_.interrupted(*item);
  jobs_.clear();  // cancels them
  for (; next_ < items_.size(); ++next_) report_.interrupted(items_[next_]);
  for (const MapItem& item : too_large_) report_.interrupted(item);
  too_large_.clear();
}

}  // namespace ringmaster::cli
