/** `Sec-WebSocket-Extensions` (RFC 6455 §9.1), and what is negotiated of permessage-deflate (RFC 7692 §7.1). */

import { cut } from './http-head.ts'

/** One extension of a list, offered or accepted. */
export interface ExtensionOffer {
  readonly name: string
  /** In their order, doubled ones included; the value is undefined where there is no `=`. */
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[]
}

/** What both sides agreed on for permessage-deflate. */
export interface Compression {
  readonly serverNoContextTakeover: boolean
  readonly clientNoContextTakeover: boolean
  /** 8 to 15: the base-2 logarithm of the window. */
  readonly serverMaxWindowBits: number
  readonly clientMaxWindowBits: number
}

/** What a client offers: compression, and a window of its own that the server may make smaller. */
export const compressionOffer = 'permessage-deflate; client_max_window_bits'

const widestWindow = 15

/**
 * The extensions of a header value (RFC 6455 §9.1); undefined where it is malformed. Takes linear time.
 *
 *     list      = extension *( "," extension )
 *     extension = token *( ";" token [ "=" ( token / quoted token ) ] )
 */
export function parseExtensions(value: string): readonly ExtensionOffer[] | undefined {
  const scanner = new Scanner(value)
  const extensions: ExtensionOffer[] = []
  do {
    // RFC 9110 §5.6.1: empty members are passed over.
    if (scanner.isAt(',') || scanner.isAtEnd) continue
    const extension = readExtension(scanner)
    if (extension === undefined) return undefined
    extensions.push(extension)
  } while (scanner.takes(','))
  return scanner.isAtEnd && extensions.length > 0 ? extensions : undefined
}

function readExtension(scanner: Scanner): ExtensionOffer | undefined {
  const name = scanner.token()
  if (name === undefined) return undefined
  const parameters: [string, string | undefined][] = []
  while (scanner.takes(';')) {
    const parameter = scanner.token()
    if (parameter === undefined) return undefined
    const hasValue = scanner.takes('=')
    const value = hasValue ? (scanner.token() ?? scanner.quotedToken()) : undefined
    if (hasValue && value === undefined) return undefined
    parameters.push([parameter, value])
  }
  return { name, parameters }
}

const whiteSpace = /[ \t]*/y
const token = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*/y
const quotedToken = /"((?:\\?[!#$%&'*+\-.^_`|~0-9A-Za-z])+)"[ \t]*/y

/** Goes through a text once; passes over the white space behind whatever it takes. */
class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
    this.#match(whiteSpace)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  isAt(mark: string): boolean {
    return this.#text[this.#at] === mark
  }

  takes(mark: string): boolean {
    if (!this.isAt(mark)) return false
    this.#at += 1
    this.#match(whiteSpace)
    return true
  }

  token(): string | undefined {
    return this.#match(token)
  }

  /** RFC 6455 §9.1: what is quoted must be a token once it is unescaped. */
  quotedToken(): string | undefined {
    return this.#match(quotedToken)?.replaceAll('\\', '')
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match !== null) this.#at = pattern.lastIndex
    return match?.[1]
  }
}

/** Parameters as they stand in an offer or an answer; a window that is not named is undefined. */
interface Parameters {
  serverNoContextTakeover: boolean
  clientNoContextTakeover: boolean
  serverMaxWindowBits: number | undefined
  clientMaxWindowBits: number | undefined
}

/** The header value that stands for it: only what differs from the defaults. */
export function formatCompression(compression: Compression): string {
  const { serverMaxWindowBits: server, clientMaxWindowBits: client } = compression
  return format({
    ...compression,
    serverMaxWindowBits: server === widestWindow ? undefined : server,
    clientMaxWindowBits: client === widestWindow ? undefined : client,
  })
}

function format(parameters: Parameters): string {
  const parts = ['permessage-deflate']
  if (parameters.serverNoContextTakeover) parts.push('server_no_context_takeover')
  if (parameters.clientNoContextTakeover) parts.push('client_no_context_takeover')
  const { serverMaxWindowBits, clientMaxWindowBits } = parameters
  if (serverMaxWindowBits !== undefined) parts.push(`server_max_window_bits=${serverMaxWindowBits}`)
  if (clientMaxWindowBits !== undefined) parts.push(`client_max_window_bits=${clientMaxWindowBits}`)
  return parts.join('; ')
}

/** What a server takes of a client's offers, given as the values of all header lines: the first it can honour. */
export function chooseCompression(
  values: readonly string[],
): { readonly compression: Compression; readonly answer: string } | undefined {
  for (const offer of values.flatMap((value) => parseExtensions(value) ?? [])) {
    if (offer.name !== 'permessage-deflate') continue
    const parameters = readParameters(offer, 'offer')
    // RFC 7692 §7: an offer that names what it may not, or names it twice, is declined.
    if (typeof parameters !== 'string')
      // RFC 7692 §7.1.2.1: a window that was asked for is answered, the widest one, too.
      return { compression: agreed(parameters), answer: format(parameters) }
  }
  return undefined
}

/** What a client that sent `compressionOffer` makes of the server's answer, the values of all header lines. */
export function judgeCompressionAnswer(
  values: readonly string[],
): { readonly compression: Compression | undefined } | { readonly problem: string } {
  let compression: Compression | undefined
  for (const value of values) {
    const extensions = parseExtensions(value)
    if (extensions === undefined) return { problem: `is malformed: "${cut(value)}"` }
    for (const extension of extensions) {
      if (extension.name !== 'permessage-deflate')
        return { problem: `names "${cut(extension.name)}", which was not offered` }
      if (compression !== undefined) return { problem: 'names "permessage-deflate" twice' }
      const parameters = readParameters(extension, 'answer')
      if (typeof parameters === 'string') return { problem: parameters }
      compression = agreed(parameters)
    }
  }
  return { compression }
}

function agreed(parameters: Parameters): Compression {
  return {
    ...parameters,
    serverMaxWindowBits: parameters.serverMaxWindowBits ?? widestWindow,
    clientMaxWindowBits: parameters.clientMaxWindowBits ?? widestWindow,
  }
}

/** The parameters of permessage-deflate (RFC 7692 §7.1), or what is wrong with one of them, in words. */
function readParameters(extension: ExtensionOffer, place: 'offer' | 'answer'): Parameters | string {
  const read: Parameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  }
  const seen = new Set<string>()
  for (const [name, value] of extension.parameters) {
    if (seen.has(name)) return `has "${cut(name)}" twice`
    seen.add(name)
    const problem = readParameter(read, name, value, place)
    if (problem !== undefined) return problem
  }
  return read
}

function readParameter(
  read: Parameters,
  name: string,
  value: string | undefined,
  place: 'offer' | 'answer',
): string | undefined {
  switch (name) {
    case 'server_no_context_takeover':
      read.serverNoContextTakeover = true
      break
    case 'client_no_context_takeover':
      read.clientNoContextTakeover = true
      break
    case 'server_max_window_bits':
      read.serverMaxWindowBits = windowBits(value)
      return read.serverMaxWindowBits === undefined ? badWindow(name, value) : undefined
    case 'client_max_window_bits':
      // RFC 7692 §7.1.2.2: in an offer it may go without a value: whatever the server likes.
      if (value === undefined && place === 'offer') return undefined
      read.clientMaxWindowBits = windowBits(value)
      return read.clientMaxWindowBits === undefined ? badWindow(name, value) : undefined
    default:
      return `has the unknown parameter "${cut(name)}"`
  }
  return value === undefined ? undefined : `has ${name}=${cut(value)}, which takes no value`
}

/** RFC 7692 §7.1.2: decimal, without leading zeros, 8 to 15. */
function windowBits(value: string | undefined): number | undefined {
  return value !== undefined && /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined
}

function badWindow(name: string, value: string | undefined): string {
  const what = value === undefined ? `${name} without a value` : `${name}=${cut(value)}`
  return `has ${what}, not a number from 8 to 15`
}
