#include "client/control/session_opening.h"

#include <algorithm>
#include <thread>

#include "client/session/clock_offset.h"
#include "client/session/wait_step.h"
#include "client/types/whole_ms.h"

namespace ringmaster::client {
namespace {

constexpr std::size_t kSessionFds = 5;

Result<SessionMemory> map_all(std::vector<UniqueFd>& fds, const SessionReply& said) {
  if (fds.size() != kSessionFds)
    return Error{"the daemon sent " + std::to_string(fds.size()) + " descriptors for a session instead of " +
                 std::to_string(kSessionFds) + "; is this process's descriptor limit (ulimit -n) reached?"};
  SessionMemory memory;
  memory.request_fd = std::move(fds[0]);
  memory.reply_fd = std::move(fds[1]);
  const UniqueFd board = std::move(fds[2]);
  memory.doorbell = std::move(fds[3]);
  memory.lifeline = std::move(fds[4]);
  auto request = shm::Mapping::map(memory.request_fd.get(), shm::Access::ReadWrite, said.request_segment_bytes);
  if (!request) return request.error();
  memory.request = std::move(*request);
  auto reply = shm::Mapping::map(memory.reply_fd.get(), shm::Access::ReadWrite, said.reply_segment_bytes);
  if (!reply) return reply.error();
  memory.reply = std::move(*reply);
  auto hints = shm::Mapping::map(board.get(), shm::Access::ReadOnly);
  if (!hints) return hints.error();
  memory.board = std::move(*hints);
  return memory;
}

SessionFacts facts_of(SessionReply& said, const SessionOptions& options) {
  SessionFacts facts;
  facts.pool = std::move(said.pool.pool);
  facts.serial = said.serial;
  facts.cookie_high = said.cookie.high;
  facts.cookie_low = said.cookie.low;
  facts.handlers = std::move(said.pool.handlers);
  facts.handlers_known = said.pool.known;
  facts.shortest_timeout =
      options.shortest_timeout > Duration(0) ? options.shortest_timeout : said.pool.default_timeout;
  facts.longest_timeout = said.pool.max_timeout;
  facts.spin = options.spin.value_or(said.spin);
  return facts;
}

// A pool whose first worker is still starting has no table yet.
void await_handlers(ControlLink& link, SessionFacts& facts) {
  const TimeLimit limit(link.patience());
  for (Duration pause = std::chrono::milliseconds(5); !facts.handlers_known && limit.left() > Duration(0);
       pause = std::min<Duration>(2 * pause, std::chrono::milliseconds(100))) {
    std::this_thread::sleep_for(pause);
    auto answer = ask_for<HandlersReply>(link, encode(HandlersRequest{.pool = facts.pool}));
    if (!answer || answer->pools.size() != 1) return;
    facts.handlers = std::move(answer->pools.front().handlers);
    facts.handlers_known = answer->pools.front().known;
  }
}

Result<std::shared_ptr<SessionCore>> open_once(ControlLink& link, const std::string& pool,
                                               const SessionOptions& options, const std::string& name) {
  const EncodedRequest open =
      encode(OpenRequest{.pool = pool,
                         .request_ring_bytes = options.request_ring_bytes,
                         .result_ring_bytes = options.result_ring_bytes,
                         .slots = options.slots,
                         .shortest_run_timeout_ms = whole_ms(std::max(Duration(0), options.shortest_timeout)),
                         .client = std::string_view(name).substr(0, 80)});
  const std::uint64_t asked_ns = client_clock_ns();
  auto opened = expect(link.ask(open, ControlLink::Resend::No), ReplyKind::SessionFds);
  const std::uint64_t answered_ns = client_clock_ns();
  if (!opened) return opened.error();
  auto said = SessionReply::read(opened->reply.body());
  if (!said) return said.error();
  auto memory = map_all(opened->fds, *said);
  if (!memory) return memory.error();
  SessionFacts facts = facts_of(*said, options);
  facts.clock_offset_ns = clock_offset(asked_ns, said->clock_ns, answered_ns);

  const EncodedRequest mapped = encode(MappedRequest{.serial = said->serial});
  const auto ready = expect(link.ask(mapped, ControlLink::Resend::No), ReplyKind::SessionReady);
  if (!ready) return ready.error();
  await_handlers(link, facts);
  return SessionCore::create(std::move(*memory), std::move(facts));
}

}  // namespace

Result<std::shared_ptr<SessionCore>> open_session(ControlLink& link, const std::string& pool,
                                                  const SessionOptions& options, const std::string& name) {
  const TimeLimit limit(link.patience());
  for (;;) {
    auto core = open_once(link, pool, options, name);
    if (core || core.error().code != kConnectionLost || limit.left() <= Duration(0)) return core;
  }
}

}  // namespace ringmaster::client
