#include "agent/commands/feed_options.h"

#include <CLI/CLI.hpp>

#include "agent/pool_access.h"

namespace plasmite {

void add_feed_options(CLI::App& command, FeedOptions& options) {
  command.add_option("POOL", options.pool, "Pool name or path")->required();
  auto* data = command.add_option("DATA", options.data, "One JSON object");
  command.add_option("-f,--file", options.file, "Read JSON from a file, - for stdin")
      ->type_name("PATH")
      ->excludes(data);
  command.add_option("--tag", options.tags, "Tag every message; may be repeated")
      ->type_name("TAG")
      ->allow_extra_args(false);
  command
      .add_option("--durability", options.durability,
                  "fast survives the death of any process, flush also power loss [default: fast]")
      ->type_name("fast|flush");
  command.add_flag("--create", options.create, "Make the pool when it is missing");
  command.add_option("--create-size", options.create_size, "Its size [default: 4M]")
      ->type_name("SIZE");
  command
      .add_option("-i,--in", options.in,
                  "How the input is cut into records: auto, jsonl (one per line), json (one in "
                  "all), seq (RFC 7464), jq (one after the other) [default: auto]")
      ->type_name("FORMAT");
  command
      .add_option("-e,--errors", options.errors,
                  "A record that cannot be stored: stop there, or skip it [default: stop]")
      ->type_name("stop|skip");
  command.add_option("--max-record", options.max_record, "Largest record [default: 1M]")
      ->type_name("SIZE");
  command.add_flag("-q,--quiet", options.quiet, "Print no receipts");
  command
      .add_option("--lock-timeout", options.lock_timeout,
                  "How long to wait for other writers [default: 5s]")
      ->type_name("DURATION");
  command.add_option("--retry", options.retry, "Wait that many times longer [default: 0]")
      ->type_name("N");
  command
      .add_option("--retry-delay", options.retry_delay, "Pause before each retry [default: 50ms]")
      ->type_name("DURATION");
  add_remote_options(command, options.remote);
}

std::string missing_pool_hint(const FeedOptions& options) {
  if (!options.data && !options.file) return rerun_with_create_hint("feed", options.pool);
  std::string line = "plasmite feed " + quote_token(options.pool) + " --create";
  const auto add = [&](const char* option, const std::string& value) {
    line += std::string(" ") + option + " " + quote_token(value);
  };
  for (const std::string& tag : options.tags) add("--tag", tag);
  if (options.data) line += " " + quote_token(*options.data);
  if (options.file) add("--file", *options.file);
  if (options.durability != "fast") add("--durability", options.durability);
  if (options.retry != "0") add("--retry", options.retry);
  if (options.retry_delay) add("--retry-delay", *options.retry_delay);
  if (options.in != "auto") add("--in", options.in);
  if (options.errors != "stop") add("--errors", options.errors);
  return "The pool does not exist. The exact command that also creates it: `" + line + "`.";
}

}  // namespace plasmite
