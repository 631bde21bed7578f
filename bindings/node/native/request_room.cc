// Memory for requests that scripts fill, or that tasks are put into: the part of a ClientSession that may have to ask
// the daemon for it.
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "bindings/node/native/client_session.h"
#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {
namespace {

// A daemon answers in less than a millisecond, and pages take some 0.3 ms a MiB. The loop stands still for no longer.
constexpr std::chrono::milliseconds kPatience{50};
// A spare one may be so much larger than what is wanted.
constexpr std::uint64_t kWaste = 2;
// So long a spare one waits to be taken: it counts as the program's user's.
constexpr std::uint64_t kSpareMs = 2000;

}  // namespace

struct ClientSession::RoomWish : Errand {
  RoomWish(std::shared_ptr<ClientSession> of, std::uint64_t size) : session(std::move(of)), bytes(size) {}
  ~RoomWish() override { rm_request_free(request.handle); }

  void run() override {
    void* memory = nullptr;
    rm_request* made = nullptr;
    const int told = rm_request_new(session->session_, bytes, 0, &made, &memory, error.data(), error.size());
    const std::lock_guard lock(mutex);
    answer = told;
    if (told == RM_ACCEPTED)
      request = {made, {static_cast<std::byte*>(memory), static_cast<std::size_t>(bytes)}, done != nullptr};
    is_answered = true;
    answered.notify_all();
  }
  void tell(napi_env env) override {
    if (done == nullptr) return session->wish_answered(*this);
    const std::uint32_t id = answer == RM_ACCEPTED ? session->keep(std::exchange(request, {})) : 0;
    const std::array arguments{to_value(env, double(answer)), to_value(env, double(id)),
                               to_value(env, std::string_view(error.data()))};
    if (!session->closed_) call_script(env, done, arguments);
    forget(env);
  }
  void forget(napi_env env) override {
    if (done != nullptr) napi_delete_reference(env, done);
  }

  std::shared_ptr<ClientSession> session;
  const std::uint64_t bytes;
  napi_ref done = nullptr;  ///< nullptr: of allocate()
  std::array<char, 512> error{};
  std::mutex mutex;  ///< guards what follows
  std::condition_variable answered;
  bool is_answered = false;
  int answer = 0;
  Request request;
};

std::uint32_t ClientSession::keep(const Request& request) {
  const std::uint32_t id = next_request_++;
  requests_.emplace(id, request);
  return id;
}

std::uint32_t ClientSession::allocate(std::uint64_t bytes) {
  if (rm_request_asks_daemon(session_, bytes) != 0) return wish_for(bytes);
  rm_request* handle = nullptr;
  void* memory = nullptr;
  if (rm_request_new(session_, bytes, 0, &handle, &memory, nullptr, 0) != RM_ACCEPTED) return 0;
  return keep({handle, {static_cast<std::byte*>(memory), static_cast<std::size_t>(bytes)}});
}

std::uint32_t ClientSession::wish_for(std::uint64_t bytes) {
  Request spare = std::exchange(spare_, {});
  if (spare.bytes.size() >= bytes && spare.bytes.size() / kWaste <= bytes) return keep(spare);
  rm_request_free(spare.handle);
  if (wish_ != nullptr) return 0;
  const auto wish = std::make_shared<RoomWish>(shared_from_this(), bytes);
  ErrandDesk::of(env_).send(allocating_, wish, false);
  std::unique_lock lock(wish->mutex);
  if (!wish->answered.wait_for(lock, kPatience, [&] { return wish->is_answered; })) {
    wish_ = wish;
    return 0;
  }
  const Request given = std::exchange(wish->request, {});
  return given.handle != nullptr ? keep(given) : 0;
}

// Only one that came too late still has its request.
void ClientSession::wish_answered(RoomWish& wish) {
  if (wish_.get() == &wish) wish_.reset();
  if (closed_ || wish.request.handle == nullptr || spare_.handle != nullptr) return;
  spare_ = std::exchange(wish.request, {});
  uv_timer_start(&spare_unused_, on_spare_unused, kSpareMs, 0);
}

void ClientSession::drop_spare() { rm_request_free(std::exchange(spare_, {}).handle); }

void ClientSession::on_spare_unused(uv_timer_t* handle) { static_cast<ClientSession*>(handle->data)->drop_spare(); }

void ClientSession::ask_room(std::uint64_t bytes, napi_value done) {
  const auto wish = std::make_shared<RoomWish>(shared_from_this(), bytes);
  must(napi_create_reference(env_, done, 1, &wish->done), "napi_create_reference");
  ErrandDesk::of(env_).send(allocating_, wish, false);
}

ClientSession::Request ClientSession::take(std::uint32_t id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return {};
  const Request request = found->second;
  requests_.erase(found);
  return request;
}

}  // namespace ringmaster::node
