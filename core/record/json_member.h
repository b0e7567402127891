// Looks for one member of a JSON object, whatever else is in it (numbers of any size, too).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace plasmite {

// Owns the parser's memory: keep one per thread. Not thread-safe; movable.
class JsonMemberReader {
 public:
  explicit JsonMemberReader(std::string key);
  ~JsonMemberReader();
  JsonMemberReader(JsonMemberReader&&) noexcept;
  JsonMemberReader& operator=(JsonMemberReader&&) noexcept;

  // The member's text if it is a string; of several of this name the last one counts. `json` is one
  // valid object. The view lives until the next call.
  std::optional<std::string_view> text(std::string_view json);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plasmite
