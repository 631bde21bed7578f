#include "daemon/jobs/home/completion_watch.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "daemon/core/job/wake_pace.h"
#include "shm/port/client_port.h"
#include "shm/port/hints.h"

namespace ringmaster::daemon {
namespace {

constexpr std::chrono::seconds kLongestSleep{10};

}  // namespace

struct CompletionWatch::State {
  State(const shm::RequestView& request, const shm::ReplyView& reply) : port(request, reply, nullptr) {}
  shm::ClientPort port;  // only for observe() and sleep()
  std::atomic<bool> ending = false;
  std::atomic<bool> posted = false;
  std::thread thread;
};

CompletionWatch::CompletionWatch(EventLoop& loop, const shm::RequestView& request, const shm::ReplyView& reply,
                                 std::function<void()> look)
    : state_(std::make_shared<State>(request, reply)), reply_(reply) {
  state_->thread = std::thread([state = state_.get(), weak = std::weak_ptr(state_), &loop, look = std::move(look)] {
    // SYNC: `posted` pairs with the exchange below: the loop clears it before it looks, so a completion in between
    // posts again.
    core::WakePace pace;
    for (;;) {
      if (pace.too_fast(std::chrono::steady_clock::now())) std::this_thread::sleep_for(core::WakePace::kRest);
      const std::uint32_t seen = state->port.observe();
      // SYNC: acquire, pairs with the destructor's release. Read after the word: the destructor changes the word last,
      // so either `ending` is seen here, or the sleep below returns at once.
      if (state->ending.load(std::memory_order_acquire)) return;
      if (!state->posted.exchange(true, std::memory_order_acq_rel)) {
        loop.post([weak, look] {
          const auto alive = weak.lock();
          if (!alive) return;
          alive->posted.exchange(false, std::memory_order_acq_rel);
          look();
        });
      }
      state->port.sleep(seen, kLongestSleep);
    }
  });
}

CompletionWatch::~CompletionWatch() {
  state_->ending.store(true, std::memory_order_release);
  shm::wake_client(reply_);  // also changes the word, so that a sleep which is about to begin returns at once
  state_->thread.join();
}

}  // namespace ringmaster::daemon
