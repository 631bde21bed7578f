#include "client/client.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "client/control/control_link.h"
#include "client/control/explain.h"
#include "client/control/fetch_result.h"
#include "client/control/force_cancel.h"
#include "client/control/message_job.h"
#include "client/control/open_parcel.h"
#include "client/control/pool_creation.h"
#include "client/control/session_opening.h"
#include "client/session/session_core.h"
#include "client/session/wait_step.h"
#include "proto/socket_path.h"

namespace ringmaster {

Session::Session(std::shared_ptr<client::SessionCore> core, std::shared_ptr<client::ControlLink> link)
    : core_(std::move(core)), link_(std::move(link)) {
  core_->asks(
      {[asked = link_](std::uint64_t job, const Force& force) { return client::force_cancel(*asked, job, force); },
       [asked = link_](std::uint64_t job) { return client::fetch_result(*asked, job); },
       [asked = link_, serial = core_->facts().serial](std::uint64_t bytes) {
         return client::ask_parcel(*asked, serial, bytes);
       }});
}
Session& Session::operator=(Session&& other) noexcept {
  if (this == &other) return *this;
  close();
  core_ = std::move(other.core_);
  link_ = std::move(other.link_);
  return *this;
}
Session::~Session() { close(); }

Submission<Request> Session::allocate(std::size_t bytes, Duration wait_for_room) {
  return core_->allocate(bytes, wait_for_room);
}
bool Session::asks_daemon(std::size_t bytes) const noexcept { return bytes > core_->port().request().ring_bytes(); }
Submission<PendingJob> Session::submit(std::string_view handler, Request&& request, const Arguments& arguments,
                                       const SubmitOptions& options) {
  const auto record = core_->submit(handler, request, arguments, options);
  if (!record) return record.error();
  return PendingJob(core_, *record);
}
Submission<std::uint64_t> Session::post(std::string_view handler, Request&& request, const Arguments& arguments,
                                        const SubmitOptions& options) {
  std::uint64_t id = 0;
  const auto record = core_->submit(handler, request, arguments, options, client::JobRecord::Taker::Next, &id);
  if (!record) return record.error();
  return id;
}

namespace {

// A copy of `payload` for `take`, which gets what is left of the time to wait for room.
template <typename T, typename Take>
Submission<T> with_copy(client::SessionCore& core, std::span<const std::byte> payload, const Arguments& arguments,
                        const SubmitOptions& options, Take&& take) {
  const client::TimeLimit limit(options.wait_for_room);
  auto request = core.allocate(payload.size(), options.wait_for_room, encoded_size(arguments));
  if (!request) return request.error();
  if (!payload.empty()) std::memcpy(request->bytes().data(), payload.data(), payload.size());
  SubmitOptions rest = options;
  rest.wait_for_room = limit.left();
  return take(std::move(*request), rest);
}

}  // namespace

Submission<PendingJob> Session::submit(std::string_view handler, std::span<const std::byte> payload,
                                       const Arguments& arguments, const SubmitOptions& options) {
  return with_copy<PendingJob>(*core_, payload, arguments, options, [&](Request&& request, const SubmitOptions& rest) {
    return submit(handler, std::move(request), arguments, rest);
  });
}
Submission<std::uint64_t> Session::post(std::string_view handler, std::span<const std::byte> payload,
                                        const Arguments& arguments, const SubmitOptions& options) {
  return with_copy<std::uint64_t>(
      *core_, payload, arguments, options,
      [&](Request&& request, const SubmitOptions& rest) { return post(handler, std::move(request), arguments, rest); });
}

std::optional<Ended> Session::next(Duration limit) {
  std::optional<Ended> ended(std::in_place);
  if (!next(*ended, limit)) ended.reset();
  return ended;
}
bool Session::next(Ended& ended, Duration limit) { return core_->next(limit, ended); }
bool Session::poll(Ended& ended) { return core_->poll(ended); }
bool Session::is_away(const Outcome& outcome) noexcept { return client::SessionCore::is_away(outcome); }
void Session::fetch(Outcome& outcome) { core_->fetch(outcome); }
bool Session::spin(Duration budget) { return core_->spin(budget); }
bool Session::cancel(std::uint64_t cookie) { return core_->cancel_posted(cookie); }
bool Session::cancel(std::uint64_t cookie, const Force& force) { return core_->cancel_posted(cookie, &force); }
bool Session::over() const { return core_->over(); }

std::optional<std::size_t> Session::wait_any(std::span<PendingJob> jobs, Duration limit) {
  std::vector<std::uint32_t> records;
  records.reserve(jobs.size());
  for (const PendingJob& job : jobs)
    records.push_back(job.core_ == core_ ? job.record_ : client::SessionCore::kNoRecord);
  return core_->wait_any(records, limit);
}

void Session::explain(Outcome& outcome, Duration limit) const {
  if (!core_->forked()) client::explain(outcome, *link_, limit);
}

Result<int> Session::event_fd() { return core_->event_fd(); }
const std::vector<HandlerDescription>& Session::handlers() const { return core_->facts().handlers; }
std::uint32_t Session::slots() const { return core_->slots(); }

Result<void> Session::check() {
  if (core_->forked()) return Error{"this session belongs to the parent process; open one in the child"};
  const client::SessionFacts& facts = core_->facts();
  const client::ResumeRequest resume{.serial = facts.serial, .cookie = {facts.cookie_high, facts.cookie_low}};
  const auto answer = client::expect(link_->ask(client::encode(resume)), client::ReplyKind::SessionReady);
  if (!answer) return answer.error();
  return {};
}

void Session::close() {
  if (!core_ || !core_->close()) return;
  // Errors are ignored: the lifeline ends the session anyway, this request only makes it quicker.
  const client::SessionFacts& facts = core_->facts();
  const client::CloseRequest close{.serial = facts.serial, .cookie = {facts.cookie_high, facts.cookie_low}};
  link_->tell_if_connected(client::encode(close), std::chrono::seconds(1));
  core_->hang_up();
}

namespace {

/// Adds all paths that were tried to an error that says that no daemon answers; leaves other errors as they are.
Error with_places(Error error, const wire::SocketPlace& place) {
  const std::string places = wire::places_tried(place);
  if (places.empty()) return error;
  for (const int code : {ENOENT, ENOTDIR, ECONNREFUSED, EACCES, EPERM}) {
    if (error.code == code) error.message += " (" + places + ")";
  }
  return error;
}

}  // namespace

Client::Client(ConnectOptions options, std::shared_ptr<client::ControlLink> link)
    : options_(std::move(options)), link_(std::move(link)) {}

Result<Client> Client::connect(const ConnectOptions& options) {
  const wire::SocketEnvironment environment = wire::this_socket_environment();
  const auto place = wire::client_socket_place(options.socket, environment, wire::path_exists);
  if (!place) return place.error();
  // Checks only the private default folder; for a socket that was named explicitly the caller is responsible.
  if (const auto safe = wire::check_private_folder(place->path, environment.euid, wire::MissingFolder::Leave); !safe) {
    return safe.error();
  }
  ConnectOptions chosen = options;
  chosen.socket = place->path;
  auto link = std::make_shared<client::ControlLink>(chosen.socket, chosen.name, chosen.control_timeout,
                                                    chosen.busy_timeout, chosen.administers);
  if (const auto connected = link->connect(); !connected) return with_places(connected.error(), *place);
  return Client(std::move(chosen), std::move(link));
}

Result<Session> Client::open(const std::string& pool, const SessionOptions& options) {
  auto core = client::open_session(*link_, pool, options, options_.name);
  if (!core) return core.error();
  return Session(std::move(*core), link_);
}

namespace {

constexpr std::size_t kMostInMessage = std::size_t{1} << 20;

// In a session of its own, which is small: payload and result lie in memory files.
Result<Outcome> run_in_session(Client& client, const std::string& pool, const std::string& handler,
                               std::span<const std::byte> payload, const Arguments& arguments,
                               const SubmitOptions& options) {
  SessionOptions rings;
  rings.slots = 64;
  rings.request_ring_bytes = std::uint64_t{128} << 10;
  rings.result_ring_bytes = kMostInMessage;
  rings.shortest_timeout = options.timeout;
  rings.spin = Duration(0);
  auto session = client.open(pool, rings);
  if (!session) return session.error();
  SubmitOptions rest = options;
  if (rest.result_capacity) rest.result_capacity = std::min<std::uint64_t>(*rest.result_capacity, kMostInMessage);
  auto job = session->submit(handler, payload, arguments, rest);
  if (!job) return Error{job.error().message};
  return job->wait();
}

}  // namespace

Result<Outcome> Client::run(const std::string& pool, const std::string& handler, std::span<const std::byte> payload,
                            const Arguments& arguments, const SubmitOptions& options) {
  if (link_->forked()) return Error{"this client belongs to the parent process; connect again in the child"};
  if (payload.size() > kMostInMessage) return run_in_session(*this, pool, handler, payload, arguments, options);
  client::ControlLink own(options_.socket, options_.name, options_.control_timeout, options_.busy_timeout);
  if (const auto connected = own.connect(); !connected) return connected.error();
  return client::run_message_job(own, pool, handler, payload, arguments, options);
}

Result<CreatedPool> Client::create_pool(const std::string& name, const PoolOptions& options) {
  auto made = client::create_pool(*link_, name, options);
  if (!made) return made.error();
  return CreatedPool(std::move(made->name), made->id, made->lifeline.release(), link_);
}

void Client::explain(Outcome& outcome, Duration limit) const { client::explain(outcome, *link_, limit); }

Result<std::vector<PoolHandlers>> Client::handlers(const std::string& pool) {
  auto answer = client::ask_for<client::HandlersReply>(*link_, client::encode(client::HandlersRequest{.pool = pool}));
  if (!answer) return answer.error();
  return std::move(answer->pools);
}

}  // namespace ringmaster
