#include <algorithm>
#include <iterator>

#include "core/pool/geometry.h"
#include "tests/crash/powerloss/scenario.h"

namespace plasmite::crash {

template <class T, size_t kCount>
static T one_of(Random& random, const T (&choices)[kCount]) {
  return choices[random.below(kCount)];
}

ScenarioPlan make_plan(Random& random) {
  ScenarioPlan plan;
  plan.create.size_bytes =
      one_of<uint64_t>(random, {64u << 10, 64u << 10, 80u << 10, 128u << 10, 256u << 10});
  const auto geometry = plan_geometry(plan.create.size_bytes);
  const uint64_t batch = geometry->max_batch_bytes();
  // The default window is far larger than the ring; small ones take the other path of recovery.
  if (random.percent(65))
    plan.create.sync_window_bytes = random.between(2 * batch, 6 * batch) / 8 * 8;
  if (random.percent(30)) plan.create.seq_window = random.between(2 * batch / 40, batch / 2);
  const size_t lengths = random.between(1, 3);
  for (size_t i = 0; i < lengths; ++i)
    plan.lengths.push_back(one_of<size_t>(random, {40, 64, 200, 480, 484, 900, 3000}));
  if (random.percent(15)) plan.lengths.push_back(batch - 64);
  plan.most_records = one_of<size_t>(random, {1, 3, 6, 20});
  plan.flush_percent = one_of<uint64_t>(random, {0, 3, 15, 50});
  plan.checkpoint_percent = one_of<uint64_t>(random, {0, 15, 60});
  plan.death_percent = one_of<uint64_t>(random, {0, 5, 30});
  plan.power_cut_percent = one_of<uint64_t>(random, {1, 4, 12});
  plan.concurrent_appends = random.percent(40);
  return plan;
}

}  // namespace plasmite::crash
