#include "client/created_pool.h"

#include <unistd.h>

#include <utility>

#include "client/control/control_link.h"
#include "client/control/pool_creation.h"
#include "client/session/fork_guard.h"
#include "client/session/lifeline.h"

namespace ringmaster {

CreatedPool::CreatedPool(std::string name, std::uint64_t id, int lifeline, std::shared_ptr<client::ControlLink> link)
    : name_(std::move(name)), id_(id), lifeline_(lifeline), link_(std::move(link)) {
  client::close_in_children(lifeline);
}
CreatedPool::CreatedPool(CreatedPool&& other) noexcept
    : name_(std::move(other.name_)),
      id_(other.id_),
      lifeline_(other.lifeline_.exchange(-1)),
      link_(std::move(other.link_)) {}
CreatedPool& CreatedPool::operator=(CreatedPool&& other) noexcept {
  if (this == &other) return *this;
  hang_up();
  name_ = std::move(other.name_);
  id_ = other.id_;
  lifeline_ = other.lifeline_.exchange(-1);
  link_ = std::move(other.link_);
  return *this;
}
CreatedPool::~CreatedPool() { hang_up(); }

Result<void> CreatedPool::resize(unsigned workers, unsigned min_workers) {
  if (!link_) return Error{"this pool was moved away"};
  return client::resize_pool(*link_, {name_, id_}, workers, min_workers);
}

// Jobs may run for long, and their sessions share link_, by which they are cancelled.
Result<void> CreatedPool::drop(std::optional<Duration> limit) {
  if (!link_) return Error{"this pool was moved away"};
  if (link_->forked()) return Error{"this pool belongs to the parent process"};
  client::ControlLink own = link_->another();
  auto dropped = client::drop_pool(own, {name_, id_}, limit);
  // Asked a second time, by a successor: it was gone before.
  const bool gone = !dropped && client::refusal_of(dropped.error()) == client::ErrorCode::UnknownPool;
  if (!dropped && !gone) return dropped;
  hang_up();
  return {};
}

// One byte, for copies that other processes hold. In a forked child it was closed when the child began, and its number
// may be in use again.
void CreatedPool::hang_up() noexcept {
  const int lifeline = lifeline_.exchange(-1);
  if (lifeline < 0 || link_->forked()) return;
  client::write_farewell(lifeline);
  client::forget_in_children(lifeline);
  ::close(lifeline);
}

}  // namespace ringmaster
