#include "agent/intake/agent_hint.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace plasmite {
namespace {

struct Advice {
  std::string_view option;  // in the hint of a command
  std::string_view hint;    // for the agent, in place of it
};

constexpr std::array<Advice, 6> kAdvice{{
    {"--lock-timeout",
     "The source goes on when that process lets go. Look at it: it may be stopped."},
    {"Raise the limit with --max-record",
     "Raise `max_record` of the source, or leave such records out: `errors = \"skip\"`."},
    {"--errors skip", "What came before is stored; `errors = \"skip\"` leaves out what cannot be."},
    {"lower --max-record", "Free memory, or lower `max_record` of the source."},
    {"--name.", "Stop the other one, or give this source another name or pool."},
    {"--name of", "Stop the other one, or give this source another name or pool."},
}};

}  // namespace

Error with_agent_hint(Error error) {
  for (const Advice& advice : kAdvice)
    if (error.hint().contains(advice.option))
      return std::move(error).with_hint(std::string(advice.hint));
  return error;
}

}  // namespace plasmite
