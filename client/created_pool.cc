#include "client/created_pool.h"

#include <unistd.h>

#include <utility>

#include "client/control/control_link.h"
#include "client/control/pool_creation.h"
#include "client/session/lifeline.h"

namespace ringmaster {

CreatedPool::CreatedPool(std::string name, int lifeline, std::shared_ptr<client::ControlLink> link)
    : name_(std::move(name)), lifeline_(lifeline), link_(std::move(link)) {}
CreatedPool::CreatedPool(CreatedPool&& other) noexcept
    : name_(std::move(other.name_)), lifeline_(std::exchange(other.lifeline_, -1)), link_(std::move(other.link_)) {}
CreatedPool& CreatedPool::operator=(CreatedPool&& other) noexcept {
  if (this == &other) return *this;
  hang_up();
  name_ = std::move(other.name_);
  lifeline_ = std::exchange(other.lifeline_, -1);
  link_ = std::move(other.link_);
  return *this;
}
CreatedPool::~CreatedPool() { hang_up(); }

Result<void> CreatedPool::resize(unsigned workers, unsigned min_workers) {
  if (!link_) return Error{"this pool was moved away"};
  return client::resize_pool(*link_, name_, workers, min_workers);
}

Result<void> CreatedPool::drop(std::optional<Duration> limit) {
  if (!link_) return Error{"this pool was moved away"};
  auto dropped = client::drop_pool(*link_, name_, limit);
  // Asked a second time, by a successor: it was gone before.
  const bool gone = !dropped && client::refusal_of(dropped.error()) == client::ErrorCode::UnknownPool;
  if (!dropped && !gone) return dropped;
  hang_up();
  return {};
}

// One byte, for copies that forked children hold; a child's own end says nothing.
void CreatedPool::hang_up() noexcept {
  if (lifeline_ < 0) return;
  if (!link_->forked()) client::write_farewell(lifeline_);
  ::close(std::exchange(lifeline_, -1));
}

}  // namespace ringmaster
