#include "client/control/fetch_result.h"

#include <utility>

namespace ringmaster::client {

Result<UniqueFd> fetch_result(ControlLink& link, std::uint64_t job_id) {
  auto answer = expect(link.ask(encode(ResultRequest{.job_id = job_id})), ReplyKind::SpilledResult);
  if (!answer) return answer.error();
  if (answer->fds.size() != 1)
    return Error{"its descriptor did not come; is this process's limit (ulimit -n) reached?"};
  return std::move(answer->fds.front());
}

}  // namespace ringmaster::client
