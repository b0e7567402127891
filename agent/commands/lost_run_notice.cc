#include "agent/commands/lost_run_notice.h"

#include "agent/output/json_writer.h"

namespace plasmite {

LostRunNotice::LostRunNotice(std::string_view run)
    : message_("The run " + std::string(run) +
               " has no exit record: its tap was killed, or could not store.") {
  JsonWriter details;
  details.begin_object().key("run").string(run).end_object();
  details_json_ = details.text();
}

void LostRunNotice::print(ColorMode color, std::string_view command, std::string_view pool) const {
  print_notice(color, {.command = command,
                       .kind = kKind,
                       .message = message_,
                       .pool = pool,
                       .details_json = details_json_});
}

}  // namespace plasmite
