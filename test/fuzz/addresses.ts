/** Where to listen and whom to connect to. */
import { isIP } from 'node:net'
import {
  type Address,
  checkHost,
  type Family,
  parseConnectAddress,
  parseListenAddress,
} from '../../src/commands/address.ts'
import { readOrRefused } from './refusals.ts'
import { changed, inUtf8, type Source, sourceOf } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'

const defaultPort = 9_000

function written({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function judgeRead(text: string, family: Family, leastPort: number, parse: (text: string) => Address): void {
  const read = readOrRefused(text, () => parse(text))
  if ('refused' in read) return
  const { host, port } = read.value
  must(Number.isInteger(port) && port >= leastPort && port <= 65_535, `port ${port} of ${text}`)
  const version = isIP(host)
  must(
    version === 0 ? /^[^\s:/?#@[\]\\]+$/.test(host) : (family ?? version) === version,
    `host ${host} of ${text}`,
  )
  must(!text.includes(']:') || version === 6, `${host} stands in brackets in ${text}`)
  // Nothing is made up: what is not a default was given.
  const isGiven = (part: string, byDefault: readonly string[]) =>
    text.includes(part) || byDefault.includes(part)
  must(isGiven(host, ['localhost', '127.0.0.1', '::1']), `host ${host} of ${text}`)
  must(port === defaultPort || text.includes(String(port)), `port ${port} of ${text}`)
  mustEqual(checkHost(read.value, family), read.value, 'the host')
  mustEqual(parse(written(read.value)), read.value, 'read again')
}

function judge(input: Uint8Array): void {
  const text = Buffer.from(input).toString()
  const version = sourceOf(input).pick(['any', 4, 6] as const)
  const family = version === 'any' ? undefined : version
  judgeRead(text, family, 0, (one) => parseListenAddress(one, family, defaultPort))
  judgeRead(text, family, 1, (one) => parseConnectAddress(one, undefined, family, defaultPort))
  const [host = '', port = ''] = text.split(' ')
  const both = readOrRefused(text, () => parseConnectAddress(host, port, undefined, defaultPort))
  if ('value' in both)
    mustEqual([both.value.host, both.value.port], [host.replace(/^\[|\]$/g, ''), Number(port)], text)
}

const hosts = [
  'localhost',
  '127.0.0.1',
  '[::1]',
  '[127.0.0.1]',
  '::1',
  '::',
  '0.0.0.0',
  'fe80::1',
  'fe80::1%lo',
  'bücher.example',
  'a_b',
  '',
]
const ports = [':9000', ':0', ':1', ':65535', ':65536', ':', '', ' 9000', ':0x50', ':1e3', ':08']
const tokens = inUtf8(
  ...hosts.slice(0, -1),
  ...ports.filter((port) => port !== ''),
  '[',
  ']',
  ':',
  '%',
  '/',
  '٣',
  '\n',
  '\x1b',
  '1',
)

function make(source: Source): Uint8Array {
  const text = source.once(6) ? String(source.below(70_000)) : source.pick(hosts) + source.pick(ports)
  return changed(Buffer.from(text), source, tokens)
}

export const addresses: Target = { name: 'addresses', make, judge }
