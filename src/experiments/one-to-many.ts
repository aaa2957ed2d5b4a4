import { formatBytes, formatCount } from '../views/units.ts'
import { mayLeave, portOf, udpClient, udpServer } from './actors.ts'
import { all, any, type Condition, hasLeft, hasRead, hasTold, hasWritten } from './conditions.ts'
import { during, exitOf, readsOf, streamHash, told, totalBytes, writesOf } from './evidence.ts'
import type { Abstention, Actor, Claim, Evidence, Experiment, Part } from './experiment.ts'
import { contradicted, countStrangers, mayBe, unsupported } from './judging.ts'
import { draw, type Random, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * All receivers have the same port number: the address alone decides who gets a datagram. Everything stays
 * on the loopback interface. A system without multicast ends the members or brings them nothing, and each of
 * them waits for a limited time only.
 */

const members = ['ann', 'ben'] as const
const loopback = ['--interface', '127.0.0.1'] as const

export const oneToMany: Experiment = {
  name: 'one-to-many',
  question: 'Can one send reach two receivers?',
  explanation:
    'Whoever joins a multicast group asks its kernel for what is sent to the address of the group, and ' +
    'every member gets a copy of its own of each datagram (RFC 1112). A stream has two ends and ' +
    'acknowledges every byte between them, so that over TCP, and over a WebSocket with it, a server that ' +
    'tells many has to send to each.',
  minutes: 2,
  transports: ['udp'],
  plan: (random) => [
    { transport: 'tcp', because: streamsAreForTwo },
    udp(draw(random, shortWords, 2), drawGroup(random)),
    webSocket,
  ],
}

const streamsAreForTwo =
  'A TCP connection joins exactly two ends, which number and acknowledge the bytes of one stream: no ' +
  'address stands for many.'

const webSocket: Abstention = {
  transport: 'websocket',
  because:
    'A WebSocket is one TCP connection, so a message for many is sent once to each: /all of sockpit ' +
    'ws-echo does that.',
}

/** One of the addresses that are for private use, where nobody else is likely to be (RFC 2365 §6.1). */
function drawGroup(random: Random): string {
  return `239.255.${random.below(256)}.${random.below(254) + 1}`
}

function udp([first = '', second = '']: readonly string[], group: string): Part {
  const [one, other] = members
  const isAnswered = (name: string): Condition => any(hasTold(name, 'expected'), hasLeft(name))
  const isSent = any(
    hasWritten('group client', 1),
    hasTold('group client', 'failed'),
    hasLeft('group client'),
  )
  return {
    transport: 'udp',
    left: ['client', 'group client'],
    right: ['server', ...members],
    actors: [udpServer(), udpClient()],
    trials: [
      {
        name: 'one address',
        title: 'a send to one address',
        steps: [
          start(member(one, group, 'server')),
          say('client', `/send ${first}`, hasWritten('client', 1), hasRead('server', 1)),
        ],
      },
      {
        name: 'group',
        title: 'a send to a group of two',
        steps: [
          // At the port of the first: where that one has left, this one leaves, too.
          start(member(other, group, one)),
          start(groupClient(group)),
          ...members.map((name) => say(name, `/expect ${second} within 3s`)),
          say(
            'group client',
            `/send ${second}`,
            any(all(isSent, ...members.map(isAnswered)), hasLeft(other)),
          ),
        ],
      },
    ],
    claims: udpClaims,
    byHand: [
      run(1, `sockpit udp-server --join ${group} ${loopback.join(' ')}`),
      run(2, `sockpit udp-server --join ${group} ${loopback.join(' ')}`),
      run(3, `sockpit udp-client ${group} 9000 --no-connect ${loopback.join(' ')}`),
      ...type(3, second),
    ],
  }
}

/** It listens at the group's address, with the port number of another one. */
function member(name: string, group: string, portLike: string): Actor {
  const isJoined = hasTold(name, 'note', 1, ({ text }) => text.startsWith(`joined ${group} `))
  return mayLeave({
    name,
    words: (heard) => ['udp-server', String(portOfPresent(heard, portLike)), '--join', group, ...loopback],
    isReady: isJoined,
  })
}

function portOfPresent(heard: Evidence, name: string): number | undefined {
  return exitOf(heard, name) === undefined ? portOf(heard, name) : undefined
}

/** A socket cannot be connected to many: each send names the group. */
function groupClient(group: string): Actor {
  return mayLeave({
    name: 'group client',
    words: (heard) => [
      ...['udp-client', group, String(portOf(heard, 'server')), '--no-connect'],
      ...['--on-eof', 'stay', ...loopback],
    ],
    isReady: hasTold('group client', 'opened'),
  })
}

/** Why there is no group to judge by; undefined where both members joined it. */
function faultOfMembers(evidence: Evidence): string | undefined {
  const missing = members.find(
    (name) => !told(evidence, name, 'note').some(({ text }) => text.startsWith('joined ')),
  )
  if (missing === undefined) return undefined
  const { exitCode = 'none', message = 'it never joined' } = exitOf(evidence, missing) ?? {}
  return `${missing} is no member, exit code ${exitCode}: ${message.split('\n')[0]}`
}

const udpClaims: readonly Claim[] = [
  {
    text: 'A send to one address is received once, though others listen at the same port number.',
    judge(evidence) {
      const fault = faultOfMembers(evidence)
      if (fault !== undefined) return unsupported(fault)
      const sent = writesOf(during(evidence, 'one address'), 'client')
      if (totalBytes(sent) === 0) return unsupported('nothing was sent')
      const received = readsOf(evidence, 'server')
      // What a member received later, of the group, shows that it would have received this, too.
      const ofMember = readsOf(evidence, members[0])
      const strays = ofMember.length - countStrangers(sent, ofMember)
      const figures =
        `port ${portOf(evidence, 'server')}: ${formatCount(sent.length, 'send')}, the server received ` +
        `${received.length}, ${members[0]} ${strays} of it`
      if (countStrangers(sent, received) > 0 || strays > 0) return contradicted(figures)
      return mayBe(received.length === sent.length && ofMember.length > 0, figures)
    },
  },
  {
    text: 'One send to the group is received twice, by each member once and whole.',
    judge(evidence) {
      const fault = faultOfMembers(evidence)
      if (fault !== undefined) return unsupported(fault)
      const sent = writesOf(during(evidence, 'group'), 'group client')
      if (totalBytes(sent) === 0) return unsupported('nothing was sent to the group')
      const received = members.map((name) => readsOf(evidence, name))
      const counts = members.map((name, index) => `${name} received ${received[index]?.length}`)
      const figures =
        `${formatCount(sent.length, 'send')} of ${formatBytes(totalBytes(sent))} with sha256 ` +
        `${streamHash(sent).slice(0, 8)}: ${counts.join(', ')}`
      const strangers = received.map((payloads) => countStrangers(sent, payloads))
      if (sent.length !== 1 || strangers.some((count) => count > 0)) {
        return contradicted(`${figures}; ${strangers.join(' and ')} that are none of those sent`)
      }
      return mayBe(
        received.every((payloads) => payloads.length === 1),
        `${figures}, all with that sha256`,
      )
    },
  },
]
