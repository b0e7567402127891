// Where `follow` prints: one sink, or for several pools one each whose output comes together. Not
// thread-safe; stays where it is.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "agent/command_context.h"
#include "agent/commands/follow_options.h"
#include "agent/commands/text_output.h"
#include "core/base/error.h"
#include "sinks/follow_writer.h"
#include "sinks/merged_sinks.h"

namespace plasmite {

class FollowOutputs {
 public:
  // Both must outlive it. `merged`: each message says its pool.
  FollowOutputs(const CommandContext& context, const FollowOptions& options,
                FollowWriterOptions::Format format, bool merged);
  FollowOutputs(const FollowOutputs&) = delete;
  FollowOutputs& operator=(const FollowOutputs&) = delete;

  // Before messages of this pool are printed.
  void add(size_t number, const std::string& name);
  // Prints what is left of it. False: nobody reads any more.
  Result<bool> remove(size_t number);

  // On a terminal names are as wide as the widest of these.
  void make_room_for(const std::string& name);

  // For all pools.
  MessageSink& sink() { return merged_ ? *merged_ : sink_of(0); }
  MessageSink& sink_of(size_t number);
  // Whether lines before the first start record are those of a run on a terminal. Only --text.
  void begin_within_run(size_t number, bool pty);

 private:
  struct OfPool {
    std::unique_ptr<FollowWriter> json;
    std::unique_ptr<TextOutput> text;
  };

  FollowWriterOptions writer_options() const;
  std::unique_ptr<TextOutput> make_text(size_t number, const std::string& name);
  std::string line_prefix(size_t number, const std::string& name, TapStream stream) const;

  const CommandContext& context_;
  const FollowOptions& options_;
  FollowWriterOptions::Format format_;
  std::unique_ptr<MergedSinks> merged_;  // null: one pool
  std::vector<OfPool> pools_;            // by number
  size_t name_width_ = 0;
};

}  // namespace plasmite
