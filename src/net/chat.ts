import type { Service, ServiceHost } from './services.ts'
import type { TcpConnection } from './tcp-connection.ts'

/** A line that is longer is passed on in pieces, bytes. */
export const longestLine = 65_536

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
    let rest = Buffer.concat([this.#unfinished.get(connection) ?? Buffer.alloc(0), bytes])
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      this.#say(connection, this.#cut(connection, rest.subarray(0, end)))
      rest = rest.subarray(end + 1)
    }
    this.#unfinished.set(connection, this.#cut(connection, rest))
  }

  /** Says what is too long for one line, in pieces; the answer is what is left. */
  #cut(connection: TcpConnection, line: Buffer): Buffer {
    let rest = line
    while (rest.length > longestLine) {
      this.#host.lineCut(connection, longestLine)
      this.#say(connection, rest.subarray(0, longestLine))
      rest = rest.subarray(longestLine)
    }
    return rest
  }

  closed(connection: TcpConnection): void {
    const rest = this.#unfinished.get(connection)
    this.#unfinished.delete(connection)
    if (rest !== undefined && rest.length > 0) this.#say(connection, rest)
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

  #say(speaker: TcpConnection, line: Uint8Array): void {
    const text = withoutControls(Buffer.from(line).toString())
    const payload = Buffer.from(`${speaker.name.replace('server', '')}: ${text}\n`)
    for (const other of this.#host.connections()) if (other !== speaker) this.#pass(other, payload)
  }
}

/** What controls, hides or reorders, and marks that would stand on what is not the speaker's own, or in a pile. */
const risky =
  /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]\p{M}*|(?<=^|[ -/:-@[-`{-~]|\p{M}{6})\p{M}+/gu

/** One person's bytes must not steer another one's terminal: control characters become visible. */
function withoutControls(text: string): string {
  return text.replace(/\r$/, '').replace(risky, (run) => {
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
