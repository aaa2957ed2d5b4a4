import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { issue } from '../certificates.ts'
import { openMailbox } from '../e2e/datagrams.ts'
import { connectTo, keepPeers, type Peer } from '../e2e/sockets.ts'
import { sockpitCommand } from '../e2e/sockpit.ts'
import { onTerminal, skip } from '../e2e/terminals.ts'
import { portOf } from '../net/loopback.ts'
import { createDice, type Dice } from './evil.ts'
import { honestDatagrams, honestStream, served } from './honest.ts'
import { type Allowed, end, log, payloads, screenAfter, seed, turn, watch } from './watched.ts'

/** No more than the kernel keeps for who is busy. */
const fewDatagrams = 50

/** Everything, each payload cut somewhere, most often within an escape or a character. */
async function sendCut({ socket }: Peer, dice: Dice, all: readonly Buffer[]): Promise<void> {
  for (const payload of [...all, Buffer.from(end)]) {
    const at = dice.below(Math.min(4, payload.length + 1))
    socket.write(payload.subarray(0, at))
    await turn()
    socket.write(payload.subarray(at))
    await turn()
  }
}

const views: readonly [view: string, ready: string, end: string, more?: Allowed][] = [
  [log, 'open> ', end],
  ['--raw', '> ', end, ['HT']],
  // What is no UTF-8 stands in base64 there, the end of it all too.
  ['--json', '> ', `"text":"${end}"`],
  ['--hex', '> ', 'THE END OF IT|'],
]
for (const [view, ready, last, allowed] of views) {
  test(`tcp-client ${view}: reads → visible escapes, the typed line intact`, { skip }, async (t) => {
    const dice = createDice(seed)
    const { port, peerAt } = await keepPeers(t)
    const client = await watch(t, `tcp-client 127.0.0.1 ${port} ${view}`, { ready, allowed })
    const peer = await peerAt(0)
    await sendCut(peer, dice, payloads(dice))
    // Once it comes in a read of its own, it is shown as what it is.
    const again = setInterval(() => peer.socket.write(end), 20)
    await client.settled(last).finally(() => clearInterval(again))
    assert.equal(await client.leave(), 130)
  })
}

test('tcp-client --raw: an escape cut between two reads → same output', { skip }, async (t) => {
  const dice = createDice(seed)
  const { port, peerAt } = await keepPeers(t)
  const all = payloads(dice)
  const outputs: string[] = []
  for (const index of [0, 1]) {
    const client = onTerminal(
      t,
      `${sockpitCommand} tcp-client 127.0.0.1 ${port} --raw --on-eof stay </dev/null`,
    )
    const peer = await peerAt(index)
    peer.socket.setNoDelay()
    if (index === 0) peer.socket.write(Buffer.concat([...all, Buffer.from(end)]))
    else await sendCut(peer, dice, all)
    peer.socket.end()
    client.end()
    const { stdout } = await client.exit
    outputs.push(stdout.toString())
  }
  assert.ok(outputs[0]?.includes(end))
  assert.equal(outputs[1], outputs[0])
})

test('tcp-server: reads of a client, and what is echoed to it', { skip }, async (t) => {
  const dice = createDice(seed)
  const server = await watch(t, `tcp-server 127.0.0.1:0 --echo ${log}`, { ready: 'no client> ' })
  const { port } = server
  await served(await honestStream(t, port), async () => {
    const peer = await connectTo(t, port)
    peer.socket.setNoDelay()
    await sendCut(peer, dice, payloads(dice))
    await peer.has(end)
    await server.settled(end)
  })
  assert.equal(await server.leave(), 130)
})

test('udp-client and udp-server: datagrams, an escape cut between two of them', { skip }, async (t) => {
  const dice = createDice(seed)
  const all = payloads(dice).flatMap((payload) => [payload.subarray(0, 1), payload.subarray(1)])
  const mailbox = await openMailbox(t)
  const client = await watch(t, `udp-client 127.0.0.1 ${mailbox.port} ${log}`, { ready: 'udp> ' })
  const [, own] = /socket 127\.0\.0\.1:(\d+)/.exec(client.running.stdout.toString()) ?? []
  const server = await watch(t, `udp-server 127.0.0.1:0 --echo ${log}`, { ready: 'no peer> ' })
  const { port } = server
  await served(await honestDatagrams(t, port), async () => {
    for (let at = 0; at < all.length; at += fewDatagrams) {
      const few = [...all.slice(at, at + fewDatagrams), Buffer.from(`as far as ${at} is told`)]
      for (const payload of few) {
        await mailbox.send(payload, Number(own))
        await mailbox.send(payload, port)
      }
      await client.settled(`as far as ${at} is told`)
      await server.settled(`as far as ${at} is told`)
    }
  })
  assert.equal(await client.leave(), 130)
  assert.equal(await server.leave(), 130)
})

test('tcp-client --tls: the names in a certificate', { skip }, async (t) => {
  const { cert, key } = await issue({ commonName: '\x1b]0;x\x07\u202e\u0301me' })
  const server = createServer({ cert, key })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  for (const [how, code] of [
    ['', 4],
    ['-k --probe', 0],
  ] as const) {
    const screen = await screenAfter(t, `tcp-client 127.0.0.1 ${portOf(server)} --tls ${how} -v`)
    assert.match(screen, /"\\x1b\]0;x\\x07\\u\{202e\}\\u\{301\}me"/)
    assert.match(screen, new RegExp(`code${code}$`))
  }
})
