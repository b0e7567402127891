#include "core/filter/engine/jq_program.h"

#include <string_view>

#include "core/base/check.h"
#include "core/filter/restricted_program.h"
#include "core/record/utf8.h"

namespace plasmite {
namespace {

constexpr size_t kMostTextBytes = 300;

// Takes the value over.
std::string whole_text(jv value, bool strings_bare) {
  const bool bare = strings_bare && jv_get_kind(value) == JV_KIND_STRING;
  jv dumped = bare ? value : jv_dump_string(value, 0);
  std::string text(jv_string_value(dumped),
                   static_cast<size_t>(jv_string_length_bytes(jv_copy(dumped))));
  jv_free(dumped);
  return text;
}

// Never long, never cut inside a character.
std::string cut(std::string text) {
  if (text.size() > kMostTextBytes) {
    text.replace(utf8_cut(text, kMostTextBytes), std::string::npos, "…");
  }
  return text;
}

std::string as_text(jv value, bool strings_bare) { return cut(whole_text(value, strings_bare)); }

// What jq says of a program, which it ends with a line of it. Our definitions are in the first
// line, and jq appends a blank for each byte that the message is about.
std::string complaint(jv message) {
  std::string text = whole_text(jq_format_error(message), /*strings_bare=*/true);
  const size_t at = text.find(restricting_definitions());
  if (at != std::string::npos) text.erase(at, restricting_definitions().size());
  text.erase(text.find_last_not_of(' ') + 1);
  return cut(std::move(text));
}

void keep_message(void* messages, jv message) {
  constexpr size_t kMostMessageBytes = 3000;
  auto& kept = *static_cast<std::string*>(messages);
  const std::string text = complaint(message);
  if (kept.size() + text.size() < kMostMessageBytes) kept.append(text).push_back('\0');
}

}  // namespace

std::unique_ptr<JqProgram> JqProgram::compile(const std::string& text, FilterReach reach,
                                              void (*on_no_memory)(void*), std::string& messages) {
  std::unique_ptr<JqProgram> program(new JqProgram);
  program->state_ = jq_init();
  // An input without files: `input` finds nothing, and `input_filename` an answer. With no input at
  // all libjq 1.6 asserts there.
  program->no_input_ = jq_util_input_init(nullptr, nullptr);
  PLASMITE_CHECK(program->state_ != nullptr && program->no_input_ != nullptr);
  jq_state* const state = program->state_;
  // jq_init() of 1.6 leaves this one as malloc() gave it, and `debug` calls it.
  jq_set_debug_cb(state, [](void*, jv message) { jv_free(message); }, nullptr);
  jq_set_input_cb(state, jq_util_input_next_input_cb, program->no_input_);
  jq_set_nomem_handler(state, on_no_memory, nullptr);  // of this state: each call sets it anew
  jq_set_error_cb(state, keep_message, &messages);
  // `import` and `include` look where the `jq` command does, but for its own folder.
  jv folders = jv_array();
  if (reach == FilterReach::host) folders = jv_array_append(folders, jv_string("~/.jq"));
  jq_set_attr(state, jv_string("JQ_LIBRARY_PATH"), folders);
  jq_set_attr(state, jv_string("JQ_ORIGIN"), jv_string("."));
  jq_set_attr(state, jv_string("PROGRAM_ORIGIN"), jv_string("."));
  const std::string all = reach == FilterReach::host ? text : restricting_definitions() + text;
  if (jq_compile_args(state, all.c_str(), jv_object()) == 0) return nullptr;
  jq_set_error_cb(state, nullptr, nullptr);  // `messages` does not live as long
  return program;
}

JqProgram::~JqProgram() {
  jq_teardown(&state_);
  jq_util_input_free(&no_input_);
}

JqProgram::Judgement JqProgram::judge(jv value, bool with_text) {
  jq_start(state_, value, 0);
  bool has_match = false;
  for (;;) {
    jv output = jq_next(state_);
    switch (jv_get_kind(output)) {
      case JV_KIND_TRUE:
        has_match = true;
        break;
      case JV_KIND_FALSE:
      case JV_KIND_NULL:
        break;
      case JV_KIND_INVALID: {
        if (jv_invalid_has_msg(jv_copy(output)) == 0) {
          jv_free(output);
          return {.outcome = has_match ? Outcome::match : Outcome::no, .text = {}};
        }
        jv message = jv_invalid_get_msg(output);
        if (!with_text) jv_free(message);
        return {.outcome = Outcome::failed,
                .text = with_text ? as_text(message, /*strings_bare=*/true) : std::string()};
      }
      default:
        return {.outcome = Outcome::not_boolean, .text = as_text(output, false)};
    }
    jv_free(output);
  }
}

}  // namespace plasmite
