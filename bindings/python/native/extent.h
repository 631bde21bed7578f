#pragma once

#include "bindings/python/native/py_util.h"

#include <cstddef>
#include <memory>
#include <span>

namespace ringmaster::python {

/// Memory of others in which a task or a result lies. It is given back when the last owner is gone; Python objects that
/// show parts of it are owners.
class Extent {
 public:
  explicit Extent(std::span<std::byte> bytes) noexcept : bytes_(bytes) {}
  virtual ~Extent() = default;
  Extent(const Extent&) = delete;
  Extent& operator=(const Extent&) = delete;
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

/// Makes the type of the objects behind those memoryviews, one for each module. nullptr: a Python error.
[[nodiscard]] PyObject* make_part_type(PyObject* module);

/// A writable memoryview over `part` of the extent, which lives as long as the view and whatever stands on it.
[[nodiscard]] Ref view_of(PyObject* part_type, const std::shared_ptr<Extent>& extent, std::span<std::byte> part);

/// A writable memoryview over a copy.
[[nodiscard]] Ref copy_of(std::span<const std::byte> part);

}  // namespace ringmaster::python
