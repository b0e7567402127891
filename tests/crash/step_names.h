// Spelling of the probe points and protections on the command line and in JSON.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/probe.h"

namespace plasmite::crash {

inline constexpr std::string_view kStepNames[kSteps] = {"locked",
                                                        "writing_set",
                                                        "attempt_time_stored",
                                                        "tail_retired",
                                                        "frames_half_written",
                                                        "frames_written",
                                                        "index_written",
                                                        "checkpoint_written",
                                                        "commit_written",
                                                        "published",
                                                        "woken",
                                                        "writing_cleared",
                                                        "unlocked",
                                                        "repair_scrubbed",
                                                        "flush_synced",
                                                        "anchor_half_written",
                                                        "anchor_written",
                                                        "anchor_synced",
                                                        "recovery_repaired",
                                                        "recovery_anchored"};

inline constexpr std::string_view kProtectionNames[] = {
    "publish_order",      "retire_before_reuse", "checkpoint_in_batch", "recheck_after_copy",
    "data_before_anchor", "single_anchor_copy",  "scrub_dead_attempt",  "unique_attempt_time"};

inline std::string_view step_name(Step step) { return kStepNames[static_cast<int>(step)]; }

inline std::optional<Protection> protection_named(std::string_view name) {
  for (size_t i = 0; i < std::size(kProtectionNames); ++i)
    if (kProtectionNames[i] == name) return static_cast<Protection>(i);
  return std::nullopt;
}

// Whether a process that died after `step` died between taking and releasing the writer lock.
inline bool is_inside_append(Step step) { return step < Step::unlocked; }

}  // namespace plasmite::crash
