/** The column of TLS in the experiment `handshake`: a handshake of its own on the TCP connection. */
import type { TlsEvent } from '../tls-event.ts'
import { formatBytes, formatDuration } from '../views/units.ts'
import { tcpClient, tcpServer } from './actors.ts'
import { all, hasTold } from './conditions.ts'
import { during, faultOfOrder, told } from './evidence.ts'
import type { Actor, Claim, Evidence, Part } from './experiment.ts'
import { contradicted, mustBe, unsupported } from './judging.ts'
import {
  connectionOf,
  firstWord,
  noWord,
  orderOf,
  stateAtServer,
  tcpAlone,
  unconnected,
  wordComesFirst,
} from './openings.ts'
import { run, start, type } from './steps.ts'

/** As for WebSocket the control is a client that connects with TCP and asks for nothing. */
export function tlsPart(word: string): Part {
  return {
    transport: 'tcp',
    overTls: true,
    actors: [tcpServer({ flags: ['--tls'] })],
    trials: [
      tcpAlone,
      { name: 'open', title: 'TCP, then the handshake of TLS', steps: [start(securedClient())] },
      firstWord(word),
    ],
    claims: tlsClaims,
    byHand: [
      run(1, 'sockpit tcp-server --tls'),
      run(2, 'sockpit tcp-client'),
      ...type(1, '/peers'),
      ...type(2, '/quit'),
      run(2, 'sockpit tcp-client --tls -k -v'),
      ...type(2, word),
    ],
  }
}

/** Trusts the certificate whose fingerprint the server has told of, and no other. */
function securedClient(): Actor {
  const plain = tcpClient()
  return {
    ...plain,
    words: (heard) => [...plain.words(heard), '--tls', '--pin', fingerprintOf(heard) ?? ''],
    isReady: all(plain.isReady, hasTold('client', 'tls'), (heard) => told(heard, 'server', 'tls').length > 0),
  }
}

/** Of the certificate with which the server says that it serves. */
function fingerprintOf(heard: Evidence): string | undefined {
  return told(heard, 'server', 'listening').at(-1)?.tls?.fingerprint
}

/** The handshake as each end tells of it. */
function handshakesOf(heard: Evidence): { readonly client?: TlsEvent; readonly server?: TlsEvent } {
  const [client, server] = [told(heard, 'client', 'tls')[0], told(heard, 'server', 'tls')[0]]
  return { ...(client !== undefined && { client }), ...(server !== undefined && { server }) }
}

const noHandshake = unsupported('no handshake was done: fewer than 2 ends tell of one')

function endsOfTls(heard: Evidence): number {
  return Object.keys(handshakesOf(heard)).length
}

const tlsClaims: readonly Claim[] = [
  {
    text: 'TCP alone is no TLS yet: both ends are connected, and the server waits for a ClientHello.',
    judge(evidence) {
      const alone = during(evidence, 'tcp alone')
      const connection = connectionOf(alone)
      if (connection === undefined) return unconnected
      const state = stateAtServer(alone)
      const [before, after] = [endsOfTls(alone), endsOfTls(during(evidence, 'open'))]
      const figures =
        `${connection.figures}: state "${state}", TLS at ${before} of 2 ends; ` +
        `with the handshake at ${after} of 2`
      return mustBe(connection.isSame && state === 'securing' && before === 0 && after === 2, figures)
    },
  },
  {
    text: 'Both ends tell of one and the same handshake: what they agreed on, and how much of it went each way.',
    judge(evidence) {
      const { client, server } = handshakesOf(during(evidence, 'open'))
      if (client === undefined || server === undefined) return noHandshake
      const isAgreed = client.version === server.version && client.cipher === server.cipher
      const isCarried = client.sent === server.received && client.received === server.sent && client.sent > 0
      const theirs = isAgreed ? '' : `, the server ${server.version} with ${server.cipher}`
      const figures =
        `${client.version} with ${client.cipher}${theirs}; client ${formatBytes(client.sent)} up and ` +
        `${formatBytes(client.received)} down, server ${formatBytes(server.received)} and ` +
        `${formatBytes(server.sent)}; after ${formatDuration(client.tookMs)}`
      return mustBe(isAgreed && isCarried, figures)
    },
  },
  {
    text: 'The client knows whom it talks to: the certificate is the one that the server has told of.',
    judge(evidence) {
      const { client } = handshakesOf(during(evidence, 'open'))
      if (client === undefined) return noHandshake
      const [shown, expected] = [client.chain[0]?.fingerprint, fingerprintOf(evidence)]
      if (shown === undefined || expected === undefined) return contradicted('0 certificates were shown')
      const figures = `shown ${shortened(shown)}, told of ${shortened(expected)}: ${client.trust}`
      return mustBe(shown === expected && client.trust === 'pinned', figures)
    },
  },
  {
    text: 'Nothing of the word travels before that: the first bytes that TLS gives out are its own.',
    judge(evidence) {
      const first = wordComesFirst(evidence)
      if (first === undefined) return noWord
      const secured = evidence.filter(({ trial }) => trial !== tcpAlone.name)
      const faults = ['client', 'server'].flatMap(
        (actor) => faultOfOrder(orderOf(secured, actor, stages), stages) ?? [],
      )
      const order = faults.length === 0 ? `in order ${stages.join(', ')}` : faults.join('; ')
      return mustBe(first.isSo && faults.length === 0, `${first.figures}; ${order}`)
    },
  },
]

/** `a1b2c3d4…` */
function shortened(fingerprint: string): string {
  return `${fingerprint.slice(0, 16)}…`
}

const stages = ['opened', 'tls', 'bytes'] as const
