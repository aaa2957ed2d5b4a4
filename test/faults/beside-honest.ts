/** An echo server that somebody misbehaves to, beside an honest client. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Event } from '../../src/event.ts'
import type { StartOptions } from '../e2e/sockpit.ts'
import {
  type EchoServer,
  type RawEnd,
  type ReadFrame,
  serveEcho,
  serveEchoQuietly,
  upgradeByHand,
} from '../e2e/web-sockets.ts'
import { honestWebSocket, type RoundTrip, served } from './honest.ts'

export interface Shared extends EchoServer {
  readonly honest: RoundTrip
}

/** One that tells JSON. */
export async function shareEcho(
  t: TestContext,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<Shared> {
  const echo = await serveEcho(t, args, options)
  return { ...echo, honest: await honestWebSocket(t, echo.url) }
}

/** One that is not asked to tell of frames: for what is to be weighed. */
export async function shareQuietEcho(
  t: TestContext,
  args: readonly string[] = [],
  options?: StartOptions,
): Promise<Shared> {
  const echo = await serveEchoQuietly(t, args, options)
  const honest = await honestWebSocket(t, echo.url)
  // What is compiled and reserved for any client at all is there from now on.
  for (let round = 0; round < 200; round += 1) await honest(`round ${round}`)
  return { ...echo, honest }
}

/** A client made by hand, and the name of the socket that serves it. */
export interface Intruder extends RawEnd {
  readonly socket: string
}

export async function intrude(
  t: TestContext,
  { server, port }: EchoServer,
  lines: Readonly<Record<string, string>> = {},
): Promise<Intruder> {
  const end = await upgradeByHand(t, port, lines)
  const { localPort } = end.peer.socket
  const { socket } = await server.event('opened', ({ remote }) => remote.port === localPort)
  return { ...end, socket }
}

/** The header line by which compression is asked for. */
export const compressed = { 'Sec-WebSocket-Extensions': 'permessage-deflate' } as const

/** A frame as its opcode and what it carries: the code of a close frame, or its text. */
export function inBrief({ opcode, payload }: ReadFrame): readonly [opcode: number, carried: string | number] {
  return [opcode, opcode === 8 && payload.length > 1 ? payload.readUInt16BE() : payload.toString()]
}

/** What was told of a rule that was broken, or of a limit that acted. */
export function faultIn(events: readonly Event[], socket: string): string | undefined {
  for (const event of events) {
    if (event.socket !== socket) continue
    if (event.kind === 'violation') return `${event.code} (${event.section}): ${event.closeCode}`
    if (event.kind === 'limit') return `more than ${event.limit}: ${event.what}`
  }
  return undefined
}

/** Interrupts the server: nothing has brought it down before, and it has no more to say than that. */
export async function interrupted({ server }: EchoServer): Promise<void> {
  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /^\s+at /m)
}

/** A test of its own of what is done to the server, while the honest client is served. */
export function beside(
  t: TestContext,
  { honest }: Shared,
  statement: string,
  misbehave: (t: TestContext) => Promise<void>,
): Promise<void> {
  return t.test(statement, async (t) => {
    await served(honest, () => misbehave(t))
  })
}
