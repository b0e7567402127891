// Which entries are wanted, as an expression over fields: for sd-journal, which finds them, and for
// an entry at hand. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "sources/journal/journal_encoder.h"
#include "sources/journal/journal_handle.h"
#include "sources/journal/journal_options.h"

namespace plasmite {

class JournalExpression {
 public:
  JournalExpression() = default;  // everything
  // Usage: matches that cannot be.
  static Result<JournalExpression> create(const JournalMatches& matches);

  // Terms of one field are alternatives, terms of different fields must all be met...
  JournalExpression& term(std::string_view name, std::string_view value);
  // ...or what follows...
  void either();
  // ...and what follows as well.
  void both();

  // sd-journal returns no others from here on. Usage, Internal: it refuses one.
  Result<void> add_to(sd_journal* journal) const;
  // Whether an entry with these fields is wanted; true also if they cannot be read.
  bool may_hold(JournalFields& fields) const;

 private:
  struct Term {
    std::string name;
    std::string text;  // NAME=value
  };
  using Branch = std::vector<Term>;
  using Part = std::vector<Branch>;  // either() is between its branches

  std::vector<Part> parts_ = {Part(1)};  // both() is between them
};

// "nginx" -> "nginx.service". Usage: a pattern, or no name that a unit could have.
Result<std::string> journal_unit_name(std::string_view unit);

}  // namespace plasmite
