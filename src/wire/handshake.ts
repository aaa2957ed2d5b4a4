/**
 * The upgrade from HTTP to WebSocket (RFC 6455 §4): the client's request, and what the server makes of it.
 * How it says no, and what the client makes of the answer, stands in handshake-response.ts.
 */

import { type Compression, chooseCompression, compressionOffer, parseExtensions } from './extension.ts'
import { acceptOf, type Refusal, refuse, refuseWith } from './handshake-response.ts'
import {
  cut,
  encodeHead,
  type Header,
  hasToken,
  headerValues,
  isToken,
  listMembers,
  type RequestHead,
} from './http-head.ts'

/** What a client asks for. */
export interface UpgradeRequest {
  /** The value of `Host`. */
  readonly host: string
  /** Path and query. */
  readonly target: string
  /** 16 random bytes in base64. */
  readonly key: string
  readonly origin: string | undefined
  /** In order of preference. */
  readonly subprotocols: readonly string[]
  readonly compress: boolean
  /** The whole value: `Basic …`. */
  readonly authorization: string | undefined
  /** The user's own. One that has the name of a header of ours takes its place. */
  readonly headers: readonly Header[]
}

/** The request as bytes, in the order of the RFC's own example (RFC 6455 §1.2, §4.1). */
export function encodeRequest(request: UpgradeRequest): Uint8Array {
  const { host, target, key, origin, subprotocols, compress, authorization, headers } = request
  const ours: Header[] = [
    ['Host', host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
  ]
  if (origin !== undefined) ours.push(['Origin', origin])
  if (subprotocols.length > 0) ours.push(['Sec-WebSocket-Protocol', subprotocols.join(', ')])
  ours.push(['Sec-WebSocket-Version', '13'])
  if (compress) ours.push(['Sec-WebSocket-Extensions', compressionOffer])
  if (authorization !== undefined) ours.push(['Authorization', authorization])

  const replaced = ours.flatMap((header) => {
    const theirs = headers.filter((candidate) => isSameName(candidate, header))
    return theirs.length === 0 ? [header] : theirs
  })
  const added = headers.filter((candidate) => !ours.some((header) => isSameName(candidate, header)))
  return encodeHead(`GET ${target} HTTP/1.1`, [...replaced, ...added])
}

function isSameName([a]: Header, [b]: Header): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** What a server lets in. */
export interface Policy {
  /** Undefined: any. */
  readonly paths: readonly string[] | undefined
  /** `*`: any. Undefined: none, the server's own and loopback ones. */
  readonly origins: readonly string[] | undefined
  /** Those that we speak; the client's order of preference decides. */
  readonly subprotocols: readonly string[]
  readonly compress: boolean
  /** Whether it is bound to loopback: then a foreign `Host` is refused. */
  readonly isLoopback: boolean
}

/** The answer that makes a WebSocket of the connection. */
export interface Grant {
  readonly kind: 'grant'
  readonly status: 101
  readonly reason: string
  readonly headers: readonly Header[]
  readonly bytes: Uint8Array
  readonly subprotocol: string | undefined
  readonly compression: Compression | undefined
}

/** Judges a request for an upgrade (RFC 6455 §4.2); of several problems the first is told. */
export function judgeRequest(head: RequestHead, policy: Policy): Grant | Refusal {
  for (const check of checks) {
    const refusal = check(head, policy)
    if (refusal !== undefined) return refusal
  }
  const [key = ''] = headerValues(head.headers, 'Sec-WebSocket-Key')
  const subprotocol = listMembers(head.headers, 'Sec-WebSocket-Protocol').find((offered) =>
    policy.subprotocols.includes(offered),
  )
  const extensions = headerValues(head.headers, 'Sec-WebSocket-Extensions')
  const compression = policy.compress ? chooseCompression(extensions) : undefined
  const headers: Header[] = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', acceptOf(key)],
  ]
  if (subprotocol !== undefined) headers.push(['Sec-WebSocket-Protocol', subprotocol])
  if (compression !== undefined) headers.push(['Sec-WebSocket-Extensions', compression.answer])
  return {
    kind: 'grant',
    status: 101,
    reason: 'Switching Protocols',
    headers,
    bytes: encodeHead('HTTP/1.1 101 Switching Protocols', headers),
    subprotocol,
    compression: compression?.compression,
  }
}

type Check = (head: RequestHead, policy: Policy) => Refusal | undefined

/** In the order in which they are made. */
const checks: readonly Check[] = [
  checkMethod,
  checkVersionOfHttp,
  checkHost,
  checkBody,
  checkPath,
  checkUpgrade,
  checkKey,
  checkVersion,
  checkForeignHost,
  checkOrigin,
  checkSubprotocols,
  checkExtensions,
]

const section = 'RFC 6455 §4.2.1'

function checkMethod({ method }: RequestHead): Refusal | undefined {
  if (method === 'GET') return undefined
  const problem = { what: 'method', reason: `is "${cut(method)}", not GET`, section, hint: 'Ask with GET.' }
  return refuseWith(405, problem, [['Allow', 'GET']])
}

function checkVersionOfHttp({ version }: RequestHead): Refusal | undefined {
  if (version === 'HTTP/1.1') return undefined
  const hint = 'Ask with HTTP/1.1: older versions have no upgrade.'
  return refuse(400, { what: 'request line', reason: `has ${version}, not HTTP/1.1`, section, hint })
}

/** RFC 9112 §3.2: a server must refuse no host, two of them, and what is none. */
function checkHost({ headers }: RequestHead): Refusal | undefined {
  const [host, ...more] = headerValues(headers, 'Host')
  if (host !== undefined && more.length === 0 && hostPattern.test(host)) return undefined
  const wrong = more.length > 0 ? 'came twice' : `is "${cut(host ?? '')}", which is no host`
  const reason = host === undefined ? 'is missing' : wrong
  const hint = 'Send it once: the host and the port of the URL.'
  return refuse(400, { what: 'Host', reason, section: 'RFC 9112 §3.2', hint })
}

/** An upgrade has no body: its end could be told apart from the first frame in more than one way. */
function checkBody({ headers }: RequestHead): Refusal | undefined {
  const rest = { section: 'RFC 9110 §9.3.1', hint: 'Send the upgrade without a body.' }
  if (headerValues(headers, 'Transfer-Encoding').length > 0)
    return refuse(400, { what: 'Transfer-Encoding', reason: 'announces a body', ...rest })
  const length = headerValues(headers, 'Content-Length').find((value) => !/^0+$/.test(value))
  if (length === undefined) return undefined
  return refuse(400, { what: 'Content-Length', reason: `is "${cut(length)}", not 0`, ...rest })
}

function checkPath({ target }: RequestHead, { paths }: Policy): Refusal | undefined {
  // RFC 9112 §3.2.2: a server must take the absolute form, too.
  const [path = ''] = target.replace(/^(?:http|ws)s?:\/\/[^/?#]+/i, '').split('?')
  const what = 'request line'
  if (!/^\/[^#]*$/.test(path)) {
    const reason = `has the target "${cut(target)}", which is no path`
    return refuse(400, { what, reason, section: 'RFC 9112 §3.2', hint: 'Ask for a path: / or /chat.' })
  }
  if (paths === undefined || paths.includes(path)) return undefined
  const hint = `Connect to ${paths.join(' or ')}.`
  return refuse(404, { what, reason: `asks for "${cut(path)}"`, section: 'RFC 6455 §4.2.2', hint })
}

function checkUpgrade({ headers }: RequestHead): Refusal | undefined {
  if (!hasToken(headers, 'Upgrade', 'websocket')) {
    const [asked] = headerValues(headers, 'Upgrade')
    const reason = asked === undefined ? 'is missing' : `is "${cut(asked)}", not websocket`
    // RFC 9110 §15.5.22: a 426 must name what to upgrade to.
    const upgrade: Header = ['Upgrade', 'websocket']
    return refuseWith(426, { what: 'Upgrade', reason, section }, [upgrade], page(headers))
  }
  if (hasToken(headers, 'Connection', 'upgrade')) return undefined
  const hint = 'Send Connection: Upgrade. A proxy on the way may have taken it out.'
  return refuse(400, { what: 'Connection', reason: 'does not name Upgrade', section, hint })
}

/** For who comes with a browser or curl. Its host is one that `checkHost` let pass: it can end no string. */
function page(headers: readonly Header[]): readonly string[] {
  const url = `ws://${headerValues(headers, 'Host').join()}/`
  return [
    '',
    'This is a WebSocket echo server of sockpit: what you send comes back.',
    'From a shell:',
    `  sockpit ws-client ${url}`,
    "From a browser's console:",
    `  socket = new WebSocket('${url}'); socket.onmessage = (event) => console.log(event.data)`,
    "  socket.onopen = () => socket.send('hello')",
  ]
}

function checkKey({ headers }: RequestHead): Refusal | undefined {
  const [key, ...more] = headerValues(headers, 'Sec-WebSocket-Key')
  // Bits that are left over may be set: the RFC's own example in §4.1 sets them.
  if (key !== undefined && more.length === 0 && /^[A-Za-z0-9+/]{22}==$/.test(key)) return undefined
  const wrong = more.length > 0 ? 'came twice' : `is "${cut(key ?? '')}", not 16 bytes in base64`
  const reason = key === undefined ? 'is missing' : wrong
  return refuse(400, { what: 'Sec-WebSocket-Key', reason, section, hint: 'Send 16 random bytes in base64.' })
}

/** RFC 6455 §4.2.2: the answer names the version we speak. A client that names none needs to be told it, too. */
function checkVersion({ headers }: RequestHead): Refusal | undefined {
  const [version, ...more] = headerValues(headers, 'Sec-WebSocket-Version')
  const [what, hint] = ['Sec-WebSocket-Version', 'Speak version 13.']
  if (more.length > 0) return refuse(400, { what, reason: 'came twice', section, hint })
  if (version === '13') return undefined
  const reason = version === undefined ? 'is missing' : `is "${cut(version)}", not 13`
  const ours: Header[] = [
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
  ]
  return refuseWith(426, { what, reason, section: 'RFC 6455 §4.4', hint }, ours)
}

/** A page may reach loopback under a name of its own (DNS rebinding): its `Host` gives it away. */
function checkForeignHost({ headers }: RequestHead, { isLoopback }: Policy): Refusal | undefined {
  const host = headerValues(headers, 'Host').join()
  if (!isLoopback || isLoopbackHost(host)) return undefined
  const reason = `is "${cut(host)}", but this server is for this machine only`
  const hint =
    'Connect to localhost, 127.0.0.1 or [::1]. If others shall come, bind another address: ' +
    'a page of a foreign site that resolves its own name to 127.0.0.1 (DNS rebinding) must stay outside.'
  return refuse(403, { what: 'Host', reason, section: 'RFC 9110 §7.4', hint })
}

/** RFC 6455 §10.2: which pages may connect is up to the server; who is no page sends no origin. */
function checkOrigin({ headers }: RequestHead, { origins }: Policy): Refusal | undefined {
  const host = headerValues(headers, 'Host').join()
  const isAllowed = (origin: string) =>
    origins === undefined
      ? isOwnOrigin(origin, host)
      : origins.some((allowed) => allowed === '*' || allowed.toLowerCase() === origin.toLowerCase())
  const foreign = headerValues(headers, 'Origin').find((origin) => !isAllowed(origin))
  if (foreign === undefined) return undefined
  const reason = `is "${cut(foreign)}", whose pages may not connect`
  const hint = `To let them in, start the server with --origin ${cut(foreign)} (--origin '*' lets all in).`
  return refuse(403, { what: 'Origin', reason, section: 'RFC 6455 §10.2', hint })
}

/** Whether a page was loaded from this machine, or from the host and port at which it now connects. */
function isOwnOrigin(origin: string, host: string): boolean {
  const [, scheme = '', own = ''] = /^(https?):\/\/([^/]+)$/i.exec(origin) ?? []
  const standardPort = scheme.toLowerCase() === 'http' ? /:80$/ : /:443$/
  const bare = (text: string) => text.toLowerCase().replace(standardPort, '')
  return isLoopbackHost(own) || bare(own) === bare(host)
}

/** A host and perhaps a port (RFC 9110 §7.2), of those characters that names and addresses are made of. */
const hostPattern = /^(?:[\w.-]+|\[[\da-f:.]+(?:%[\w.~-]+)?\])(?::\d{0,5})?$/i

function isLoopbackHost(host: string): boolean {
  return /^(?:(?:[\w.-]+\.)?localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])(?::\d*)?$/i.test(host)
}

/** RFC 6455 §4.1: tokens, none of them twice. */
function checkSubprotocols({ headers }: RequestHead): Refusal | undefined {
  const what = 'Sec-WebSocket-Protocol'
  const names = listMembers(headers, what)
  const isNamed = names.length > 0 || headerValues(headers, what).length === 0
  const seen = new Set<string>()
  const wrong = names.find((name) => !isToken(name) || seen.size === seen.add(name).size)
  if (isNamed && wrong === undefined) return undefined
  const hint = 'Name subprotocols once each, with commas between them.'
  const twice = isToken(wrong ?? '') ? 'twice' : 'which is no token'
  const reason = wrong === undefined ? 'is empty' : `names "${cut(wrong)}", ${twice}`
  return refuse(400, { what, reason, section: 'RFC 6455 §4.1', hint })
}

/** RFC 6455 §9.1: a malformed list fails the handshake; a well-formed one with unknown extensions does not. */
function checkExtensions({ headers }: RequestHead): Refusal | undefined {
  const what = 'Sec-WebSocket-Extensions'
  const malformed = headerValues(headers, what).find((value) => parseExtensions(value) === undefined)
  if (malformed === undefined) return undefined
  const hint =
    "Write it like: permessage-deflate; client_max_window_bits. A quoted value's quotes must close."
  return refuse(400, { what, reason: `is malformed: "${cut(malformed)}"`, section: 'RFC 6455 §9.1', hint })
}
