// jq programs that see their message and nothing else (FilterReach::message): what is taken away
// from them, and how that is told. Pure functions.
//
// Names are taken away by jq itself: definitions in front of the program give each of them a body
// that refers to nothing, and jq 1.6 binds names to definitions, drops what nobody refers to, and
// refuses the rest. So a program is refused exactly if it refers to such a name, wherever that
// stands and however it is written; one that defines a function of the same name means its own.
// `import`, `include` and `module` cannot follow a definition, says jq's grammar.
//
// `$ENV` is not bound like that, so it is looked for among the program's tokens. Should that ever
// miss one, the environment that it finds is empty: see FilterProcess::start.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plasmite {

// To be put before the program, on the same line: jq's line numbers, also in `$__loc__`, stay
// right.
const std::string& restricting_definitions();

// Whether `$ENV` is among the program's tokens, even as a variable of the program's own.
bool mentions_environment(std::string_view program);

// What jq refused in a restricted program: "env", "import". None: the message is about something
// else.
std::optional<std::string> refused_construct(std::string_view jq_message);

}  // namespace plasmite
