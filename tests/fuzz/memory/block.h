#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "shm/layout.h"

namespace ringmaster::fuzz {

/// The memory of a segment: zeroed, aligned like a mapping, on the heap and exactly as large as asked for.
class Block {
 public:
  explicit Block(std::size_t bytes) : size_(bytes), data_(std::aligned_alloc(shm::kCacheLine, bytes)) { clear(); }

  void clear() { std::memset(data_.get(), 0, size_); }
  [[nodiscard]] std::span<std::byte> span() const { return {static_cast<std::byte*>(data_.get()), size_}; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::size_t size_;
  std::unique_ptr<void, Free> data_;
};

}  // namespace ringmaster::fuzz
