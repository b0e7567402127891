// One jq program, compiled. May abort, crash or never return: it belongs into a process of its own
// (filter_worker.h). Not thread-safe.
#pragma once

extern "C" {
#include <jq.h>
}

#include <memory>
#include <string>

#include "core/filter/filter_limits.h"

namespace plasmite {

class JqProgram {
 public:
  enum class Outcome : uint8_t { no, match, failed, not_boolean };
  struct Judgement {
    Outcome outcome;
    std::string text;  // of failed: why; of not_boolean: the value. Only when asked for
  };

  // Null when it does not compile; then `messages` has what jq says, each ended by a NUL.
  // Should memory run out, in this or in judge(), `on_no_memory` must not return.
  static std::unique_ptr<JqProgram> compile(const std::string& text, FilterReach reach,
                                            void (*on_no_memory)(void*), std::string& messages);

  JqProgram(const JqProgram&) = delete;
  JqProgram& operator=(const JqProgram&) = delete;
  ~JqProgram();

  // Takes the value over. A match: at least one output is true and all are booleans or null, up to
  // the end or a `halt`. A runtime error makes all of it `failed`.
  Judgement judge(jv value, bool with_text);

 private:
  JqProgram() = default;
  jq_state* state_ = nullptr;
  jq_util_input_state* no_input_ = nullptr;
};

}  // namespace plasmite
