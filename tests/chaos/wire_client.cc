#include <algorithm>
#include <map>
#include <vector>

#include "client/control/message/replies.h"
#include "tests/chaos/client_task.h"
#include "tests/chaos/content.h"
#include "tests/chaos/random.h"
#include "tests/chaos/wire_link.h"

// A client that speaks the protocol itself: many jobs on one connection, the same job asked for twice, cancelled by
// its cookie, fetched apart and once more when it is over, and each reply counted.
namespace ringmaster::chaos {
namespace {

namespace v1 = control::v1;

constexpr std::size_t kMostFlying = 12;
constexpr std::uint64_t kOutcomesKeptNs = 60'000'000'000;

struct WireJob {
  JobPlan plan;
  std::uint64_t cancel_at_ns = 0;
  std::uint64_t submitted_ns = 0;
  std::uint64_t submitted_to = 0;  ///< daemon id
  unsigned asked = 0;              ///< questions about its end without a reply
  bool settled = false;            ///< its outcome or refusal is in the history
};

enum class Asking : std::uint8_t { Submit, Fetch, Cancel };
struct Question {
  std::uint64_t job = 0;
  Asking asking = Asking::Submit;
};

class WireClient {
 public:
  explicit WireClient(const ClientTask& task) : task_(task), link_(task.socket), random_(task.seed, task.self(), 3) {}

  void run() {
    std::uint64_t next_ns = now_ns();
    JobPlan plan = task_.plan(++number_);
    while (!told_to_leave() || !jobs_.empty()) {
      if (!link_.connected() && !connect()) continue;
      const std::uint64_t now = now_ns();
      if (!told_to_leave() && now >= next_ns && flying() < kMostFlying) {
        submit_new(plan);
        plan = task_.plan(++number_);
        next_ns = now + plan.pause_us * 1000ULL;
      }
      cancel_due();
      hear();
    }
    task_.note(Kind::Leaving, task_.self());
  }

 private:
  [[nodiscard]] std::size_t flying() const { return jobs_.size(); }

  bool connect() {
    questions_.clear();
    if (!link_.connect()) {
      pause_for(20'000);
      return false;
    }
    for (auto at = jobs_.begin(); at != jobs_.end();) {
      at->second.asked = 0;
      at = at->second.settled ? jobs_.erase(at) : std::next(at);
    }
    for (auto& [id, job] : jobs_) fetch(job, true);
    return true;
  }

  void ask(v1::Request& request, WireJob& job, Asking asking) {
    if (asking != Asking::Cancel) ++job.asked;
    questions_[link_.send(request)] = {job.plan.job, asking};
  }

  // Another run's jobs have other seeds.
  template <typename Message>
  void set_cookie(Message& message, const JobPlan& plan) const {
    message.set_cookie_high(mix(task_.seed));
    message.set_cookie_low(plan.job);
  }

  void submit_new(const JobPlan& plan) {
    task_.note_submitting(plan);
    WireJob& job = jobs_[plan.job];
    job.plan = plan;
    if (plan.cancel_after_us != 0) job.cancel_at_ns = now_ns() + plan.cancel_after_us * 1000ULL;
    submit(job);
    if (plan.ask_twice) submit(job);
  }

  void submit(WireJob& job) {
    const JobPlan& plan = job.plan;
    v1::Request request;
    v1::Submit& submit = *request.mutable_submit();
    submit.set_pool(pool_name(plan.pool));
    submit.set_handler(handler_of(plan));
    for (const Argument& argument : arguments_of(plan)) {
      v1::Argument& one = *submit.add_arguments();
      one.set_key(argument.key);
      one.set_value(argument.value);
    }
    std::vector<std::byte> payload(static_cast<std::size_t>(plan.request_bytes));
    fill(payload, plan.job, Side::Request);
    submit.set_payload(payload.data(), payload.size());
    submit.set_result_capacity(plan.capacity);
    submit.set_run_timeout_ms(plan.timeout_ms);
    submit.set_queue_timeout_ms(plan.queue_timeout_ms);
    submit.set_idempotent(plan.idempotent);
    submit.set_wait(!plan.fetch_apart);
    set_cookie(submit, plan);
    job.submitted_ns = now_ns();
    job.submitted_to = link_.daemon_id();
    ask(request, job, Asking::Submit);
  }

  void fetch(WireJob& job, bool wait) {
    v1::Request request;
    request.mutable_fetch()->set_wait(wait);
    set_cookie(*request.mutable_fetch(), job.plan);
    ask(request, job, Asking::Fetch);
  }

  void cancel_due() {
    const std::uint64_t now = now_ns();
    for (auto& [id, job] : jobs_) {
      if (job.cancel_at_ns == 0 || now < job.cancel_at_ns || job.settled) continue;
      job.cancel_at_ns = 0;
      task_.note(Kind::Cancelling, id, {job.plan.force ? 1 : 0, job.plan.grace_ms});
      v1::Request request;
      set_cookie(*request.mutable_cancel(), job.plan);
      request.mutable_cancel()->set_force(job.plan.force);
      if (job.plan.force) request.mutable_cancel()->set_grace_ms(job.plan.grace_ms);
      ask(request, job, Asking::Cancel);
    }
  }

  void hear() {
    for (int ms = 3; auto reply = link_.wait(ms); ms = 0) take(*reply);
  }

  void take(v1::Reply& reply) {
    const auto question = questions_.find(reply.id());
    if (question == questions_.end()) {
      if (reply.id() == 0 && reply.has_error()) {
        // About the connection, which ends.
        task_.note(Kind::NotOpened, task_.self(), {0, 100 + reply.error().code()}, reply.error().message());
      } else {
        task_.note(Kind::Stray, reply.has_outcome() ? reply.outcome().job_id() : 0, {},
                   "a reply to question " + std::to_string(reply.id()) + ", which was answered or never asked");
      }
      return;
    }
    const auto [id, asking] = question->second;
    questions_.erase(question);
    const auto at = jobs_.find(id);
    if (at == jobs_.end()) return;
    WireJob& job = at->second;
    if (asking != Asking::Cancel) --job.asked;
    if (reply.has_outcome()) {
      end(job, reply.outcome());
    } else if (reply.has_accepted()) {
      if (!job.settled) task_.note(Kind::Accepted, id, {static_cast<std::int64_t>(reply.accepted().job_id())});
      fetch(job, true);
    } else if (reply.has_error()) {
      refused(job, asking, reply.error());
    }
    if (job.settled && job.asked == 0) jobs_.erase(at);
  }

  void end(WireJob& job, const v1::Outcome& message) {
    auto read = client::OutcomeReply::read(message.SerializeAsString()).value();
    const Outcome outcome(std::move(read.facts), std::move(read.result));
    task_.note_outcome(job.settled ? Kind::SameAgain : Kind::Outcome, job.plan, outcome);
    const bool once_more = !job.settled && random_.one_in(8);
    job.settled = true;
    if (once_more) fetch(job, false);
  }

  void refused(WireJob& job, Asking asking, const v1::Error& error) {
    if (job.settled || asking == Asking::Cancel) return;
    if (asking == Asking::Fetch && error.code() == v1::ERROR_UNKNOWN_JOB) {
      // It never arrived, if whoever answers would know.
      const bool would_know = link_.daemon_id() == job.submitted_to && now_ns() - job.submitted_ns < kOutcomesKeptNs;
      if (would_know || job.plan.idempotent) return submit(job);
      OutcomeFacts facts;
      facts.status = Status::Lost;
      facts.cause = Cause::Lost;
      facts.message = "unknown to the daemon that answers now";
      task_.note_outcome(Kind::Outcome, job.plan, Outcome(std::move(facts)));
      job.settled = true;
      return;
    }
    if (job.asked != 0) return;  // the other question about it is answered too
    task_.note(Kind::Refused, job.plan.job, {100 + error.code(), static_cast<std::int64_t>(jobs_.size())},
               error.message());
    job.settled = true;
  }

  const ClientTask& task_;
  WireLink link_;
  Random random_;
  std::uint32_t number_ = 0;
  std::map<std::uint64_t, WireJob> jobs_;
  std::map<std::uint64_t, Question> questions_;
};

}  // namespace

void run_wire_client(const ClientTask& task) { WireClient(task).run(); }

}  // namespace ringmaster::chaos
