#include "agent/intake/tap_source.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "agent/intake/source_writer.h"
#include "agent/intake/supervised_run.h"

namespace plasmite {
namespace {

bool ended_well(const ChildEnd& end) {
  const auto* exited = std::get_if<ExitedWith>(&end);
  return exited != nullptr && exited->code == 0;
}

// All that have a name; signal_name() is bound to what exit records say.
std::string full_signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : signal_name(signal);
}

Error ended_badly_error(const ChildEnd& end) {
  const auto* killed = std::get_if<KilledBy>(&end);
  return Error(ErrorKind::Io, killed != nullptr
                                  ? "the command was ended by " + full_signal_name(killed->signal)
                                  : "the command ended with exit code " +
                                        std::to_string(std::get<ExitedWith>(end).code))
      .with_hint("Its last lines are in the pool, before its exit record.");
}

}  // namespace

TapSource::TapSource(const SourceContext& context, const ProcessGuard* guard)
    : context_(context), config_(std::get<TapConfig>(context.config.kind)), guard_(guard) {}

Result<SourceEnd> TapSource::run() {
  const auto is_stopping = [&] { return context_.stop.level() != StopSignal::Level::run; };
  // An error after this would be one of ending.
  const auto failed = [&](Error error) -> Result<SourceEnd> {
    if (is_stopping()) return SourceEnd::stopped;
    if (config_.restart != TapConfig::Restart::never) return std::unexpected(std::move(error));
    context_.report.set_error(error);
    return SourceEnd::failed;
  };
  auto writer = SourceWriter::open(context_);
  if (!writer) return std::unexpected(std::move(writer.error()));
  if (is_stopping()) return SourceEnd::stopped;
  SupervisedRun run(context_, **writer, guard_);
  if (auto started = run.start(); !started) return failed(std::move(started.error()));
  auto captured = run.capture();
  context_.report.sleeping();
  if (!captured) return failed(std::move(captured.error()));
  if (is_stopping() || !*captured) return SourceEnd::stopped;
  const bool well = ended_well(**captured);
  if (!well) context_.report.set_error(ended_badly_error(**captured));
  if (well)
    return config_.restart == TapConfig::Restart::always ? SourceEnd::again : SourceEnd::finished;
  return config_.restart == TapConfig::Restart::never ? SourceEnd::failed : SourceEnd::retry;
}

std::chrono::milliseconds TapSource::restart_delay(uint32_t failures) const {
  auto delay = config_.restart_delay;
  constexpr uint32_t kMostDoublings = 32;
  const uint32_t doublings = std::min(failures, kMostDoublings);
  for (uint32_t i = 1; i < doublings && delay < config_.max_restart_delay; ++i) delay *= 2;
  return std::min(delay, config_.max_restart_delay);
}

}  // namespace plasmite
