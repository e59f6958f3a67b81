// The scripts that shells load. Each asks this program for what can come next, `completion SHELL -- WORD…`, so that none
// of them knows a command or a flag. Words are passed as they are; nothing of them is evaluated.
import type { Candidates } from './candidates.ts'

export interface Shell {
  readonly name: string
  /** How its users load the script. `name`: the program's. */
  readonly usage: (name: string) => string
  /** `names`: what the program is called. */
  script(names: readonly string[]): string
  /** The words as this program would have them. */
  readWords(words: readonly string[]): readonly string[]
  /** One candidate per line, what it is behind a tab; `:file`, `:directory` or `:command` for what the shell knows. */
  print(candidates: Candidates, words: readonly string[]): string
}

function printLines({ list, place }: Candidates): string {
  const lines = list.map(({ text, about }) => (about === '' ? text : `${text}\t${about}`))
  return [...lines, ...(place === undefined ? [] : [`:${place}`])].map((line) => `${line}\n`).join('')
}

// It breaks words at `=`, also for what replaces the last one. It quotes a path only where it is told that it is one,
// which the bash of macOS cannot be; an unquoted name could bring a command into the line.
const bash: Shell = {
  name: 'bash',
  usage: (name) => `source <(${name} completion bash)`,
  script: (names) => `# bash completion of ${names.join(' and ')}
_tsops_paths() {
  local path quoted=
  compopt -o filenames 2>/dev/null || quoted=1
  while IFS= read -r path; do
    [[ -z $quoted ]] || printf -v path %q "$path"
    COMPREPLY+=("$path")
  done < <(compgen "$1" -- "$cur")
}
_tsops_complete() {
  local line program cur=$2
  COMPREPLY=()
  program=$(type -P -- "$1") || program=${names[0] ?? ''}
  while IFS= read -r line; do
    case $line in
      :directory) _tsops_paths -d ;;
      :command) _tsops_paths -c ;;
      :*) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("$program" completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _tsops_complete ${names.join(' ')}
`,
  readWords(words) {
    const joined: string[] = []
    let open = false
    for (const word of words) {
      const last = joined.at(-1)
      const follows = word === '=' && last?.startsWith('-') === true && !last.includes('=')
      if (last !== undefined && (open || follows)) joined[joined.length - 1] = last + word
      else joined.push(word)
      open = follows
    }
    return joined
  },
  print({ list, place }, words) {
    const lead = /^-[^=]*=/.exec(words.at(-1) ?? '')?.[0].length ?? 0
    return printLines({ list: list.map(({ text, about }) => ({ text: text.slice(lead), about })), place })
  },
}

const same = (words: readonly string[]): readonly string[] => words

const zsh: Shell = {
  name: 'zsh',
  usage: (name) => `source <(${name} completion zsh)`,
  script: (names) => `#compdef ${names.join(' ')}
_tsops() {
  local line place program=\${(Q)words[1]}
  local -a found
  (( $+commands[$program] )) || [[ -x $program ]] || program=${names[0] ?? ''}
  while IFS= read -r line; do
    case $line in
      :*) place=\${line#:} ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done < <("$program" completion zsh -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe '${names[0] ?? ''}' found
  [[ -n $place ]] && compset -P '-*='
  case $place in
    file) _files ;;
    directory) _files -/ ;;
    command) _command_names -e ;;
  esac
}
if [[ $funcstack[1] == _tsops ]]; then
  _tsops "$@"
else
  compdef _tsops ${names.join(' ')}
fi
`,
  readWords: same,
  print: printLines,
}

const fish: Shell = {
  name: 'fish',
  usage: (name) => `${name} completion fish | source`,
  script: (names) => `# fish completion of ${names.join(' and ')}
function __tsops_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l program $words[1]
  type -q -- $program; or set program ${names[0] ?? ''}
  set -l lead (string match -r -- '^-[^=]*=' $current)
  for line in (command $program completion fish -- $words[2..-1] "$current" 2>/dev/null)
    switch $line
      case :file
        for path in (__fish_complete_path (string replace -r -- '^-[^=]*=' '' "$current"))
          echo "$lead$path"
        end
      case :directory
        for path in (__fish_complete_directories (string replace -r -- '^-[^=]*=' '' "$current"))
          echo "$lead$path"
        end
      case :command
        __fish_complete_command
      case '*'
        echo $line
    end
  end
end
${names.map((name) => `complete -c ${name} -f -a '(__tsops_complete)'\n`).join('')}`,
  readWords: same,
  print: printLines,
}

export const shells: readonly Shell[] = [bash, zsh, fish]
