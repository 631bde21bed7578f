#include "daemon/loop/event_loop.h"

#include <poll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "daemon/log/log.h"
#include "daemon/os/watch_set.h"

#include "daemon/loop/closing_threads.h"

namespace ringmaster::daemon {

namespace asio = boost::asio;

namespace {

// How often descriptors are checked that the kernel cannot watch.
constexpr core::Duration kBlindLook = std::chrono::milliseconds{20};
constexpr core::Duration kSayAgain = std::chrono::minutes{1};

[[noreturn]] void fail(int error) {
  throw boost::system::system_error(error, boost::system::system_category(), "cannot watch descriptors");
}

WatchSet opened_set() {
  WatchSet set;
  if (const int error = set.open(); error != 0) fail(error);
  return set;
}

}  // namespace

struct EventLoop::State : std::enable_shared_from_this<State> {
  struct Watch {
    int fd;
    std::function<void()> readable;
    bool blind = false;  // the kernel cannot watch it: it is checked now and then
  };

  explicit State(asio::io_context& c)
      : context(c), set(opened_set()), readiness(c, set.fd()), pause(c), blind_look(c) {}
  // The watch set owns the descriptor.
  ~State() { (void)readiness.release(); }

  void wait() {
    readiness.async_wait(asio::posix::stream_descriptor::wait_read,
                         [weak = weak_from_this()](boost::system::error_code error) {
                           const auto self = weak.lock();
                           if (!self || error == asio::error::operation_aborted) return;
                           error ? self->wait_later() : self->take();
                         });
  }
  void wait_later() {
    pause.expires_after(kBlindLook);
    pause.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      if (const auto self = weak.lock(); self && !error) self->take();
    });
  }

  // Handles one batch, then lets other events of the loop run; waits for the set only when nothing is ready.
  void take() {
    std::array<WatchSet::Event, 64> room;
    const auto events = set.take(room);
    if (events.empty()) return wait();
    for (const WatchSet::Event& event : events) {
      const auto at = watches.find(event.id);
      if (at == watches.end()) {
        forget(event.fd);
        continue;
      }
      const std::shared_ptr<Watch> watch = at->second;  // a copy: the callback may end the watch
      watch->readable();
    }
    asio::post(context, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->take();
    });
  }

  // Removes the descriptor from the set, unless its number belongs to another watch now.
  void forget(int fd) {
    for (const auto& [id, watch] : watches) {
      if (watch->fd == fd && !watch->blind) return;
    }
    set.remove(fd);
  }

  std::uint32_t add(int fd, std::function<void()> readable) {
    do ++last_watch;
    while (last_watch == 0 || watches.contains(last_watch));
    const auto watch = std::make_shared<Watch>(Watch{fd, std::move(readable)});
    watches[last_watch] = watch;
    if (const int error = set.add(fd, last_watch); error != 0) look_blindly(*watch, error);
    return last_watch;
  }

  void remove(std::uint32_t id) {
    const auto at = watches.find(id);
    if (!at->second->blind) set.remove(at->second->fd);
    watches.erase(at);
  }

  void look_blindly(Watch& watch, int error) {
    watch.blind = true;
    const core::TimePoint now = std::chrono::steady_clock::now();
    if (!said || now - *said >= kSayAgain) {
      said = now;
      log_warning(
          "the kernel watches no further descriptor: those without a watch are looked at 50 times a second until it "
          "does; raise fs.epoll.max_user_watches, or give the machine memory",
          {{"error", std::strerror(error)}});
    }
    if (looks_blindly) return;
    looks_blindly = true;
    look_later();
  }
  void look_later() {
    blind_look.expires_after(kBlindLook);
    blind_look.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      if (const auto self = weak.lock(); self && !error) self->look();
    });
  }
  void look() {
    std::vector<std::uint32_t> blind;
    for (const auto& [id, watch] : watches) {
      if (watch->blind) blind.push_back(id);
    }
    looks_blindly = !blind.empty();
    for (const std::uint32_t id : blind) {
      const auto at = watches.find(id);
      if (at == watches.end()) continue;
      const std::shared_ptr<Watch> watch = at->second;
      watch->blind = set.add(watch->fd, id) != 0;
      pollfd now{watch->fd, POLLIN, 0};
      if (watch->blind && ::poll(&now, 1, 0) > 0) watch->readable();
    }
    if (looks_blindly) look_later();
  }

  asio::io_context& context;
  std::map<TimerId, asio::steady_timer> timers;
  TimerId last_timer = 0;

  WatchSet set;
  asio::posix::stream_descriptor readiness;
  asio::steady_timer pause;
  std::unordered_map<std::uint32_t, std::shared_ptr<Watch>> watches;
  std::uint32_t last_watch = 0;
  asio::steady_timer blind_look;
  bool looks_blindly = false;
  std::optional<core::TimePoint> said;
};

EventLoop::EventLoop(asio::io_context& context)
    : state_(std::make_shared<State>(context)), closer_(std::make_unique<ClosingThreads>(*this)) {
  state_->wait();
}
EventLoop::EventLoop(asio::io_context& context, std::unique_ptr<Closer> closer)
    : state_(std::make_shared<State>(context)), closer_(std::move(closer)) {
  state_->wait();
}
EventLoop::~EventLoop() { state_->timers.clear(); }

core::TimePoint EventLoop::now() const { return std::chrono::steady_clock::now(); }

EventLoop::TimerId EventLoop::after(core::Duration delay, std::function<void()> action) {
  const TimerId id = ++state_->last_timer;
  auto [at, inserted] = state_->timers.try_emplace(id, state_->context);
  at->second.expires_after(delay);
  at->second.async_wait(
      [id, action = std::move(action), weak = std::weak_ptr(state_)](boost::system::error_code error) {
        const auto state = weak.lock();
        // The timer may have been cancelled after it fired.
        if (error || !state || state->timers.erase(id) == 0) return;
        action();
      });
  return id;
}

void EventLoop::cancel(TimerId timer) { state_->timers.erase(timer); }

void EventLoop::post(std::function<void()> action) { asio::post(state_->context, std::move(action)); }

asio::io_context& EventLoop::context() { return state_->context; }

FdWatch::FdWatch(EventLoop& loop, int fd, std::function<void()> readable)
    : loop_(loop.state_), id_(loop.state_->add(fd, std::move(readable))) {}

FdWatch::~FdWatch() {
  if (const auto loop = loop_.lock()) loop->remove(id_);
}

}  // namespace ringmaster::daemon
