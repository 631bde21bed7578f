#include "bindings/node/native/loans.h"

#include <utility>

#include "bindings/node/native/external_memory.h"
#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {

struct Loans::Loan {
  Loan(std::shared_ptr<Result> lent_from, std::shared_ptr<std::size_t> all, std::size_t size)
      : result(std::move(lent_from)), lent(std::move(all)), bytes(size) {
    *lent += bytes;
  }
  ~Loan() { *lent -= bytes; }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  std::shared_ptr<Result> result;
  std::shared_ptr<std::size_t> lent;
  std::size_t bytes;
};

napi_value Loans::lend(const std::shared_ptr<Result>& result, std::span<const std::byte> part) {
  if (part.size() > most_ || *lent_ > most_ - part.size()) return copy_of(env_, part);
  auto* const data = const_cast<std::byte*>(part.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): it is ours
  napi_value buffer = external_buffer(env_, {data, part.size()}, std::make_shared<Loan>(result, lent_, part.size()));
  return buffer != nullptr ? buffer : copy_of(env_, part);
}

}  // namespace ringmaster::node
