#include "agent/intake/source.h"

#include <algorithm>
#include <variant>

#include "agent/intake/stdin_source.h"
#include "agent/intake/tap_source.h"

namespace plasmite {
namespace {

// Stands for a type that is not part of this build.
class MissingSource : public Source {
 public:
  Result<SourceEnd> run() override {
    return std::unexpected(
        Error(ErrorKind::Usage, "sources of type journald are not part of this build"));
  }
};

std::unique_ptr<Source> make(const SourceContext&, const JournaldConfig&) {
  return std::make_unique<MissingSource>();
}
std::unique_ptr<Source> make(const SourceContext& context, const TapConfig&) {
  return std::make_unique<TapSource>(context);
}
std::unique_ptr<Source> make(const SourceContext& context, const StdinConfig&) {
  return std::make_unique<StdinSource>(context);
}

}  // namespace

std::chrono::milliseconds Source::restart_delay(uint32_t failures) const {
  constexpr std::chrono::milliseconds kFirst{250};
  constexpr uint32_t kMostDoublings = 3;  // 2 s
  return kFirst * (1 << std::clamp(failures, 1u, kMostDoublings + 1) >> 1);
}

std::unique_ptr<Source> make_source(const SourceContext& context) {
  return std::visit([&](const auto& kind) { return make(context, kind); }, context.config.kind);
}

}  // namespace plasmite
