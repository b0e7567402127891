// What ends a captured line whose record does not say it: LF, or CR LF where the command had a
// terminal of its own (spec/tap.md). Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "core/pool/record.h"
#include "core/record/tap_record.h"

namespace plasmite {

class UsualEnds {
 public:
  // `pty`: of lines before the first start record.
  explicit UsualEnds(bool pty = false) : pty_(pty) {}

  void take(const TapRunStart& start) {
    pty_ = start.pty;
    if (start.run.empty()) return;
    runs_.push_back({std::string(kRunTagPrefix) + std::string(start.run), start.pty});
    if (runs_.size() > kMostRuns) runs_.pop_front();
  }

  // A line belongs to the run that its tags name, else to the one that began last.
  std::string_view of(TagsView tags) const {
    bool pty = pty_;
    if (!tags.empty()) {
      for (const Run& run : runs_)
        if (tags.contains(run.tag)) pty = run.pty;
    }
    return pty ? "\r\n" : "\n";
  }

 private:
  struct Run {
    std::string tag;
    bool pty;
  };
  // More are not under way at once.
  static constexpr size_t kMostRuns = 64;

  bool pty_;
  std::deque<Run> runs_;
};

}  // namespace plasmite
