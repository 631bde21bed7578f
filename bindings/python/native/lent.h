#pragma once

#include "bindings/python/native/extent.h"

namespace ringmaster::python {

/// A result that Python objects show where it lies, in memory that a forked child does not have. A child that is forked
/// by Python code gets a copy of all of them at the same addresses, so that a program may fork whatever it keeps.
///
///     before_fork():          the pages are to be in the child
///     after_fork_in_child():  copies them to memory of its own, and lets the parent go on
///     after_fork_in_parent(): waits until that is done; it could drop a result, and other results would come there
///
/// All with the GIL.
class Lent : public Extent {
 public:
  explicit Lent(std::span<std::byte> bytes) noexcept;
  ~Lent() override;

  static void before_fork() noexcept;
  static void after_fork_in_parent() noexcept;
  static void after_fork_in_child() noexcept;

 private:
  [[nodiscard]] std::span<std::byte> pages() const noexcept;
  void make_own() const noexcept;

  Lent* next_;
  Lent** back_;
};

}  // namespace ringmaster::python
