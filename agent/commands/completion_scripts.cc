#include "agent/commands/completion_scripts.h"

#include "agent/commands/registry.h"

namespace plasmite {
namespace {

// Each asks the very program that is being typed, by `__complete`: one line that says what the
// shell is to complete by itself, then one per candidate, quoted for bash, else with a TAB and a
// description.

constexpr std::string_view kBash = R"sh(
_plasmite() {
  local command=${1/#\~/$HOME} shell= word=
  COMPREPLY=()
  {
    IFS= read -r shell
    while IFS= read -r word; do COMPREPLY+=("$word"); done
  } < <(command "$command" __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  case $shell in
    files) compopt -o default ;;
    directories) compopt -o dirnames ;;
    commands) mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}") ;;
  esac
}

complete -o nosort -F _plasmite plasmite pls
)sh";

constexpr std::string_view kZsh = R"sh(
_plasmite() {
  local shell= line= described=
  local -a values shown
  {
    IFS= read -r shell
    while IFS= read -r line; do
      values+=("${line%%$'\t'*}")
      shown+=("${line/$'\t'/  -- }")
      [[ $line == *$'\t'?* ]] && described=1
    done
  } < <(command "${(Q)words[1]/#\~/$HOME}" __complete zsh "${(@Q)words[2,CURRENT-1]}" \
          "${(Q)PREFIX}" 2>/dev/null)
  case $shell in
    files) _files ;;
    directories) _files -/ ;;
    commands) _command_names -e ;;
    *)
      (( $#values )) || return 1
      if [[ -n $described ]]; then
        compadd -V plasmite -l -d shown -a values
      else
        compadd -V plasmite -a values
      fi
      ;;
  esac
}

if [[ $funcstack[1] == _plasmite ]]; then
  _plasmite "$@"
else
  compdef _plasmite plasmite pls
fi
)sh";

constexpr std::string_view kFish = R"sh(
function __plasmite_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (command $words[1] __complete fish $words[2..] "$current" 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path $current
        case directories
            __fish_complete_directories $current
        case commands
            __fish_complete_command
        case '*'
            printf '%s\n' $answer[2..]
    end
end

complete -c plasmite -f -k -a '(__plasmite_complete)'
complete -c pls -f -k -a '(__plasmite_complete)'
)sh";

struct Script {
  std::string_view shell;
  std::string_view first_line;
  std::string_view how_to_use;
  std::string_view body;
};

constexpr Script kScripts[] = {
    {"bash", "", "In ~/.bashrc: source <(plasmite completion bash)", kBash},
    {"zsh", "#compdef plasmite pls\n",
     "In ~/.zshrc, behind compinit: source <(plasmite completion zsh)\n"
     "# or as a file named _plasmite in a folder of $fpath.",
     kZsh},
    {"fish", "", "In ~/.config/fish/config.fish: plasmite completion fish | source", kFish},
};

}  // namespace

std::string completion_script(std::string_view shell) {
  for (const Script& script : kScripts) {
    if (script.shell != shell) continue;
    std::string text(script.first_line);
    text += "# Completion of plasmite and pls for " + std::string(shell) + ".\n# " +
            std::string(script.how_to_use) + "\n# Commands:";
    for (const CommandEntry& command : all_commands()) text += std::string(" ") + command.name;
    return text + " help\n" + std::string(script.body);
  }
  return {};
}

}  // namespace plasmite
