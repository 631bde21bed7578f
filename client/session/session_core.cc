#include "client/session/session_core.h"

#include <algorithm>
#include <cstring>

#include "client/session/completion_feed.h"
#include "client/session/fork_guard.h"
#include "client/session/lifeline.h"
#include "client/session/memory_look.h"
#include "client/session/wait_step.h"
#include "proto/handler_id.h"
#include "shm/port/doorbell.h"
#include "shm/port/hints.h"

namespace ringmaster {
namespace {

// Offered when the pool has not told its handlers' rules yet.
constexpr std::uint64_t kUnknownResultBytes = std::uint64_t{64} << 10;
constexpr Duration kRoomSlice = std::chrono::milliseconds(5);

// Whole milliseconds, rounded up; nullopt: negative or beyond 32 bits.
std::optional<std::uint32_t> whole_ms(Duration time) {
  if (time <= Duration(0)) return time < Duration(0) ? std::nullopt : std::optional<std::uint32_t>(0);
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  if (ms > std::int64_t{0xFFFFFFFF}) return std::nullopt;
  return static_cast<std::uint32_t>(ms);
}

std::uint64_t whole_lines(std::uint64_t bytes) { return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine; }

std::string names_of(const std::vector<HandlerDescription>& handlers) {
  std::string names;
  for (const HandlerDescription& one : handlers) names += " " + one.name;
  return names.empty() ? " none" : names;
}

Refusal too_large(const char* what, std::uint64_t bytes, std::uint64_t ring, const char* option) {
  return {SubmitError::TooLarge, std::string(what) + " of " + std::to_string(bytes) +
                                     " bytes never fits into the session's ring of " + std::to_string(ring) +
                                     "; open the session with a larger " + option};
}

// The supervisor's word on the board; a value that a later daemon may know and this client does not closes as well.
std::string why_closed(BoardClosed closed, const std::string& pool) {
  const std::string name = "pool \"" + pool + "\" ";
  switch (closed) {
    case BoardClosed::Quarantined:
      return name + "has no worker: they die before they finish a job; see `ringmaster status`, or use another pool";
    case BoardClosed::Stopping:
      return name + "takes no new work: the daemon is stopping; connect again when it has been started";
    case BoardClosed::Open:
    case BoardClosed::Draining:
      break;
  }
  return name + "is draining and takes no new work; wait for `ringmaster drain --resume " + pool +
         "`, or use another pool";
}

}  // namespace

struct SessionCore::Prepared {
  JobDescriptor job;  // not zeroed here: prepare() sets each field
  std::vector<std::byte> arguments;
  std::uint64_t request_extent = 0;
};

Result<std::shared_ptr<SessionCore>> SessionCore::create(SessionMemory memory, SessionFacts facts) {
  const auto request = RequestView::open(memory.request.bytes());
  const auto reply = ReplyView::open(memory.reply.bytes());
  const BoardRecord* board = nullptr;
  if (memory.board) {
    board = open_board(memory.board.bytes());
    if (board == nullptr)
      return Error{"the daemon sent a board of another layout; client and daemon differ in version"};
  }
  if (!request || !reply || request->slots() != reply->slots() || request->serial() != facts.serial)
    return Error{"the daemon sent segments of another layout; client and daemon differ in version"};
  return std::shared_ptr<SessionCore>(new SessionCore(std::move(memory), std::move(facts), *request, *reply, board));
}

SessionCore::SessionCore(SessionMemory memory, SessionFacts facts, RequestView request, ReplyView reply,
                         const BoardRecord* board)
    : memory_(std::move(memory)),
      facts_(std::move(facts)),
      fork_generation_(fork_generation()),
      port_(request, reply, board),
      requests_(request.ring_bytes(), memory_.request_fd.get(), request.ring_file_offset(), available_memory),
      results_(reply.ring_bytes(), memory_.reply_fd.get(), reply.ring_file_offset(), available_memory),
      records_(request.slots()),
      record_of_slot_(request.slots(), kNoRecord) {
  for (const HandlerDescription& one : facts_.handlers) handler_ids_.push_back(handler_id(one.name));
  free_records_.reserve(records_.size());
  for (std::uint32_t at = request.slots(); at > 0; --at) free_records_.push_back(at - 1);
  found_.reserve(records_.size());
  close_in_children(memory_.lifeline.get());
}

SessionCore::~SessionCore() {
  if (!forked()) {
    forget_in_children(memory_.lifeline.get());
    return;
  }
  (void)memory_.lifeline.release();  // closed when the child began; the number may be another's now
  (void)room_.release();
  // The maps are not in this child (MADV_DONTFORK); unmapping could hit what has taken their addresses. The thread
  // isn't either.
  (void)new Mapping(std::move(memory_.request));
  (void)new Mapping(std::move(memory_.reply));
  (void)new Mapping(std::move(memory_.board));
  (void)feed_.release();
}

Refusal SessionCore::refusal() const {
  if (closed_) return {SubmitError::SessionClosed, "the session is closed; open another"};
  if (gone_) return {SubmitError::SessionClosed, "the daemon is gone; connect and open a session again"};
  return {SubmitError::Draining, why_closed(port_.board_closed(), facts_.pool)};
}

void SessionCore::await_room(std::unique_lock<std::mutex>& lock, Duration left) {
  // In slices: room that comes from abandoned jobs is found only by collecting.
  ++room_waiters_;
  room_->wait_for(lock, std::min(left, kRoomSlice));
  --room_waiters_;
}

Submission<Request> SessionCore::allocate(std::size_t bytes, Duration wait_for_room) {
  if (forked())
    return Refusal{SubmitError::Forked, "this session belongs to the parent process; open one in the child"};
  if (bytes == 0) return Request(shared_from_this(), 0, 0, {});
  if (bytes > requests_.capacity()) return too_large("a request", bytes, requests_.capacity(), "request ring");
  const TimeLimit limit(wait_for_room);
  std::unique_lock lock(mutex_);
  for (bool collected = false;; collected = true) {
    if (!takes_work()) return refusal();
    Extent extent;
    switch (requests_.take(bytes, extent)) {
      case ReservedRing::Taken::Ok:
        return Request(shared_from_this(), extent.id, extent.offset, {port_.request().ring() + extent.offset, bytes});
      case ReservedRing::Taken::NoMemory:
        return Refusal{SubmitError::TooLittleMemory, "not enough memory for a request of " + std::to_string(bytes) +
                                                         " bytes; free some or submit less at once"};
      case ReservedRing::Taken::NoRoom:
        break;
    }
    // Jobs that nobody waits for any more are found only here.
    if (!collected) {
      collect();
      continue;
    }
    const Duration left = limit.left();
    if (left <= Duration(0))
      return queue_full("no room for a request of " + std::to_string(bytes) +
                        " bytes now; collect outcomes or open the session with a larger request ring");
    await_room(lock, left);
    collect();
  }
}

std::optional<Refusal> SessionCore::prepare(std::string_view handler, const Request& request,
                                            const Arguments& arguments, const SubmitOptions& options,
                                            Prepared& prepared) const {
  JobDescriptor& job = prepared.job;
  job.seq = 0;
  job.flags = options.idempotent ? kJobIdempotent : 0;
  const HandlerDescription* known = nullptr;
  for (std::size_t at = 0; at < facts_.handlers.size() && known == nullptr; ++at) {
    if (facts_.handlers[at].name != handler) continue;
    known = &facts_.handlers[at];
    job.handler = handler_ids_[at];
  }
  if (known == nullptr) job.handler = handler_id(handler);
  job.request_line = static_cast<std::uint32_t>(request.offset_ / kCacheLine);
  job.result_line = 0;
  job.request_bytes = request.bytes_.size();
  job.arguments_line = 0;
  job.arguments_bytes = 0;
  job.submitted_ns = 0;
  for (std::uint64_t& word : job.cookie) word = 0;
  job.submitter = 0;
  for (std::uint64_t& word : job.reserved) word = 0;
  prepared.request_extent = request.extent_;
  if (request.session_ && request.session_.get() != this)
    return Refusal{SubmitError::BadOption, "the request was allocated from another session"};

  if (known == nullptr && facts_.handlers_known)
    return Refusal{SubmitError::UnknownHandler, "pool \"" + facts_.pool + "\" has no handler \"" +
                                                    std::string(handler) + "\"; it has" + names_of(facts_.handlers)};
  if (known != nullptr && known->max_request_bytes != 0 && job.request_bytes > known->max_request_bytes)
    return Refusal{SubmitError::TooLarge, "handler \"" + known->name + "\" takes requests up to " +
                                              std::to_string(known->max_request_bytes) + " bytes, this one has " +
                                              std::to_string(job.request_bytes)};
  if (known != nullptr && (!arguments.empty() || !known->arguments.empty())) {
    std::vector<ArgumentView> views;
    for (const Argument& one : arguments) views.push_back({one.key, one.value});
    if (const auto checked = check_arguments(*known, views); !checked)
      return Refusal{SubmitError::BadArguments, checked.error().message};
  }
  if (!arguments.empty()) {
    auto encoded = encode_arguments(arguments);
    if (!encoded) return Refusal{SubmitError::BadArguments, encoded.error().message};
    prepared.arguments = std::move(*encoded);
    if (prepared.arguments.size() > requests_.capacity())
      return too_large("a list of arguments", prepared.arguments.size(), requests_.capacity(), "request ring");
    job.arguments_bytes = static_cast<std::uint32_t>(prepared.arguments.size());
    // Each begins on a line of its own.
    const std::uint64_t both = whole_lines(request.taken_) + whole_lines(job.arguments_bytes);
    if (both > requests_.capacity())
      return too_large("a request with its arguments", both, requests_.capacity(), "request ring");
  }

  const auto run_ms = whole_ms(options.timeout);
  const auto queue_ms = whole_ms(options.queue_timeout);
  if (!run_ms || !queue_ms)
    return Refusal{SubmitError::BadOption, "a timeout lies between 0 and 49 days; 0 means the pool's own"};
  if (options.timeout > Duration(0) && options.timeout < facts_.shortest_timeout)
    return Refusal{SubmitError::BadOption,
                   "a run timeout below the shortest that the session was opened for; set "
                   "SessionOptions::shortest_timeout"};
  if (facts_.longest_timeout > Duration(0) && options.timeout > facts_.longest_timeout)
    return Refusal{SubmitError::BadOption, "a run timeout of " + std::to_string(*run_ms) +
                                               " ms is above the pool's longest, " +
                                               std::to_string(whole_ms(facts_.longest_timeout).value_or(0)) +
                                               " ms; ask for less, or raise max_deadline of pool \"" + facts_.pool +
                                               "\" in the daemon's configuration"};
  job.run_timeout_ms = *run_ms;
  job.queue_timeout_ms = *queue_ms;

  if (options.result_capacity && *options.result_capacity > results_.capacity())
    return too_large("a result", *options.result_capacity, results_.capacity(), "result ring");
  const std::uint64_t by_rule =
      known != nullptr ? default_result_bytes(*known, job.request_bytes) : kUnknownResultBytes;
  job.result_capacity = options.result_capacity.value_or(std::min(by_rule, results_.capacity()));
  return std::nullopt;
}

// The daemon hears of it only here.
Refusal SessionCore::queue_full(std::string why) const {
  port_.reply().queue_full().fetch_add(1, std::memory_order_relaxed);
  return {SubmitError::QueueFull, std::move(why)};
}

SessionCore::Room SessionCore::place(Prepared& prepared, std::uint32_t& at) {
  // New jobs would take the room that an older one waits for, again and again.
  if (waiting_ != 0) return Room::Full;
  const auto slot = port_.take_slot();
  if (!slot) return Room::Full;
  JobDescriptor& job = prepared.job;
  Extent arguments;
  Extent result;
  auto taken = requests_.take(job.arguments_bytes, arguments);
  if (taken == ReservedRing::Taken::Ok) {
    taken = results_.take(job.result_capacity, result);
    if (taken != ReservedRing::Taken::Ok) requests_.give_back(arguments.id);
  }
  if (taken != ReservedRing::Taken::Ok) {
    port_.untake_slot(*slot);
    return taken == ReservedRing::Taken::NoRoom ? Room::Full : Room::NoMemory;
  }
  if (job.arguments_bytes != 0)
    std::memcpy(port_.request().ring() + arguments.offset, prepared.arguments.data(), job.arguments_bytes);
  job.arguments_line = static_cast<std::uint32_t>(arguments.offset / kCacheLine);
  job.result_line = static_cast<std::uint32_t>(result.offset / kCacheLine);
  // Each job that is not Free holds a slot, and there are as many records as slots.
  at = free_records_.back();
  free_records_.pop_back();
  Record& record = records_[at];
  record.abandoned = false;
  record.asked_again = false;
  record.slot = *slot;
  record.request_extent = prepared.request_extent;
  record.arguments_extent = arguments.id;
  record.result = result;
  record.job = job;
  return Room::Ok;
}

void SessionCore::publish(std::uint32_t at) {
  Record& record = records_[at];
  record.life = Life::Published;
  record_of_slot_[record.slot] = at;
  const ClientPort::Published published = port_.publish(record.slot, record.job);
  record.seq = published.seq;
  if (published.ring) (void)ring_doorbell(memory_.doorbell.get());
}

Submission<std::uint32_t> SessionCore::submit(std::string_view handler, Request& request, const Arguments& arguments,
                                              const SubmitOptions& options) {
  if (forked())
    return Refusal{SubmitError::Forked, "this session belongs to the parent process; open one in the child"};
  Prepared prepared;
  if (auto refused = prepare(handler, request, arguments, options, prepared)) return *std::move(refused);
  const TimeLimit limit(options.wait_for_room);
  std::unique_lock lock(mutex_);
  for (bool collected = false;; collected = true) {
    if (!takes_work()) return refusal();
    std::uint32_t record = kNoRecord;
    prepared.job.submitted_ns = daemon_now_ns();
    switch (place(prepared, record)) {
      case Room::Ok:
        publish(record);
        lock.unlock();
        request.let_go();  // the job's now
        return record;
      case Room::NoMemory:
        return Refusal{SubmitError::TooLittleMemory, "not enough memory for a result of " +
                                                         std::to_string(prepared.job.result_capacity) +
                                                         " bytes; free some or submit less at once"};
      case Room::Full:
        break;
    }
    if (!collected) {
      collect();
      continue;
    }
    const Duration left = limit.left();
    if (left <= Duration(0))
      return queue_full("the session's queue is full (" + std::to_string(port_.in_flight()) + " of " +
                        std::to_string(port_.slots()) +
                        " slots in flight, or no room for the result); collect outcomes first");
    await_room(lock, left);
    collect();
  }
}

void SessionCore::give_back_request(std::uint64_t extent) noexcept {
  if (extent == 0 || forked()) return;
  const std::lock_guard lock(mutex_);
  requests_.give_back(extent);
  if (room_waiters_ != 0) room_->notify_all();
}

void SessionCore::give_back_result(std::uint64_t extent) noexcept {
  if (extent == 0 || forked()) return;
  const std::lock_guard lock(mutex_);
  result_came_back(extent);
  serve_waiting();
  if (room_waiters_ != 0) room_->notify_all();
}

bool SessionCore::close() noexcept {
  if (forked()) return false;
  std::unique_ptr<CompletionFeed> feed;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    closed_ = true;
    for (Record& record : records_)
      if (record.life == Life::Published) (void)port_.cancel(record.slot, record.seq);
    collect();
    room_->notify_all();
    feed = std::move(feed_);
  }
  wake_client(port_.reply());  // waiters see closed_
  feed.reset();                // joins its thread, which takes the mutex
  return true;
}

void SessionCore::hang_up() noexcept { write_farewell(memory_.lifeline.get()); }

Result<int> SessionCore::event_fd() {
  if (forked()) return Error{"this session belongs to the parent process; open one in the child"};
  const std::lock_guard lock(mutex_);
  if (closed_) return Error{"the session is closed; open another"};
  if (!feed_) {
    auto feed = std::make_unique<CompletionFeed>(*this);
    if (const auto started = feed->start(); !started) return started.error();
    feed_ = std::move(feed);
  }
  return feed_->fd();
}

bool SessionCore::check_gone() {
  const std::lock_guard lock(mutex_);
  if (closed_ || gone_) return true;
  looked_ = Clock::now();
  if (!daemon_let_go(memory_.lifeline.get())) return false;
  gone_ = true;
  collect();  // what has ended is still told; only the rest is lost
  room_->notify_all();
  return true;
}

}  // namespace ringmaster
