import type { Service, ServiceHost } from './services.ts'
import type { TcpConnection } from './tcp-connection.ts'

/** A line that is longer is passed on in pieces, bytes. */
export const longestLine = 65_536

const lineEnd = Buffer.from('\n')

/** Every line that one says goes to all the others, with who said it. */
export class ChatRoom implements Service {
  readonly #host: ServiceHost
  /** What each has said since its last line end. */
  readonly #unfinished = new Map<TcpConnection, Buffer>()
  /** Those who miss lines, because they take nothing. */
  readonly #deaf = new WeakSet<TcpConnection>()

  constructor(host: ServiceHost) {
    this.#host = host
  }

  received(connection: TcpConnection, bytes: Uint8Array): void {
    const rest = Buffer.concat([this.#unfinished.get(connection) ?? Buffer.alloc(0), bytes])
    const { lines, left } = this.#split(connection, rest)
    this.#unfinished.set(connection, left)
    this.#say(connection, lines)
  }

  /** The lines that are there, each with its end; what is too long for one line makes several. */
  #split(connection: TcpConnection, bytes: Buffer): { readonly lines: Buffer; readonly left: Buffer } {
    const parts: Uint8Array[] = []
    let from = 0
    // Where no line can be too long, they need not be looked at one by one.
    let at = bytes.length > longestLine ? 0 : bytes.lastIndexOf(lineEnd) + 1
    for (let end = bytes.indexOf(lineEnd, at); ; end = bytes.indexOf(lineEnd, at)) {
      while ((end === -1 ? bytes.length : end) - at > longestLine) {
        this.#host.lineCut(connection, longestLine)
        at += longestLine
        parts.push(bytes.subarray(from, at), lineEnd)
        from = at
      }
      if (end === -1) break
      at = end + 1
    }
    return { lines: Buffer.concat([...parts, bytes.subarray(from, at)]), left: bytes.subarray(at) }
  }

  closed(connection: TcpConnection): void {
    const rest = this.#unfinished.get(connection)
    this.#unfinished.delete(connection)
    if (rest !== undefined && rest.length > 0) this.#say(connection, Buffer.concat([rest, lineEnd]))
  }

  /** One who does not read must cost the others neither memory nor their turn. */
  #pass(other: TcpConnection, payload: Uint8Array): void {
    if (!other.isFull) {
      this.#deaf.delete(other)
      other.send(payload)
    } else if (!this.#deaf.has(other)) {
      this.#deaf.add(other)
      this.#host.linesDropped(other)
    }
  }

  /** All lines of a read at once: thousands, one by one to hundreds of others, would keep everybody waiting. */
  #say(speaker: TcpConnection, lines: Buffer): void {
    if (lines.length === 0) return
    const name = Buffer.from(`${speaker.name.replace('server', '')}: `)
    const payload = withName(name, Buffer.from(withoutControls(lines.toString())))
    for (const other of this.#host.connections()) if (other !== speaker) this.#pass(other, payload)
  }
}

/** Lines, each with its end, and the name before each. */
function withName(name: Buffer, lines: Buffer): Buffer {
  let count = 0
  for (const byte of lines) if (byte === 0x0a) count += 1
  const named = Buffer.alloc(lines.length + count * name.length)
  let end = 0
  for (let at = 0; at < lines.length; at += 1) {
    if (at === 0 || lines[at - 1] === 0x0a) {
      named.set(name, end)
      end += name.length
    }
    named[end] = lines[at] ?? 0
    end += 1
  }
  return named
}

/** What controls, hides or reorders, and marks that would stand on what is not the speaker's own, or in a pile. */
const risky =
  /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]\p{M}*|(?<=^|[ -/:-@[-`{-~]|\p{M}{6})\p{M}+/gmu

/** One person's bytes must not steer another one's terminal: but for line ends, control characters become visible. */
function withoutControls(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(risky, (run) => {
    let shown = ''
    for (const character of run) {
      shown += character === '\t' ? character : visible(character.codePointAt(0) ?? 0)
    }
    return shown
  })
}

/** As the language writes it: `\x1b`, `\u{202e}`. */
function visible(codePoint: number): string {
  const hex = codePoint.toString(16)
  return codePoint < 0x80 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`
}
