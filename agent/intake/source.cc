#include "agent/intake/source.h"

#include <algorithm>
#include <variant>

#include "agent/intake/journald_source.h"
#include "agent/intake/stdin_source.h"
#include "agent/intake/tap_source.h"

namespace plasmite {
namespace {

std::unique_ptr<Source> make(const SourceContext& context, const JournaldConfig&,
                             const ProcessGuard*) {
  return std::make_unique<JournaldSource>(context);
}
std::unique_ptr<Source> make(const SourceContext& context, const TapConfig&,
                             const ProcessGuard* guard) {
  return std::make_unique<TapSource>(context, guard);
}
std::unique_ptr<Source> make(const SourceContext& context, const StdinConfig&,
                             const ProcessGuard*) {
  return std::make_unique<StdinSource>(context);
}

}  // namespace

std::chrono::milliseconds Source::restart_delay(uint32_t failures) const {
  constexpr std::chrono::milliseconds kFirst{250};
  constexpr uint32_t kMostDoublings = 3;  // 2 s
  return kFirst * (1 << std::clamp(failures, 1u, kMostDoublings + 1) >> 1);
}

std::unique_ptr<Source> make_source(const SourceContext& context, const ProcessGuard* guard) {
  return std::visit([&](const auto& kind) { return make(context, kind, guard); },
                    context.config.kind);
}

}  // namespace plasmite
