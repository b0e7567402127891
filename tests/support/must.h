// must(): the value of a Result that a test cannot go on without; otherwise the program ends,
// saying where and why.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <utility>

#include "core/base/error.h"

namespace plasmite {

[[noreturn]] inline void give_up(const Error& error, const std::source_location& where) {
  std::fprintf(stderr, "%s:%u: %s: %s%s%s\n", where.file_name(), where.line(),
               std::string(error_kind_name(error.kind())).c_str(), error.message().c_str(),
               error.causes().empty() ? "" : ": ",
               error.causes().empty() ? "" : error.causes().front().c_str());
  std::abort();
}

template <class T>
T must(Result<T> result, std::source_location where = std::source_location::current()) {
  if (!result) give_up(result.error(), where);
  return std::move(*result);
}

inline void must(Result<void> result,
                 std::source_location where = std::source_location::current()) {
  if (!result) give_up(result.error(), where);
}

}  // namespace plasmite
