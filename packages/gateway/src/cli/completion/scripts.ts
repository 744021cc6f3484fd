/**
 * Scripts that teach a shell to complete this program. They know nothing themselves: each asks the program as it was
 * typed, so that commands, options and names are those of that version and of the gateway that it reaches.
 */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** Line that the program prints where the shell completes a path. */
export const fileLine = ':file'

const bash = `# bash completion for gatehouse. In ~/.bashrc:
#   source <(gatehouse completion bash)
_gatehouse() {
  local line="\${COMP_LINE:0:COMP_POINT}" value what breaks kept=
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local word="\${words[-1]}"
  # bash replaces what comes after the last of these signs alone.
  breaks="\${COMP_WORDBREAKS//[^@:=]/}"
  [[ -n $breaks && $word == *[$breaks]* ]] && kept="\${word%"\${word##*[$breaks]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r value what; do
    if [[ $value == '${fileLine}' ]]; then
      compopt -o default 2> /dev/null
      return
    fi
    value="\${value:\${#kept}}"
    [[ $value == *[!A-Za-z0-9_@%+=:,./-]* ]] && value="$(printf %q "$value")"
    [[ -n $value ]] && COMPREPLY+=("$value")
  done < <("\${words[0]/#~\\//$HOME/}" complete -- "\${words[@]:1}" 2> /dev/null)
}
complete -F _gatehouse gatehouse
`

const zsh = `#compdef gatehouse
# zsh completion for gatehouse. In ~/.zshrc, after compinit:
#   source <(gatehouse completion zsh)
_gatehouse() {
  local value what
  local -a candidates
  while IFS=$'\\t' read -r value what; do
    if [[ $value == '${fileLine}' ]]; then
      _files
      return
    fi
    [[ -n $value ]] && candidates+=("\${value//:/\\\\:}:$what")
  done < <("\${(Q)words[1]/#\\~\\//$HOME/}" complete -- "\${(@Q)words[2,CURRENT]}" 2> /dev/null)
  _describe -t words gatehouse candidates
}
if [[ "$funcstack[1]" == _gatehouse ]]; then
  _gatehouse "$@"
else
  compdef _gatehouse gatehouse
fi
`

const fish = `# fish completion for gatehouse. In ~/.config/fish/config.fish:
#   gatehouse completion fish | source
function __gatehouse_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l found ($program complete -- $words[2..-1] "$typed" 2> /dev/null)
    if test "$found[1]" = '${fileLine}'
        __fish_complete_path "$typed"
    else if set -q found[1]
        printf '%s\\n' $found
    end
end
complete -c gatehouse -f -a '(__gatehouse_complete)'
`

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish }
