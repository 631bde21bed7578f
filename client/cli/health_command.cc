#include <unistd.h>

#include <cstdio>
#include <future>
#include <memory>
#include <thread>

#include "client/cli/commands.h"
#include "client/cli/console/interrupt.h"
#include "client/cli/console/json.h"
#include "client/cli/console/show_text.h"
#include "client/cli/console/words.h"
#include "client/cli/protobuf_link.h"
#include "client/session/wait_step.h"

namespace ringmaster::cli {
namespace {

namespace v1 = control::v1;
using Answer = Result<v1::Health>;

constexpr Duration kPause = std::chrono::milliseconds(100);
constexpr int kDown = 2;

Answer ask_once(const CommonOptions& common, Duration timeout) {
  ConnectOptions options;
  options.socket = common.socket;
  options.name = "ringmaster health";
  options.control_timeout = timeout;
  options.busy_timeout = Duration(0);
  options.administers = true;
  auto client = Client::connect(options);
  if (!client) return client.error();
  v1::Request request;
  request.mutable_get_health();
  auto answer = client::ask_for(client->link(), request, v1::Reply::kHealth, timeout);
  if (!answer) return answer.error();
  return std::move(*answer->reply.mutable_health());
}

// Never hangs: connecting, greeting and asking take at most `timeout` together, whatever the daemon does. The thread
// that asks may still be blocked then, which is why this command ends by _exit.
Answer ask(const CommonOptions& common, Duration timeout) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  std::thread([promise, common, timeout] { promise->set_value(ask_once(common, timeout)); }).detach();
  if (future.wait_for(timeout) == std::future_status::ready) return future.get();
  return Error{"the daemon gave no answer within " + show_duration(timeout) + "; is it overloaded or stopped?",
               ETIMEDOUT};
}

int code_of(const Answer& answer, const HealthCommand& command) {
  if (!answer) return kDown;
  if (command.live || (command.ready && answer->ready())) return 0;
  if (answer->level() == "healthy") return 0;
  return answer->level() == "degraded" ? 1 : answer->level() == "starting" ? 3 : kDown;
}

int show(const CommonOptions& common, const Answer& answer, int code) {
  const std::string why_not = answer ? std::string() : answer.error().message;
  if (!common.json) return print(clean_line(answer ? answer->line() : "down: " + why_not) + "\n", code);
  JsonWriter json;
  json.begin_object().text("health", answer ? answer->level() : "down").boolean("ready", answer && answer->ready());
  json.begin_array("reasons");
  if (answer) {
    for (const std::string& one : answer->reasons()) json.text({}, one);
  } else {
    json.text({}, why_not);
  }
  json.end_array().text("summary", answer ? answer->line() : "down: " + why_not);
  return print(json.end_object().take(), code);
}

}  // namespace

int run_health(const CommonOptions& common, const HealthCommand& command) {
  catch_interrupts();
  const client::TimeLimit wait(command.wait);
  for (;;) {
    const Answer answer = ask(common, command.timeout);
    const int code = code_of(answer, command);
    if (code == 0 || wait.left() <= Duration(0) || interrupted()) {
      const int shown = show(common, answer, code);
      ::_exit(shown);
    }
    std::this_thread::sleep_for(std::min(kPause, wait.left()));
  }
}

}  // namespace ringmaster::cli
