#include "agent/message_format.h"

namespace plasmite {

Result<FollowWriterOptions::Format> choose_message_format(
    bool jsonl, const std::optional<std::string>& format) {
  using Format = FollowWriterOptions::Format;
  if (jsonl && format) {
    return std::unexpected(Error(ErrorKind::Usage, "conflicting output options")
                               .with_hint("Use --format jsonl or --jsonl, not both."));
  }
  if (jsonl || format == "jsonl") return Format::jsonl;
  if (!format || format == "pretty") return Format::pretty;
  return std::unexpected(Error(ErrorKind::Usage, "invalid value '" + *format + "' for '--format'")
                             .with_hint("Use pretty or jsonl."));
}

}  // namespace plasmite
