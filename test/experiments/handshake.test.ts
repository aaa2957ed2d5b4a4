import assert from 'node:assert/strict'
import { tcpServer, wsClient } from '../../src/experiments/actors.ts'
import { hasLeft, hasRead } from '../../src/experiments/conditions.ts'
import { told } from '../../src/experiments/evidence.ts'
import type { Part } from '../../src/experiments/experiment.ts'
import { handshake } from '../../src/experiments/handshake.ts'
import { say, start } from '../../src/experiments/steps.ts'
import { by, carried, changed, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const elsewhere = { address: '127.0.0.1', port: 1, family: 'IPv4' } as const
const turned = (payload: Uint8Array): Uint8Array => payload.map((byte) => byte ^ 1)

/** A word goes out before the first trial is over. */
function early(part: Part): Part {
  const [open, ...others] = part.trials
  assert.ok(open !== undefined)
  const step = say('client', '/send early', hasRead('server', 1))
  return { ...part, trials: [{ ...open, steps: [...open.steps, step] }, ...others] }
}

/** The server answers by hand, and its accept is that of another key: the example of RFC 6455 §1.3. */
function wrongAccept(part: Part): Part {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
  const head = [...lines, 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', '', ''].join('\\r\\n')
  const client = { ...wsClient(), leaves: true, isReady: hasRead('server', 1) } as const
  const steps = [start(client), say('server', `/send ${head}`, hasLeft('client'))]
  return { ...part, actors: [tcpServer()], trials: [{ name: 'open', title: '', steps }] }
}

/** Nobody speaks of TLS: the connection is open, and that is all. */
function withoutTls(part: Part): Part {
  const [alone] = part.trials
  assert.ok(alone !== undefined)
  return { ...part, actors: [tcpServer()], trials: [alone] }
}

rehearse(handshake, {
  sabotages: {
    tcp: [
      {
        name: 'the server has accepted another',
        claim: 'The client connects',
        doctor: (evidence) => changed(evidence, by('server', 'opened'), () => ({ remote: elsewhere })),
      },
      {
        name: 'the server has accepted nobody',
        claim: 'The client connects',
        doctor: (evidence) => without(evidence, by('server', 'opened')),
      },
      {
        name: 'another server was connected to',
        claim: 'The client connects',
        doctor: (evidence) => changed(evidence, by('client', 'connecting'), () => ({ remote: elsewhere })),
      },
      { name: 'payload comes with the opening', claim: 'The opening carries', alter: early },
      {
        name: 'the word is another',
        claim: 'The opening carries',
        doctor: (evidence) => withPayload(evidence, carried('server', 'received'), turned),
      },
      {
        name: 'no word was sent',
        claim: 'The opening carries',
        verdict: 'not supported here',
        doctor: (evidence) => without(evidence, carried('client', 'sent')),
      },
    ],
    udp: [
      { name: 'a datagram goes out at once', claim: 'The client has a socket', alter: early },
      {
        name: 'nothing ever comes',
        claim: 'The client has a socket',
        verdict: 'not supported here',
        doctor: (evidence) => without(evidence, ({ actor, trial }) => actor === 'server' && trial === 'word'),
      },
      {
        name: 'the datagram is of another',
        claim: 'The first that it learns',
        doctor: (evidence) => changed(evidence, by('server', 'peer'), () => ({ remote: elsewhere })),
      },
      {
        name: 'the datagram is another',
        claim: 'The first that it learns',
        doctor: (evidence) => withPayload(evidence, carried('server', 'received'), turned),
      },
      {
        name: 'the datagram is lost',
        claim: 'The first that it learns',
        verdict: 'not observed this run',
        doctor: (evidence) => without(evidence, carried('server', 'received')),
      },
    ],
    websocket: [
      {
        name: 'there is a request in the control',
        claim: 'TCP alone',
        doctor: (evidence) =>
          evidence.map((one) =>
            one.event.kind === 'request' || one.event.kind === 'response'
              ? { ...one, trial: 'tcp alone' }
              : one,
          ),
      },
      {
        name: 'no end has a WebSocket after all',
        claim: 'TCP alone',
        doctor: (evidence) => without(evidence, by('server', 'opened', { trial: 'open' })),
      },
      {
        name: 'the server reads another request',
        claim: 'The client asks',
        doctor: (evidence) => withPayload(evidence, by('server', 'request'), turned),
      },
      {
        name: 'the status is another',
        claim: 'The client asks',
        doctor: (evidence) => changed(evidence, by('client', 'response'), () => ({ status: 200 })),
      },
      {
        name: 'the accept is that of another key',
        claim: 'The accept',
        doctor: (evidence) =>
          changed(evidence, by('client', 'response'), () => ({
            headers: [['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']],
          })),
      },
      {
        name: 'a server that answers with a wrong accept: the client leaves with 5',
        claim: 'The accept',
        alter: wrongAccept,
        doctor: (evidence) => {
          assert.equal(told(evidence, 'client', 'process').at(-1)?.exitCode, 5)
          return evidence
        },
      },
      {
        name: 'more was written than the request',
        claim: 'Nothing but these two heads',
        doctor: (evidence) =>
          withPayload(evidence, carried('client', 'sent', 'open'), (payload) =>
            Buffer.concat([payload, payload]),
          ),
      },
      {
        name: 'the client never heard the answer',
        claim: 'Nothing but these two heads',
        doctor: (evidence) => without(evidence, by('client', 'response')),
      },
    ],
    tls: [
      {
        name: 'there is TLS in the control',
        claim: 'TCP alone',
        doctor: (evidence) =>
          evidence.map((one) => (one.event.kind === 'tls' ? { ...one, trial: 'tcp alone' } : one)),
      },
      { name: 'a server without TLS', claim: 'TCP alone', alter: withoutTls },
      {
        name: 'the server tells of another cipher',
        claim: 'Both ends tell',
        doctor: (evidence) => changed(evidence, by('server', 'tls'), () => ({ cipher: 'TLS_NULL' })),
      },
      {
        name: 'somebody in between has added to the handshake',
        claim: 'Both ends tell',
        doctor: (evidence) => changed(evidence, by('client', 'tls'), () => ({ received: 1 })),
      },
      {
        name: 'the certificate is that of another',
        claim: 'The client knows',
        doctor: (evidence) =>
          changed(evidence, by('server', 'listening'), () => ({
            tls: { fingerprint: '0'.repeat(64), isMade: true },
          })),
      },
      {
        name: 'nobody has looked at the certificate',
        claim: 'The client knows',
        doctor: (evidence) => changed(evidence, by('client', 'tls'), () => ({ trust: 'unchecked' })),
      },
      {
        name: 'payload comes with the opening',
        claim: 'Nothing of the word',
        doctor: (evidence) => [
          ...evidence,
          ...evidence.filter(carried('client', 'sent')).map((one) => ({ ...one, trial: 'open' })),
        ],
      },
      {
        name: 'the handshake comes last',
        claim: 'Nothing of the word',
        doctor: (evidence) => [
          ...without(evidence, by('client', 'tls')),
          ...evidence.filter(by('client', 'tls')),
        ],
      },
      {
        name: 'the word is another',
        claim: 'Nothing of the word',
        doctor: (evidence) => withPayload(evidence, carried('server', 'received'), turned),
      },
    ],
  },
})
