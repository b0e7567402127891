#include "agent/intake/source.h"

#include <algorithm>

namespace plasmite {
namespace {

// Stands for a type that is not part of this build.
class MissingSource : public Source {
 public:
  explicit MissingSource(const SourceContext& context) : context_(context) {}
  Result<SourceEnd> run() override {
    return std::unexpected(Error(ErrorKind::Usage, std::string("sources of type ") +
                                                       source_type_name(context_.config) +
                                                       " are not part of this build"));
  }

 private:
  const SourceContext& context_;
};

}  // namespace

std::chrono::milliseconds Source::restart_delay(uint32_t failures) const {
  constexpr std::chrono::milliseconds kFirst{250};
  constexpr uint32_t kMostDoublings = 3;  // 2 s
  return kFirst * (1 << std::clamp(failures, 1u, kMostDoublings + 1) >> 1);
}

std::unique_ptr<Source> make_source(const SourceContext& context) {
  return std::make_unique<MissingSource>(context);
}

}  // namespace plasmite
