#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/supervisor/event_loop.h"
#include "daemon/supervisor/output_lines.h"
#include "shm/layout.h"

namespace ringmaster {

/// Reads what one worker writes to its standard output and error and puts it into the log, line by line. The keeper
/// holds the read ends too, so a successor reads on and a worker never dies of SIGPIPE. The supervisor's one thread.
class OutputDrain {
 public:
  /// The public id of the job that an intent names; 0: none that is known.
  using JobOf = std::function<std::uint64_t(std::uint64_t intent)>;

  OutputDrain();
  ~OutputDrain();
  OutputDrain(const OutputDrain&) = delete;
  OutputDrain& operator=(const OutputDrain&) = delete;

  /// Descriptors are borrowed until destruction; -1: there is none. `lane` names the job that is running when bytes
  /// arrive; null: nobody knows.
  void start(EventLoop& loop, const std::string& pool, std::uint16_t seat, int out, int err, const LaneRecord* lane,
             JobOf job_of);
  void set_pid(std::int32_t pid) { pid_ = pid; }
  /// The worker is fenced: reads what is left, and ends.
  void finish();

 private:
  struct Stream;
  /// Returns false at the end of the stream.
  bool read(Stream& stream, std::size_t most);

  EventLoop* loop_ = nullptr;
  std::string pool_;
  std::uint16_t seat_ = 0;
  std::int32_t pid_ = 0;
  const LaneRecord* lane_ = nullptr;
  JobOf job_of_;
  std::unique_ptr<Stream> streams_[2];
};

}  // namespace ringmaster
