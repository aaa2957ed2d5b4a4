/** What experiments with several clients of one server claim: whose bytes come out of which socket. */
import type { Transport } from '../event.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { compareHashes, payloadsOver, streamHash, told, totalBytes } from './evidence.ts'
import type { Claim, Evidence } from './experiment.ts'
import { mustBe, unsupported } from './judging.ts'

export type StreamTransport = Exclude<Transport, 'udp'>

/** A client as the server knows it, found by the port that the client has. */
interface Known {
  readonly name: string
  readonly port: number
  /** The server's socket for it; the number of its address where one socket serves all. */
  readonly socket: string
}

interface ClaimOptions {
  readonly text: string
  readonly transport: StreamTransport
  readonly clients: readonly string[]
}

const tooFew = unsupported('not every client has a connection')

/** Those of the clients that the server knows. */
export function knownOf(
  evidence: Evidence,
  { transport, clients }: { readonly transport: Transport; readonly clients: readonly string[] },
): readonly Known[] {
  const known =
    transport === 'udp' ? told(evidence, 'server', 'peer') : openedBy(evidence, 'server', transport)
  return clients.flatMap((name) => {
    const port = openedBy(evidence, name, transport).at(-1)?.local.port
    const socket = known.find(({ remote }) => remote.port === port)?.socket
    return port === undefined || socket === undefined ? [] : [{ name, port, socket }]
  })
}

function openedBy(evidence: Evidence, actor: string, transport: Transport) {
  return told(evidence, actor, 'opened').filter((opened) => opened.transport === transport)
}

/** As many sockets as clients, and one address of the server for all of them. */
export function haveOwnSockets({ text, transport, clients }: ClaimOptions): Claim {
  return {
    text,
    judge(evidence) {
      const found = knownOf(evidence, { transport, clients })
      if (found.length < clients.length) return tooFew
      const accepted = openedBy(evidence, 'server', transport)
      const locals = new Set(accepted.map(({ local }) => local.port))
      const sockets = new Set(accepted.map(({ socket }) => socket))
      const isSo = [accepted.length, sockets.size].every((count) => count === clients.length)
      const figures = found.map(({ name, socket, port }) => `${socket} for ${name} at port ${port}`)
      const all = `${formatCount(sockets.size, 'socket')} at port ${[...locals].join(', ')} of the server`
      return mustBe(isSo && locals.size === 1, [all, ...figures].join('; '))
    },
  }
}

/** What comes out of each socket of the server is what its client sent, and nothing else. */
export function bringTheirOwn({ text, transport, clients }: ClaimOptions): Claim {
  return {
    text,
    judge(evidence) {
      const found = knownOf(evidence, { transport, clients }).map(({ name, socket }) => ({
        name,
        socket,
        sent: payloadsOver(evidence, transport, { actor: name, direction: 'sent' }),
        received: payloadsOver(evidence, transport, { actor: 'server', direction: 'received', socket }),
      }))
      const isEmpty = found.some(({ sent }) => totalBytes(sent) === 0)
      if (found.length < clients.length || isEmpty) return tooFew
      const figures = found.map(
        ({ name, socket, sent, received }) =>
          `${formatBytes(totalBytes(sent))} from ${name}, ` +
          `${formatBytes(totalBytes(received))} out of ${socket}, ` +
          compareHashes(sent, received),
      )
      return mustBe(
        found.every(({ sent, received }) => streamHash(sent) === streamHash(received)),
        figures.join('; '),
      )
    },
  }
}
