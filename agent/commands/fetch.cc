#include "agent/commands/fetch.h"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "agent/commands/tap_runs.h"
#include "agent/commands/text_output.h"
#include "agent/output/json_output.h"
#include "agent/pool_access.h"
#include "agent/values.h"
#include "core/record/envelope.h"
#include "core/record/tap_record.h"

namespace plasmite {
namespace {

struct Options {
  std::string pool;
  std::string seq;
  bool text = false;
  bool raw = false;
};

Error message_not_found(const Pool& pool, const std::string& ref, uint64_t seq) {
  Error missing(ErrorKind::NotFound, "message not found");
  missing = std::move(missing).with_seq(seq);
  const auto info = pool.info();
  if (info && seq >= 1 && info->oldest_seq && seq < *info->oldest_seq)
    missing = std::move(missing).with_cause("it was retired to make room for newer messages");
  return std::move(missing).with_hint("`plasmite pool info " + quote_token(ref) +
                                      "` shows which sequences are retained; `plasmite follow " +
                                      quote_token(ref) + "` waits for new ones.");
}

// The line, or the part of one, that the message holds.
Result<int> print_as_text(const CommandContext& context, const Options& options, const Pool& pool,
                          const MessageView& message) {
  TapRecordReader reader;
  TapRecord record = reader.read(message);
  auto* line = std::get_if<TapLine>(&record);
  if (line == nullptr) {
    return std::unexpected(Error(ErrorKind::Usage, "the message is not a line of tap")
                               .with_seq(message.seq)
                               .with_hint("Leave --text out to see the message."));
  }
  TextOutput output(
      {.command = "fetch", .pool = options.pool, .color = context.color, .raw = options.raw});
  const auto pty = begins_within_pty_run(pool, message.seq);
  if (!pty) return std::unexpected(pty.error());
  output.writer().begin_within_run(*pty);
  if (auto written = output.writer().write_alone(*line, message); !written)
    return std::unexpected(written.error());
  return 0;
}

Result<int> run(const CommandContext& context, const Options& options) {
  const auto seq = parse_count(options.seq, "SEQ");
  if (!seq) return std::unexpected(seq.error());
  if (options.raw && !options.text) {
    return std::unexpected(Error(ErrorKind::Usage, "--raw requires --text")
                               .with_hint("Add --text, or leave --raw out."));
  }
  const auto pool = open_pool(
      context, {.ref = options.pool,
                .access = Access::read,
                .missing_hint = "No such pool: create it first with `plasmite pool create " +
                                quote_token(options.pool) + "`."});
  if (!pool) return std::unexpected(pool.error());
  const auto message = pool->get(*seq);
  if (!message) {
    // One kind and message for what is no longer there and what never was; the cause tells them
    // apart.
    const bool no_longer = message.error().kind() == ErrorKind::RetentionGap;
    if (!no_longer && message.error().kind() != ErrorKind::NotFound)
      return std::unexpected(message.error());
    return std::unexpected(message_not_found(*pool, options.pool, *seq));
  }
  if (options.text) return print_as_text(context, options, *pool, message->view());
  std::string text;
  EnvelopeWriter().append_message(text, message->view());
  if (auto printed = print_json(context.color, text); !printed)
    return std::unexpected(printed.error());
  return 0;
}

}  // namespace

void register_fetch(CLI::App& root, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(root, {.name = "fetch",
                                         .description = "Print one message by its sequence.",
                                         .examples = "  plasmite fetch jobs 41\n"
                                                     "  plasmite fetch jobs 41 | jq .data\n"
                                                     "  plasmite fetch build 41 --text"});
  command->add_option("POOL", options->pool, "Pool name or path")->required();
  command->add_option("SEQ", options->seq, "Sequence of the message")->required();
  command->add_flag("--text", options->text,
                    "Print the line that tap captured as it was, to its own stream");
  command->add_flag("--raw", options->raw,
                    "With --text: pass escape sequences and all other bytes to a terminal, too");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
