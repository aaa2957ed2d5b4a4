/** The close codes of a WebSocket: what each is called and means, and whether it may travel (RFC 6455 §7.4). */

export interface CloseCode {
  readonly code: number
  /** Short, as the registry has it. */
  readonly name: string
  readonly meaning: string
  /** Whether a close frame may carry it. */
  readonly mayTravel: boolean
}

/** The codes that have a meaning of their own (RFC 6455 §7.4.1 and the IANA registry). */
const table: readonly CloseCode[] = [
  [1000, 'normal closure', 'the purpose was fulfilled', true],
  [1001, 'going away', 'a server goes down, or a browser has left the page', true],
  [1002, 'protocol error', 'the peer broke a rule of the protocol', true],
  [
    1003,
    'unsupported data',
    'a type of data that is not accepted, such as binary where text is wanted',
    true,
  ],
  [1004, 'reserved', 'reserved; its meaning may be defined some day', false],
  [1005, 'no status received', 'the close frame had no code; it never travels itself', false],
  [1006, 'abnormal closure', 'there was no close frame; it never travels itself', false],
  [1007, 'invalid payload data', 'a message that contradicts its type, such as text that is not UTF-8', true],
  [1008, 'policy violation', 'a rule of the receiver, where no other code fits', true],
  [1009, 'message too big', 'a message larger than the receiver takes', true],
  [1010, 'mandatory extension', 'the client wanted an extension that the server did not agree to', true],
  [1011, 'internal error', 'the server met a condition that it did not expect', true],
  [1012, 'service restart', 'the server starts again: connect anew after a random pause', true],
  [1013, 'try again later', 'the server is overloaded: connect to another, or later', true],
  [1014, 'bad gateway', 'a gateway got an invalid answer from the server behind it', true],
  [1015, 'TLS handshake', 'TLS could not be set up; it never travels itself', false],
].map(([code, name, meaning, mayTravel]) => ({ code, name, meaning, mayTravel }) as CloseCode)

const known = new Map(table.map((row) => [row.code, row]))

/** What a code means; for one that is not in the table, by its range (RFC 6455 §7.4.2). */
export function describeCloseCode(code: number): CloseCode {
  const row = known.get(code)
  if (row !== undefined) return row
  if (code >= 3000 && code <= 3999) {
    return {
      code,
      name: 'registered',
      meaning: 'a library or framework gives it its meaning',
      mayTravel: true,
    }
  }
  if (code >= 4000 && code <= 4999) {
    return { code, name: 'private', meaning: 'the application gives it its meaning', mayTravel: true }
  }
  const meaning =
    code < 1000
      ? 'below 1000 no code is used'
      : code < 3000
        ? 'reserved for the protocol'
        : 'above 4999 no code is used'
  return { code, name: 'undefined', meaning, mayTravel: false }
}

/** Whether a close frame may carry the code. */
export function mayTravel(code: number): boolean {
  return describeCloseCode(code).mayTravel
}

/** Whether a connection that ended with this code ended as it should: 1000, 1001, or no code at all. */
export function isNormalClosure(code: number): boolean {
  return code === 1000 || code === 1001 || code === 1005
}
