// Standard streams without buffering surprises: everything goes out by write(2).
// Thread-safety: free functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "agent/command_context.h"
#include "core/base/error.h"

namespace plasmite {

inline constexpr int kStdin = 0;
inline constexpr int kStdout = 1;
inline constexpr int kStderr = 2;

bool is_terminal(int fd);

// How wide the terminal is; 0: it does not say, or is none.
size_t terminal_columns(int fd);

// Colours wanted on this stream: `always`, or `automatic` on a terminal without $NO_COLOR.
bool use_color(ColorMode color, int fd);

// Writes all of it, through short writes and EINTR; waits on a descriptor in non-blocking mode.
// True: written; false: the reader is gone (EPIPE), which commands answer with a quiet end.
Result<bool> write_output(int fd, std::string_view bytes);

// Whether a descriptor has a reader who may go away: a pipe or a socket.
bool may_lose_its_reader(int fd);

// What a blocked write would say, without writing; waits for the reader to go away, at most that
// long.
bool reader_is_gone(int fd, std::chrono::nanoseconds at_most = {});

// For diagnostics on stderr: failures have nowhere to be reported.
void write_stderr(std::string_view bytes);

}  // namespace plasmite
