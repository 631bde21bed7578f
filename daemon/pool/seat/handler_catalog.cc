#include "daemon/pool/seat/handler_catalog.h"

#include <algorithm>
#include <cstring>

#include "proto/handler_id.h"
#include "shm/mapping.h"
#include "shm/memfd.h"

namespace ringmaster::daemon {
namespace {

// The table in a segment. The segment is whole pages long, so the table's length is written in front of it.
std::span<const std::byte> table_in(const shm::Mapping& segment) {
  std::uint64_t length = 0;
  std::memcpy(&length, segment.bytes().data(), sizeof length);
  const auto bytes = segment.bytes().subspan(sizeof length);
  return bytes.first(std::min<std::size_t>(length, bytes.size()));
}

bool holds_table(int fd, std::span<const std::byte> encoded) {
  const auto segment = shm::Mapping::map(fd, shm::Access::ReadOnly);
  return segment && std::ranges::equal(table_in(*segment), encoded);
}

}  // namespace

Result<void> HandlerCatalog::inherit(UniqueFd table) {
  if (!table) return {};
  const auto segment = shm::Mapping::map(table.get(), shm::Access::ReadOnly);
  if (!segment) return segment.error();
  auto handlers = decode_handlers(table_in(*segment));
  if (!handlers) return handlers.error();
  table_ = std::move(table);
  take(std::move(*handlers));
  known_ = true;
  return {};
}

void HandlerCatalog::set(std::vector<HandlerDescription> handlers, std::span<const std::byte> encoded) {
  take(std::move(handlers));
  if (table_ && holds_table(table_.get(), encoded)) return;
  const std::uint64_t length = encoded.size();
  auto fd = shm::create_segment("ringmaster-handlers", sizeof length + length);
  auto segment = fd ? shm::Mapping::map(fd->get(), shm::Access::ReadWrite) : Result<shm::Mapping>(fd.error());
  if (!segment) return;
  std::memcpy(segment->bytes().data(), &length, sizeof length);
  std::memcpy(segment->bytes().data() + sizeof length, encoded.data(), length);
  // After an upgrade a new worker has another table: replaces the deposit, so that a successor does not use the old
  // one.
  const keeper::DepositLabel label = keeper::make_label(keeper::DepositKind::Handlers, pool_);
  if (table_) keeper_.release({keeper::kind_bit(keeper::DepositKind::Handlers), label.a, label.b});
  table_ = std::move(*fd);
  const int raw = table_.get();
  keeper_.deposit({&label, 1}, {&raw, 1}, nullptr);
}

void HandlerCatalog::take(std::vector<HandlerDescription> handlers) {
  handlers_ = std::move(handlers);
  told_ = true;
  ids_.clear();
  for (const HandlerDescription& one : handlers_) ids_.push_back(wire::handler_id(one.name));
  answer(waiting_for_words_);
}

const HandlerDescription* HandlerCatalog::find(std::uint64_t id) const {
  const auto at = std::ranges::find(ids_, id);
  return at != ids_.end() ? &handlers_[static_cast<std::size_t>(at - ids_.begin())] : nullptr;
}

std::string HandlerCatalog::name_of(std::uint64_t id) const {
  const HandlerDescription* handler = find(id);
  return handler != nullptr ? handler->name : std::string{};
}

bool HandlerCatalog::listens(std::uint64_t id) const {
  const HandlerDescription* handler = find(id);
  return handler != nullptr && handler->listens_to_cancel;
}

void HandlerCatalog::tell_waiting() {
  answer(waiting_);
  answer(waiting_for_words_);
}

void HandlerCatalog::answer(std::vector<Callback>& waiting) {
  for (Callback& done : waiting) later_(std::move(done));
  waiting.clear();
}

}  // namespace ringmaster::daemon
