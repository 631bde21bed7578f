#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "daemon/control/control_server.h"
#include "daemon/control/requests/request_router.h"
#include "tests/integration/control/fake_ports.h"
#include "tests/integration/control/test_client.h"
#include "tests/testing/fake_pool_maker.h"

namespace ringmaster::testing {

/// The client-facing side of one supervisor's life, on its own thread.
class Supervisor {
 public:
  Supervisor(std::unique_ptr<FakeDaemon>& daemon, int listener, const core::QuotaLimits& limits,
             const daemon::ControlLimits& control)
      : loop_(context_), quota_(limits) {
    if (daemon) {
      daemon->next_supervisor(loop_);
    } else {
      daemon = std::make_unique<FakeDaemon>(loop_);
    }
    sessions_.emplace(loop_, *daemon, quota_, [this](std::uint32_t serial) { jobs_->session_gone(serial); });
    jobs_.emplace(loop_, *daemon, *sessions_);
    desk_.emplace(loop_, *daemon, *sessions_, *jobs_, pools_);
    FakeDaemon& fake = *daemon;
    sessions_->adopt([&](keeper::DepositKind kind, std::uint32_t serial) { return fake.take(kind, serial); }, false,
                     [this](daemon::Session& session) { jobs_->take_over(session); });
    server_.emplace(loop_, UniqueFd(::dup(listener)), config_, quota_, *desk_, control);
    desk_->count_connections([this] { return server_->connections(); });
    loop_.post([&fake] { fake.pool.tick(); });
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Supervisor() {
    context_.stop();
    thread_.join();
    server_.reset();
    jobs_.reset();
  }

  void end_all_sessions(Cause cause) {
    loop_.post([this, cause] { sessions_->end_all_sessions(cause); });
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  daemon::EventLoop loop_;
  config::DaemonConfig config_;
  core::QuotaBook quota_;
  std::optional<daemon::Sessions> sessions_;
  std::optional<daemon::MessageJobs> jobs_;
  FakePoolMaker pools_;
  std::optional<daemon::RequestRouter> desk_;
  std::optional<daemon::ControlServer> server_;
  std::thread thread_;
};

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ringmaster-control-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    path = directory_ + "/s";
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1024), 0);
  }
  ~ControlTest() override {
    supervisor.reset();
    std::filesystem::remove_all(directory_);
  }
  /// The first supervisor, or the successor of one that is gone.
  void start() {
    supervisor.reset();
    supervisor = std::make_unique<Supervisor>(daemon, listener_.get(), limits, control);
  }
  /// Other users' clients can connect.
  void open_to_all() const {
    std::filesystem::permissions(directory_, std::filesystem::perms{0755});
    std::filesystem::permissions(path, std::filesystem::perms{0666});
  }
  [[nodiscard]] int listener() const { return listener_.get(); }
  static v1::Request submit_request(const std::string& handler, const std::string& payload, std::uint64_t cookie,
                                    bool wait = true) {
    v1::Request request;
    v1::Submit& submit = *request.mutable_submit();
    submit.set_pool("default");
    submit.set_handler(handler);
    submit.set_payload(payload);
    submit.set_cookie_low(cookie);
    submit.set_wait(wait);
    return request;
  }
  static v1::Request fetch_request(std::uint64_t cookie, bool wait = true) {
    v1::Request request;
    request.mutable_fetch()->set_cookie_low(cookie);
    request.mutable_fetch()->set_wait(wait);
    return request;
  }
  template <typename Condition>
  static bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
  }

  core::QuotaLimits limits;
  daemon::ControlLimits control;
  std::string path;
  std::unique_ptr<FakeDaemon> daemon;
  std::unique_ptr<Supervisor> supervisor;

 private:
  std::string directory_;
  UniqueFd listener_;
};

}  // namespace ringmaster::testing
