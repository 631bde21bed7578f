#include "client/control/fetch_result.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "client/session/wait_step.h"

namespace ringmaster::client {
namespace {

// What a job has made is worth waiting for a successor that takes long to start.
constexpr Duration kPatience = std::chrono::seconds(10);

}  // namespace

Result<UniqueFd> fetch_result(ControlLink& link, std::uint64_t job_id) {
  const TimeLimit time(std::max(link.patience(), kPatience));
  const auto ask = [&] {
    return link.ask(encode(ResultRequest{.job_id = job_id}), ControlLink::Resend::Yes, time.left());
  };
  auto answer = expect(ask(), ReplyKind::SpilledResult);
  // A greeting that is not answered in time.
  while (!answer && answer.error().code == ETIMEDOUT && time.left() > Duration(0))
    answer = expect(ask(), ReplyKind::SpilledResult);
  if (!answer) return answer.error();
  if (answer->fds.size() != 1)
    return Error{"its descriptor did not come; is this process's limit (ulimit -n) reached?"};
  return std::move(answer->fds.front());
}

}  // namespace ringmaster::client
