// --jsonl and --format, which mean the same wherever messages are printed. Pure.
#pragma once

#include <optional>
#include <string>

#include "core/base/error.h"
#include "sinks/follow_writer.h"

namespace plasmite {

// Usage: both of them, or a format that is neither pretty nor jsonl.
Result<FollowWriterOptions::Format> choose_message_format(bool jsonl,
                                                          const std::optional<std::string>& format);

}  // namespace plasmite
