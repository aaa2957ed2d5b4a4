import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  assertEchoes,
  closedDatagramPort,
  fire,
  freeDatagramPort,
  kernelDrops,
  onLinux,
  openMailbox,
  peakMiB,
  serveDatagrams,
  told,
  untilTold,
  withoutIpv6,
} from '../e2e/datagrams.ts'
import { overUdp, type Running, type Serving, start } from '../e2e/sockpit.ts'
import { sendFromEverywhere } from '../e2e/stand-ins.ts'
import { honestDatagrams, type RoundTrip, served } from './honest.ts'
import { endsAsAsked, holds } from './statements.ts'

type Datagrams = ReturnType<typeof told>

function sizesOf(datagrams: Datagrams): number[] {
  return datagrams.map(({ size }) => size)
}

function grouped(number: number): string {
  return number.toLocaleString('en')
}

/** The lines of standard error that tell an error. */
function errorsOf(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('sockpit: '))
}

/** What a server received from the one client that has this port. */
function receivedFrom(server: Running, port: number): Datagrams {
  return told(server, 'received').filter(({ remote }) => remote.port === port)
}

/** Up to the longest one they go and come back; one more is told, and the next goes again. */
async function sendsAsLongAsCanBe(
  t: TestContext,
  { server, port }: Serving,
  [family, host, longest, whole]: readonly [string, string, number, number],
) {
  const sizes = [0, 1, whole, whole + 1, longest, longest + 1, 5]
  const input = sizes.map((size) => 'x'.repeat(size)).join('\0')
  const client = start(t, ['udp-client', host, String(port), '--json', '--split', 'nul'], { stdin: input })
  const { code, stderr } = await client.exit
  const { local } = await client.event('opened')
  const went = sizes.filter((size) => size <= longest)
  assert.deepEqual([told(client, 'sent'), told(client, 'received')].map(sizesOf), [went, went])
  assert.deepEqual(sizesOf(receivedFrom(server, local.port)), went)
  assert.deepEqual(
    client.eventsOf('failed').map((one) => [one.code, one.remote?.port]),
    [['EMSGSIZE', port]],
  )
  const fragments = new RegExp(`${grouped(whole + 1)} B [^\n]* into 2 fragments`)
  assert.deepEqual(
    client.eventsOf('note').map(({ text }) => fragments.test(text)),
    [true],
  )
  const reason = `${grouped(longest + 1)} B does not go: ${family} and UDP take ${grouped(longest)} B at most`
  const [line = '', ...others] = errorsOf(stderr)
  assert.deepEqual([code, others], [1, []])
  assert.match(line, new RegExp(`^sockpit: 1 datagram for [^\n]*${reason}`))
  assert.equal(overUdp(await client.event('closed')).unsent, 1)
}

async function ipv6SendsAsLongAsCanBe(t: TestContext) {
  const six = await serveDatagrams(t, ['--echo'], { address: '[::1]:0' })
  await sendsAsLongAsCanBe(t, six, ['IPv6', '::1', 65_527, 1_452])
  await endsAsAsked(six)
}

async function echoesNothing(t: TestContext, { server, port }: Serving) {
  const args = ['udp-client', '127.0.0.1', String(port), '--view', 'log', '--time', 'none', '-n', '1']
  const client = start(t, args, { stdin: '\n', env: { COLUMNS: '200' } })
  const { code, stdout } = await client.exit
  const lines = stdout
    .toString()
    .split('\n')
    .filter((line) => line.includes(' datagram '))
  assert.deepEqual(
    [code, lines.map((line) => line.trim().replace(/ {2,}/g, '  '))],
    [
      0,
      [
        'client  →  0 B  datagram  empty: a datagram of no bytes',
        'client  ←  0 B  datagram  empty: a datagram of no bytes',
      ],
    ],
  )
  const mailbox = await openMailbox(t)
  await mailbox.send('', port)
  assert.equal((await mailbox.at(0)).payload.length, 0)
  assert.deepEqual(sizesOf(receivedFrom(server, mailbox.port)), [0])
}

async function tellsClosedPort(t: TestContext, more: readonly string[]) {
  const port = await closedDatagramPort(t)
  const client = start(t, ['udp-client', '127.0.0.1', String(port), '--json', ...more], {
    stdin: 'x\n'.repeat(500),
  })
  const { code, stderr } = await client.exit
  assert.deepEqual(
    client.eventsOf('refused').map((one) => [one.transport, one.remote.port, one.code]),
    [['udp', port, 'ECONNREFUSED']],
  )
  const { connected, refused, received } = overUdp(await client.event('closed'))
  assert.deepEqual([connected, refused >= 1, received.datagrams], [true, true, 0])
  assert.equal(code, 1)
  assert.deepEqual(errorsOf(stderr), [
    `sockpit: Nobody listens on 127.0.0.1:${port}: the kernel told us through ICMP, about a datagram sent earlier (ECONNREFUSED). Start a server there, or check the port.`,
  ])
}

async function hintsAtBroadcast(t: TestContext, address: string) {
  const client = start(t, ['udp-client', address, '9', '--json'], { stdin: 'x\ny\n' })
  const { code, stderr } = await client.exit
  const why = `${address} may be a broadcast address: --broadcast (or /set broadcast on) allows it (EACCES)`
  assert.equal(code, 1)
  assert.deepEqual(errorsOf(stderr), [
    `sockpit: 2 datagrams for ${address}:9 never left this machine: ${why}`,
  ])
  assert.deepEqual(
    client.eventsOf('failed').map((failed) => [failed.code, failed.message]),
    [['EACCES', why]],
  )
}

/** A client that asks again where no answer comes: where many send, the kernel may drop what it sends. */
async function openPersistent(t: TestContext, port: number) {
  let onAnswer: (text: string) => void = () => {}
  const mailbox = await openMailbox(t, { onLetter: ({ payload }) => onAnswer(payload.toString()) })
  const asked: string[] = []
  const ask: RoundTrip = (text) =>
    new Promise((resolve, reject) => {
      const again = () => {
        if (asked.push(text) > mostQuestions) reject(new Error(`"${text}" was never answered`))
        else mailbox.send(text, port).catch(reject)
      }
      const timer = setInterval(again, 250)
      onAnswer = (answer) => {
        if (answer !== text) return
        clearInterval(timer)
        resolve(answer)
      }
      t.after(() => clearInterval(timer))
      again()
    })
  return { ask, asked }
}

const mostQuestions = 10_000

const burst = 20_000

/** At a server that does not run, so that the kernel has to drop some. */
async function burstAddsUp(t: TestContext) {
  const { server, port } = await serveDatagrams(t, ['--echo'])
  const { ask, asked } = await openPersistent(t, port)
  await served(ask, async () => {
    server.kill('SIGSTOP')
    await fire(t, port, burst, Buffer.alloc(64, 'burst '))
    const drops = kernelDrops(port)
    assert.ok(drops > 0 && drops < burst, `${drops} were dropped`)
    server.kill('SIGCONT')
    await untilTold(server, 'received', burst - drops)
  })
  const drops = kernelDrops(port)
  await endsAsAsked({ server })
  const { received, dropped } = overUdp(await server.event('closed'))
  assert.deepEqual([received.datagrams, dropped], [told(server, 'received').length, drops])
  assert.equal(received.datagrams + drops, burst + asked.length)
}

/** Two servers that take each other for clients: A's first datagrams come from the port on which B opens then. */
async function startLoop(t: TestContext, services: readonly [string, string], inFlight: number) {
  const one = await serveDatagrams(t, ['--service', services[0]])
  // It answers only when the port from which it was asked is B's.
  one.server.kill('SIGSTOP')
  const port = await freeDatagramPort(t)
  const decoy = await openMailbox(t, { port })
  for (let number = 1; number <= inFlight; number++) await decoy.send(`${number} to and fro`, one.port)
  await decoy.close()
  const other = await serveDatagrams(t, ['--service', services[1]], { address: String(port) })
  one.server.kill('SIGCONT')
  return [one, other] as const
}

/** They fall silent, and are still there for others. */
async function fallsSilent(t: TestContext, services: readonly [string, string], inFlight: number) {
  // Several share the hops of one, and cost a few more while they are held back.
  const most = inFlight === 1 ? 1_024 : 2_048
  const pair = await startLoop(t, services, inFlight)
  const isLoop = ({ what }: { readonly what: string }) => what === 'loop'
  const { limit, detail, remote } = await Promise.race(
    pair.map(({ server }) => server.event('limit', isLoop)),
  )
  assert.ok(limit > 0 && limit <= 512, `${limit}`)
  assert.match(detail, /ends the loop/)
  assert.ok(pair.some(({ port }) => port === remote?.port))
  let hops = 0
  for (const [index, serving] of pair.entries()) {
    if (services[index] === 'echo') {
      hops -= 1
      await assertEchoes(t, serving.port)
    }
  }
  for (const serving of pair) {
    await endsAsAsked(serving)
    const { received, dropped = 0 } = overUdp(await serving.server.event('closed'))
    hops += received.datagrams
    assert.equal(dropped, 0)
  }
  assert.ok(hops > 100 && hops <= most, `${hops} hops`)
}

const sources = 100_000

/** Who spoke last is known, the honest one among them, and all else is forgotten with its peer. */
async function forgetsSources(t: TestContext) {
  const port = await freeDatagramPort(t)
  const options = { ...sendFromEverywhere(t, sources), stdin: 'pipe', limitMs: 90_000 } as const
  const server = start(t, ['udp-server', String(port), '--echo', '--raw', '-q', '--script', '-'], options)
  const { ask } = await openPersistent(t, port)
  await served(ask, async () => {
    await (await openMailbox(t)).send('from everywhere', port)
    for (let tenth = 1; tenth <= 10; tenth++)
      await server.said(new RegExp(`^${(sources / 10) * tenth} have come$`, 'm'))
  })
  if (onLinux === false) assert.ok(peakMiB(server) < 150, `${peakMiB(server)} MiB`)
  server.write('/to 2 who was forgotten\n')
  const { code, stderr } = await server.exit
  const oldest = sources + 2 - 4_095 + 1
  assert.equal(code, 2)
  assert.match(
    errorsOf(stderr)[0] ?? '',
    new RegExp(`there is no peer #2: known: #1 #${oldest} #${oldest + 1} `),
  )
}

const usual = ['IPv4', '127.0.0.1', 65_507, 1_472] as const

holds('UDP', { serve: (t) => serveDatagrams(t, ['--echo']), honest: honestDatagrams }, [
  [
    '65,507 bytes go, 65,508 → EMSGSIZE told, the session goes on',
    (t, serving) => sendsAsLongAsCanBe(t, serving, usual),
  ],
  ['over IPv6 it is 65,527, and 65,528', ipv6SendsAsLongAsCanBe, withoutIpv6],
  ['empty datagram → shown, echoed', echoesNothing],
  ['closed port, connected socket → told once, no crash', (t) => tellsClosedPort(t, [])],
  ['closed port with -w → told once, no crash', (t) => tellsClosedPort(t, ['-w', '1s'])],
  ['broadcast without the option → hint', (t) => hintsAtBroadcast(t, '255.255.255.255')],
  ['broadcast of one network without the option → hint', (t) => hintsAtBroadcast(t, '127.255.255.255')],
  ['20,000 datagrams in a burst → received + dropped by the kernel = sent', burstAddsUp, onLinux],
  [
    'two echo servers made to talk to each other → silent within 1,024 hops',
    (t) => fallsSilent(t, ['echo', 'echo'], 1),
  ],
  ['with 20 in flight → silent within 2,048', (t) => fallsSilent(t, ['echo', 'echo'], 20)],
  ['daytime and echo → silent within 1,024 hops', (t) => fallsSilent(t, ['daytime', 'echo'], 1)],
  ['chargen and chargen → silent within 1,024 hops', (t) => fallsSilent(t, ['chargen', 'chargen'], 1)],
  ['100,000 source ports → table bounded', forgetsSources],
])
