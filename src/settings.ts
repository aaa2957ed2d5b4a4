/** What `/set` can change: who has it, an example, and how its value is read. */
import { UsageError } from './errors.ts'
import type { Transport } from './event.ts'
import { nearest } from './nearest.ts'
import {
  hopLimitRange,
  keepAliveRange,
  multicastHopLimitRange,
  parseDuration,
  parseSize,
  parseWhole,
  readSizeRange,
} from './quantities.ts'

/** What ends a typed line. */
export type Eol = 'lf' | 'crlf' | 'none'
export const eols: Readonly<Record<Eol, string>> = { lf: '\n', crlf: '\r\n', none: '' }

/** Properties of a socket, or of the language, and their values; `undefined` is off. */
interface Values {
  readonly 'no-delay': boolean
  readonly 'half-open': boolean
  readonly 'keep-alive': number | undefined
  readonly 'read-size': number | undefined
  readonly rate: number | undefined
  readonly chunk: number | undefined
  readonly delay: number | undefined
  readonly truncate: number | undefined
  readonly ttl: number
  readonly 'multicast-ttl': number
  readonly broadcast: boolean
  readonly eol: Eol
}

export type Setting = {
  [Name in keyof Values]: { readonly name: Name; readonly value: Values[Name] }
}[keyof Values]

/** What a stream can be set to. */
export type StreamSetting = Extract<
  Setting,
  { name: 'no-delay' | 'half-open' | 'keep-alive' | 'read-size' | 'rate' | 'chunk' | 'delay' }
>

/** What a datagram socket can be set to. */
export type DatagramSetting = Extract<
  Setting,
  { name: 'rate' | 'chunk' | 'delay' | 'truncate' | 'ttl' | 'multicast-ttl' | 'broadcast' }
>

interface SettingRow {
  readonly transports: readonly Transport[]
  readonly example: string
  parse(value: string): Setting
}

const transportNames: Readonly<Record<Transport, string>> = { tcp: 'TCP', udp: 'UDP', websocket: 'WebSocket' }

const rows: { readonly [Name in Setting['name']]: SettingRow } = {
  'no-delay': {
    transports: ['tcp', 'websocket'],
    example: 'on',
    parse: (value) => ({ name: 'no-delay', value: onOff('no-delay', value) }),
  },
  'half-open': {
    transports: ['tcp'],
    example: 'on',
    parse: (value) => ({ name: 'half-open', value: onOff('half-open', value) }),
  },
  'keep-alive': {
    transports: ['tcp', 'websocket'],
    example: '10s',
    parse: (value) => ({
      name: 'keep-alive',
      value: orOff(value, (text) => parseDuration(text, keepAliveRange)),
    }),
  },
  'read-size': {
    transports: ['tcp', 'websocket'],
    example: '5',
    parse: (value) => ({ name: 'read-size', value: orOff(value, (text) => parseSize(text, readSizeRange)) }),
  },
  rate: {
    transports: ['tcp', 'udp', 'websocket'],
    example: '1KiB',
    parse: (value) => ({ name: 'rate', value: orOff(value, parseSize) }),
  },
  chunk: {
    transports: ['tcp', 'udp'],
    example: '10',
    parse: (value) => ({ name: 'chunk', value: orOff(value, parseSize) }),
  },
  delay: {
    transports: ['tcp', 'udp'],
    example: '50ms',
    parse: (value) => ({ name: 'delay', value: orOff(value, parseDuration) }),
  },
  truncate: {
    transports: ['udp'],
    example: '5',
    parse: (value) => ({ name: 'truncate', value: orOff(value, parseSize) }),
  },
  ttl: {
    transports: ['udp'],
    example: '3',
    parse: (value) => ({ name: 'ttl', value: parseWhole(value, hopLimitRange) }),
  },
  'multicast-ttl': {
    transports: ['udp'],
    example: '2',
    parse: (value) => ({ name: 'multicast-ttl', value: parseWhole(value, multicastHopLimitRange) }),
  },
  broadcast: {
    transports: ['udp'],
    example: 'on',
    parse: (value) => ({ name: 'broadcast', value: onOff('broadcast', value) }),
  },
  eol: {
    transports: ['tcp', 'udp', 'websocket'],
    example: 'crlf',
    parse: (value) => ({ name: 'eol', value: eolOf(value) }),
  },
}

export function isStreamSetting(setting: Setting): setting is StreamSetting {
  return rows[setting.name].transports.includes('tcp') && setting.name !== 'eol'
}

export function isDatagramSetting(setting: Setting): setting is DatagramSetting {
  return rows[setting.name].transports.includes('udp') && setting.name !== 'eol'
}

/** What can be set anywhere, each with an example of its value. */
export function settingRows(): readonly { readonly name: string; readonly example: string }[] {
  return Object.entries(rows).map(([name, { example }]) => ({ name, example }))
}

/** What can be set on a socket of this transport. */
export function settingNames(transport: Transport): readonly string[] {
  return Object.entries(rows)
    .filter(([, row]) => row.transports.includes(transport))
    .map(([name]) => name)
}

/** `no-delay on · half-open on · …` */
export function settingExamples(transport: Transport): string {
  const examples = Object.entries(rows)
    .filter(([, row]) => row.transports.includes(transport))
    .map(([name, { example }]) => `${name} ${example}`)
  return examples.join(' · ')
}

/** @throws UsageError where the transport has no such setting, or the value is none */
export function parseSetting(name: string, value: string, transport: Transport): Setting {
  const row = Object.hasOwn(rows, name) ? rows[name as Setting['name']] : undefined
  if (row?.transports.includes(transport) === true) {
    if (value === '') throw new UsageError(`/set ${name}: a value is missing, such as ${row.example}`)
    return row.parse(value)
  }
  const names = settingNames(transport)
  if (row !== undefined) {
    const owners = row.transports.map((owner) => transportNames[owner])
    throw new UsageError(`/set: ${name} is for ${owners.join(', ')}: here ${names.join(', ')}`)
  }
  const near = nearest(name, names)
  const hint = near === undefined ? `expected ${names.join(', ')}` : `did you mean ${near}?`
  throw new UsageError(`/set: "${name}" cannot be set: ${hint}`)
}

function orOff(value: string, parse: (text: string) => number): number | undefined {
  return value === 'off' ? undefined : parse(value)
}

function onOff(name: string, value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on'
  throw new UsageError(`/set ${name}: "${value}" is not on or off`)
}

function eolOf(value: string): Eol {
  if (value === 'off') return 'none'
  if (value === 'lf' || value === 'crlf' || value === 'none') return value
  throw new UsageError(`/set eol: "${value}" is not lf, crlf or none`)
}
