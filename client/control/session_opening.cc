#include "client/control/session_opening.h"

#include <algorithm>
#include <thread>

#include "client/session/clock_offset.h"
#include "client/session/wait_step.h"
#include "client/types/whole_ms.h"

namespace ringmaster::client {
namespace {

namespace v1 = control::v1;
using v1::Reply;

constexpr std::size_t kSessionFds = 5;

Result<SessionMemory> map_all(std::vector<UniqueFd>& fds, const v1::SessionFds& said) {
  if (fds.size() != kSessionFds)
    return Error{"the daemon sent " + std::to_string(fds.size()) + " descriptors for a session instead of " +
                 std::to_string(kSessionFds) + "; is this process's descriptor limit (ulimit -n) reached?"};
  SessionMemory memory;
  memory.request_fd = std::move(fds[0]);
  memory.reply_fd = std::move(fds[1]);
  const UniqueFd board = std::move(fds[2]);
  memory.doorbell = std::move(fds[3]);
  memory.lifeline = std::move(fds[4]);
  auto request = shm::Mapping::map(memory.request_fd.get(), shm::Access::ReadWrite, said.request_segment_bytes());
  if (!request) return request.error();
  memory.request = std::move(*request);
  auto reply = shm::Mapping::map(memory.reply_fd.get(), shm::Access::ReadWrite, said.reply_segment_bytes());
  if (!reply) return reply.error();
  memory.reply = std::move(*reply);
  auto hints = shm::Mapping::map(board.get(), shm::Access::ReadOnly);
  if (!hints) return hints.error();
  memory.board = std::move(*hints);
  return memory;
}

Result<SessionFacts> facts_of(const v1::SessionFds& said, const SessionOptions& options) {
  auto table = pool_handlers(said.pool());
  if (!table) return table.error();
  SessionFacts facts;
  facts.pool = said.pool().pool();
  facts.serial = said.serial();
  facts.cookie_high = said.cookie_high();
  facts.cookie_low = said.cookie_low();
  facts.handlers = std::move(table->handlers);
  facts.handlers_known = table->known;
  facts.shortest_timeout = options.shortest_timeout > Duration(0) ? options.shortest_timeout : table->default_timeout;
  facts.longest_timeout = table->max_timeout;
  facts.spin = options.spin.value_or(Duration(said.spin_ns()));
  return facts;
}

// A pool whose first worker is still starting has no table yet.
void await_handlers(ControlLink& link, SessionFacts& facts) {
  const TimeLimit limit(link.patience());
  for (Duration pause = std::chrono::milliseconds(5); !facts.handlers_known && limit.left() > Duration(0);
       pause = std::min<Duration>(2 * pause, std::chrono::milliseconds(100))) {
    std::this_thread::sleep_for(pause);
    v1::Request request;
    request.mutable_list_handlers()->set_pool(facts.pool);
    const auto answer = ask_for(link, std::move(request), Reply::kHandlers);
    if (!answer || answer->reply.handlers().pools_size() != 1) return;
    auto table = pool_handlers(answer->reply.handlers().pools(0));
    if (!table) return;
    facts.handlers = std::move(table->handlers);
    facts.handlers_known = table->known;
  }
}

Result<std::shared_ptr<SessionCore>> open_once(ControlLink& link, const std::string& pool,
                                               const SessionOptions& options, const std::string& name) {
  v1::Request request;
  auto& open = *request.mutable_open_session();
  open.set_pool(pool);
  open.set_slots(options.slots);
  open.set_request_ring_bytes(options.request_ring_bytes);
  open.set_result_ring_bytes(options.result_ring_bytes);
  open.set_shortest_run_timeout_ms(whole_ms(std::max(Duration(0), options.shortest_timeout)));
  open.set_client(name.substr(0, 80));
  const std::uint64_t asked_ns = client_clock_ns();
  auto opened = expect(link.ask(std::move(request), ControlLink::Resend::No), Reply::kSessionFds);
  const std::uint64_t answered_ns = client_clock_ns();
  if (!opened) return opened.error();
  const auto& said = opened->reply.session_fds();
  auto memory = map_all(opened->fds, said);
  if (!memory) return memory.error();
  auto facts = facts_of(said, options);
  if (!facts) return facts.error();
  facts->clock_offset_ns = clock_offset(asked_ns, said.clock_ns(), answered_ns);

  v1::Request mapped;
  mapped.mutable_session_mapped()->set_serial(said.serial());
  const auto ready = expect(link.ask(std::move(mapped), ControlLink::Resend::No), Reply::kSessionReady);
  if (!ready) return ready.error();
  await_handlers(link, *facts);
  return SessionCore::create(std::move(*memory), std::move(*facts));
}

}  // namespace

Result<PoolHandlers> pool_handlers(const v1::PoolHandlers& message) {
  PoolHandlers pool;
  pool.pool = message.pool();
  pool.known = message.known();
  pool.default_timeout = std::chrono::milliseconds(message.run_timeout_ms());
  pool.default_queue_timeout = std::chrono::milliseconds(message.queue_timeout_ms());
  pool.max_timeout = std::chrono::milliseconds(message.max_run_timeout_ms());
  pool.max_request_ring_bytes = message.max_request_ring_bytes();
  pool.max_result_ring_bytes = message.max_result_ring_bytes();
  if (message.known()) {
    auto handlers = decode_handlers(std::as_bytes(std::span(message.table())));
    if (!handlers) return Error{"the daemon's handlers of pool \"" + pool.pool + "\": " + handlers.error().message};
    pool.handlers = std::move(*handlers);
  }
  return pool;
}

Result<std::shared_ptr<SessionCore>> open_session(ControlLink& link, const std::string& pool,
                                                  const SessionOptions& options, const std::string& name) {
  const TimeLimit limit(link.patience());
  for (;;) {
    auto core = open_once(link, pool, options, name);
    if (core || core.error().code != kConnectionLost || limit.left() <= Duration(0)) return core;
  }
}

}  // namespace ringmaster::client
