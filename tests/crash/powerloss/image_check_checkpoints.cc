// Checkpoints after a power loss: never newer than the frames that were recovered, never older than
// one that was flushed.
#include "tests/crash/powerloss/image_check.h"

namespace plasmite::crash {

void ImageCheck::check_checkpoints(const Pool& pool) {
  const auto checkpoints = pool.checkpoints();
  if (!checkpoints)
    return fail(Broken::open_failures, "checkpoints: " + checkpoints.error().message());
  for (int which = 0; which < kCheckpointNames; ++which) {
    uint64_t number = 0;
    for (const Checkpoint& checkpoint : *checkpoints)
      if (checkpoint.name == checkpoint_name(which)) number = std::stoull(checkpoint.value);
    survivors_.checkpoints[which] = number;
    check_checkpoint(which, number);
  }
}

void ImageCheck::check_checkpoint(int which, uint64_t number) {
  // Places in the order. The value at the last recovery supersedes all that survived with it.
  const int base_place = static_cast<int>(snapshot_.base_order) - 1;
  bool found = number == snapshot_.base_checkpoints[which];
  int place = base_place;
  int newest_durable = base_place;
  int newest = base_place;
  std::optional<uint32_t> id;  // the batch that set it
  for (size_t i = snapshot_.base_order; i < snapshot_.order.size(); ++i) {
    const Batch& batch = oracle_.batch(snapshot_.order[i]);
    if (batch.checkpoint != which) continue;
    newest = static_cast<int>(i);
    if (snapshot_.states[snapshot_.order[i]] == BatchState::durable) newest_durable = newest;
    if (batch.checkpoint_number != number) continue;
    place = newest;
    id = snapshot_.order[i];
  }
  for (const uint32_t attempt : snapshot_.open_attempts) {
    const Batch& batch = oracle_.batch(attempt);
    if (batch.checkpoint != which || batch.checkpoint_number != number) continue;
    place = static_cast<int>(snapshot_.order.size());
    id = attempt;
    const bool whole =
        batch.bodies.empty() || (!places_.empty() && places_.back().batch == attempt);
    if (!whole) fail(Broken::checkpoint_wrong, "a checkpoint of an attempt without its records");
  }
  found = found || id.has_value();
  const std::string name = checkpoint_name(which) + " = " + std::to_string(number);
  if (!found) return fail(Broken::checkpoint_wrong, name + " was never committed");
  if (place < newest_durable)
    fail(Broken::checkpoint_wrong, name + " is older than the flushed one");
  if (id && oracle_.batch(*id).end > facts_.head)
    fail(Broken::checkpoint_wrong, name + " is newer than the records: it was set up to " +
                                       std::to_string(oracle_.batch(*id).end) +
                                       ", recovery ends at " + std::to_string(facts_.head));
  if (facts_.clean && place < newest) fail(Broken::clean_lost, name + " is not the newest");
  ++(place >= newest ? totals_.checkpoints_exact : totals_.checkpoints_older);
}

}  // namespace plasmite::crash
