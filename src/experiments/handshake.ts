import type { EventOf } from '../event.ts'
import { formatEndpoint } from '../event.ts'
import { formatBytes, formatCount, formatDuration } from '../views/units.ts'
import { acceptOf } from '../wire/handshake-response.ts'
import { headerValues } from '../wire/http-head.ts'
import { tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import { hasRead, hasWritten } from './conditions.ts'
import {
  compareHashes,
  during,
  faultOfOrder,
  readsOf,
  streamHash,
  told,
  totalBytes,
  writesOf,
} from './evidence.ts'
import type { Claim, Evidence, Experiment, Judgement, Part } from './experiment.ts'
import { tlsPart } from './handshake-tls.ts'
import { contradicted, mayBe, mustBe, unsupported } from './judging.ts'
import {
  allOf,
  connectionOf,
  firstWord,
  noWord,
  orderOf,
  stateAtServer,
  tcpAlone,
  unconnected,
  wordComesFirst,
} from './openings.ts'
import { draw, type Random, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * The client is started inside a trial: opening is what there is to see. That an end hears nothing is known only
 * by what it hears next, so that TCP and UDP send a word afterwards. The control of WebSocket is a client that
 * connects with TCP and asks for nothing.
 */

export const handshake: Experiment = {
  name: 'handshake',
  question: 'A client opens a connection. What do the two ends learn of it?',
  explanation:
    'Before its first byte of payload TCP exchanges SYN, SYN-ACK and ACK, but it is the two kernels that do so, ' +
    'where no program can see them: all that the ends learn is that connect() and accept() have come back, while ' +
    'UDP has no connection, so that there is nothing to open and nobody to tell. A WebSocket opens twice: TCP ' +
    'first, then an HTTP request and its 101, in which the server proves with a hash of the key that it has read ' +
    'this very request as a WebSocket server (RFC 6455 §1.3).',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const word = wordOf(random)
    return [tcp(word), udp(word), webSocket()]
  },
  tls: {
    explanation:
      'TLS is a second opening on top of TCP, too: a ClientHello, then what the server chose, its certificate and the ' +
      'proof that it has the key of it, and a Finished each way (RFC 8446 §2); a library does all of that, and only ' +
      'then does the first byte of payload go out, encrypted.',
    plan: (random) => tlsPart(wordOf(random)),
  },
}

function wordOf(random: Random): string {
  const [word = ''] = draw(random, shortWords, 1)
  return word
}

function tcp(word: string): Part {
  return {
    transport: 'tcp',
    actors: [tcpServer()],
    trials: [
      { name: 'open', title: 'connect() here, accept() there', steps: [start(tcpClient())] },
      firstWord(word),
    ],
    claims: tcpClaims,
    byHand: [run(1, 'sockpit tcp-server'), run(2, 'sockpit tcp-client'), ...type(2, word)],
  }
}

function udp(word: string): Part {
  return {
    transport: 'udp',
    actors: [udpServer()],
    trials: [
      { name: 'open', title: 'a socket here, nothing there', steps: [start(udpClient())] },
      {
        name: 'word',
        title: 'then the first word',
        steps: [say('client', `/send ${word}`, hasWritten('client', 1), hasRead('server', 1))],
      },
    ],
    claims: udpClaims,
    byHand: [run(1, 'sockpit udp-server'), run(2, 'sockpit udp-client'), ...type(2, word)],
  }
}

function webSocket(): Part {
  return {
    transport: 'websocket',
    showsUpgrade: true,
    actors: [wsServer()],
    trials: [
      tcpAlone,
      { name: 'open', title: 'TCP, then the request and its 101', steps: [start(wsClient())] },
    ],
    claims: webSocketClaims,
    byHand: [
      run(1, 'sockpit ws-echo --no-compress'),
      run(2, 'sockpit tcp-client 127.0.0.1 9001'),
      ...type(1, '/peers'),
      ...type(2, '/quit'),
      run(2, 'sockpit ws-client --no-compress -v'),
    ],
  }
}

const tcpStages = ['opened', 'bytes'] as const

const tcpClaims: readonly Claim[] = [
  {
    text: 'The client connects, the server accepts: both tell of one and the same connection.',
    judge(evidence) {
      const heard = during(evidence, 'open')
      const client = told(heard, 'client', 'opened')[0]
      const connection = connectionOf(heard)
      if (client?.transport !== 'tcp' || client.tookMs === undefined || connection === undefined)
        return contradicted('fewer than 2 ends have told of it')
      const aim = told(heard, 'client', 'connecting').at(-1)?.remote
      const port = told(evidence, 'server', 'listening')[0]?.local.port
      const isThere = aim?.port === port && client.remote.port === port
      const figures = `${connection.figures}; connect() came back after ${formatDuration(client.tookMs)}`
      return mustBe(connection.isSame && isThere, figures)
    },
  },
  {
    text: 'The opening carries no payload: the first bytes at both ends are those of the word.',
    judge(evidence) {
      const first = wordComesFirst(evidence)
      if (first === undefined) return noWord
      const faults = ['client', 'server'].map((actor) =>
        faultOfOrder(orderOf(evidence, actor, tcpStages), tcpStages),
      )
      return mustBe(first.isSo && faults.every((fault) => fault === undefined), first.figures)
    },
  },
]

const udpClaims: readonly Claim[] = [
  {
    text: 'The client has a socket, and the server hears nothing at all of it.',
    judge(evidence) {
      const open = during(evidence, 'open')
      const client = told(open, 'client', 'opened')[0]
      const sent = [...writesOf(open, 'client'), ...writesOf(open, 'server')].length
      if (client === undefined) return unsupported('the client has no socket: 0 opened')
      // What the server tells of next fences off what it has not told.
      const [next] = allOf(during(evidence, 'word'), 'server')
      const heard = allOf(open, 'server').length
      const figures =
        `client ${formatEndpoint(client.local)}; ${formatCount(heard, 'event')} at the server and ` +
        `${formatCount(sent, 'datagram')} sent while it opens`
      if (heard > 0 || sent > 0) return contradicted(figures)
      if (next === undefined) return unsupported(`${figures}, and nothing came after that`)
      return mustBe(next.kind === 'peer', `${figures}, then "${next.kind}" with the word`)
    },
  },
  {
    text: "The first that it learns of the client is the word's datagram: nobody had to be accepted.",
    judge(evidence) {
      const heard = during(evidence, 'word')
      const [sent, received] = [writesOf(heard, 'client'), readsOf(heard, 'server')]
      if (totalBytes(sent) === 0) return noWord
      const peer = told(heard, 'server', 'peer')[0]
      const local = told(evidence, 'client', 'opened')[0]?.local
      const tells = `${formatBytes(totalBytes(sent))} sent, ${formatBytes(totalBytes(received))} received`
      if (peer === undefined || local === undefined || received.length === 0)
        return mayBe(false, `${tells}; the datagram did not come`)
      const isIt = formatEndpoint(peer.remote) === formatEndpoint(local)
      const whose = `from ${formatEndpoint(peer.remote)}, and the client has ${formatEndpoint(local)}`
      const figures = `${tells}, ${compareHashes(sent, received)}; ${whose}`
      const [first, second] = allOf(heard, 'server').map(({ kind }) => kind)
      const isFirst = first === 'peer' && second === 'datagram'
      return mustBe(isIt && isFirst && streamHash(sent) === streamHash(received), figures)
    },
  },
]

/** The heads of the upgrade, as each end tells them. */
function headsOf(evidence: Evidence) {
  const heard = during(evidence, 'open')
  const request = (actor: string) => told(heard, actor, 'request')[0]
  const response = (actor: string) => told(heard, actor, 'response')[0]
  return {
    heard,
    asked: { client: request('client'), server: request('server') },
    answered: { client: response('client'), server: response('server') },
  }
}

const noUpgrade: Judgement = unsupported('no upgrade was asked for: 0 requests')

const webSocketClaims: readonly Claim[] = [
  {
    text: 'TCP alone is no WebSocket yet: both ends are connected, and the server waits for a request.',
    judge(evidence) {
      const alone = during(evidence, 'tcp alone')
      const connection = connectionOf(alone)
      if (connection === undefined) return unconnected
      const state = stateAtServer(alone)
      const [before, after] = [alone, during(evidence, 'open')].map((heard) => ({
        requests: told(heard, 'server', 'request').length,
        sockets: endsOfWebSocket(heard),
      }))
      if (before === undefined || after === undefined) return noUpgrade
      const figures =
        `${connection.figures}: state "${state}", ${formatCount(before.requests, 'request')}, ` +
        `a WebSocket at ${formatCount(before.sockets, 'end')}; with the upgrade ` +
        `${formatCount(after.requests, 'request')}, a WebSocket at ${formatCount(after.sockets, 'end')}`
      const isBare = connection.isSame && state === 'upgrading' && before.requests === 0
      return mustBe(isBare && before.sockets === 0 && after.sockets === 2, figures)
    },
  },
  {
    text: 'The client asks, the server answers with 101: the same bytes at both ends.',
    judge(evidence) {
      const { asked, answered } = headsOf(evidence)
      if (asked.client === undefined) return noUpgrade
      const [up, down] = [
        compareHeads(asked.client, asked.server),
        compareHeads(answered.server, answered.client),
      ]
      const figures = `request ${up.figures}; answer ${answered.client?.status ?? 'none'}, ${down.figures}`
      return mustBe(up.isSame && down.isSame && answered.client?.status === 101, figures)
    },
  },
  {
    text: "The accept is the hash of this run's key, which nobody could have recorded before.",
    judge(evidence) {
      const { asked, answered } = headsOf(evidence)
      if (asked.client === undefined) return noUpgrade
      const [key = ''] = headerValues(asked.client.headers, 'Sec-WebSocket-Key')
      const version = headerValues(asked.client.headers, 'Sec-WebSocket-Version').join(', ')
      const accepts = headerValues(answered.client?.headers ?? [], 'Sec-WebSocket-Accept')
      const isKey = Buffer.from(key, 'base64').length === 16
      const isSo = isKey && version === '13' && accepts.length === 1 && accepts[0] === acceptOf(key)
      const figures =
        `version ${version}, key ${key}, accept ${accepts.join(', ') || 'none'}, ` +
        `${isSo ? 'as computed from the key' : `computed ${acceptOf(key)}`}`
      return mustBe(isSo, figures)
    },
  },
  {
    text: 'Nothing but these two heads has travelled when the WebSocket is open at both ends.',
    judge(evidence) {
      const { heard, asked, answered } = headsOf(evidence)
      if (asked.client === undefined) return noUpgrade
      const [up, down] = [totalBytes(writesOf(heard, 'client')), totalBytes(writesOf(heard, 'server'))]
      const frames = [...told(heard, 'client', 'frame'), ...told(heard, 'server', 'frame')].length
      const faults = ['client', 'server'].flatMap(
        (actor) => faultOfOrder(stagesOf(heard, actor), stages) ?? [],
      )
      const isAll = up === asked.client.size && down === answered.server?.size && down > 0
      const figures =
        `${formatBytes(up)} up and ${formatBytes(down)} down, ${formatCount(frames, 'frame')}; ` +
        `${faults.length === 0 ? `in order ${stages.join(', ')}` : faults.join('; ')}`
      return mustBe(isAll && frames === 0 && faults.length === 0 && endsOfWebSocket(heard) === 2, figures)
    },
  },
]

/** How many ends have told that the WebSocket is open. */
function endsOfWebSocket(heard: Evidence): number {
  const isOpen = (actor: string) =>
    told(heard, actor, 'opened').some(({ transport }) => transport === 'websocket')
  return ['client', 'server'].filter(isOpen).length
}

function compareHeads(
  sent: EventOf<'request' | 'response'> | undefined,
  received: EventOf<'request' | 'response'> | undefined,
): { readonly isSame: boolean; readonly figures: string } {
  if (sent === undefined || received === undefined)
    return { isSame: false, figures: 'told by fewer than 2 ends' }
  const [one, other] = [[sent.payload], [received.payload]]
  const isSame = sent.size > 0 && streamHash(one) === streamHash(other)
  return { isSame, figures: `${formatBytes(sent.size)}, ${compareHashes(one, other)}` }
}

const stages = ['tcp', 'request', 'response', 'websocket'] as const

function stagesOf(heard: Evidence, actor: string): readonly string[] {
  return allOf(heard, actor).flatMap((event) => {
    if (event.kind === 'opened') return [event.transport]
    return event.kind === 'request' || event.kind === 'response' ? [event.kind] : []
  })
}
