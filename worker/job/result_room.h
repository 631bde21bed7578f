#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proto/worker_link.h"
#include "shm/mapping.h"

namespace ringmaster::worker {

/// Room for a result that outgrows its extent: a memory file that the supervisor makes, and makes longer, when the open
/// job asks (shm/DESIGN.md, "Spilled results"). One job at a time, and one thread at a time.
class ResultRoom {
 public:
  struct Given {
    std::uint64_t bytes = 0;
    UniqueFd file;
  };
  /// Asks the supervisor, and waits for its answer. An Error: there is no room; its message is for the submitter.
  using Ask = std::function<Result<Given>(const worker_link::AskRoom&)>;

  explicit ResultRoom(Ask ask) : ask_(std::move(ask)) {}

  /// The job, by its public id and its intent.
  struct JobName {
    std::uint64_t id = 0;
    std::uint64_t intent = 0;
  };
  /// Room for `needed` bytes or more, which begins with a copy of `committed`; the result had room for `had`. Room that
  /// was given to the job before stays valid. Empty: there is none, see why().
  [[nodiscard]] std::span<std::byte> grow(const JobName& job, std::span<const std::byte> committed, std::uint64_t had,
                                          std::uint64_t needed);
  [[nodiscard]] const std::string& why() const noexcept { return why_; }

  /// True if the open job has got any.
  [[nodiscard]] bool used() const noexcept { return file_.valid(); }
  /// The job has ended, and its result is the first `bytes` bytes: nobody can write them any more. The room is gone.
  [[nodiscard]] Result<void> seal(std::uint64_t bytes);
  /// The job has ended, and its result does not lie here.
  void drop() noexcept;

 private:
  const Ask ask_;
  UniqueFd file_;
  std::uint64_t bytes_ = 0;         // of the file
  std::vector<shm::Mapping> maps_;  // one for each length; the last one is all of it
  std::string why_;
};

}  // namespace ringmaster::worker
