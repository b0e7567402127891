// A supervised child process as a source. One run() is one run of the child: it is started, both
// its streams are captured as `pls tap` does it (spec/tap.md), and its end is recorded. The child
// gets SIGKILL when the thread of run() ends, and so when the agent dies, and its process group
// from the guard; the run has no exit record then, and the next one into the pool says so in a gap
// record.
//
// On `drain` the child's process group gets the stop signal, and SIGKILL after the stop timeout; on
// `now` SIGKILL at once. What the child leaves behind in its group ends with the run.
#pragma once

#include <chrono>
#include <cstdint>

#include "agent/intake/source.h"

namespace plasmite {

class TapSource : public Source {
 public:
  // The context must outlive this, and so must the guard of child processes, null: none.
  explicit TapSource(const SourceContext& context, const ProcessGuard* guard = nullptr);

  Result<SourceEnd> run() override;
  std::chrono::milliseconds restart_delay(uint32_t failures) const override;

 private:
  const SourceContext& context_;
  const TapConfig& config_;
  const ProcessGuard* guard_;
};

}  // namespace plasmite
