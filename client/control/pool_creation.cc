#include "client/control/pool_creation.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "client/control/control_link.h"
#include "client/session/wait_step.h"
#include "client/types/whole_ms.h"

namespace ringmaster::client {

Result<PoolMade> create_pool(ControlLink& link, const std::string& name, const PoolOptions& options) {
  std::error_code unknown;
  const std::string folder = options.folder.empty() ? std::filesystem::current_path(unknown).string() : options.folder;
  const EncodedRequest create = encode(CreatePoolRequest{.name = name,
                                                         .config = options.config,
                                                         .folder = folder,
                                                         .workers = options.workers,
                                                         .most_workers = options.most_workers});
  const TimeLimit limit(link.patience());
  auto made = expect(link.ask(create, ControlLink::Resend::No), ReplyKind::PoolCreated);
  while (!made && made.error().code == kConnectionLost && limit.left() > Duration(0)) {
    made = expect(link.ask(create, ControlLink::Resend::No), ReplyKind::PoolCreated);
  }
  if (!made) return made.error();
  auto said = PoolCreatedReply::read(made->reply.body());
  if (!said) return said.error();
  if (made->fds.size() != 1)
    return Error{"the daemon sent no lifeline for the pool; is this process's descriptor limit (ulimit -n) reached?"};
  return PoolMade{std::move(said->name), std::move(made->fds.front())};
}

Result<void> resize_pool(ControlLink& link, const std::string& name, unsigned workers) {
  const auto done = expect(link.ask(encode(ResizePoolRequest{.name = name, .workers = workers})), ReplyKind::Done);
  if (!done) return done.error();
  return {};
}

Result<void> drop_pool(ControlLink& link, const std::string& name, std::optional<Duration> limit) {
  DropPoolRequest drop{.name = name, .timeout_ms = std::nullopt};
  if (limit) drop.timeout_ms = whole_ms(*limit);
  const auto done = expect(link.ask(encode(drop), ControlLink::Resend::Yes, kForever), ReplyKind::Done);
  if (!done) return done.error();
  return {};
}

}  // namespace ringmaster::client
