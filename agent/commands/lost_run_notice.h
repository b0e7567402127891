// What people and programs are told of a run of `tap` that has no exit record and never will.
// Thread-safety: free function.
#pragma once

#include <string>
#include <string_view>

#include "agent/output/notice.h"

namespace plasmite {

// For print_notice(); the texts live as long as this.
class LostRunNotice {
 public:
  explicit LostRunNotice(std::string_view run);

  static constexpr std::string_view kKind = "run_without_exit";
  const std::string& message() const { return message_; }
  const std::string& details_json() const { return details_json_; }

  void print(ColorMode color, std::string_view command, std::string_view pool) const;

 private:
  std::string message_;
  std::string details_json_;
};

}  // namespace plasmite
