#include "bindings/node/native/loans.h"

#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {

struct Loans::Loan {
  std::shared_ptr<Result> result;
  std::shared_ptr<std::size_t> lent;
  std::size_t bytes;
};

void Loans::give_back(napi_env /*env*/, void* /*data*/, void* hint) {
  const std::unique_ptr<Loan> loan(static_cast<Loan*>(hint));
  *loan->lent -= loan->bytes;
}

napi_value Loans::lend(const std::shared_ptr<Result>& result, std::span<const std::byte> part) {
  if (*lent_ + part.size() > most_) return copy_of(env_, part);
  auto loan = std::make_unique<Loan>(Loan{result, lent_, part.size()});
  napi_value buffer = nullptr;
  auto* const data = const_cast<std::byte*>(part.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): it is ours
  if (napi_create_external_arraybuffer(env_, data, part.size(), give_back, loan.get(), &buffer) != napi_ok)
    return copy_of(env_, part);
  *lent_ += part.size();
  (void)loan.release();
  return buffer;
}

}  // namespace ringmaster::node
