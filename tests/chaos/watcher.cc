#include "tests/chaos/watcher.h"

#include <algorithm>
#include <chrono>

#include "client/cli/protobuf_link.h"
#include "tests/chaos/client_task.h"

namespace ringmaster::chaos {
namespace {

namespace v1 = control::v1;

constexpr Duration kLook = std::chrono::milliseconds(200);
constexpr Duration kPatience = std::chrono::seconds(40);

void count(DaemonView& view, const v1::PoolStatus& pool) {
  view.queued += pool.queued();
  view.running += pool.running();
  view.missed_wakes += pool.counters().missed_wakes();
  for (const v1::WorkerStatus& worker : pool.workers()) {
    if (worker.state() == "spare" || worker.state() == "active") ++view.workers;
    view.leftovers += worker.leftovers();
  }
  if (pool.quarantined()) view.text += "pool " + pool.name() + " is quarantined: " + pool.quarantine_reason() + "; ";
}

DaemonView view_of(const v1::Status& status, std::uint64_t daemon_id) {
  DaemonView view;
  view.daemon_id = daemon_id;
  view.supervisor = status.supervisor_pid();
  view.connections = status.connections();
  for (const v1::PoolStatus& pool : status.pools()) count(view, pool);
  for (const v1::SessionStatus& session : status.sessions()) {
    ++(session.internal() ? view.internal : view.sessions);
    if (!session.internal())
      view.text +=
          "session " + std::to_string(session.serial()) + " of " + session.client() + " is " + session.state() + "; ";
  }
  return view;
}

}  // namespace

Watcher::Watcher(const std::string& socket, const Journal& journal)
    : journal_(journal),
      eye_(socket, "chaos judge", kPatience, Duration(0), true),
      hand_(socket, "chaos judge", kPatience, Duration(0), true),
      watching_([this] { watch(); }),
      carrying_out_([this] { carry_out(); }) {}

Watcher::~Watcher() {
  ending_ = true;
  watching_.join();
  carrying_out_.join();
}

std::optional<DaemonView> Watcher::look() {
  v1::Request request;
  request.mutable_get_status();
  const auto answer = client::ask_for(eye_, request, v1::Reply::kStatus);
  if (!answer) return std::nullopt;
  return view_of(answer->reply.status(), eye_.daemon_id());
}

void Watcher::watch() {
  std::uint64_t missed = 0;
  bool first = true;
  while (!ending_) {
    if (const auto view = look()) {
      serving_ = view->supervisor;
      const auto as_number = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
      journal_.write({0, Kind::Daemon, 0, {as_number(view->daemon_id), view->supervisor}, {}});
      if (first || view->missed_wakes != missed)
        journal_.write({0, Kind::Missed, 0, {as_number(view->missed_wakes)}, {}});
      missed = view->missed_wakes;
      first = false;
    }
    std::this_thread::sleep_for(kLook);
  }
}

void Watcher::drain(unsigned pool, std::uint64_t until_ns) {
  const std::lock_guard lock(mutex_);
  // One that is drained stays so until its time is up.
  for (const Order& order : orders_)
    if (order.pool == pool) return;
  orders_.push_back({pool, until_ns, false});
}

bool Watcher::ask(unsigned pool, bool resume) {
  v1::Request request;
  request.mutable_drain()->set_pool(pool_name(pool));
  request.mutable_drain()->set_resume(resume);
  return client::ask_for(hand_, request, v1::Reply::kDone).has_value();
}

void Watcher::carry_out() {
  while (!ending_) {
    std::vector<Order> due;
    {
      const std::lock_guard lock(mutex_);
      for (const Order& order : orders_)
        if (!order.drained || now_ns() >= order.until_ns) due.push_back(order);
    }
    for (const Order& order : due) {
      // The window is written down before it opens and after it has closed.
      if (!order.drained) journal_.write({0, Kind::Drain, 0, {order.pool, 1}, {}});
      const bool done = ask(order.pool, order.drained);
      if (done && order.drained) journal_.write({0, Kind::Drain, 0, {order.pool, 0}, {}});
      const std::lock_guard lock(mutex_);
      const auto at =
          std::find_if(orders_.begin(), orders_.end(), [&](const Order& one) { return one.pool == order.pool; });
      if (order.drained && done) {
        orders_.erase(at);
      } else {
        at->drained = true;  // or it may be: to be sure it is told to go on
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

bool Watcher::resume_all(int ms) {
  {
    const std::lock_guard lock(mutex_);
    for (Order& order : orders_) order.until_ns = 0;
  }
  for (; ms > 0; ms -= 10) {
    {
      const std::lock_guard lock(mutex_);
      if (orders_.empty()) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace ringmaster::chaos
