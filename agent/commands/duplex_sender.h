// The sending side of duplex: stdin into the pool, as JSON in any framing or, from a terminal, line
// by line.
#pragma once

#include <string>

#include "agent/command_context.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct DuplexSenderOptions {
  int input_fd = 0;
  // Ends sending when it can be read: the receiving side is at its end.
  int stop_fd = -1;
  // Not empty: each line that is not blank is sent as {"from":NAME,"msg":LINE}.
  std::string line_sender;
};

enum class DuplexSent : uint8_t { end_of_input, stopped };

// Until the input ends or `stop_fd` says so. Usage: bad JSON (everything before it is stored), or
// none at all.
Result<DuplexSent> send_input(Pool& pool, const DuplexSenderOptions& options);

// The text that a line becomes; empty for a blank one. Bytes that are not UTF-8 become U+FFFD.
std::string message_of_line(std::string_view line, std::string_view sender);

}  // namespace plasmite
