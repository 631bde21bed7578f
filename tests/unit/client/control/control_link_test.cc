#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <thread>

#include "client/cli/protobuf_link.h"
#include "client/client.h"
#include "client/control/backoff.h"
#include "client/control/message_job.h"
#include "proto/socket_path.h"

namespace ringmaster::client {
namespace {

namespace v1 = control::v1;

/// A daemon of one connection after the other, each answered from a script in a thread. The test's own folder.
class FakeDaemon {
 public:
  /// Fills the reply to a request; false: hang up instead of answering.
  using Answer = std::function<bool(const v1::Request&, v1::Reply&)>;
  std::atomic<std::uint64_t> id = 1;  ///< what it calls itself
  std::atomic<int> busy = 0;          ///< connections that it turns away from now on
  std::atomic<int> broken = 0;        ///< greetings that it breaks, as if its supervisor had been killed

  FakeDaemon() {
    char pattern[] = "/tmp/ringmaster-link-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    path_ = folder_ + "/s";
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    if (::listen(listener_.get(), 8) != 0) std::abort();
  }
  ~FakeDaemon() {
    (void)::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }
  void serve(Answer answer) {
    thread_ = std::thread([this, answer = std::move(answer)] {
      for (;;) {
        const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!peer) return;
        converse(peer.get(), answer);
      }
    });
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void converse(int peer, const Answer& answer) {
    wire::FrameDecoder decoder;
    std::array<std::byte, 4096> buffer;
    for (;;) {
      const ssize_t size = ::read(peer, buffer.data(), buffer.size());
      if (size <= 0) return;
      decoder.feed(std::span(buffer).first(static_cast<std::size_t>(size)));
      while (const auto frame = decoder.take()) {
        v1::Request request;
        ASSERT_TRUE(request.ParseFromString(*frame));
        v1::Reply reply;
        reply.set_id(request.id());
        if (request.has_hello() && busy > 0) {
          --busy;
          reply.set_id(0);
          reply.mutable_error()->set_code(v1::ERROR_BUSY);
          reply.mutable_error()->set_message("uid 7 has 64 of at most 64 connections");
        } else if (request.has_hello() && broken > 0) {
          --broken;
          return;
        } else if (request.has_hello()) {
          reply.mutable_hello()->set_version(1);
          reply.mutable_hello()->set_daemon_id(id);
        } else if (!answer(request, reply)) {
          return;
        }
        const std::string bytes = wire::make_frame(reply.SerializeAsString());
        ASSERT_EQ(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
      }
    }
  }

  std::string folder_;
  std::string path_;
  UniqueFd listener_;
  std::thread thread_;
};

bool say_done(const v1::Request&, v1::Reply& reply) {
  reply.mutable_done();
  return true;
}

v1::Request status_request() {
  v1::Request request;
  request.mutable_get_status();
  return request;
}

TEST(ControlLink, SaysWhichSocketItTriedAndHowToStartADaemon) {
  ControlLink link("/nonexistent/ringmaster.sock", "test", std::chrono::seconds(30));
  const auto answer = link.ask(encode(status_request()));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("/nonexistent/ringmaster.sock"), std::string::npos);
  EXPECT_NE(answer.error().message.find("ringmasterd"), std::string::npos);
}

TEST(ControlLink, ComesBackAfterTheDaemonHangsUpAndAsksAgain) {
  FakeDaemon daemon;
  int asked = 0;
  daemon.serve([&](const v1::Request&, v1::Reply& reply) {
    reply.mutable_status()->set_version("9");
    return ++asked > 2;
  });
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  const auto answer = ask_for(link, status_request(), v1::Reply::kStatus);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->reply.status().version(), "9");
  EXPECT_EQ(asked, 3);
}

TEST(ControlLink, DoesNotRepeatWhatMayNotBeRepeated) {
  FakeDaemon daemon;
  daemon.serve([](const v1::Request&, v1::Reply&) { return false; });
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  const auto answer = link.ask(encode(status_request()), ControlLink::Resend::No);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, kConnectionLost);
}

TEST(ControlLink, TurnsAnErrorReplyIntoItsMessage) {
  FakeDaemon daemon;
  daemon.serve([](const v1::Request&, v1::Reply& reply) {
    reply.mutable_error()->set_message("pool \"x\": unknown; there are default");
    return true;
  });
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  const auto answer = ask_for(link, status_request(), v1::Reply::kStatus);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "pool \"x\": unknown; there are default");
}

TEST(ControlLink, RefusesAnAnswerOfAnotherKind) {
  FakeDaemon daemon;
  daemon.serve(say_done);
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  EXPECT_FALSE(ask_for(link, status_request(), v1::Reply::kStatus));
}

TEST(MessageJob, FetchesTheOutcomeOfAJobThatArrivedBeforeARestart) {
  FakeDaemon daemon;
  std::deque<std::string> seen;
  std::uint64_t cookie = 0;
  daemon.serve([&](const v1::Request& request, v1::Reply& reply) {
    if (request.has_submit()) {
      seen.push_back("submit");
      cookie = request.submit().cookie_high();
      return false;
    }
    seen.push_back("fetch");
    EXPECT_EQ(request.fetch().cookie_high(), cookie);
    auto& outcome = *reply.mutable_outcome();
    outcome.set_kind(v1::OUTCOME_DONE);
    outcome.set_cause(static_cast<std::uint32_t>(Cause::Completed));
    outcome.set_result("done");
    return true;
  });
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  const auto outcome = run_message_job(link, "default", "echo", {}, {}, {});
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->text(), "done");
  EXPECT_EQ(seen, (std::deque<std::string>{"submit", "fetch"}));
}

TEST(MessageJob, SendsAJobAgainOnlyWhenItNeverArrived) {
  FakeDaemon daemon;
  int submits = 0;
  daemon.serve([&](const v1::Request& request, v1::Reply& reply) {
    if (request.has_fetch()) {
      reply.mutable_error()->set_code(v1::ERROR_UNKNOWN_JOB);
      return true;
    }
    reply.mutable_outcome()->set_kind(v1::OUTCOME_CRASHED);
    reply.mutable_outcome()->set_detail(9);
    return ++submits == 2;
  });
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  const auto outcome = run_message_job(link, "default", "echo", {}, {}, {});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Crashed);
  EXPECT_EQ(submits, 2);
}

TEST(MessageJob, IsLostWhenAnotherDaemonMayHaveRunItOnlyOnceAllowed) {
  for (const bool idempotent : {false, true}) {
    FakeDaemon daemon;
    int submits = 0;
    daemon.serve([&](const v1::Request& request, v1::Reply& reply) {
      if (request.has_fetch()) {
        reply.mutable_error()->set_code(v1::ERROR_UNKNOWN_JOB);
        return true;
      }
      daemon.id = 2;  // restarted as a whole: its predecessor may have run the job
      reply.mutable_outcome()->set_kind(v1::OUTCOME_DONE);
      return ++submits == 2;
    });
    ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
    const auto outcome = run_message_job(link, "default", "echo", {}, {}, {.idempotent = idempotent});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status(), idempotent ? Status::Done : Status::Lost);
    EXPECT_EQ(submits, idempotent ? 2 : 1);
  }
}

TEST(MessageJob, IsSentAgainOnlyWhileItsOutcomeWouldBeKept) {
  EXPECT_TRUE(may_send_again(true, std::chrono::seconds(60), false));
  EXPECT_FALSE(may_send_again(true, std::chrono::seconds(61), false));
  EXPECT_FALSE(may_send_again(false, Duration(0), false));
  EXPECT_TRUE(may_send_again(false, std::chrono::hours(1), true));
}

TEST(ControlLink, RefusesInAForkedChild) {
  FakeDaemon daemon;
  daemon.serve(say_done);
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  ASSERT_TRUE(link.connect());
  const pid_t child = ::fork();
  if (child == 0) {
    const auto connected = link.connect();
    const auto answer = link.ask(encode(status_request()));
    const bool refused = !connected && connected.error().message.find("parent process") != std::string::npos &&
                         !answer && answer.error().message.find("parent process") != std::string::npos;
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(link.ask(encode(status_request()))) << "the parent's connection is untouched";
}

// Nobody else can come to `daemon` any more.
std::deque<UniqueFd> fill_backlog(const FakeDaemon& daemon) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  daemon.path().copy(address.sun_path, sizeof address.sun_path - 1);
  std::deque<UniqueFd> backlog;
  int rc = 0;
  while (rc == 0) {
    backlog.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    rc = ::connect(backlog.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  EXPECT_EQ(errno, EAGAIN);
  return backlog;
}

TEST(ControlLink, DoesNotWaitForEverForADaemonThatAcceptsNothing) {
  FakeDaemon daemon;  // listens, and that is all
  const auto backlog = fill_backlog(daemon);
  ControlLink link(daemon.path(), "test", std::chrono::milliseconds(50));
  const auto connected = link.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ETIMEDOUT);
}

TEST(ControlLink, DoesNotWaitForEverWhereATimerCutsEachWaitShort) {
  FakeDaemon daemon;
  const auto backlog = fill_backlog(daemon);
  struct sigaction before {};
  struct sigaction tick {};
  tick.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGALRM, &tick, &before), 0);
  const itimerval often{{0, 400}, {0, 400}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);
  ControlLink link(daemon.path(), "test", std::chrono::milliseconds(50));
  const auto connected = link.connect();
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ETIMEDOUT);
}

TEST(ControlLink, TellsOnlyADaemonThatIsConnected) {
  FakeDaemon daemon;
  int told = 0;
  daemon.serve([&](const v1::Request&, v1::Reply& reply) {
    reply.mutable_done();
    return ++told != 0;
  });
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  link.tell_if_connected(encode(status_request()), std::chrono::seconds(30));
  EXPECT_EQ(told, 0);
  ASSERT_TRUE(link.connect());
  link.tell_if_connected(encode(status_request()), std::chrono::seconds(30));
  EXPECT_EQ(told, 1);
}

TEST(MessageJob, CallsARefusalRefused) {
  FakeDaemon daemon;
  daemon.serve([](const v1::Request&, v1::Reply& reply) {
    reply.mutable_error()->set_code(v1::ERROR_UNKNOWN_HANDLER);
    return true;
  });
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  const auto outcome = run_message_job(link, "default", "nope", {}, {}, {});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Refused);
  EXPECT_EQ(outcome->cause(), Cause::UnknownHandler);
}

TEST(Client, RefusesASocketPathThatIsTooLong) {
  const auto client = Client::connect({.socket = "/" + std::string(200, 'a')});
  ASSERT_FALSE(client);
  EXPECT_NE(client.error().message.find("at most"), std::string::npos);
}

TEST(ControlLink, ComesBackToADaemonThatIsBusyForNow) {
  FakeDaemon daemon;
  daemon.serve(say_done);
  daemon.busy = 3;
  {
    ControlLink patient(daemon.path(), "test", std::chrono::seconds(30), std::chrono::seconds(30));
    EXPECT_TRUE(patient.connect());
  }
  daemon.busy = 1000;
  ControlLink hasty(daemon.path(), "test", std::chrono::seconds(30));
  const auto refused = hasty.connect();
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused_for_now(refused.error()));
  EXPECT_NE(refused.error().message.find("64 connections"), std::string::npos);
}

// Time itself is what is tested: each of two supervisors hangs for longer than a successor is waited for.
TEST(ControlLink, WaitsForASuccessorWhereTheGreetingBroke) {
  FakeDaemon daemon;
  daemon.serve(say_done);
  daemon.broken = 2;
  ControlLink link(daemon.path(), "test", std::chrono::seconds(30));
  const auto connected = link.connect();
  EXPECT_TRUE(connected) << connected.error().message;
}

TEST(Backoff, GrowsAndSpreads) {
  Backoff early(std::chrono::milliseconds(10), std::chrono::milliseconds(40));
  Backoff late(std::chrono::milliseconds(10), std::chrono::milliseconds(40));
  for (const int middle : {10, 20, 40, 40}) {
    EXPECT_EQ(early.pause(0), std::chrono::microseconds(500 * middle));
    const Duration longest = late.pause(~std::uint32_t{0});
    EXPECT_GT(longest, std::chrono::microseconds(1400 * middle));
    EXPECT_LT(longest, std::chrono::microseconds(1500 * middle));
  }
}

TEST(ControlLink, ForAdministrationStartsNoServiceThatIsStopped) {
  FakeDaemon daemon;
  daemon.serve(say_done);
  const std::string mark = wire::alive_mark_path(daemon.path());
  ASSERT_EQ(::mkfifo(mark.c_str(), 0600), 0);
  ControlLink link(daemon.path(), "test", std::chrono::seconds(5), Duration(0), true);
  const auto refused = link.connect();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("is not running"), std::string::npos) << refused.error().message;
  {
    const UniqueFd served(::open(mark.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    EXPECT_TRUE(link.connect());
  }
  ::unlink(mark.c_str());
}

}  // namespace
}  // namespace ringmaster::client
