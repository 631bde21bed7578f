#pragma once

#include <node_api.h>
#include <ringmaster/client_abi.h>

#include <cstddef>
#include <memory>
#include <span>

namespace ringmaster::node {

/// Results that scripts read where they lie. A result is given back when the garbage collector has dropped the last
/// ArrayBuffer over it; beyond a share of the session's memory results are copied instead, since nobody knows when that
/// will be. Main thread.
class Loans {
 public:
  Loans(napi_env env, std::size_t most) : env_(env), most_(most) {}
  Loans(const Loans&) = delete;
  Loans& operator=(const Loans&) = delete;

  /// One ended job's result, from which parts are lent; given back with the last of them.
  struct Result {
    explicit Result(rm_outcome& taken) : outcome(taken) { taken.held = nullptr; }
    ~Result() { rm_outcome_free(&outcome); }
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    rm_outcome outcome;
  };

  /// An ArrayBuffer over `part` of `result`, or a copy; nullptr: as copy_of().
  [[nodiscard]] napi_value lend(const std::shared_ptr<Result>& result, std::span<const std::byte> part);

 private:
  struct Loan;

  napi_env env_;
  std::size_t most_;
  /// Outlives this: the garbage collector may come later.
  std::shared_ptr<std::size_t> lent_ = std::make_shared<std::size_t>(0);
};

}  // namespace ringmaster::node
