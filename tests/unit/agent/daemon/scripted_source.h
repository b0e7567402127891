// Sources for tests of what runs them: each does what its test says, and counts how often it was
// run.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "agent/daemon/source_thread.h"
#include "agent/intake/source.h"
#include "core/base/mutex.h"

namespace plasmite {

struct Script {
  using Run = std::function<Result<SourceEnd>(const SourceContext& context, int nth)>;
  Run run;
  std::function<std::optional<Error>()> probe = nullptr;
  std::chrono::milliseconds restart_delay{1};
  std::function<void(uint32_t failures)> on_delay = nullptr;
};

class ScriptedSource final : public Source {
 public:
  ScriptedSource(const SourceContext& context, Script script)
      : context_(context), script_(std::move(script)) {}

  Result<SourceEnd> run() override { return script_.run(context_, runs_++); }
  std::optional<Error> probe() const override {
    return script_.probe ? script_.probe() : std::nullopt;
  }
  std::chrono::milliseconds restart_delay(uint32_t failures) const override {
    if (script_.on_delay) script_.on_delay(failures);
    return script_.restart_delay;
  }

 private:
  const SourceContext& context_;
  const Script script_;
  int runs_ = 0;
};

// Scripts by the names of sources. Thread-safe.
class Scripts {
 public:
  void set(const std::string& source, Script script) {
    const MutexLock lock(mutex_);
    scripts_[source] = std::move(script);
  }
  MakeSource maker() {
    return [this](const SourceContext& context) -> std::unique_ptr<Source> {
      const MutexLock lock(mutex_);
      return std::make_unique<ScriptedSource>(context, scripts_.at(context.config.name));
    };
  }

 private:
  Mutex mutex_;
  std::map<std::string, Script> scripts_ GUARDED_BY(mutex_);
};

// Runs until it is told to stop.
inline Script patient() {
  return {.run = [](const SourceContext& context, int) -> Result<SourceEnd> {
    constexpr std::chrono::hours kLong{1};
    (void)context.stop.wait_for(kLong);
    return SourceEnd::stopped;
  }};
}

inline Script ends_with(SourceEnd end) {
  return {.run = [end](const SourceContext&, int) -> Result<SourceEnd> { return end; }};
}

inline Script fails_with(Error error) {
  return {.run = [error](const SourceContext&, int) -> Result<SourceEnd> {
    return std::unexpected(error);
  }};
}

// A minute at most, however busy the machine.
inline bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace plasmite
