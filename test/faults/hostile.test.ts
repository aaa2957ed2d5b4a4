/**
 * Hostile peers, and what they cost: memory is looked at from outside, in the server's process, and an honest client
 * is served throughout. The load comes from a process of its own, so that it is not in the way of who measures.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { portSaid, type Running, sockpitCommand, startProgram } from '../e2e/sockpit.ts'
import {
  honestChat,
  honestLossyDatagrams,
  honestStream,
  honestWebSocket,
  type RoundTrip,
  served,
} from './honest.ts'
import type { Load } from './hostile-load.ts'
import type { HostileName } from './hostile-peers.ts'
import { type Watch, watch } from './latency.ts'
import { residentMiB } from './memory.ts'

/** MiB that one hostile peer may cost, and a hundred; and milliseconds that 99 of 100 echoes stay below. */
const [mostOfOne, mostOfMany, mostMs] = [32, 256, 250]

const services = {
  'ws-echo': ['ws-echo 127.0.0.1:0 --handshake-timeout 1s', webSocket],
  'tcp-server --echo': ['tcp-server 127.0.0.1:0 --echo', honestStream],
  'udp-server --echo': ['udp-server 127.0.0.1:0 --echo', honestLossyDatagrams],
  'tcp-server --service chat': ['tcp-server 127.0.0.1:0 --service chat', honestChat],
} as const satisfies Record<string, readonly [string, (t: TestContext, port: number) => Promise<RoundTrip>]>

interface Row {
  readonly peer: HostileName
  readonly service?: keyof typeof services
  /** How many there are at once; one alone, and a hundred, where nothing is said. */
  readonly counts?: readonly number[]
  /** MiB that one may cost, where it comes as many. */
  readonly most?: number
  /** How every one of them ends, where it is the server that ends it. */
  readonly end?: string
  /** Bytes that each gets rid of at least. */
  readonly sent: number
  /** What the server says of it in the end. */
  readonly said?: RegExp
  /** What the shell does before the server starts. */
  readonly before?: string
}

const [kibibyte, mebibyte] = [2 ** 10, 2 ** 20]

const rows: readonly Row[] = [
  { peer: 'never reads', sent: mebibyte, said: limitOf('1,048,576', 'here') },
  { peer: 'never reads long messages', sent: 0, said: limitOf('1,048,576', 'here') },
  { peer: 'pings and never reads', sent: mebibyte },
  { peer: 'empty pings', sent: mebibyte },
  { peer: 'empty fragments', sent: 700 * kibibyte, end: '1008', said: limitOf('131,072', 'frames') },
  { peer: 'an unfinished message', sent: 100 * kibibyte, said: limitOf('134,217,728', 'messages') },
  { peer: 'a half-open handshake', counts: [1, 200], sent: 15_000, end: 'fin', said: /handshake/ },
  { peer: 'an inflate bomb', sent: 100_000, end: '1009', said: limitOf('16,777,216', 'message') },
  {
    peer: 'an inflate bomb in fragments',
    sent: 100_000,
    end: '1009',
    said: limitOf('16,777,216', 'message'),
  },
  { peer: 'inflates to the limit', sent: 16_000 },
  { peer: 'inflates to the limit again', counts: [1], sent: 32_000 },
  { peer: '1,000 connects a second', counts: [1], most: mostOfMany, sent: 150_000, end: 'fin' },
  { peer: 'resets in every state', sent: 10_000 },
  { peer: 'sits on a connection', counts: [200], sent: 0, before: 'ulimit -n 64; ', said: /ulimit\s+-n/ },
  {
    peer: 'a stream that is never read',
    service: 'tcp-server --echo',
    sent: mebibyte,
    said: limitOf('1,048,576', 'here'),
  },
  { peer: 'small datagrams', service: 'udp-server --echo', sent: 320 },
  { peer: 'large datagrams', service: 'udp-server --echo', sent: 60_000 },
  { peer: 'lines without end', service: 'tcp-server --service chat', sent: 65_536 },
]

/** That a limit acted, as it is told to a person, wherever the line is broken. */
function limitOf(limit: string, what: string): RegExp {
  return new RegExp(`the\\s+limit\\s+is\\s+${limit}\\s[^#]*?${what}`)
}

function webSocket(t: TestContext, port: number): Promise<RoundTrip> {
  return honestWebSocket(t, `ws://127.0.0.1:${port}/`)
}

interface Stage {
  readonly server: Running
  readonly port: number
  readonly honest: Watch
  /** What it has before anybody misbehaves, MiB. */
  readonly settled: number
}

/** A server that nobody looks at, and an honest client that has made it warm. */
async function setStage(t: TestContext, { service = 'ws-echo', before = '' }: Row): Promise<Stage> {
  const [words, meet] = services[service]
  const script = `${before}exec ${sockpitCommand} ${words} --raw >/dev/null`
  const server = startProgram(t, 'sh', ['-c', script], { limitMs: 120_000 })
  const port = await portSaid(server)
  const honest = watch(await meet(t, port), server)
  for (let round = 0; round < 200; round += 1) await honest.roundTrip(`round ${round}`)
  honest.percentile99()
  return { server, port, honest, settled: residentMiB(server) }
}

const loadPath = fileURLToPath(new URL('hostile-load.js', import.meta.url))

/** Lets so many of them come; the answer is what they did, and the most memory that the server had meanwhile, MiB. */
async function suffer(
  t: TestContext,
  { server, port, honest }: Stage,
  peer: HostileName,
  count: number,
): Promise<{ readonly load: Load; readonly peak: number }> {
  let peak = 0
  const sample = () => {
    peak = Math.max(peak, residentMiB(server))
  }
  const sampler = setInterval(sample, 10).unref()
  try {
    let printed = ''
    await served(honest.roundTrip, async () => {
      const words = [loadPath, peer, String(port), String(count)]
      const { code, stdout, stderr } = await startProgram(t, process.execPath, words).exit
      assert.equal(code, 0, stderr)
      printed = stdout.toString()
    })
    sample()
    return { load: JSON.parse(printed) as Load, peak }
  } finally {
    clearInterval(sampler)
  }
}

/** One line of the table that the suite prints. */
function tableRow(peer: string, count: number, over: number, after: number, p99: number): string {
  const cells = [`${count} ×`.padStart(6), peer.padEnd(28), `+${over.toFixed(0)}`.padStart(5), 'MiB,']
  const rest = [`+${after.toFixed(0)}`.padStart(4), 'MiB behind it, p99', p99.toFixed(0).padStart(4), 'ms']
  return [...cells, ...rest].join(' ')
}

/** What the machine does meanwhile may take as long: what is the server's doing takes long each time. */
const mostTries = 3

async function judge(t: TestContext, stage: Stage, row: Row, count: number, tries = 1): Promise<void> {
  const { load, peak } = await suffer(t, stage, row.peer, count)
  const over = peak - stage.settled
  const p99 = stage.honest.percentile99()
  t.diagnostic(tableRow(row.peer, count, over, residentMiB(stage.server) - stage.settled, p99))
  const { most = count === 1 ? mostOfOne : mostOfMany } = row
  assert.ok(over <= most, `${over} MiB`)
  assert.ok(p99 <= mostMs || tries < mostTries, `${p99} ms`)
  assert.ok(load.sent >= count * row.sent, `only ${load.sent} bytes were sent`)
  if (row.end !== undefined) assert.deepEqual(load.ends, { [row.end]: count })
  if (p99 > mostMs) await judge(t, stage, row, count, tries + 1)
}

describe('hostile peers', { concurrency: 2, skip: process.platform !== 'linux' && 'no /proc' }, () => {
  for (const row of rows) {
    const { peer, service = 'ws-echo', counts = [1, 100], said } = row
    test(`${service}: ${peer}`, async (t) => {
      const stage = await setStage(t, row)
      for (const count of counts) await judge(t, stage, row, count)
      if (said !== undefined) await stage.server.said(said)
      const { code, stderr } = await stage.server.interrupt()
      assert.equal(code, 130)
      assert.doesNotMatch(stderr, /^\s+at /m)
    })
  }
})
