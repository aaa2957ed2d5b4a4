import {
  type DescribedCommand,
  type DescribedOption,
  ownOptions,
  type Value,
  valuedSpellings,
} from './description.ts'

/** The completion script for fish 3 and newer. */
export function fishCompletion(commands: readonly DescribedCommand[]): string {
  const lines = [
    ...ownOptions.map((option) => `complete -c sockpit -n '__sockpit_is ""' ${optionWords(option)}`),
    ...commands.map(
      ({ name, summary }) => `complete -c sockpit -n '__sockpit_is ""' -a ${name} -d ${quote(summary)}`,
    ),
    ...commands.flatMap(commandLines),
  ]
  return `# Completion of sockpit for fish: sockpit completion fish | source

# Whether the command is this one; "" where none stands there yet.
function __sockpit_is
    set -l words (commandline -opc)
    if test (count $words) -lt 2
        test -z "$argv[1]"
    else
        test "$words[2]" = "$argv[1]"
    end
end

# Whether so many operands stand there already.
function __sockpit_operands
    set -l words (commandline -opc)
    set -l count 0
    set -l isValue 0
    for word in $words[3..-1]
        if test $isValue -eq 1
            set isValue 0
        else if contains -- $word ${valuedSpellings(commands).join(' ')}
            set isValue 1
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    test $count -eq $argv[1]
end

complete -c sockpit -f
${lines.join('\n')}
`
}

function commandLines({ name, options, operands }: DescribedCommand): readonly string[] {
  const is = `__sockpit_is ${name}`
  const places = operands.map(({ is: value }, index) => {
    const words = offer(value)
    return words === undefined
      ? []
      : [`complete -c sockpit -n '${is}; and __sockpit_operands ${index}' ${words}`]
  })
  return [
    ...options.map((option) => `complete -c sockpit -n '${is}' ${optionWords(option)}`),
    ...places.flat(),
  ]
}

function optionWords({ short, long, help, value }: DescribedOption): string {
  const words = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    ...(value === undefined ? [] : [value.is === 'file' ? '-r' : '-x', offer(value.is) ?? '']),
    `-d ${quote(help)}`,
  ]
  return words.filter((word) => word !== '').join(' ')
}

function offer(value: Value): string | undefined {
  if (typeof value !== 'string') return `-a ${quote(value.join(' '))}`
  return { file: '-F', host: "-a '(__fish_print_hostnames)'", text: undefined }[value]
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
