import { formatCount, formatDuration } from '../views/units.ts'
import { tcpClient, tcpServer } from './actors.ts'
import { type Condition, hasReadAllOf, hasTold } from './conditions.ts'
import { during, readsOf, streamHash, tellHashes, told, totalBytes, writesOf } from './evidence.ts'
import type { Claim, Evidence, Experiment, Part, Trial } from './experiment.ts'
import { mustBe, streamIsWhole, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say } from './steps.ts'

/*
 * Both ends have their whole part at once, so that no third process is in the loop. Each round is measured by one
 * clock alone: by the client's from its first write to the end of the answer, by the server's between the ends of the
 * two pieces. At first Linux acknowledges at once; these rounds are not counted.
 */

const roundCount = 30
const warmUpCount = 10

/** How much slower it has to be, and for how long, before it is no accident. */
const leastFactor = 5
const leastDifferenceMs = 20

export const nagle: Experiment = {
  name: 'nagle',
  question: 'Two small writes, then a read of the answer: why may that take 40 ms on a machine that idles?',
  explanation:
    "Nagle's algorithm keeps a small write back while an earlier one is not acknowledged (RFC 9293 §3.7.4), and the " +
    'receiver delays that acknowledgement in the hope of sending it along with an answer, which it cannot give before ' +
    'it has the rest: both wait until a timer ends it, on Linux after 40 ms. No-delay switches the algorithm off on a ' +
    'TCP socket, also under a WebSocket, and UDP has neither the algorithm nor an acknowledgement to wait for.',
  minutes: 3,
  transports: ['tcp'],
  plan(random) {
    const words = draw(random, shortWords, 3)
    return [
      tcp(words),
      {
        transport: 'udp',
        because:
          'UDP has no stream to which a small send could be added, and waits for no acknowledgement: ' +
          'each send leaves at once, as a datagram of its own.',
      },
      {
        transport: 'websocket',
        because:
          'sockpit opens every WebSocket with no-delay, as most libraries do, and writes each frame in one piece: ' +
          'a message is whole already, and to hold back its last segment would gain nothing.',
      },
    ]
  },
}

const off = 'delayed'
const on = 'no-delay'
const both = { trials: [off, on] } as const

function tcp(words: readonly string[]): Part {
  return {
    transport: 'tcp',
    actors: [tcpServer({ flags: ['--no-delay'] }), tcpClient()],
    trials: [
      trial(off, "Nagle's algorithm is at work", '/set no-delay off', words),
      trial(on, 'no-delay: small writes go at once', '/set no-delay on', words),
    ],
    claims: [isSlow, waitsBetween, streamIsWhole(both), answersAreWhole],
    byHand: [
      run(1, `${repeat(2 * handRounds, '/expect b', '/send c')} | sockpit tcp-server --script -`),
      run(2, `${repeat(handRounds, ...handRound)} | sockpit tcp-client --script -`),
      run(2, `${repeat(handRounds, ...handRound)} | sockpit tcp-client --script - --no-delay`),
    ],
  }
}

const handRounds = 6
const handRound = ['/send a', '/send b', '/expect c'] as const

/** A command line that prints these lines so many times. */
function repeat(times: number, ...lines: readonly string[]): string {
  return `for i in $(seq ${times}); do printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}; done`
}

/** The words bear the number of their round, so that each can be expected by itself. */
function trial(name: string, title: string, setting: string, words: readonly string[]): Trial {
  const [first = '', second = '', answer = ''] = words
  const rounds = Array.from({ length: roundCount }, (_, index) => index + 1)
  const server = rounds.flatMap((round) => [
    `/expect "${second}${round}." within 30s`,
    `/send ${answer}${round}.`,
  ])
  const client = rounds.flatMap((round) => [
    `/send ${first}${round}.`,
    `/send ${second}${round}.`,
    `/expect "${answer}${round}." within 30s`,
  ])
  const isAllRead: readonly Condition[] = [
    hasTold('client', 'expected', roundCount),
    hasReadAllOf('server', 'client'),
    hasReadAllOf('client', 'server'),
  ]
  return { name, title, steps: [say('server', server), say('client', [setting, ...client], ...isAllRead)] }
}

/** What one end tells of the calls of one direction: when each was over, and the byte of the stream at which it ends. */
interface Call {
  readonly at: number
  readonly end: number
}

function callsOf(heard: Evidence, actor: string, direction: 'sent' | 'received'): readonly Call[] {
  let end = 0
  return told(heard, actor, 'bytes')
    .filter((event) => event.direction === direction)
    .map(({ at, size }) => {
      end += size
      return { at, end }
    })
}

/** When a stream had come so far; undefined where it never did. */
function reached(calls: readonly Call[], end: number): number | undefined {
  return calls.find((call) => call.end >= end)?.at
}

interface Times {
  /** From the first write of a round to the end of its answer, by the client's clock, milliseconds. */
  readonly rounds: readonly number[]
  /** From the end of the first piece to the end of the second, by the server's clock, milliseconds. */
  readonly gaps: readonly number[]
}

/** How long the rounds took that count; those of which not everything was told are missing. */
function timesOf(heard: Evidence): Times {
  const writes = callsOf(heard, 'client', 'sent')
  const answers = callsOf(heard, 'server', 'sent')
  const [atClient, atServer] = [callsOf(heard, 'client', 'received'), callsOf(heard, 'server', 'received')]
  const counted = answers.map((answer, index) => {
    const [first, second] = writes.slice(2 * index, 2 * index + 2)
    const over = reached(atClient, answer.end)
    if (first === undefined || second === undefined || over === undefined) return undefined
    const [one, other] = [reached(atServer, first.end), reached(atServer, second.end)]
    return one === undefined || other === undefined ? undefined : { round: over - first.at, gap: other - one }
  })
  const warm = counted.slice(warmUpCount).filter((time) => time !== undefined)
  return { rounds: warm.map(({ round }) => round), gaps: warm.map(({ gap }) => gap) }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}

/** A contrast of medians, or that it does not show. */
function compareMedians(text: string, of: keyof Times, what: string): Claim {
  return {
    text,
    judge(evidence) {
      const [slow = [], fast = []] = both.trials.map((name) => timesOf(during(evidence, name))[of])
      if (slow.length === 0 || fast.length === 0)
        return unsupported(`${slow.length} and ${fast.length} rounds to compare`)
      const [slowMs, fastMs] = [median(slow), median(fast)]
      const figures =
        `${what} ${formatDuration(slowMs)} with Nagle's algorithm, ${formatDuration(fastMs)} without, ` +
        `the medians of ${slow.length} and ${formatCount(fast.length, 'round')}`
      const isSlow = slowMs >= leastFactor * fastMs && slowMs - fastMs >= leastDifferenceMs
      // A system that acknowledges at once, or a machine that is too busy to tell, is no counter-evidence.
      return isSlow ? mustBe(true, figures) : unsupported(`it did not show here: ${figures}`)
    },
  }
}

const isSlow = compareMedians(
  'Write, write, read: without no-delay a round waits for a delayed acknowledgement, with it it does not.',
  'rounds',
  'a round took',
)

const waitsBetween = compareMedians(
  'The wait lies between the two writes: the second piece arrives so much later than the first.',
  'gaps',
  'it came after',
)

const answersAreWhole: Claim = {
  text: 'Slow or fast, every round has its answer: no-delay changes when bytes travel, not which.',
  judge(evidence) {
    const logs = both.trials.map((name) => {
      const heard = during(evidence, name)
      return {
        sent: writesOf(heard, 'client'),
        answers: writesOf(heard, 'server'),
        read: readsOf(heard, 'client'),
      }
    })
    if (logs.some(({ answers }) => totalBytes(answers) === 0)) return unsupported('0 answers in a trial')
    const [slow, fast] = logs.map(({ sent }) => streamHash(sent))
    const isSame =
      logs.every(({ answers, read }) => streamHash(answers) === streamHash(read)) && slow === fast
    const counts = logs.map(({ answers }) => formatCount(answers.length, 'answer'))
    return mustBe(isSame, `${counts.join(' and ')}; written in both, ${tellHashes(slow ?? '', fast ?? '')}`)
  },
}
