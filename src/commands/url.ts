/** Where a WebSocket client connects to, and what it says there, as the command line has it. */
import { UsageError } from '../errors.ts'
import { familyOf } from '../net/endpoint.ts'
import { type Header, isToken } from '../wire/http-head.ts'
import type { Address } from './address.ts'

export interface WebSocketUrl extends Address {
  /** Path and query. */
  readonly target: string
  /** The value of `Host`. */
  readonly authority: string
  /** Without user and password. */
  readonly shown: string
  /** `user:password`, where the URL has them. */
  readonly credentials: string | undefined
  /** `wss://`: over TLS. */
  readonly isSecure: boolean
}

const defaultUrl = 'ws://localhost:9001/'

/** `ws://host:port/path?query`; the scheme may be left out, and so may the host. @throws UsageError */
export function parseWebSocketUrl(text: string = defaultUrl): WebSocketUrl {
  checkLine('The URL', text, `"${withoutUser(text)}"`)
  const url = readUrl(complete(text), text)
  const isSecure = url.protocol === 'wss:'
  if (url.protocol !== 'ws:' && !isSecure) {
    throw new UsageError(
      `"${withoutUser(text)}" is not a WebSocket URL: expected ws:// or wss://, got ${url.protocol}//`,
    )
  }
  if (text.includes('#')) {
    throw new UsageError(`"${withoutUser(text)}" has a fragment, which no WebSocket URL may (RFC 6455 §3)`)
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  if (port === 0) throw new UsageError('"0" is not a port to connect to: expected 1 to 65535')
  const target = `${url.pathname}${url.search}`
  const credentials = url.username === '' && url.password === '' ? undefined : userOf(url, text)
  const shown = `${url.protocol}//${url.host}${target}`
  return { host, port, target, authority: url.host, shown, credentials, isSecure }
}

/** What was left out, put in. */
function complete(text: string): string {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return text
  if (/^\d+(?:\/|$)/.test(text)) return `ws://localhost:${text}`
  if (familyOf(text) === 6) return `ws://[${text}]`
  if (text.startsWith('//')) return `ws:${text}`
  if (text.startsWith('/')) return `ws://localhost:9001${text}`
  if (text.startsWith(':')) return `ws://localhost${text}`
  return `ws://${text}`
}

function readUrl(whole: string, text: string): URL {
  // Once it is hot, URL.canParse of Node 20 takes a text of one byte a character for UTF-8.
  try {
    return new URL(whole)
  } catch {
    const hint = 'expected ws://host:port/path; an IPv6 address stands in brackets: ws://[::1]:9001/'
    throw new UsageError(`"${withoutUser(text)}" is not a URL: ${hint}`)
  }
}

/** A URL as it may be shown, though it may be none: what stands before any @ may be a password with a slash in it. */
function withoutUser(text: string): string {
  const rest = text.replace(/^((?:[a-z][a-z\d+.-]*:\/\/)?)[^/?#]*@/i, '$1')
  return rest.replace(/^((?:[a-z][a-z\d+.-]*:\/\/)?)[\s\S]*@/i, '$1…@')
}

function userOf(url: URL, text: string): string {
  try {
    return `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  } catch {
    throw new UsageError(`"${withoutUser(text)}": user and password are not percent-encoded UTF-8`)
  }
}

/** The value of `Authorization` for `user:password` (RFC 7617 §2). @throws UsageError, which does not repeat it */
export function basicAuthorization(credentials: string): string {
  checkLine('--auth', credentials, 'it')
  if (!credentials.includes(':'))
    throw new UsageError('--auth: expected user:password, and there is no colon')
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

/** `Name: value`. @throws UsageError */
export function parseHeader(text: string): Header {
  checkLine('--header', text)
  const [, name = '', value = ''] = /^([^:]*):(.*)$/.exec(text) ?? []
  if (!isToken(name)) throw new UsageError(`--header: "${text}" is not 'Name: value'`)
  // On the wire each character is a byte: what is not ASCII goes as UTF-8.
  return [name, Buffer.from(value.trim()).toString('latin1')]
}

/** @throws UsageError where one is no name, or stands twice (RFC 6455 §4.1) */
export function checkSubprotocols(names: readonly string[]): void {
  for (const name of names) {
    if (!isToken(name))
      throw new UsageError(
        `--subprotocol: "${name}" is not a name: no spaces, commas, quotes, slashes or brackets`,
      )
  }
  if (new Set(names).size < names.length) throw new UsageError('--subprotocol: each may be named once')
}

/** @throws UsageError where one is no path */
export function checkPaths(paths: readonly string[]): void {
  for (const path of paths) {
    checkLine('--path', path)
    if (!/^\/[!-~]*$/.test(path) || /[?#]/.test(path)) {
      throw new UsageError(`--path: "${path}" is not a path: expected one such as /chat`)
    }
  }
}

/** @throws UsageError where one cannot stand in a header */
export function checkOrigin(origin: string): void {
  checkLine('--origin', origin)
  if (!/^[!-~]+$/.test(origin)) {
    throw new UsageError(`--origin: "${origin}" is not an origin: expected one such as http://localhost:8080`)
  }
}

/** @throws UsageError where no browser would ever send one (RFC 6454 §7) */
export function checkAllowedOrigin(origin: string): void {
  checkOrigin(origin)
  if (origin === '*' || origin === 'null' || /^[a-z][a-z\d+.-]*:\/\/[^/?#@]+$/i.test(origin)) return
  throw new UsageError(
    `--origin: "${origin}" is not an origin: expected scheme and host, such as https://example.org, or *`,
  )
}

/** What goes into a line of the head must not begin another one. @throws UsageError */
function checkLine(what: string, text: string, shown = `"${text}"`): void {
  const found = /[\0-\x1f\x7f]/.exec(text)
  if (found === null) return
  const names: Readonly<Record<string, string>> = {
    '\r': 'a carriage return',
    '\n': 'a line feed',
    '\0': 'a NUL',
  }
  throw new UsageError(`${what}: ${shown} holds ${names[found[0]] ?? 'a control character'}`)
}
