// What a person types to name a pool, turned into a path.
#pragma once

#include <filesystem>
#include <string_view>

#include "core/base/error.h"

namespace plasmite {

// $PLASMITE_DIR, else $HOME/.plasmite/pools; without HOME the relative path .plasmite/pools. An
// empty variable counts as unset.
std::filesystem::path default_pool_dir();

// A text with a `/` is a path and is taken verbatim. Anything else is a name: DIR/NAME.plasmite, or
// DIR/NAME when it ends in .plasmite already. Usage: a NUL byte, which no path can have.
Result<std::filesystem::path> resolve_pool_ref(std::string_view ref,
                                               const std::filesystem::path& dir);

// True for a text with `://`: commands that know remote pools treat it as one, others refuse it or
// take it as the path it also is.
bool is_remote_ref(std::string_view ref);

}  // namespace plasmite
