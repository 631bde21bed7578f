#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "client/control/control_link.h"
#include "tests/chaos/client_task.h"
#include "tests/chaos/content.h"

// A client of shared memory: many jobs in flight, cancelled now and then, and its session closed with them or without.
namespace ringmaster::chaos {
namespace {

constexpr std::size_t kMostFlying = 24;
constexpr Duration kNap = std::chrono::milliseconds(5);

struct Flight {
  PendingJob pending;
  JobPlan plan;
  std::uint64_t cancel_at_ns = 0;
  std::int64_t begin = 0;  ///< bytes that were given out before it
};

std::int64_t code_of(const Error& error) {
  return error.code > client::kRefusedByDaemon ? 100 + error.code - client::kRefusedByDaemon : 99;
}

class SessionClient {
 public:
  explicit SessionClient(const ClientTask& task) : task_(task) {}

  void run() {
    while (!told_to_leave()) {
      if (!session_ && !open()) continue;
      const JobPlan plan = task_.plan(++number_);
      wait_for(plan.pause_us);
      if (flights_.size() >= kMostFlying) collect(std::chrono::milliseconds(200));
      if (flights_.size() < kMostFlying) submit(plan);
      if (plan.close_after) close(plan.close_with_flying);
    }
    task_.note(Kind::Leaving, task_.self());
    close(false);
    client_.reset();
  }

 private:
  bool open() {
    if (!client_) {
      auto connected = Client::connect({.socket = task_.socket,
                                        .name = "chaos " + std::to_string(task_.client),
                                        .control_timeout = std::chrono::seconds(40)});
      if (!connected) return not_opened(connected.error());
      client_.emplace(std::move(*connected));
    }
    // Its sessions take turns among the pools.
    pool_ = (task_.client + turns_) % task_.limits.pools;
    task_.note(Kind::Opening, task_.self(), {pool_});
    auto opened = client_->open(pool_name(pool_), {.slots = 64,
                                                   .request_ring_bytes = std::uint64_t{64} << 20,
                                                   .result_ring_bytes = std::uint64_t{64} << 20,
                                                   .shortest_timeout = std::chrono::milliseconds(20)});
    if (!opened) return not_opened(opened.error());
    ++turns_;
    session_.emplace(std::move(*opened));
    task_.note(Kind::Opened, task_.self(), {pool_});
    return true;
  }

  bool not_opened(const Error& error) {
    ++turns_;
    task_.note(Kind::NotOpened, task_.self(), {pool_, code_of(error)}, error.message);
    pause_for(50'000);
    return false;
  }

  void submit(JobPlan plan) {
    plan.pool = pool_;
    task_.note_submitting(plan);
    SubmitOptions options;
    options.idempotent = plan.idempotent;
    options.timeout = std::chrono::milliseconds(plan.timeout_ms);
    options.queue_timeout = std::chrono::milliseconds(plan.queue_timeout_ms);
    options.result_capacity = plan.capacity;
    auto request = session_->allocate(plan.request_bytes);
    if (!request) return refused(plan, request.error());
    fill(request->bytes(), plan.job, Side::Request);
    auto pending = session_->submit(handler_of(plan), std::move(*request), arguments_of(plan), options);
    if (!pending) return refused(plan, pending.error());
    const std::uint64_t cancel_at = plan.cancel_after_us == 0 ? 0 : now_ns() + plan.cancel_after_us * 1000ULL;
    task_.note(Kind::Accepted, plan.job, {static_cast<std::int64_t>(pending->id())});
    flights_.push_back({std::move(*pending), plan, cancel_at, given_out_});
    given_out_ += static_cast<std::int64_t>(plan.request_bytes + plan.capacity);
  }

  void refused(const JobPlan& plan, const Refusal& why) {
    task_.note(Kind::Refused, plan.job,
               {static_cast<std::int64_t>(why.error), static_cast<std::int64_t>(flights_.size()), span()}, why.message);
    if (why.error == SubmitError::SessionClosed) return close(false);
    if (why.error == SubmitError::QueueFull) return collect(std::chrono::milliseconds(50));
    // Another pool, then.
    if (why.error == SubmitError::Draining) close(false);
  }

  // A ring gives its bytes back from the oldest on.
  [[nodiscard]] std::int64_t span() const { return flights_.empty() ? 0 : given_out_ - flights_.front().begin; }

  void cancel_due() {
    const std::uint64_t now = now_ns();
    for (Flight& flight : flights_) {
      if (flight.cancel_at_ns == 0 || now < flight.cancel_at_ns || !flight.pending) continue;
      task_.note(Kind::Cancelling, flight.plan.job, {flight.plan.force ? 1 : 0, flight.plan.grace_ms});
      if (flight.plan.force) {
        (void)flight.pending.cancel(Force{.grace = std::chrono::milliseconds(flight.plan.grace_ms)});
      } else {
        flight.pending.cancel();
      }
      flight.cancel_at_ns = 0;
    }
  }

  void take(std::size_t at) {
    Flight flight = std::move(flights_[at]);
    flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(at));
    const Outcome outcome = flight.pending.wait();
    task_.note_outcome(Kind::Outcome, flight.plan, outcome);
  }

  // What has ended within `limit`; waits for the first.
  void collect(Duration limit) {
    cancel_due();
    for (Duration wait = limit; !flights_.empty(); wait = Duration(0)) {
      pending_.clear();
      for (Flight& flight : flights_) pending_.push_back(std::move(flight.pending));
      const auto ended = session_->wait_any(pending_, wait);
      for (std::size_t i = 0; i < flights_.size(); ++i) flights_[i].pending = std::move(pending_[i]);
      if (!ended) return;
      take(*ended);
    }
  }

  void wait_for(std::uint32_t us) {
    const std::uint64_t until = now_ns() + us * 1000ULL;
    do {
      const std::uint64_t now = now_ns();
      const Duration left(now < until ? static_cast<std::int64_t>(until - now) : 0);
      if (flights_.empty()) {
        pause_for(us);
      } else {
        collect(std::min(left, kNap));
      }
    } while (now_ns() < until);
  }

  void close(bool with_flying) {
    if (!session_) return;
    while (!with_flying && !flights_.empty()) collect(kNap);
    for (const Flight& flight : flights_) task_.note(Kind::Dropped, flight.plan.job);
    flights_.clear();
    pending_.clear();
    given_out_ = 0;
    session_.reset();
  }

  const ClientTask& task_;
  std::uint32_t number_ = 0;
  unsigned turns_ = 0;
  unsigned pool_ = 0;
  std::optional<Client> client_;
  std::optional<Session> session_;
  std::vector<Flight> flights_;
  std::vector<PendingJob> pending_;
  std::int64_t given_out_ = 0;
};

}  // namespace

void run_session_client(const ClientTask& task) { SessionClient(task).run(); }

}  // namespace ringmaster::chaos
