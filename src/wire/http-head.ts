/**
 * Heads of HTTP/1.1 messages (RFC 9112): the start line, the headers, the empty line.
 *
 * A reader takes byte for byte, so that any split of the same bytes gives the same result, and a limit or a byte
 * that may not be bites where it stands. The grammar of a line is judged when the line ends.
 */

/** A header as it came; the value is without the white space around it. Both are latin1: a character a byte. */
export type Header = readonly [name: string, value: string]

/** The head of a request. */
export interface RequestHead {
  readonly kind: 'request'
  readonly method: string
  readonly target: string
  /** `HTTP/1.1` or `HTTP/1.0`. */
  readonly version: string
  readonly headers: readonly Header[]
  /** The bytes as they came, through the empty line. */
  readonly raw: Uint8Array
}

/** The head of a response. */
export interface ResponseHead {
  readonly kind: 'response'
  /** `HTTP/1.1` or `HTTP/1.0`. */
  readonly version: string
  readonly status: number
  /** Empty where there was none. */
  readonly reason: string
  readonly headers: readonly Header[]
  /** The bytes as they came, through the empty line. */
  readonly raw: Uint8Array
}

/** What makes a head unreadable. */
export interface HeadFault {
  /** What a server answers; of no meaning in a response. */
  readonly status: 400 | 414 | 431
  /** The line: `request line`, `header "Foo"`, `header line 3`. */
  readonly what: string
  /** One clause; what the peer wrote stands in it raw, 100 characters of it at most. */
  readonly reason: string
  /** `RFC 9112 §5.1` */
  readonly section: string
}

/** What a reader knows after a chunk. */
export type HeadResult<Head> =
  | { readonly kind: 'more' }
  /** `rest`: what came behind the head, borrowed from the chunk. */
  | { readonly kind: 'head'; readonly head: Head; readonly rest: Uint8Array }
  /** `raw`: the bytes up to the one that showed the fault. */
  | { readonly kind: 'fault'; readonly fault: HeadFault; readonly raw: Uint8Array }

/** Bytes of a head with its empty line, bytes of a line without its end, and how many headers. */
export const headLimits = { headBytes: 16_384, lineBytes: 8_192, headers: 100 }

const [tab, lineFeed, carriageReturn, space, del] = [0x09, 0x0a, 0x0d, 0x20, 0x7f]

type Judged<Value> = { readonly value: Value } | { readonly fault: HeadFault }

/** A head of which only the start line is known. */
type Unfinished<Head> = (headers: readonly Header[], raw: Uint8Array) => Head

/** A kind of start line. */
interface StartLine<Head> {
  readonly name: string
  readonly section: string
  readonly tooLong: Pick<HeadFault, 'status' | 'section'>
  /** Whether one empty line before it is passed over. */
  readonly mayFollowEmptyLine: boolean
  readonly read: (line: string) => Judged<Unfinished<Head>>
}

/** Reads one head. What is pushed after its end is all rest; after a fault there is only the fault. */
class HeadReader<Head> {
  readonly #startLine: StartLine<Head>
  #bytes = Buffer.allocUnsafe(1024)
  #length = 0
  /** Where the present line begins. */
  #lineAt = 0
  #unfinished: Unfinished<Head> | undefined
  readonly #headers: Header[] = []
  #head: Head | undefined
  #fault: HeadFault | undefined

  constructor(startLine: StartLine<Head>) {
    this.#startLine = startLine
  }

  /** Takes bytes up to the end of the head, or to a fault. */
  push(chunk: Uint8Array): HeadResult<Head> {
    let taken = 0
    for (const byte of chunk) {
      if (this.#head !== undefined || this.#fault !== undefined) break
      this.#fault = this.#take(byte)
      taken += 1
    }
    if (this.#fault !== undefined) return { kind: 'fault', fault: this.#fault, raw: this.raw }
    if (this.#head === undefined) return { kind: 'more' }
    return { kind: 'head', head: this.#head, rest: chunk.subarray(taken) }
  }

  /** A copy of the bytes so far; without those behind the head or the fault. */
  get raw(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(0, this.#length))
  }

  #take(byte: number): HeadFault | undefined {
    if (this.#length === headLimits.headBytes) {
      const reason = `is longer than ${headLimits.headBytes} bytes`
      return { status: 431, what: 'head', reason, section: 'RFC 6585 §5' }
    }
    const isAfterReturn = this.#bytes[this.#length - 1] === carriageReturn
    this.#append(byte)
    if (isAfterReturn && byte === lineFeed) return this.#endLine()
    // RFC 9112 §2.2: a lone CR is an error. A lone LF may pass for a line end: this is how requests are smuggled.
    if (isAfterReturn) return this.#badByte('holds a CR without an LF behind it', 'RFC 9112 §2.2')
    if (byte === lineFeed) return this.#badByte('ends in an LF without a CR before it', 'RFC 9112 §2.2')
    return byte === carriageReturn ? undefined : this.#judgeByte(byte)
  }

  #append(byte: number): void {
    if (this.#length === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#length * 2)
    this.#bytes[this.#length] = byte
    this.#length += 1
  }

  /** Judges a byte that is no part of a line end. */
  #judgeByte(byte: number): HeadFault | undefined {
    const isHeader = this.#unfinished !== undefined
    if ((byte < space && byte !== tab) || byte === del) {
      const isTls = this.#length === 1 && byte === 0x16
      const reason = `holds the control byte 0x${byte.toString(16).padStart(2, '0')}`
      const section = isHeader ? 'RFC 9110 §5.5' : this.#startLine.section
      return this.#badByte(isTls ? `${reason}, with which TLS begins; this is plain HTTP` : reason, section)
    }
    if (isHeader && this.#headers.length === headLimits.headers) {
      const reason = `is one more than the ${headLimits.headers} that are allowed`
      return { status: 431, what: this.#where, reason, section: 'RFC 6585 §5' }
    }
    if (this.#length - this.#lineAt <= headLimits.lineBytes) return undefined
    const reason = `is longer than ${headLimits.lineBytes} bytes`
    const kind = isHeader ? ({ status: 431, section: 'RFC 6585 §5' } as const) : this.#startLine.tooLong
    return { ...kind, what: this.#where, reason }
  }

  #endLine(): HeadFault | undefined {
    const line = this.#lineUpTo(this.#length - 2)
    const isFirst = this.#lineAt === 0
    this.#lineAt = this.#length
    if (this.#unfinished !== undefined) return this.#endHeaderLine(line, this.#unfinished)
    // RFC 9112 §2.2: a server should pass over an empty line before the request line.
    if (line === '' && isFirst && this.#startLine.mayFollowEmptyLine) return undefined
    const judged = this.#startLine.read(line)
    if ('fault' in judged) return judged.fault
    this.#unfinished = judged.value
    return undefined
  }

  #endHeaderLine(line: string, unfinished: Unfinished<Head>): HeadFault | undefined {
    if (line === '') {
      this.#head = unfinished(this.#headers, this.raw)
      return undefined
    }
    const judged = readHeader(line, this.#headers.length + 1)
    if ('fault' in judged) return judged.fault
    this.#headers.push(judged.value)
    return undefined
  }

  #badByte(reason: string, section: string): HeadFault {
    return { status: 400, what: this.#where, reason, section }
  }

  /** What the present line is called. */
  get #where(): string {
    if (this.#unfinished === undefined) return this.#startLine.name
    return nameOfLine(this.#lineUpTo(this.#length), this.#headers.length + 1)
  }

  #lineUpTo(end: number): string {
    return this.#bytes.toString('latin1', this.#lineAt, end)
  }
}

/** Reads the head of a request (RFC 9112 §3). */
export class RequestReader extends HeadReader<RequestHead> {
  constructor() {
    super(requestLine)
  }
}

/** Reads the head of a response (RFC 9112 §4). */
export class ResponseReader extends HeadReader<ResponseHead> {
  constructor() {
    super(statusLine)
  }
}

const requestLine: StartLine<RequestHead> = {
  name: 'request line',
  section: 'RFC 9112 §3',
  tooLong: { status: 414, section: 'RFC 9110 §15.5.15' },
  mayFollowEmptyLine: true,
  read: (line) => {
    const [method = '', target = '', version = '', ...more] = line.split(' ')
    const refuse = (reason: string, section: string) =>
      ({ fault: { status: 400, what: 'request line', reason, section } }) as const
    if (version === '' || more.length > 0)
      return refuse(`is not "METHOD TARGET HTTP/1.1": "${cut(line)}"`, 'RFC 9112 §3')
    if (!isToken(method)) return refuse(`has the method "${cut(method)}", which is no token`, 'RFC 9110 §9.1')
    if (!/^[\x21-\x7e]+$/.test(target))
      return refuse(`has the target "${cut(target)}", which is not of visible ASCII`, 'RFC 9112 §3.2')
    if (!/^HTTP\/1\.[01]$/.test(version))
      return refuse(`has the version "${cut(version)}", not HTTP/1.1`, 'RFC 9112 §2.3')
    return { value: (headers, raw) => ({ kind: 'request', method, target, version, headers, raw }) }
  },
}

const statusLine: StartLine<ResponseHead> = {
  name: 'status line',
  section: 'RFC 9112 §4',
  tooLong: { status: 400, section: 'RFC 9112 §4' },
  mayFollowEmptyLine: false,
  read: (line) => {
    // A phrase may be empty, and its space is often left out with it.
    const [, version, digits, reason = ''] = /^(HTTP\/1\.[01]) (\d{3})(?: (.*))?$/.exec(line) ?? []
    if (version === undefined) {
      const fault = `is not "HTTP/1.1 STATUS REASON": "${cut(line)}"`
      return { fault: { status: 400, what: 'status line', reason: fault, section: 'RFC 9112 §4' } }
    }
    const status = Number(digits)
    return { value: (headers, raw) => ({ kind: 'response', version, status, reason, headers, raw }) }
  },
}

function readHeader(line: string, number: number): Judged<Header> {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon))
  const refuse = (reason: string, section: string) =>
    ({ fault: { status: 400, what: nameOfLine(line, number), reason, section } }) as const
  if (/^[ \t]/.test(line))
    return refuse('begins with white space: folded lines are obsolete', 'RFC 9112 §5.2')
  if (colon < 0) return refuse(`has no colon: "${cut(line)}"`, 'RFC 9112 §5')
  // RFC 9112 §5.1: a server must refuse white space there, since some take the name with it and some without.
  if (/[ \t]$/.test(name)) return refuse('has white space before the colon', 'RFC 9112 §5.1')
  if (!isToken(name)) return refuse(`has the name "${cut(name)}", which is no token`, 'RFC 9110 §5.1')
  return { value: [name, trim(line.slice(colon + 1))] }
}

/** `header "Foo"` where the line begins with a name and a colon. */
function nameOfLine(line: string, number: number): string {
  const name = trim(line.slice(0, Math.max(0, line.indexOf(':'))))
  return isToken(name) ? `header "${cut(name)}"` : `header line ${number}`
}

/** A head as bytes. Throws where a line would break or change on the way: a local mistake, never the peer's. */
export function encodeHead(startLine: string, headers: readonly Header[]): Uint8Array {
  const lines = [startLine, ...headers.map(([name, value]) => `${name}: ${value}`)]
  const broken = lines.find((line) => /[\0\r\n]|[^\0-\xff]/.test(line))
  if (broken !== undefined)
    throw new RangeError(`A line of a head is latin1 without CR, LF and NUL: ${JSON.stringify(broken)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** The values of all headers of that name, whatever its case. */
export function headerValues(headers: readonly Header[], name: string): readonly string[] {
  const wanted = name.toLowerCase()
  return headers.filter(([candidate]) => candidate.toLowerCase() === wanted).map(([, value]) => value)
}

/** The members of a comma-separated list that may be spread over several headers (RFC 9110 §5.6.1). */
export function listMembers(headers: readonly Header[], name: string): readonly string[] {
  const members = headerValues(headers, name).flatMap((value) => value.split(',').map(trim))
  return members.filter((member) => member !== '')
}

/** Whether a comma-separated list names the token, whatever its case. */
export function hasToken(headers: readonly Header[], name: string, token: string): boolean {
  const wanted = token.toLowerCase()
  return listMembers(headers, name).some((member) => member.toLowerCase() === wanted)
}

/** Whether it is a token (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)
}

/** A text of the peer's, 100 characters of it at most. */
export function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

/** Without the white space around it (RFC 9110 §5.6.3); loops, since / +$/ takes quadratic time. */
function trim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isWhite(text, start)) start += 1
  while (start < end && isWhite(text, end - 1)) end -= 1
  return text.slice(start, end)
}

function isWhite(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code === space || code === tab
}
