#pragma once

#include <vector>

#include "client/cli/console/options.h"
#include "client/cli/files/result_writer.h"
#include "client/cli/map/map_plan.h"
#include "client/cli/map/map_report.h"

namespace ringmaster::cli {

/// Runs files through one session: reads each into its extent when there is room, and writes each result when its job
/// ends. One thread; lives as long as the run.
class MapRun {
 public:
  /// `grow`: a result that needs a larger session is kept for take_too_large() instead of being reported.
  MapRun(Session& session, const MapCommand& command, const PoolHandlers& pool, std::vector<MapItem> items,
         std::size_t in_flight, bool grow, ResultWriter& writer, MapReport& report);

  /// Ends early when interrupted, and when results cannot be written any more.
  void run();
  [[nodiscard]] bool disk_failed() const { return disk_failed_; }
  /// The files whose results need a larger session, with the bytes that each needs.
  [[nodiscard]] std::vector<MapItem> take_too_large() { return std::move(too_large_); }

 private:
  /// False: there is no room until a job in flight has ended.
  bool start(const MapItem& item);
  bool refused(const MapItem& item, const Refusal& refusal);
  void settle_one();
  void settle(const MapItem& item, const Outcome& outcome);
  void written_in_vain(const MapItem& item, const Error& failure);
  void give_up();
  [[nodiscard]] bool ends() const;

  Session& session_;
  const MapCommand& command_;
  const PoolHandlers& pool_;
  const std::vector<MapItem> items_;
  const std::size_t in_flight_;
  const bool grow_;
  const HandlerDescription* const handler_;
  ResultWriter& writer_;
  MapReport& report_;
  std::vector<PendingJob> jobs_;
  std::vector<const MapItem*> of_job_;  // parallel to jobs_
  std::size_t next_ = 0;
  bool disk_failed_ = false;
  std::vector<MapItem> too_large_;
};

}  // namespace ringmaster::cli
