import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectTo, type Peer } from '../e2e/sockets.ts'
import { skip } from '../e2e/terminals.ts'
import {
  answerByHand,
  closePayload,
  frame,
  grant,
  maskedFrame,
  openTheirs,
  upgradeByHand,
  upgradeRequest,
} from '../e2e/web-sockets.ts'
import { createDice } from './evil.ts'
import { honestWebSocket, served } from './honest.ts'
import { end, log, payloads, screenAfter, seed, texts, turn, watch } from './watched.ts'

test('ws-client: messages, pings, and the reason of a close', { skip }, async (t) => {
  const dice = createDice(seed)
  const peers: Peer[] = []
  const port = await answerByHand(t, (peer, { accept }) => {
    peer.socket.write(
      grant(accept, {
        'X-Said': texts(dice)
          .join('')
          .replace(/[^\t -~\x80-\xff]/g, ''),
      }),
    )
    peers.push(peer)
  })
  const client = await watch(t, `ws-client ws://127.0.0.1:${port}/ --show all -vv --no-compress`)
  const [peer] = peers
  assert.ok(peer !== undefined)
  for (const text of [...texts(dice), end]) {
    const bytes = Buffer.from(text)
    peer.socket.write(frame({ opcode: 1, payload: bytes.subarray(0, 1), fin: false }))
    peer.socket.write(frame({ opcode: 0, payload: bytes.subarray(1) }))
    peer.socket.write(frame({ opcode: 9, payload: bytes }))
    await turn()
  }
  for (const payload of payloads(dice)) peer.socket.write(frame({ opcode: 2, payload }))
  peer.socket.write(frame({ opcode: 1, payload: `${end} AT LAST` }))
  await client.settled(`${end} AT LAST`)
  peer.socket.write(frame({ opcode: 8, payload: closePayload(4001, `\x1b]0;x\x07\u202e\r\x1b[6n${end}`) }))
  peer.socket.end()
  assert.equal(await client.leave(''), 6)
  const said = /sockpit: .* ended with close code 4001 .* "(.*)"\r$/m.exec(client.running.stdout.toString())
  assert.equal(said?.[1], `\\x1b]0;x\\x07\\u{202e}\\r\\x1b[6n${end}`)
})

/** What a header may hold: no control but a tab, and any byte from 0x80 on. */
const value = '\u009b2J\u009d0;owned\u009c\u202e\u200b\u0301\t\u2028\u0085\u{e0041}'
const shownValue = '\\u{9b}2J\\u{9d}0;owned\\u{9c}\\u{202e}\\u{200b}\\u{301}\\t\\u{2028}\\u{85}\\u{e0041}'
/** What may come of one who does not care. */
const anything = '\x1b]0;owned\x07\u202e\x05\x1b[6n\x7f'
const shownAnything = '\\x1b]0;owned\\x07\\u{202e}\\x05\\x1b[6n\\x7f'

const answers: readonly [what: string, answer: string, shown: string, said: string][] = [
  ['a header', `403 No\r\nX-Said: ${value}`, `X-Said:${shownValue}`, 'says403No,not101'],
  ['its phrase', `403 ${value}!`, `403${shownValue}!`, 'says403'],
  ['its body', `403 No\r\n\r\n${anything}`, shownAnything, `Theysay:"${shownAnything}"`],
  [
    'a subprotocol',
    `101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Protocol: ${value}`,
    `Sec-WebSocket-Protocol:${shownValue}`,
    'whichwasnotaskedfor',
  ],
  ['a header that is none', `403 No\r\n${anything}: x`, '\\x1b]0;owned\\x07', 'holdsthecontrolbyte0x1b'],
  ['a status line that is none', anything, '\\x1b]0;owned\\x07', 'holdsthecontrolbyte0x1b'],
]
for (const [what, answer, shown, said] of answers) {
  test(`ws-client: ${what} of an answer, on both outputs`, { skip }, async (t) => {
    const port = await answerByHand(t, (peer, { accept }) => {
      peer.socket.end(`HTTP/1.1 ${answer.replace('ACCEPT', accept)}\r\n\r\n`)
    })
    // With the stack, which says the same again.
    const screen = await screenAfter(t, `ws-client ws://127.0.0.1:${port}/ -vv`, 'DEBUG=sockpit')
    const [log = '', error = ''] = screen.split('sockpit:')
    assert.ok(log.includes(shown), log)
    assert.ok(error.includes(said), error)
    assert.match(error, /code5$/)
  })
}

test('ws-echo: targets, headers, origins, messages, and reasons of closes', { skip }, async (t) => {
  const dice = createDice(seed)
  const server = await watch(t, `ws-echo 127.0.0.1:0 ${log}`, { ready: 'no client> ' })
  const { port } = server
  await served(await honestWebSocket(t, `ws://127.0.0.1:${port}/`), async () => {
    for (const said of payloads(dice).slice(0, 40)) {
      const line = said.toString('latin1').replace(/[\r\n]/g, '')
      for (const [start, lines] of [
        [`GET /${line} HTTP/1.1`, {}],
        ['GET / HTTP/1.1', { 'X-Said': `a${line}` }],
        ['GET / HTTP/1.1', { Origin: `http://${line}` }],
        ['GET / HTTP/1.1', { 'Sec-WebSocket-Protocol': `a${line}`, 'Sec-WebSocket-Extensions': line }],
      ] as const) {
        const peer = await connectTo(t, port)
        peer.socket.write(Buffer.from(upgradeRequest(port, lines, start), 'latin1'))
        await peer.has('\r\n\r\n')
        peer.socket.destroy()
      }
    }
    for (const reason of texts(dice, 60).slice(0, 20)) {
      const { peer } = await upgradeByHand(t, port)
      peer.socket.write(maskedFrame({ opcode: 2, payload: reason }))
      peer.socket.write(maskedFrame({ opcode: 8, payload: closePayload(4001, reason) }))
      await peer.fin
    }
    const last = await openTheirs(t, `ws://127.0.0.1:${port}/`)
    await last.echo(end)
    await server.settled(end)
  })
  assert.equal(await server.leave(), 130)
})
