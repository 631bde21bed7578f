#include "daemon/control/socket/socket_guard.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/log/log.h"

namespace ringmaster::daemon {
namespace {

using core::PlaceAct;
using core::PlaceSight;

constexpr core::Duration kSlowLook = std::chrono::seconds{30};  // also with a watch, which cannot see everything
constexpr core::Duration kLook = std::chrono::seconds{3};       // without a watch, or while something is wrong
constexpr core::Duration kProbeTimeout = std::chrono::seconds{10};

std::string what_is_wrong(PlaceSight sight) {
  switch (sight) {
    case PlaceSight::Ours:
      return {};
    case PlaceSight::Gone:
    case PlaceSight::Dead:
      return "the daemon's socket is gone from its path";
    case PlaceSight::NoFolder:
      return "the folder of the daemon's socket is gone; make it again, and the socket comes back";
    case PlaceSight::Foreign:
      return "somebody else listens on the path of the daemon's socket; end one of the two";
    case PlaceSight::NoSocket:
      return "the file at the path of the daemon's socket is not a socket; remove it, and the socket comes back";
  }
  return {};
}

}  // namespace

SocketGuard::SocketGuard(EventLoop& loop, std::string path, const config::DaemonConfig& config, Listener listener,
                         bool passed, Hooks hooks)
    : loop_(loop),
      path_(std::move(path)),
      config_(config),
      listener_(std::move(listener)),
      passed_(passed),
      hooks_(std::move(hooks)) {}

SocketGuard::~SocketGuard() {
  if (timer_) loop_.cancel(*timer_);
}

void SocketGuard::start() {
  watch();
  listener_.place ? look() : probe();
}

void SocketGuard::probe() {
  probed_ = file_at(path_);
  probe_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), std::min(path_.size(), sizeof address.sun_path - 1));
  if (::connect(probe_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    timer_ = loop_.after(kProbeTimeout, [this] {
      timer_.reset();
      probe_.reset();  // the probe was accepted by another process
      look();
    });
    return;
  }
  // A full backlog (EAGAIN) proves nothing; any other error means that the path does not lead to us.
  const bool busy = errno == EAGAIN;
  probe_.reset();
  busy ? look_later() : look();
}

void SocketGuard::probe_arrived() {
  if (!probe_) return;
  probe_.reset();
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  struct stat facts {};
  if (::lstat(path_.c_str(), &facts) == 0 && probed_ == FileId{facts.st_dev, facts.st_ino}) {
    listener_.place = probed_;
    mode_ = facts.st_mode & 07777;
    group_ = facts.st_gid;
  }
  look();
}

void SocketGuard::look() {
  if (ended_ || probe_) return;
  sight_ = look_at_place(path_, listener_.place);
  // An inherited socket's file may have been removed before we saw it: then the lock shows that the path is ours.
  const bool ours = listener_.place.has_value() || listener_.lock.valid();
  switch (core::decide_place(sight_, ours)) {
    case PlaceAct::Nothing:
      if (lock_lost() ? take_lock_again() : true) complaint_.clear();
      break;
    case PlaceAct::BindAgain:
      bind_again();
      break;
    case PlaceAct::Complain:
      complain(what_is_wrong(sight_));
      break;
  }
  look_later();
}

bool SocketGuard::lock_lost() const {
  return !passed_ && (!listener_.lock || file_of(listener_.lock.get()) != file_at(lock_path(path_)));
}

bool SocketGuard::take_lock_again() {
  auto lock = take_lock(path_);
  if (!lock) {
    complain(lock.error().message);
    return false;
  }
  listener_.lock = std::move(*lock);
  log_info("the lock beside the daemon's socket was gone: taken again", {{"socket", path_}});
  hooks_.bound(listener_);
  watch();
  return true;
}

void SocketGuard::bind_again() {
  config::DaemonConfig style = config_;
  if (passed_) {
    // The same mode and group as the service manager's socket had.
    style.socket_mode = mode_;
    style.socket_gid = group_;
  }
  auto again = open_listener(path_, style, UniqueFd(::fcntl(listener_.lock.get(), F_DUPFD_CLOEXEC, 3)));
  if (!again) return complain("the daemon's socket is gone from its path: " + again.error().message);
  listener_ = std::move(*again);
  log_warning(passed_
                  ? "the service manager's socket was gone from its path: bound again by the daemon itself; restart "
                    "the socket unit to have it back"
                  : "the daemon's socket was gone from its path: bound again",
              {{"socket", path_}});
  passed_ = false;
  sight_ = PlaceSight::Ours;
  complaint_.clear();
  hooks_.bound(listener_);
  watch();
}

void SocketGuard::complain(const std::string& text) {
  if (text == complaint_) return;
  complaint_ = text;
  log_warning(text, {{"socket", path_}});
}

// Made again each time: watches are on files, and the names may lead to other files now.
void SocketGuard::watch() {
  changed_.reset();
  changes_ = FileWatch();
  sees_changes_ = changes_.open() && changes_.add_file(path_.c_str()) &&
                  (passed_ || changes_.add_file(lock_path(path_).c_str())) &&
                  changes_.add_folder(path_.substr(0, path_.rfind('/') + 1).c_str());
  if (!sees_changes_) {
    changes_ = FileWatch();
    return;
  }
  changed_ = std::make_unique<FdWatch>(loop_, changes_.fd(), [this] {
    changes_.drain();
    watch();
    look();
  });
}

void SocketGuard::look_later() {
  if (timer_) loop_.cancel(*timer_);
  const bool slow = sees_changes_ && (complaint_.empty() || sight_ == PlaceSight::Foreign);
  timer_ = loop_.after(slow ? kSlowLook : kLook, [this] {
    timer_.reset();
    listener_.place ? look() : probe();
  });
}

void SocketGuard::remove() {
  ended_ = true;
  changed_.reset();
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  if (!passed_) remove_listener(path_, listener_);
}

}  // namespace ringmaster::daemon
