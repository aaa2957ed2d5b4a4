/** URLs of a WebSocket, and the headers of its request, as they are given: taken or refused, and no password is told. */
import { checkOrigin, checkPaths, parseHeader, parseWebSocketUrl } from '../../src/commands/url.ts'
import { encodeHead, headLimits, RequestReader } from '../../src/wire/http-head.ts'
import { readOrRefused } from './refusals.ts'
import { changed, inUtf8, type Source } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'

/** The password in every URL that has one. */
const secret = 'sEsAm3'

function judgeUrl(text: string): void {
  const read = readOrRefused(text, () => parseWebSocketUrl(text))
  // No password stands in a scheme, nor behind the last @, whatever it looks like.
  const [, scheme = '', inside = ''] = /^([a-z][a-z\d+.-]*:\/\/)?(.*)$/is.exec(text) ?? []
  const at = Math.max(0, inside.lastIndexOf('@'))
  const isSecret = inside.slice(0, at).includes(secret) && !`${scheme}${inside.slice(at)}`.includes(secret)
  if ('refused' in read) {
    must(!isSecret || !read.refused.includes(secret), `a password is told: ${read.refused}`)
    return
  }
  const { host, port, target, authority, shown, credentials, isSecure } = read.value
  must(host !== '' && Number.isInteger(port) && port > 0 && port < 65_536, `host ${host}, port ${port}`)
  must(
    /^\/[!-~]*$/.test(target) && /^[!-~]+$/.test(authority),
    `what goes into the head: ${target} ${authority}`,
  )
  must(!/[@/?#]/.test(authority) && !text.includes('#'), `the authority: ${authority}`)
  const [, named = isSecure ? 443 : 80] = /:(\d+)$/.exec(authority) ?? []
  mustEqual(port, Number(named), 'the port')
  mustEqual(shown, `${isSecure ? 'wss' : 'ws'}://${authority}${target}`, 'shown')
  const userinfo = /^(?:(?:[a-z][a-z\d+.-]*:)?\/\/)?([^/?#\\]*)@/i.exec(text)?.[1]
  if (userinfo?.includes(secret)) must(credentials?.includes(secret) === true, 'the password is lost')
  if (credentials !== undefined) must(credentials.includes(':') && text.includes('@'), 'user and password')
  const again = parseWebSocketUrl(shown)
  mustEqual(again, { host, port, target, authority, shown, isSecure }, 'read again')
  const head = encodeHead(`GET ${target} HTTP/1.1`, [['Host', authority]])
  if (head.length < headLimits.lineBytes)
    mustEqual(new RequestReader().push(head).kind, 'head', 'the request')
}

function judgeHeader(text: string): void {
  const read = readOrRefused(text, () => parseHeader(text))
  if ('refused' in read) return
  const result = new RequestReader().push(encodeHead('GET / HTTP/1.1', [read.value]))
  must(result.kind !== 'fault' || result.fault.status === 431, 'the header is refused in a head')
  if (result.kind === 'head') mustEqual(result.head.headers.length, 1, 'headers')
  if (result.kind === 'head') mustEqual(result.head.headers[0]?.[0], read.value[0], 'the name')
  must(text.startsWith(`${read.value[0]}:`), 'the name as it was given')
}

function judge(input: Uint8Array): void {
  const text = Buffer.from(input).toString()
  judgeUrl(text)
  judgeHeader(text)
  for (const check of [checkOrigin, (path: string) => checkPaths([path])]) {
    const read = readOrRefused(text, () => check(text))
    if ('value' in read) must(/^[!-~]+$/.test(text), `taken is ${JSON.stringify(text)}`)
  }
}

const schemes = ['ws://', 'wss://', '', 'http://', 'WS://', '//', ' ws://', 'ws:', 'ws:\\\\']
const users = [
  '',
  '',
  '',
  `me:${secret}@`,
  `me:${secret}@`,
  `:${secret}@`,
  `m%40e:${secret}%2F@`,
  `me:a/${secret}@`,
]
const hosts = ['localhost', '127.0.0.1', '[::1]', '::1', 'bücher.example', 'a.b', '0x7f.1', '', '[::1', '%41']
const ports = ['', ':9001', ':80', ':443', ':0', ':65536', ':1e3', ':']
const paths = ['', '/', '/chat?a=b', '/ä b', '/@x', '?q', '#f', '/a/../b', '/%', '\\x']
const texts = [
  'X-Name: value',
  'Name:',
  'X:  é ',
  'X : y',
  'http://localhost:8080',
  '9001',
  '9001/chat',
  ':9001',
]
const tokens = inUtf8(
  ...[...schemes, ...users, ...hosts, ...ports, ...paths].filter((text) => text !== ''),
  ...[
    '@',
    ':',
    '/',
    '\\',
    '?',
    '#',
    '[',
    ']',
    '%',
    '%zz',
    '\r\n',
    '\t',
    '\0',
    ' ',
    '\u202e',
    '\x1b',
    '。',
    'ß',
    '.',
  ],
)

function make(source: Source): Uint8Array {
  const parts = [schemes, users, hosts, ports, paths].map((some) => source.pick(some))
  return changed(Buffer.from(source.once(8) ? source.pick(texts) : parts.join('')), source, tokens)
}

export const urls: Target = {
  name: 'urls',
  rows: [['a password beside a NUL', '0000734573416d3340']],
  make,
  judge,
}
