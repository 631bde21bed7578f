#pragma once

#include <node_api.h>
#include <uv.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

namespace ringmaster::node {

/// Work that may wait for a daemon, done one after the other on a thread that lives only while there is any. The thread
/// is nobody's: neither the end of an environment nor that of the process waits for it. So what it uses is never
/// destroyed with static objects, and this addon is never unloaded. Any thread.
class Lane {
 public:
  Lane();
  /// Where no thread can be made, it is done at once.
  void send(std::function<void()> work);

 private:
  struct Line;
  std::shared_ptr<Line> line_;
};

/// Work for a lane whose end is told to scripts. Neither libuv's loop waits for it, nor its threads, which a program
/// needs for its files.
class Errand {
 public:
  virtual ~Errand() = default;
  /// In the lane. Calls nothing of Node-API.
  virtual void run() = 0;
  /// In the environment's thread, once it is done.
  virtual void tell(napi_env env) = 0;
  /// Instead of tell(), where scripts are being ended: gives back what is the environment's, while run() may be going
  /// on.
  virtual void forget(napi_env /*env*/) {}
};

/// Where the errands of one environment come back to. The environment's thread, but for back().
class ErrandDesk : public std::enable_shared_from_this<ErrandDesk> {
 public:
  static ErrandDesk& of(napi_env env);
  /// `holds`: the loop stays alive for it.
  void send(Lane& lane, const std::shared_ptr<Errand>& errand, bool holds);

  explicit ErrandDesk(napi_env env);
  ErrandDesk(const ErrandDesk&) = delete;
  ErrandDesk& operator=(const ErrandDesk&) = delete;

 private:
  struct Sent {
    std::shared_ptr<Errand> errand;
    bool holds = false;
  };
  void back(const Sent& sent);
  void take();
  void end();
  static void on_teardown(napi_async_cleanup_hook_handle hook, void* self);

  napi_env env_;
  uv_async_t bell_{};
  napi_async_cleanup_hook_handle teardown_ = nullptr;
  std::set<std::shared_ptr<Errand>> open_;  ///< sent, and not told
  unsigned holding_ = 0;                    ///< of these, those for which the loop stays alive
  std::shared_ptr<ErrandDesk> self_;        ///< while its handle is not closed
  std::mutex mutex_;                        ///< guards what follows
  std::vector<Sent> back_;
  bool closed_ = false;
};

/// Calls a script's function, outside of every other script.
void call_script(napi_env env, napi_ref function, std::span<const napi_value> arguments,
                 napi_async_context context = nullptr);

}  // namespace ringmaster::node
