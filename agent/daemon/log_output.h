// Lines to a descriptor that may not take them: a pipe that nobody reads, a terminal that was
// stopped, a full disk. Nobody waits for it longer than kPatience, and that once: whatever it does
// not take then is left out until it takes lines again. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/unique_fd.h"

namespace plasmite {

class LogOutput {
 public:
  static constexpr std::chrono::milliseconds kPatience{100};
  // A pipe takes so much whole or not at all; longer lines are shortened, which they say.
  static constexpr size_t kMostLineBytes = 4096;

  // `fd` must outlive this.
  explicit LogOutput(int fd);

  // A line with its end. False: it is left out.
  bool write(std::string_view line);

 private:
  enum class Way { send, write, write_when_ready };

  bool drain();
  bool wait_for_room();
  size_t take(std::string_view text) const;
  bool is_ready(std::chrono::milliseconds within) const;

  UniqueFd own_;  // the same file, if it could be opened again
  int fd_;
  Way way_ = Way::write_when_ready;
  std::string rest_;  // of a line that a terminal or a socket took in part
  bool has_waited_ = false;
};

}  // namespace plasmite
