#include "tests/fuzz/hostile_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "shm/base/check.h"
#include "shm/client_port.h"
#include "shm/hints.h"
#include "shm/reap.h"
#include "shm/verdict.h"
#include "shm/worker_port.h"

namespace ringmaster::testing {
namespace {

constexpr std::uint16_t kSession = 3;
constexpr std::uint64_t kRing = kPageBytes;

class Block {
 public:
  explicit Block(std::size_t bytes) : size_(bytes), data_(std::aligned_alloc(kCacheLine, bytes)) {
    std::memset(data_.get(), 0, size_);
  }
  [[nodiscard]] std::span<std::byte> span() const { return {static_cast<std::byte*>(data_.get()), size_}; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::size_t size_;
  std::unique_ptr<void, Free> data_;
};

// The script's bytes; when they are used up everything is 0.
class Script {
 public:
  explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const { return at_ >= bytes_.size(); }
  template <typename T>
  T next() {
    T value{};
    const std::size_t count = std::min(sizeof value, bytes_.size() - std::min(at_, bytes_.size()));
    if (count != 0) std::memcpy(&value, bytes_.data() + at_, count);
    at_ += sizeof value;
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

class Game {
 public:
  explicit Game(std::span<const std::uint8_t> script) : script_(script) {
    self_.owner = owner_;
    self_.lane = format_lane(lane_memory_.span(), 0, owner_);
    self_.control = format_control(control_memory_.span(), 0, owner_);
    self_.board = board_;
    session_ = WorkerSession{.index = kSession, .request = request_, .reply = reply_};
  }

  unsigned play() {
    unsigned steps = 0;
    while (!script_.empty()) {
      const auto what = script_.next<std::uint8_t>();
      if (what % 2 == 0) {
        scribble(what / 2);
      } else {
        honest(what / 2);
        ++steps;
      }
    }
    return steps;
  }

 private:
  void scribble(unsigned kind) {
    // A plausible slot word, hint or descriptor gets further than noise does.
    if (kind % 4 == 0) {
      const auto raw = script_.next<std::uint32_t>();
      const auto state = static_cast<SlotState>(raw & 7);
      const std::uint32_t seq = last_seq_ + (raw >> 3 & 1);
      const SlotWord word = SlotWord::owned(seq, state, raw >> 4 & 0xF, (raw >> 8 & 1) != 0 ? owner_ : Owner{9, 9});
      reply_.word(raw >> 16 & 63).store(word.bits());
      return;
    }
    const std::span<std::byte> segments[] = {request_memory_.span(), reply_memory_.span(), reply_memory_.span(),
                                             lane_memory_.span(), board_memory_.span()};
    const std::span<std::byte> segment = segments[script_.next<std::uint8_t>() % std::size(segments)];
    const std::size_t control = segment.size() > kRing ? segment.size() - kRing : segment.size();
    // Headers, hints and the first slots are hit as often as all the rest.
    const std::size_t range = (kind & 8) != 0 ? std::min<std::size_t>(control, 512) : control;
    const std::size_t at = script_.next<std::uint16_t>() % (range / 8) * 8;
    const auto value = script_.next<std::uint64_t>();
    std::memcpy(segment.data() + at, &value, sizeof value);
  }

  void honest(unsigned kind) {
    switch (kind % 10) {
      case 0:
        return submit();
      case 1:
        return take();
      case 2:
        return end();
      case 3:
        return gather();
      case 4:
        return sentence();
      case 5:
        return bury();
      case 6:
        return restore_hints(reply_);
      case 7:
        return expire();
      case 8:
        return reopen();
      default:
        return cancel();
    }
  }

  void submit() {
    const auto slot = client_.take_slot();
    if (!slot) return;
    JobDescriptor job{};
    job.handler = 42;
    job.flags = kJobIdempotent;
    job.request_bytes = job.result_capacity = 64;
    last_seq_ = client_.publish(*slot, job).seq;
    last_slot_ = *slot;
  }
  void take() {
    if (claimed_) return;
    Claim claimed;
    if (claim(self_, session_, ++now_, claimed) != ClaimStatus::Claimed) return;
    RM_CHECK(claimed.slot < reply_.slots());
    claimed_ = claimed;
  }
  void end() {
    if (!claimed_) return;
    const JobExtents extents = locate(session_, *claimed_);
    (void)cancel_asked(self_, session_, *claimed_);
    JobResult result{.message = "no such picture"};
    if (extents.ok) {
      check_inside(extents.request, request_.ring());
      check_inside(extents.arguments, request_.ring());
      check_inside({extents.result.data(), extents.result.size()}, reply_.ring());
      if (!extents.request.empty()) sum_ += std::to_integer<unsigned>(extents.request.back());
      if (!extents.result.empty()) extents.result.back() = std::byte{1};
      result.result_bytes = extents.result.size();
    } else {
      result.state = SlotState::Failed;
      result.cause = Cause::Invalid;
    }
    (void)finish(self_, session_, *claimed_, result, ++now_);
    claimed_.reset();
  }
  static void check_inside(std::span<const std::byte> extent, const std::byte* ring) {
    RM_CHECK(extent.data() >= ring && extent.data() + extent.size() <= ring + kRing);
  }
  void gather() {
    const unsigned published = client_.in_flight();
    std::vector<std::uint32_t> slots;
    const unsigned found = client_.collect([&](std::uint32_t slot, SlotWord word) {
      RM_CHECK(slot < client_.slots() && word.is_terminal());
      slots.push_back(slot);
    });
    RM_CHECK(found <= published && client_.in_flight() == published - found);
    for (const std::uint32_t slot : slots) client_.release(slot);
  }
  void sentence() {
    const LaneLook look = look_at_lane(*self_.lane);
    if (look.intent && look.intent->session == kSession) {
      (void)pass_sentence(reply_, *self_.lane, *look.intent, owner_);
    }
  }
  void bury() {
    const ReapTarget target{kSession, 7, request_, reply_};
    const std::uint64_t intent = self_.lane->words.intent.load();
    const DeathReport death{.owner = owner_,
                            .intent_bits = intent,
                            .cause = Cause::CrashedSignal,
                            .detail = 9,
                            .verdict = std::nullopt,
                            .run = {intent, self_.lane->words.stamp_ns.load(), now_}};
    (void)times_cut_short({&target, 1}, death);
    const auto rule = [](std::uint64_t, bool idempotent, unsigned attempts) {
      return idempotent && attempts < 3 ? AfterCrash::Retry : AfterCrash::Fail;
    };
    for (const ReapedJob& job : reap({&target, 1}, death, rule)) {
      RM_CHECK(job.session == kSession && job.slot < reply_.slots());
      RM_CHECK(!(job.forged && job.retried));
    }
    RM_CHECK(reap({&target, 1}, death, rule).empty());
    self_.lane->words.intent.store(0);
    claimed_.reset();
  }
  void expire() {
    for (std::uint32_t slot = 0; slot < reply_.slots(); ++slot) {
      if (!queue_expired(request_.descriptor(slot), ++now_)) continue;
      (void)end_ready(reply_, slot, client_.read(slot), Cause::QueueTimeout);
    }
    (void)end_ready(reply_, script_.next<std::uint32_t>(), SlotWord(script_.next<std::uint64_t>()), Cause::Lost);
  }
  // A header that a peer has altered: refused, or a view that fits the memory; those in use are not affected.
  void reopen() {
    if (const auto view = RequestView::open(request_memory_.span())) {
      RM_CHECK(view->slots() <= kMaxSlots);
      sum_ += view->descriptor(view->slots() - 1).seq;
      if (view->ring() != nullptr) sum_ += std::to_integer<unsigned>(view->ring()[view->ring_bytes() - 1]);
    }
    if (const auto view = ReplyView::open(reply_memory_.span())) {
      sum_ += static_cast<unsigned char>(view->message(view->slots() - 1).text[kMessageBytes - 1]);
      if (view->ring() != nullptr) sum_ += std::to_integer<unsigned>(view->ring()[view->ring_bytes() - 1]);
    }
    for (const std::size_t cut : {std::size_t{0}, std::size_t{63}, std::size_t{64}, std::size_t{4096}}) {
      (void)RequestView::open(request_memory_.span().first(cut));
      (void)ReplyView::open(reply_memory_.span().first(cut));
    }
    (void)open_lane(lane_memory_.span());
    (void)open_board(board_memory_.span());
  }
  void cancel() {
    (void)client_.cancel(last_slot_, last_seq_);
    (void)should_ring(*board_);
    (void)count_spinners(*board_);
    if (script_.next<std::uint8_t>() == 0) (void)end_all(reply_, Cause::Lost);
  }

  Script script_;
  const SessionGeometry geometry_{64, kRing, kRing};
  const Owner owner_{2, 5};
  Block request_memory_{geometry_.request_segment_bytes()};
  Block reply_memory_{geometry_.reply_segment_bytes()};
  Block lane_memory_{sizeof(LaneRecord)};
  Block control_memory_{sizeof(ControlRecord)};
  Block board_memory_{sizeof(BoardRecord)};
  RequestView request_ = RequestView::format(request_memory_.span(), geometry_, 7, kSession, 0);
  ReplyView reply_ = ReplyView::format(reply_memory_.span(), geometry_, 7, kSession, 0);
  BoardRecord* board_ = format_board(board_memory_.span(), 0);
  ClientPort client_{request_, reply_, board_};
  WorkerSelf self_;
  WorkerSession session_;
  std::optional<Claim> claimed_;
  std::uint64_t now_ = 1;
  std::uint32_t last_seq_ = 0;
  std::uint32_t last_slot_ = 0;
  // Volatile: what was read must have been read.
  volatile std::uint64_t total_ = 0;
  std::uint64_t sum_ = 0;

 public:
  ~Game() { total_ = sum_; }
  Game(const Game&) = delete;
  Game& operator=(const Game&) = delete;
};

}  // namespace

unsigned play_hostile_script(std::span<const std::uint8_t> script) { return Game(script).play(); }

}  // namespace ringmaster::testing
