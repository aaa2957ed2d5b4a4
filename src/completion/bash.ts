import {
  type DescribedCommand,
  type DescribedOption,
  ownOptions,
  spellings,
  type Value,
  valuedSpellings,
} from './description.ts'

/** The completion script for bash 3.2 and newer: builtins only. */
export function bashCompletion(commands: readonly DescribedCommand[]): string {
  const names = [...commands.map(({ name }) => name), ...ownOptions.flatMap(spellings)]
  const valued = valuedSpellings(commands)
  return `# Completion of sockpit for bash: source <(sockpit completion bash)

_sockpit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" option="" used="" word operand=0 index
  COMPREPLY=()
  if [ "$COMP_CWORD" -le 1 ]; then
    _sockpit_words "${names.join(' ')}"
    return
  fi
  # bash makes words of its own of "--view=json": --view, = and json.
  if [ "$current" = "=" ]; then
    option="\${COMP_WORDS[COMP_CWORD-1]}" current=""
  elif [ "\${COMP_WORDS[COMP_CWORD-1]}" = "=" ]; then
    option="\${COMP_WORDS[COMP_CWORD-2]}"
  else
    option="\${COMP_WORDS[COMP_CWORD-1]}"
  fi
  for ((index = 2; index < COMP_CWORD; index += 1)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      =) ;;
      ${valued.join('|')})
        used="$used $word" index=$((index + 1))
        if [ "\${COMP_WORDS[index]}" = "=" ]; then index=$((index + 1)); fi ;;
      -*) used="$used $word" ;;
      *) operand=$((operand + 1)) ;;
    esac
  done
  case "\${COMP_WORDS[1]}" in
${commands.map(commandCase).join('\n')}
  esac
}

# The words that begin like the current one.
_sockpit_words() {
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}

_sockpit_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$current"))
}

_sockpit_hosts() {
  COMPREPLY=($(compgen -A hostname -- "$current"))
}

# The flags but those of a group that is used up, each group between bars: "|-4 --ipv4|--once|".
_sockpit_flags() {
  local rest="$1" group flag isUsed words=""
  while [ -n "$rest" ]; do
    group="\${rest%%|*}" rest="\${rest#*|}" isUsed=""
    for flag in $group; do
      case "$used " in *" $flag "*) isUsed=1 ;; esac
    done
    if [ -z "$isUsed" ]; then words="$words $group"; fi
  done
  _sockpit_words "$words $2"
}

complete -F _sockpit sockpit
`
}

function commandCase({ name, options, operands }: DescribedCommand): string {
  const valued = options.filter(({ value }) => value !== undefined)
  const once = options.filter(({ isRepeatable }) => !isRepeatable)
  const again = options.filter(({ isRepeatable }) => isRepeatable)
  const groups = once.map((option) => `${spellings(option).join(' ')}|`).join('')
  const flags = `_sockpit_flags "${groups}" "${again.flatMap(spellings).join(' ')}"`
  const places = operands.map(({ is }, index) => `        ${index}) ${offer(is)} ;;`)
  return `    ${name})
      case "$option" in
${valued.map(valueCase).join('\n')}
      esac
      case "$current" in -*)
        ${flags}
        return ;;
      esac
      case "$operand" in
${places.join('\n')}
      esac ;;`
}

function valueCase(option: DescribedOption): string {
  return `        ${spellings(option).join('|')}) ${offer(option.value?.is ?? 'text')}; return ;;`
}

function offer(value: Value): string {
  if (typeof value !== 'string') return `_sockpit_words "${value.join(' ')}"`
  return { file: '_sockpit_files', host: '_sockpit_hosts', text: ':' }[value]
}
