#include "daemon/loop/closer.h"

#include <memory>
#include <utility>

namespace ringmaster::daemon {

void Closer::close(Account account, std::vector<UniqueFd> fds, Action done) {
  if (fds.empty()) return;
  const std::size_t count = fds.size();
  // shared_ptr, because std::function must be copyable.
  auto held = std::make_shared<std::vector<UniqueFd>>(std::move(fds));
  add(
      account, count, [held] { held->clear(); }, std::move(done));
}

void Closer::close(Account account, UniqueFd fd, Action done) {
  std::vector<UniqueFd> one;
  one.push_back(std::move(fd));
  close(account, std::move(one), std::move(done));
}

}  // namespace ringmaster::daemon
