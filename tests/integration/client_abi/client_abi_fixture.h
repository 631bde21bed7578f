#pragma once

#include <memory>
#include <string_view>

#include "client/cli/protobuf_link.h"
#include "client/client_abi.h"
#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {

struct Free {
  void operator()(rm_session* session) const { rm_session_free(session); }
};
using Opened = std::unique_ptr<rm_session, Free>;

/// One that is freed.
struct Taken {
  rm_outcome outcome{};
  Taken() { outcome.struct_size = sizeof outcome; }
  ~Taken() { rm_outcome_free(&outcome); }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  [[nodiscard]] std::string_view text() const {
    return {static_cast<const char*>(outcome.result), outcome.result_bytes};
  }
};

inline rm_submit job_of(const char* handler, std::uint64_t cookie, std::string_view bytes = {}) {
  rm_submit job{};
  job.struct_size = sizeof job;
  job.handler = handler;
  job.cookie = cookie;
  job.bytes = bytes.data();
  job.byte_count = bytes.size();
  return job;
}

class ClientAbi : public DaemonTest {
 protected:
  static constexpr std::uint64_t kLong = 60'000'000'000;

  [[nodiscard]] Opened session(const rm_session_options* options = nullptr) {
    char error[512] = "";
    Opened opened(rm_session_open(socket_.c_str(), "t", options, error, sizeof error));
    EXPECT_NE(opened, nullptr) << error;
    return opened;
  }
  [[nodiscard]] bool one_runs() const {
    client::ControlLink link(socket_, "test", kPatience);
    control::v1::Request request;
    request.mutable_get_status();
    const auto answer = client::ask_for(link, request, control::v1::Reply::kStatus);
    return answer && answer->reply.status().pools(0).running() == 1;
  }
  static void submit(rm_session* session, const rm_submit& job) {
    char error[512] = "";
    ASSERT_EQ(rm_session_submit(session, &job, nullptr, error, sizeof error), RM_ACCEPTED) << error;
  }
};

}  // namespace ringmaster
