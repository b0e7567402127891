// ${VAR} in the strings of a configuration. What comes out is never parsed again. Pure but for the
// variables.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace plasmite {

inline constexpr size_t kMaxInterpolatedBytes = 1u << 20;

using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

struct InterpolationFailure {
  std::string message;
  std::string fix;
};

// ${NAME}            its value; a failure when it is not set
// ${NAME:-default}   the default when it is not set, or empty; what stands there is taken as it is,
// up to the }
// $$                 one $
// Any other $ is itself.
std::expected<std::string, InterpolationFailure> interpolate(std::string_view text,
                                                             const VariableLookup& variable);

}  // namespace plasmite
