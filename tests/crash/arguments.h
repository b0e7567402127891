// Command lines of the crash programs: --name VALUE and --flag, nothing else.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/crash/step_names.h"

namespace plasmite::crash {

class Arguments {
 public:
  explicit Arguments(const char* program) : program_(program) {}

  // The targets must outlive parse().
  void number(std::string_view name, uint64_t* target) {
    add(name, [target](std::string_view text) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *target);
      return error == std::errc() && end == text.data() + text.size();
    });
  }
  void text(std::string_view name, std::filesystem::path* target) {
    add(name, [target](std::string_view text) {
      *target = text;
      return !text.empty();
    });
  }
  void protection(std::string_view name, std::optional<Protection>* target) {
    add(name, [target](std::string_view text) {
      *target = protection_named(text);
      return target->has_value();
    });
  }
  void flag(std::string_view name) { options_.push_back({name, nullptr}); }

  // False: said on stderr what is wrong.
  bool parse(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const Option* option = find(argv[i]);
      const bool takes_value = option && option->accept;
      const bool good = option && (!takes_value || (i + 1 < argc && option->accept(argv[i + 1])));
      if (!good) {
        std::fprintf(stderr, "%s: bad argument %s\nOptions:", program_, argv[i]);
        for (const Option& known : options_)
          std::fprintf(stderr, " %s%s", known.name.data(), known.accept ? " VALUE" : "");
        std::fprintf(stderr, "\n");
        return false;
      }
      if (takes_value) ++i;
    }
    return true;
  }

 private:
  struct Option {
    std::string_view name;
    std::function<bool(std::string_view)> accept;  // none: a flag
  };
  void add(std::string_view name, std::function<bool(std::string_view)> accept) {
    options_.push_back({name, std::move(accept)});
  }
  const Option* find(std::string_view name) const {
    for (const Option& option : options_)
      if (option.name == name) return &option;
    return nullptr;
  }

  const char* program_;
  std::vector<Option> options_;
};

}  // namespace plasmite::crash
