#include "daemon/incidents/stack_desk.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "daemon/log/log.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kCaptureLimit = std::chrono::seconds{2};
constexpr core::Duration kNamingLimit = std::chrono::seconds{10};
constexpr std::size_t kMostUnnamed = 64;
constexpr unsigned kFramesInTheLog = 3;

}  // namespace

StackDesk::StackDesk(EventLoop& loop, shm::LedgerRecord& ledger, const std::string& program)
    : loop_(loop), log_(ledger) {
  if (program.empty()) return;
  capturer_.emplace(loop, program);
  namer_.emplace(loop, program);
  // Started in advance: a faulted worker does not wait long enough for a program to start.
  capturer_->start();
}

StackDesk::~StackDesk() {
  for (const Waiting& one : waiting_) loop_.cancel(one.timer);
  for (const Reader& one : readers_) loop_.cancel(one.timer);
}

void StackDesk::capture(const Order& order, std::function<void()> done) {
  const auto now_ns = static_cast<std::uint64_t>(loop_.now().time_since_epoch().count());
  const std::uint64_t incident = log_.open(order.process, order.job, now_ns);
  if (!order.what.empty()) log_.set_what(incident, order.what);
  if (!capturer_ || order.pid <= 0) {
    log_.set_stack(incident, capturer_ ? "no stack: its process was known too late" : "no stack: there is no tracer",
                   {});
    return loop_.post(std::move(done));
  }
  const auto timer =
      loop_.after(std::max(order.until - loop_.now(), core::Duration{0}), [this, incident] { give_up(incident); });
  waiting_.push_back({incident, order, std::move(done), timer});
  next_capture();
}

// The time is over: lets the process go. A capture that has begun may still end.
void StackDesk::give_up(std::uint64_t incident) {
  if (capturing_ && capturing_->incident == incident) {
    return std::exchange(capturing_->done, nullptr)();
  }
  const auto at =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& one) { return one.incident == incident; });
  if (at == waiting_.end()) return;
  const auto done = std::move(at->done);
  waiting_.erase(at);
  log_.set_stack(incident, "no stack: other stacks were being captured", {});
  named(incident);
  done();
}

void StackDesk::next_capture() {
  if (capturing_ || waiting_.empty()) return;
  capturing_ = std::move(waiting_.front());
  waiting_.pop_front();
  const Order& order = capturing_->order;
  const tracer::Capture question{order.pid, order.tid, capturing_->incident, order.faulted, order.pc, order.user};
  capturer_->ask(question, kCaptureLimit, [this](std::optional<tracer::Answer> answer) {
    const Waiting ended = *std::exchange(capturing_, std::nullopt);
    captured(ended, std::move(answer));
    if (ended.done) {
      loop_.cancel(ended.timer);
      ended.done();
    }
    next_capture();
  });
}

void StackDesk::captured(const Waiting& ended, std::optional<tracer::Answer> answer) {
  const std::uint64_t incident = ended.incident;
  auto* frames = answer ? std::get_if<tracer::Frames>(&*answer) : nullptr;
  if (frames != nullptr && frames->same_as != 0 && log_.find(frames->same_as) != nullptr) {
    log_.share_stack(incident, frames->same_as);
    return named(incident);
  }
  if (frames != nullptr && !frames->frames.empty()) {
    log_.set_stack(incident, core::short_stack(frames->frames), core::full_stack(frames->frames));
    if (unnamed_.size() < kMostUnnamed) unnamed_.push_back({incident, {std::move(frames->frames), ended.order.user}});
    return next_naming();
  }
  const bool explained = frames != nullptr && !frames->problem.empty();
  log_.set_stack(incident, explained ? frames->problem : "no stack: the tracer gave no answer", {});
  named(incident);
}

void StackDesk::next_naming() {
  if (naming_ != 0 || unnamed_.empty()) return;
  Unnamed next = std::move(unnamed_.front());
  unnamed_.pop_front();
  naming_ = next.incident;
  namer_->ask(std::move(next.question), kNamingLimit, [this](std::optional<tracer::Answer> answer) {
    const std::uint64_t incident = std::exchange(naming_, 0);
    if (const auto* symbols = answer ? std::get_if<tracer::Symbols>(&*answer) : nullptr) {
      log_.set_stack(incident, core::short_stack(symbols->frames), core::full_stack(symbols->frames));
    }
    named(incident);
    next_naming();
  });
}

void StackDesk::named(std::uint64_t incident) {
  if (const shm::LedgerIncident* one = log_.find(incident)) {
    log_info("stack of a worker", {{"pool", log_.pool_of(*one)},
                                   {"seat", one->seat},
                                   {"incident", incident},
                                   {"job", one->job_id},
                                   {"label", one->label},
                                   {"stack", core::stack_summary(log_.stack_of(*one), kFramesInTheLog)}});
  }
  std::vector<std::function<void()>> told;
  for (auto at = readers_.begin(); at != readers_.end();) {
    if (at->incident != incident && !is_settled(at->incident)) {
      ++at;
      continue;
    }
    loop_.cancel(at->timer);
    told.push_back(std::move(at->done));
    at = readers_.erase(at);
  }
  for (const auto& done : told) done();
}

bool StackDesk::is_settled(std::uint64_t incident) const {
  const shm::LedgerIncident* one = log_.find(incident);
  if (one == nullptr) return true;
  const std::uint64_t holder = one->same_as != 0 ? one->same_as : incident;
  const auto about = [&](const auto& queue) {
    return std::any_of(queue.begin(), queue.end(),
                       [&](const auto& each) { return each.incident == incident || each.incident == holder; });
  };
  return !(capturing_ && capturing_->incident == incident) && naming_ != holder && naming_ != incident &&
         !about(waiting_) && !about(unnamed_);
}

void StackDesk::when_named(std::uint64_t incident, core::Duration limit, std::function<void()> done) {
  if (is_settled(incident) || limit <= core::Duration{0}) return done();
  const auto kept = std::make_shared<EventLoop::TimerId>(0);
  *kept = loop_.after(limit, [this, kept] {
    const auto at =
        std::find_if(readers_.begin(), readers_.end(), [&](const Reader& one) { return one.timer == *kept; });
    if (at == readers_.end()) return;
    const auto late = std::move(at->done);
    readers_.erase(at);
    late();
  });
  readers_.push_back({incident, std::move(done), *kept});
}

}  // namespace ringmaster::daemon
