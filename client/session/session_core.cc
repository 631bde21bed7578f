#include "client/session/session_core.h"

#include <algorithm>
#include <cstring>

#include "base/memory_left.h"
#include "client/session/completion_feed.h"
#include "client/session/fork_guard.h"
#include "client/session/lifeline.h"
#include "client/session/wait_step.h"
#include "shm/port/doorbell.h"
#include "shm/port/hints.h"

namespace ringmaster {
namespace {

constexpr Duration kRoomSlice = std::chrono::milliseconds(5);

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
      drafter_(facts_, request.ring_bytes(), reply.ring_bytes()),
      fork_generation_(fork_generation()),
      port_(request, reply, board),
      requests_(request.ring_bytes(), memory_.request_fd.get(), request.ring_file_offset(), memory_left_now),
      results_(reply.ring_bytes(), memory_.reply_fd.get(), reply.ring_file_offset(), memory_left_now),
      records_(request.slots()),
      record_of_slot_(request.slots(), kNoRecord) {
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
  if (auto refused = drafter_.check_size(bytes)) return *std::move(refused);
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

// The daemon hears of it only here.
Refusal SessionCore::queue_full(std::string why) const {
  port_.reply().queue_full().fetch_add(1, std::memory_order_relaxed);
  return {SubmitError::QueueFull, std::move(why)};
}

SessionCore::Room SessionCore::place(JobDraft& draft, std::uint32_t& at) {
  // New jobs would take the room that an older one waits for, again and again.
  if (waiting_ != 0) return Room::Full;
  const auto slot = port_.take_slot();
  if (!slot) return Room::Full;
  JobDescriptor& job = draft.job;
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
    std::memcpy(port_.request().ring() + arguments.offset, draft.arguments.data(), job.arguments_bytes);
  job.arguments_line = static_cast<std::uint32_t>(arguments.offset / kCacheLine);
  job.result_line = static_cast<std::uint32_t>(result.offset / kCacheLine);
  // Each job that is not Free holds a slot, and there are as many records as slots.
  at = free_records_.back();
  free_records_.pop_back();
  Record& record = records_[at];
  record.abandoned = false;
  record.asked_again = false;
  record.slot = *slot;
  record.request_extent = draft.request_extent;
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
  if (request.session_ && request.session_.get() != this)
    return Refusal{SubmitError::BadOption, "the request was allocated from another session"};
  JobDraft draft;
  const PlacedRequest placed{request.extent_, request.offset_, request.bytes_.size(), request.taken_};
  if (auto refused = drafter_.draft(handler, placed, arguments, options, draft)) return *std::move(refused);
  const TimeLimit limit(options.wait_for_room);
  std::unique_lock lock(mutex_);
  for (bool collected = false;; collected = true) {
    if (!takes_work()) return refusal();
    std::uint32_t record = kNoRecord;
    draft.job.submitted_ns = daemon_now_ns();
    switch (place(draft, record)) {
      case Room::Ok:
        publish(record);
        lock.unlock();
        request.let_go();  // the job's now
        return record;
      case Room::NoMemory:
        return Refusal{SubmitError::TooLittleMemory, "not enough memory for a result of " +
                                                         std::to_string(draft.job.result_capacity) +
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
