// density: how many bytes of JSON a full pool of the default size keeps per byte of its file.
#include "tests/bench/lane.h"

namespace plasmite::bench {
namespace {

constexpr size_t kRecordBytes = 150;

class DensityRun : public LaneRun {
 public:
  explicit DensityRun(Workspace& workspace) : pool_(workspace.file("density.plasmite")) {}

  Result<Sample> floor() override { return Sample{1.0}; }

  Result<Sample> value() override {
    const auto workload = Workload::json_records(1'000, kRecordBytes, 0);
    auto pool = create_filled_pool(pool_.path(), kDefaultPoolBytes, workload);
    if (!pool) return std::unexpected(pool.error());
    auto cursor = pool->cursor(Start::oldest());
    if (!cursor) return std::unexpected(cursor.error());
    uint64_t kept = 0;
    for (;;) {
      auto message = cursor->next();
      if (!message) return std::unexpected(message.error());
      if (!*message) break;
      kept += (*message)->body.size();
    }
    return Sample{static_cast<double>(kept) /
                  static_cast<double>(std::filesystem::file_size(pool_.path()))};
  }

 private:
  ScopedFile pool_;
};

}  // namespace

void add_density_lanes(std::vector<Lane>& lanes) {
  lanes.push_back({.name = "density",
                   .what = "bytes of 150-byte JSON kept per byte of a full default pool / 1",
                   .unit = "byte/byte",
                   .goal = 0.7,
                   .exact = true,
                   .start = [](Workspace& workspace) -> Result<std::unique_ptr<LaneRun>> {
                     return std::make_unique<DensityRun>(workspace);
                   }});
}

}  // namespace plasmite::bench
