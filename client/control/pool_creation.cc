#include "client/control/pool_creation.h"

#include <algorithm>
#include <filesystem>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

#include "client/control/backoff.h"
#include "client/control/control_link.h"
#include "client/session/wait_step.h"
#include "client/types/whole_ms.h"

namespace ringmaster::client {

namespace {

// When the connection breaks, a pool of that name may have been made, whose lifeline nobody has: the daemon removes it.
Result<ControlAnswer> ask_to_create(ControlLink& link, const EncodedRequest& request) {
  const TimeLimit limit(link.patience());
  Backoff backoff(std::chrono::milliseconds(2), std::chrono::milliseconds(100));
  for (bool broke = false;;) {
    auto made = expect(link.ask(request, ControlLink::Resend::No), ReplyKind::PoolCreated);
    if (made || limit.left() <= Duration(0)) return made;
    const bool breaks = made.error().code == kConnectionLost;
    broke = broke || breaks;
    if (!broke || (!breaks && refusal_of(made.error()) != ErrorCode::Draining)) return made;
    if (!breaks) std::this_thread::sleep_for(std::min(backoff.pause(std::random_device{}()), limit.left()));
  }
}

}  // namespace

Result<PoolMade> create_pool(ControlLink& link, const std::string& name, const PoolOptions& options) {
  std::error_code unknown;
  const std::string folder = options.folder.empty() ? std::filesystem::current_path(unknown).string() : options.folder;
  auto made = ask_to_create(link, encode(CreatePoolRequest{.name = name,
                                                           .config = options.config,
                                                           .folder = folder,
                                                           .workers = options.workers,
                                                           .most_workers = options.most_workers,
                                                           .min_workers = options.min_workers}));
  if (!made) return made.error();
  auto said = PoolCreatedReply::read(made->reply.body());
  if (!said) return said.error();
  if (made->fds.size() != 1)
    return Error{"the daemon sent no lifeline for the pool; is this process's descriptor limit (ulimit -n) reached?"};
  return PoolMade{std::move(said->name), said->id, std::move(made->fds.front())};
}

Result<void> resize_pool(ControlLink& link, const MeantPool& pool, unsigned workers, unsigned min_workers) {
  const ResizePoolRequest resize{.name = pool.name, .workers = workers, .min_workers = min_workers, .id = pool.id};
  const auto done = expect(link.ask(encode(resize)), ReplyKind::Done);
  if (!done) return done.error();
  return {};
}

Result<void> drop_pool(ControlLink& link, const MeantPool& pool, std::optional<Duration> limit) {
  DropPoolRequest drop{.name = pool.name, .timeout_ms = std::nullopt, .id = pool.id};
  if (limit) drop.timeout_ms = whole_ms(*limit);
  const auto done = expect(link.ask(encode(drop), ControlLink::Resend::Yes, kForever), ReplyKind::Done);
  if (!done) return done.error();
  return {};
}

}  // namespace ringmaster::client
