// Arbitrary bytes as a jq program that is not run, and as what jq says of one: what may be sent at
// all, where the environment is mentioned, numbers that jq rounds, errors. (Programs that run:
// fuzz_filter.)
#include <algorithm>
#include <string>

#include "core/base/check.h"
#include "core/filter/compile_error.h"
#include "core/filter/jq_scanner.h"
#include "core/filter/restricted_program.h"
#include "core/filter/rounded_number.h"
#include "core/record/utf8.h"

namespace plasmite {
namespace {

bool is_documented(const Error& error) {
  return error.kind() == ErrorKind::Usage && error.message() == "invalid filter expression" &&
         !error.causes().empty() && !error.hint().empty();
}

// What is sent to jq is what was written; and restricted programs are fewer, by one reason.
void check_what_is_sent(const std::string& program) {
  const auto host = check_programs({program}, FilterReach::host);
  PLASMITE_CHECK(host.has_value() == (is_utf8(program) && !program.contains('\0')));
  if (!host) PLASMITE_CHECK(is_documented(host.error()));
  const auto message = check_programs({program}, FilterReach::message);
  PLASMITE_CHECK(message.has_value() == (host && !mentions_environment(program)));
  if (!message) PLASMITE_CHECK(is_documented(message.error()));
}

// Where the program ends, in code, in a string or in a comment, there is no telling here; but what
// holds of all three can be told.
void check_mentions(const std::string& program) {
  const bool mentions = mentions_environment(program);
  if (mentions) PLASMITE_CHECK(program.contains('$') && program.contains("ENV"));
  PLASMITE_CHECK(mentions_environment(program + "\n#$ENV") == mentions);
  PLASMITE_CHECK(mentions_environment(program + "\n\"\\\"") == mentions);
  if (mentions) PLASMITE_CHECK(mentions_environment(program + " \"(#"));
  for (const char* front : {".a|", "\"$ENV\\\"\\(\"x\\(1)\")#\"|", "#$ENV\"\n", "[(1)]|", "$x "})
    PLASMITE_CHECK(mentions_environment(front + program) == mentions);
  for (const char* front : {"$ENV|", "\"\\($ENV)\"", "#\n$ #\nENV|", "\"\\((1)+\"\\($ENV)\")\""})
    PLASMITE_CHECK(mentions_environment(front + program));
  // One of them stands in code, whatever came before.
  PLASMITE_CHECK(mentions_environment(program + "\n|$ENV\n\"|$ENV"));
}

void check_tokens(std::string_view program) {
  JqScanner scanner(program);
  const char* from = program.data();
  for (JqToken token = scanner.next(); token.kind != JqToken::Kind::end; token = scanner.next()) {
    PLASMITE_CHECK(token.text.data() >= from && !token.text.empty());
    from = token.text.data() + token.text.size();
    PLASMITE_CHECK(from <= program.data() + program.size());
  }
}

void check_rounded(const std::string& program) {
  const auto number = first_rounded_number(program);
  if (!number) return;
  const std::string shown = number->written.substr(0, number->written.find("…"));
  PLASMITE_CHECK(program.contains(shown) && !number->used.empty());
  // Alone it is the same number.
  if (shown == number->written) PLASMITE_CHECK(first_rounded_number(shown)->used == number->used);
}

void check_complaints(const std::string& text) {
  for (const FilterReach reach : {FilterReach::host, FilterReach::message}) {
    const Error error = compile_error(text, text, reach);
    PLASMITE_CHECK(is_documented(error));
    PLASMITE_CHECK(error.causes().size() <=
                   1 + static_cast<size_t>(std::ranges::count(text, '\0')));
  }
  const std::string beginning = shown(text);
  PLASMITE_CHECK(beginning.size() <= 210 && (!is_utf8(text) || is_utf8(beginning)));
}

void check(const std::string& text) {
  check_what_is_sent(text);
  check_mentions(text);
  check_tokens(text);
  check_rounded(text);
  check_complaints(text);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
