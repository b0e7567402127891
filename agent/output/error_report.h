// Errors on stderr: one JSON line, or text lines when stderr is a terminal.
// Thread-safety: free functions.
#pragma once

#include <string>

#include "agent/command_context.h"
#include "agent/output/json_writer.h"
#include "core/base/error.h"

namespace plasmite {

// Prints the error and returns the exit code for its kind. Errors without a hint get the general
// one of their kind.
int report_error(ColorMode color, Error error);

// The members kind, message, hint, path, seq, offset and causes, as far as known, as one object.
void append_error_object(JsonWriter& json, const Error& error);

// A label such as "error:" in its colour (an SGR number), or plain.
std::string label(std::string_view text, int sgr, bool colored);

}  // namespace plasmite
