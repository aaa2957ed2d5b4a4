/** TLS in what came first over a connection without it: whom a ClientHello is for, and what an alert says. */
import { recogniseTls } from '../../src/wire/tls-record.ts'
import { changed, inUtf8, type Source } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'

/** Fields, each with its length in so many bytes before it. */
function vector(sizeBytes: number, body: Uint8Array): Buffer {
  const size = Buffer.alloc(sizeBytes)
  size.writeUIntBE(body.length, 0, sizeBytes)
  return Buffer.concat([size, body])
}

/** A ClientHello with these extensions (RFC 8446 §4.1.2). */
function hello(source: Source, extensions: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([
    Buffer.of(3, 3),
    source.bytes(32),
    vector(1, source.bytes(source.pick([0, 32]))),
    vector(2, source.bytes(2 * (1 + source.below(4)))),
    vector(1, Buffer.of(0)),
    vector(2, Buffer.concat(extensions)),
  ])
  return Buffer.concat([
    Buffer.of(22, 3, source.below(5)),
    vector(2, Buffer.concat([Buffer.of(1), vector(3, body)])),
  ])
}

/** The name in a ClientHello, found by its places; what is not here counts as zeros. */
function nameIn(bytes: Uint8Array): string | undefined {
  const number = (at: number) => 256 * (bytes[at] ?? 0) + (bytes[at + 1] ?? 0)
  const sessionAt = 5 + 4 + 34
  const suitesAt = sessionAt + 1 + (bytes[sessionAt] ?? 0)
  const compressionAt = suitesAt + 2 + number(suitesAt)
  let at = compressionAt + 1 + (bytes[compressionAt] ?? 0) + 2
  while (at < bytes.length && number(at) !== 0) at += 4 + number(at + 2)
  if (at >= bytes.length) return undefined
  const size = number(at + 7)
  const name = Buffer.from(bytes.subarray(at + 9, at + 9 + size))
  return name.length === size && /^[!-~]+$/.test(name.toString('latin1')) ? name.toString() : undefined
}

function judge(input: Uint8Array): void {
  const sighting = recogniseTls(input)
  const [type = 0, major = 0, minor = 9] = input
  const isTls = major === 3 && minor < 5
  const kind =
    isTls && type === 22 && input[5] === 1
      ? 'client-hello'
      : isTls && type === 21 && input.length === 7
        ? 'alert'
        : undefined
  mustEqual(sighting?.kind, kind, 'what it is')
  if (sighting?.kind === 'client-hello') mustEqual(sighting.servername, nameIn(input), 'the name')
  if (sighting?.kind === 'alert') must(/^(?:[a-z_]+|alert \d+)$/.test(sighting.description), 'the alert')
}

const names = ['localhost', 'mail.example.org', 'a', '']
const tokens = [...inUtf8('example'), Buffer.of(0, 0), Buffer.of(21, 3, 3, 0, 2, 2, 40), Buffer.of(22, 3, 1)]

function make(source: Source): Uint8Array {
  if (source.once(10)) return changed(Buffer.of(21, 3, 3, 0, 2, 2, source.below(256)), source, tokens)
  const name = vector(2, Buffer.from(source.pick(names)))
  const serverName = Buffer.concat([
    Buffer.of(0, 0),
    vector(2, vector(2, Buffer.concat([Buffer.of(0), name]))),
  ])
  const other = () =>
    Buffer.concat([Buffer.of(0, 1 + source.below(50)), vector(2, source.bytes(source.below(6)))])
  const rest = source.once(4) ? [] : [serverName]
  return changed(hello(source, [...source.some(3, other), ...rest, ...source.some(3, other)]), source, tokens)
}

export const tls: Target = { name: 'tls', make, judge }
