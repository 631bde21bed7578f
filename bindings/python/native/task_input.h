#pragma once

#include <ringmaster/worker_abi.h>

#include <cstddef>
#include <memory>
#include <span>

#include "bindings/python/native/extent.h"

namespace ringmaster::python {

/// A private, writable mapping of a job's request, at an address of its own: what Python objects show of it may live
/// longer than the job, and nobody can take such a view away. The worker's own mapping belongs to the next job then.
class TaskInput final : public Extent {
 public:
  /// nullptr: the kernel or the worker refused; the request has to be copied.
  [[nodiscard]] static std::shared_ptr<TaskInput> map(rm_job& job);
  ~TaskInput() override;

  /// Before the job ends: the client will write other requests there, so that pages which are still the client's become
  /// this process's own.
  void keep() noexcept;

 private:
  TaskInput(std::span<std::byte> bytes, std::span<std::byte> pages) noexcept : Extent(bytes), pages_(pages) {}

  std::span<std::byte> pages_;
};

}  // namespace ringmaster::python
