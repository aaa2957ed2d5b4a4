import { formatBytes, formatCount } from '../views/units.ts'
import { mayLeave, tcpClient, tcpServer, wsClient, wsServer } from './actors.ts'
import { any, type Condition, hasLeft, hasTold } from './conditions.ts'
import {
  compareHashes,
  during,
  logHash,
  messagesOf,
  readsOf,
  streamHash,
  tellHashes,
  told,
  totalBytes,
  verdictOf,
  writesOf,
} from './evidence.ts'
import type { Claim, Evidence, Experiment, Part, Step, Trial } from './experiment.ts'
import { contradicted, mayBe, mustBe, unsupported } from './judging.ts'
import { kill, run, say, start, type } from './steps.ts'

/*
 * The server reads nothing until the end was asked for, so that by then most of the file lies in the kernels of both
 * ends, and what they do with it decides. How the server is told of a reset is left out: a paused Node reads what
 * its kernel holds and takes what follows for a clean end.
 */

const file = 'data'
/** A little more than 1 MiB: more than a kernel takes for a reader that does not read, not too much for the writer's. */
const leastBytes = 2 ** 20
const mostMoreBytes = 2 ** 16

export const abortInFlight: Experiment = {
  name: 'abort-in-flight',
  question: 'A mebibyte is on its way when the sender ends. How much of it arrives?',
  explanation:
    'A write is done when the kernel has the bytes, not when the other side has them, and an end in order queues up ' +
    'behind them: the kernel goes on sending after the socket is closed, and even after its process was killed, while a ' +
    'reset throws away all that was not sent yet (RFC 9293 §3.10.5). A WebSocket hands out a message only when its last ' +
    'frame is complete, so that of one that was cut off nothing comes out at all.',
  minutes: 2,
  transports: ['tcp', 'websocket'],
  plan(random) {
    const bytes = random.bytes(leastBytes + random.below(mostMoreBytes))
    return [
      tcp(bytes),
      {
        transport: 'udp',
        because:
          'A datagram is sent by itself, and nothing ties it to an end: no close takes back what was sent.',
      },
      webSocket(bytes),
    ]
  },
}

/** All is written, or the kernel takes no more. */
function isOnItsWay(size: number): Condition {
  return any(hasTold('client', 'stalled'), (heard) => totalBytes(writesOf(heard, 'client')) >= size)
}

const isClosed = hasTold('client', 'closed')
const leave: Step = say('client', '/quit', hasLeft('client'))

function tcp(bytes: Uint8Array): Part {
  const client = mayLeave(tcpClient({ flags: ['--chunk', '1MiB', '--max-queue', '8MiB'] }))
  const send = [start(client), say('client', `/file ${file}`, isOnItsWay(bytes.length))]
  const release = (number: number): Step => {
    const isMeant = ({ socket }: { readonly socket: string }) => socket === `server#${number}`
    const isOver = any(hasTold('server', 'ended', 1, isMeant), hasTold('server', 'closed', 1, isMeant))
    return say('server', `/resume ${number}`, isOver)
  }
  return {
    transport: 'tcp',
    files: { [file]: bytes },
    actors: [tcpServer({ flags: ['--hold', '--half-open'] })],
    trials: [
      // It closes once its kernel has everything, which may take a reader.
      trial('close', 'the client closes', [...send, say('client', '/close'), release(1), leave]),
      trial('reset', 'the client resets', [...send, say('client', '/reset', isClosed), release(2), leave]),
      trial('kill', 'the client is killed', [...send, kill('client'), release(3)]),
    ],
    claims: tcpClaims,
    byHand: [
      run(1, 'sockpit tcp-server --hold'),
      run(2, `head -c 1MiB /dev/urandom > ${file}`),
      run(2, 'sockpit tcp-client --max-queue 8MiB'),
      ...type(2, `/file ${file}`, '/close'),
      ...type(1, '/resume'),
      run(2, 'sockpit tcp-client --max-queue 8MiB'),
      ...type(2, `/file ${file}`, '/reset'),
      ...type(1, '/resume'),
    ],
  }
}

function webSocket(bytes: Uint8Array): Part {
  const send = [
    start(mayLeave(wsClient({ flags: ['--max-queue', '8MiB'] }))),
    say('client', `/file ${file}`, isOnItsWay(bytes.length)),
  ]
  const release = (number: number): Step =>
    say('server', `/resume ${number}`, hasTold('server', 'closed'), isClosed)
  return {
    transport: 'websocket',
    isOneWay: true,
    files: { [file]: bytes },
    actors: [wsServer({ flags: ['--hold'] })],
    trials: [
      trial('close', 'the client closes', [...send, say('client', '/close 1000'), release(1), leave]),
      trial('reset', 'the client resets', [...send, say('client', '/reset', isClosed), release(2)]),
    ],
    claims: webSocketClaims,
    byHand: [
      run(1, 'sockpit ws-echo --hold --no-compress'),
      run(2, `head -c 1MiB /dev/urandom > ${file}`),
      run(2, 'sockpit ws-client --max-queue 8MiB'),
      ...type(2, `/file ${file}`, '/close 1000'),
      ...type(1, '/resume'),
      run(2, 'sockpit ws-client --max-queue 8MiB'),
      ...type(2, `/file ${file}`, '/reset'),
      ...type(1, '/resume'),
    ],
  }
}

function trial(name: string, how: string, steps: readonly Step[]): Trial {
  return { name, title: `${how}, then the server reads`, steps }
}

/** What the client wrote in a trial and what the server read; undefined where nothing was written. */
interface Flight {
  readonly written: readonly Uint8Array[]
  readonly read: readonly Uint8Array[]
  /** What of it never reached the kernel, bytes. */
  readonly unsent: number
  /** How far it came. */
  readonly figures: string
}

function flightOf(evidence: Evidence, name: string): Flight | undefined {
  const heard = during(evidence, name)
  const [written, read] = [writesOf(heard, 'client'), readsOf(heard, 'server')]
  if (totalBytes(written) === 0) return undefined
  const unsent = verdictOf(heard, 'client', 'tcp')?.unsent ?? 0
  const lost = totalBytes(written) - totalBytes(read)
  const figures =
    `${formatBytes(totalBytes(written))} written, ${formatBytes(totalBytes(read))} read, ` +
    `${formatBytes(Math.max(lost, 0))} lost${unsent > 0 ? `, ${formatBytes(unsent)} of it before the kernel` : ''}`
  return { written, read, unsent, figures }
}

const nothingWritten = unsupported('0 B were written in a trial')

const tcpClaims: readonly Claim[] = [
  {
    text: 'Closed in order, all of it arrives, although the reader began after the end was asked for.',
    judge(evidence) {
      const flight = flightOf(evidence, 'close')
      if (flight === undefined) return nothingWritten
      const { written, read, unsent, figures } = flight
      const fault = earlyRead(evidence, 'close')
      const hashes = compareHashes(written, read)
      if (fault > 0)
        return contradicted(`${figures}, ${hashes}; ${formatCount(fault, 'read')} came too early`)
      return mustBe(unsent === 0 && streamHash(written) === streamHash(read), `${figures}, ${hashes}`)
    },
  },
  {
    text: 'After a reset only the beginning arrives: the rest is lost, though it had been written.',
    judge(evidence) {
      const [flight, control] = [flightOf(evidence, 'reset'), flightOf(evidence, 'close')]
      if (flight === undefined || control === undefined) return nothingWritten
      const { written, read, figures } = flight
      const arrived = totalBytes(read)
      const beginning = Buffer.concat(written).subarray(0, arrived)
      const told = `${figures}; its beginning and what was read: ${compareHashes([beginning], read)}`
      if (arrived > totalBytes(written) || streamHash([beginning]) !== streamHash(read))
        return contradicted(told)
      return mayBe(
        arrived < totalBytes(written),
        `${told}; closed in order: ${formatBytes(totalBytes(control.read))}`,
      )
    },
  },
  {
    text: 'What the kernel has taken arrives even of a process that is killed.',
    judge(evidence) {
      const flight = flightOf(evidence, 'kill')
      if (flight === undefined) return nothingWritten
      const { written, read, figures } = flight
      const kills = told(during(evidence, 'kill'), 'client', 'process').filter(
        ({ what }) => what === 'killed',
      )
      if (kills.length === 0) return unsupported('0 processes were killed')
      // Where the kernel took only a part, the rest died with the process, and nobody can tell how much it was.
      if (told(during(evidence, 'kill'), 'client', 'stalled').length > 0) {
        return unsupported(`the kernel took less than all: ${figures}`)
      }
      return mustBe(streamHash(written) === streamHash(read), `${figures}, ${compareHashes(written, read)}`)
    },
  },
]

/** How often the server had read before it was released. */
function earlyRead(evidence: Evidence, name: string): number {
  const heard = during(evidence, name)
  const released = heard.findIndex(({ actor, event }) => actor === 'server' && event.kind === 'resumed')
  return readsOf(released === -1 ? heard : heard.slice(0, released), 'server').length
}

const webSocketClaims: readonly Claim[] = [
  {
    text: 'Closed in order, the message comes out whole, before the close frame.',
    judge(evidence) {
      const heard = during(evidence, 'close')
      const [sent, received] = [messagesOf(heard, 'client', 'sent'), messagesOf(heard, 'server', 'received')]
      if (sent.length === 0) return unsupported('0 messages were sent')
      const code = verdictOf(heard, 'server', 'websocket')?.closeCode
      const figures =
        `${formatCount(received.length, 'message')} of ${sent.length}, ` +
        `${tellHashes(logHash(sent), logHash(received))}, close code ${code ?? 'of none'}`
      return mustBe(logHash(sent) === logHash(received) && code === 1000, figures)
    },
  },
  {
    text: 'After a reset no message comes out, although a part of it was read.',
    judge(evidence) {
      const heard = during(evidence, 'reset')
      const [sent, received] = [messagesOf(heard, 'client', 'sent'), messagesOf(heard, 'server', 'received')]
      if (sent.length === 0) return unsupported('0 messages were sent')
      const read = totalBytes(readsOf(heard, 'server').slice(1))
      const control = messagesOf(during(evidence, 'close'), 'server', 'received').length
      const verdict = verdictOf(heard, 'server', 'websocket')
      const figures =
        `${formatCount(received.length, 'message')} of ${sent.length} after ${formatBytes(read)} of it were read, ` +
        `close code ${verdict?.closeCode ?? 'of none'}; closed in order: ${formatCount(control, 'message')}`
      if (verdict?.closeCode !== 1006) return contradicted(figures)
      return received.length === 0 ? mayBe(read > 0 && control > 0, figures) : mayBe(false, figures)
    },
  },
]
