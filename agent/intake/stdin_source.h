// The agent's own stdin as a source: containers. Lines of text, or JSON in any framing; at its end
// the source is finished. Reads what other processes may share, so the descriptor's modes stay as
// they are.
#pragma once

#include <unistd.h>

#include <cstdint>

#include "agent/intake/captured_text.h"
#include "agent/intake/source.h"
#include "agent/intake/source_input.h"
#include "agent/intake/source_writer.h"
#include "core/base/unique_fd.h"
#include "sources/json_source.h"

namespace plasmite {

class StdinSource : public Source {
 public:
  // Takes a copy of the descriptor, which may be of any kind, or closed. The context must outlive
  // this.
  explicit StdinSource(const SourceContext& context, int fd = STDIN_FILENO);
  ~StdinSource() override;

  Result<SourceEnd> run() override;

 private:
  struct Reader;
  enum class Ready : uint8_t { input, nothing, stop };

  Result<void> open_input();
  Result<SourceEnd> read_all(Reader& reader, SourceWriter& writer);
  Ready wait(bool for_what_is_there);
  void abandon_input();

  const SourceContext& context_;
  const StdinConfig& config_;
  int fd_;
  UniqueFd given_;  // a copy of fd_
  bool is_file_ = false;
  SourceInput input_;   // made of given_ by the first run
  int reads_left_ = 0;  // while draining
  bool caught_up_ = false;
};

}  // namespace plasmite
