/** The small standard services of RFC 862 to 868, and a chat: what a server does by itself. */
import { setImmediate } from 'node:timers/promises'
import { ChatRoom } from './chat.ts'
import type { ServiceName } from './service-names.ts'
import type { TcpConnection } from './tcp-connection.ts'

/** What a server does by itself for each of its connections. */
export interface Service {
  opened?(connection: TcpConnection): void
  /** A read; the bytes are borrowed. */
  received?(connection: TcpConnection, bytes: Uint8Array): void
  closed?(connection: TcpConnection): void
}

/** What a service may know of its server. */
export interface ServiceHost {
  connections(): Iterable<TcpConnection>
  date(): Date
  /** A line of a chat was longer than the limit, bytes, and was cut. */
  lineCut(connection: TcpConnection, limit: number): void
  /** Lines of a chat are not passed on to one who takes nothing, until there is room again. */
  linesDropped(connection: TcpConnection): void
}

/** A new instance of the service. */
export function createService(name: ServiceName, host: ServiceHost): Service {
  switch (name) {
    case 'none':
    case 'discard':
      return {}
    case 'echo':
      return { received: (connection, bytes) => connection.send(Buffer.from(bytes)) }
    case 'chargen':
      return { opened: (connection) => void generateCharacters(connection) }
    case 'daytime':
      return { opened: (connection) => answer(connection, Buffer.from(daytime(host.date()))) }
    case 'time':
      return { opened: (connection) => answer(connection, time(host.date())) }
    case 'chat':
      return new ChatRoom(host)
  }
}

function answer(connection: TcpConnection, payload: Uint8Array): void {
  connection.send(payload)
  connection.fin()
}

/** The date and time in one line of ASCII (RFC 867 §3). */
export function daytime(date: Date): string {
  return `${date.toUTCString()}\r\n`
}

const secondsFrom1900To1970 = 2_208_988_800

/** Seconds since 1900 in 32 bits, network order; they wrap in 2036 (RFC 868). */
export function time(date: Date): Uint8Array {
  const seconds = Math.floor(date.getTime() / 1000) + secondsFrom1900To1970
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(seconds >>> 0)
  return payload
}

const firstPrintable = 0x20
const printables = 95
const lineLength = 72

/** The popular pattern: lines of 72 printable characters, each starting one further on (RFC 864 §4). */
export function characterPattern(): Uint8Array {
  const lines: string[] = []
  for (let start = 0; start < printables; start++) {
    let line = ''
    for (let column = 0; column < lineLength; column++) {
      line += String.fromCharCode(firstPrintable + ((start + column) % printables))
    }
    lines.push(`${line}\r\n`)
  }
  return Buffer.from(lines.join(''))
}

/** Sends the pattern for as long as the peer takes it. */
async function generateCharacters(connection: TcpConnection): Promise<void> {
  const pattern = characterPattern()
  while (connection.canSend) {
    connection.send(pattern)
    await connection.whenSent()
    // Others have their turn between two rounds.
    await setImmediate()
  }
}
