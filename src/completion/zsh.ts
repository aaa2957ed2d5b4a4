import {
  type DescribedCommand,
  type DescribedOption,
  ownOptions,
  spellings,
  type Value,
} from './description.ts'

/** The completion script for zsh, to be sourced after compinit or put into a folder of fpath as _sockpit. */
export function zshCompletion(commands: readonly DescribedCommand[]): string {
  const described = commands.map(
    ({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`,
  )
  return `#compdef sockpit
# Completion of sockpit for zsh: source <(sockpit completion zsh)

_sockpit_commands() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  _describe -t commands command commands
}

_sockpit() {
  local curcontext="$curcontext" state line ret=1
  typeset -A opt_args
  _arguments -C \\
${ownOptions.map(optionSpec).join('')}    '1: :_sockpit_commands' \\
    '*:: :->command' && ret=0
  [[ $state == command ]] || return ret
  curcontext="\${curcontext%:*:*}:sockpit-$words[1]:"
  case $words[1] in
${commands.map(commandCase).join('\n')}
  esac
  return ret
}

if [[ "\${funcstack[1]-}" == _sockpit ]]; then
  _sockpit "$@"
else
  compdef _sockpit sockpit
fi
`
}

function commandCase({ name, options, operands }: DescribedCommand): string {
  const places = operands.map(
    ({ name: place, is }, index) =>
      `    ${quote(`${index + 1}:${place.replaceAll(':', '\\:')}:${action(is)}`)} \\\n`,
  )
  return `    ${name})
      _arguments \\
${options.map(optionSpec).join('')}${places.join('')}        && ret=0 ;;`
}

/** `'(-w --wait)'{-w,--wait=}'[help]:duration: '`; what may be repeated excludes nothing. */
function optionSpec(option: DescribedOption): string {
  const { value, help, isRepeatable } = option
  const names = spellings(option)
  const takes = value === undefined ? '' : `:${value.name}:${action(value.is)}`
  const told = quote(`[${help.replaceAll(/[[\]\\]/g, '\\$&')}]${takes}`)
  const before = quote(isRepeatable ? '*' : `(${names.join(' ')})`)
  // A short option's value may follow at once, a long one's after "=".
  const spelled = names.map(
    (name) => `${name}${value === undefined ? '' : name.startsWith('--') ? '=' : '+'}`,
  )
  return `    ${before}${spelled.length === 1 ? spelled[0] : `{${spelled.join(',')}}`}${told} \\\n`
}

function action(value: Value): string {
  if (typeof value !== 'string') return `(${value.join(' ')})`
  return { file: '_files', host: '_hosts', text: ' ' }[value]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
