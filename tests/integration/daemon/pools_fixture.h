#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/cli/protobuf_link.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {

/// A daemon with a pool "t" of its own, in which clients may create pools.
class DaemonPools : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    // The build may lie where nobody else looks.
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
    worker_ = folder_ + "/worker";
    std::filesystem::copy_file(TEST_WORKER, worker_);
    ASSERT_EQ(::chmod(worker_.c_str(), 0755), 0);
  }
  void start_pools(const std::string& limits = "pools_per_uid = 4\n", const std::string& daemon = {}) {
    start_with("[daemon]\nshutdown_timeout = \"30s\"\n" + daemon + "[limits]\n" + limits + "[pool.t]\ncommand = [\"" +
               worker_ + "\"]\nworkers = 1\nspares = 0\n");
  }

  [[nodiscard]] Client client() const {
    ConnectOptions options;
    options.socket = socket_;
    options.control_timeout = kPatience;
    auto connected = Client::connect(options);
    if (!connected) throw std::runtime_error(connected.error().message);
    return std::move(*connected);
  }
  [[nodiscard]] std::string text(const std::string& more = {}) const {
    return "command = [\"" + worker_ + "\"]\nspares = 0\n" + more;
  }
  [[nodiscard]] CreatedPool create(const std::string& name = "p", unsigned workers = 1, unsigned most = 0) const {
    auto pool = client().create_pool(name, {text(), {}, workers, most});
    if (!pool) throw std::runtime_error(pool.error().message);
    return std::move(*pool);
  }
  /// Why it is refused; empty: it is not.
  [[nodiscard]] std::string refusal(const std::string& name, const PoolOptions& options) const {
    const auto pool = client().create_pool(name, options);
    return pool ? std::string{} : pool.error().message;
  }

  [[nodiscard]] control::v1::Status status() const {
    client::ControlLink link(socket_, "test", kPatience);
    control::v1::Request request;
    request.mutable_get_status();
    auto answer = client::ask_for(link, request, control::v1::Reply::kStatus);
    if (!answer) throw std::runtime_error(answer.error().message);
    return answer->reply.status();
  }
  /// Jobs that the created pool runs.
  [[nodiscard]] std::uint64_t jobs_running() const {
    const control::v1::Status now = status();
    return now.pools_size() == 2 ? now.pools(1).running() : 0;
  }
  /// Workers of the created pool that may take jobs.
  [[nodiscard]] std::ptrdiff_t active() const {
    const control::v1::Status now = status();
    return std::ranges::count_if(now.pools(1).workers(), [](const auto& one) { return one.state() == "active"; });
  }
  [[nodiscard]] std::vector<std::string> pools() const {
    std::vector<std::string> names;
    const control::v1::Status now = status();
    for (const auto& pool : now.pools()) names.push_back(pool.name());
    return names;
  }
  void expect_only_the_configuration() {
    eventually("nothing of the pool is left", [this] { return pools() == std::vector<std::string>{"t"}; });
    eventually("its workers are gone", [this] { return workers().size() == 1; });
  }
  [[nodiscard]] std::string workers_pid(Session& session) const {
    const std::string text(run(session, "who").text());
    return text.substr(0, text.find_first_not_of("0123456789"));
  }

  static PendingJob submit(Session& session, std::string_view handler, const Arguments& arguments = {}) {
    auto job = session.submit(handler, Request{}, arguments);
    if (!job) throw std::runtime_error(job.error().message);
    return std::move(*job);
  }

  std::string worker_;
};

}  // namespace ringmaster
