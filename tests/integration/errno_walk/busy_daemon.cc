#include "tests/integration/errno_walk/busy_daemon.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "client/cli/protobuf_link.h"

namespace ringmaster::testing {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A client waits so long for an answer. Nothing that was refused may take as long.
constexpr seconds kAnswer{10};

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace

Result<Client> BusyDaemon::connect() const {
  ConnectOptions options;
  options.socket = socket_;
  options.control_timeout = kAnswer;
  return Client::connect(options);
}

void BusyDaemon::timed(const std::string& what, const Act& act) {
  const auto begun = Clock::now();
  act();
  if (Clock::now() - begun >= kAnswer) wrongs_.push_back(what + ": no answer in 10 s");
}

void BusyDaemon::look_at(const std::string& what, Submission<PendingJob> job, std::initializer_list<Status> right) {
  if (!job) return;  // refused
  const auto outcome = job->wait_for(seconds{20});
  if (!outcome) {
    wrongs_.push_back(what + ": no outcome in 20 s");
  } else if (std::ranges::find(right, outcome->status()) == right.end()) {
    wrongs_.push_back(what + ": " + outcome->describe());
  }
}

void BusyDaemon::job_in(Session& session, const std::string& what) {
  look_at(what, session.submit("echo", bytes_of(what)), {Status::Done});
}

void BusyDaemon::with_session(const std::function<void(Client&, Session&)>& act) {
  std::optional<Client> client;
  std::optional<Session> session;
  timed("connect", [&] {
    if (auto connected = connect()) client = std::move(*connected);
  });
  if (!client) return;
  timed("open", [&] {
    if (auto opened = client->open("t")) session = std::move(*opened);
  });
  if (session) act(*client, *session);
}

void BusyDaemon::ask(const std::function<void(control::v1::Request&)>& fill) {
  timed("request", [&] {
    auto client = connect();
    if (!client) return;
    control::v1::Request request;
    fill(request);
    (void)client->link().ask(client::encode(request));
  });
}

std::vector<BusyDaemon::Act> BusyDaemon::acts() {
  std::vector<Act> all;
  all.emplace_back([this] {
    with_session([this](Client&, Session& session) {
      job_in(session, "a job of a new session");
      session.close();
    });
  });
  all.emplace_back([this] {
    timed("message", [this] {
      auto client = connect();
      if (!client) return;
      const auto outcome = client->run("t", "echo", bytes_of("a message"));
      if (outcome && !outcome->ok()) wrongs_.push_back("message: " + outcome->describe());
    });
  });
  all.emplace_back([this] {
    with_session([this](Client&, Session& session) {
      SubmitOptions again;
      again.idempotent = true;
      look_at("crash-once", session.submit("crash-once", Request{}, {}, again), {Status::Done});
      look_at("segv", session.submit("segv", Request{}), {Status::Crashed});
      job_in(session, "a job behind a crash");
    });
  });
  all.emplace_back([this] {
    ask([](control::v1::Request& request) { request.mutable_get_status(); });
    ask([](control::v1::Request& request) { request.mutable_get_health(); });
    ask([](control::v1::Request& request) { request.mutable_list_handlers(); });
  });
  all.emplace_back([this] {
    with_session([this](Client&, Session& session) {
      look_at("flood", session.submit("flood", Request{}, {{"lines", "300"}}), {Status::Done});
    });
  });
  all.emplace_back([this] {
    with_session([this](Client&, Session& session) {
      SubmitOptions soon;
      soon.timeout = milliseconds{60};
      look_at("a deadline", session.submit("sleep-deaf", Request{}, {{"ms", "30000"}}, soon), {Status::TimedOut});
      job_in(session, "a job behind a deadline");
    });
  });
  all.emplace_back([this] {
    with_session([this](Client&, Session& session) {
      auto job = session.submit("sleep", Request{}, {{"ms", "30000"}});
      if (!job) return;
      job->cancel();
      look_at("a cancel", std::move(job), {Status::Cancelled});
    });
  });
  all.emplace_back([this] {
    // Between jobs: nobody's job is lost by it.
    const std::vector<pid_t> all_workers = workers();
    if (!all_workers.empty()) ::kill(all_workers.front(), SIGKILL);
    with_session([this](Client&, Session& session) { job_in(session, "a job beside a killed worker"); });
  });
  all.emplace_back([this] {
    ask([](control::v1::Request& request) { request.mutable_drain()->set_pool("t"); });
    ask([](control::v1::Request& request) {
      request.mutable_drain()->set_pool("t");
      request.mutable_drain()->set_resume(true);
    });
  });
  return all;
}

bool BusyDaemon::well(Session& kept) {
  const auto limit = Clock::now() + kPatience;
  const auto done = [](Submission<PendingJob> job) {
    if (!job) return false;
    const auto outcome = job->wait_for(seconds{20});
    return outcome && outcome->ok();
  };
  // A drain that was not taken back by the act is now.
  bool resumed = false;
  for (; Clock::now() < limit; std::this_thread::sleep_for(milliseconds{5})) {
    auto client = connect();
    if (!client) continue;
    if (!resumed) {
      control::v1::Request request;
      request.mutable_drain()->set_pool("t");
      request.mutable_drain()->set_resume(true);
      resumed = client::ask_for(client->link(), request, control::v1::Reply::kDone).has_value();
    }
    auto session = client->open("t");
    if (session && done(session->submit("echo", bytes_of("well"))) && done(kept.submit("echo", bytes_of("well"))))
      return true;
  }
  return false;
}

}  // namespace ringmaster::testing
