import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import {
  assertEchoes,
  freeDatagramPort,
  type Mailbox,
  onLinux,
  openMailbox,
  serveDatagrams,
  told,
  untilTold,
  withoutIpv6,
} from './datagrams.ts'
import { missing } from './peers.ts'
import { overUdp, run, sockpitCommand, start, startProgram, temporaryFolder } from './sockpit.ts'

// Side by side: most of these wait for something.
describe('udp-server', { concurrency: 3 }, () => {
  /** A server that takes its script from standard input, and its first peers, in order; each has said hello. */
  async function serveScripted(t: TestContext, args: readonly string[], count: number) {
    const { server, port } = await serveDatagrams(t, [...args, '--script', '-'], { stdin: 'pipe' })
    const peers: Mailbox[] = []
    for (let number = 1; number <= count; number++) {
      const peer = await openMailbox(t)
      await peer.send('hello', port)
      const { remote } = await server.event('peer', ({ socket }) => socket === `server#${number}`)
      assert.equal(remote.port, peer.port)
      peers.push(peer)
    }
    return { server, port, peers: peers as [Mailbox, Mailbox, ...Mailbox[]] }
  }

  test('line one of JSON tells where it listens; port 0 is told as the port it became', async (t) => {
    const { server, port } = await serveDatagrams(t)
    const [line = ''] = server.stdout.toString().split('\n')
    const { at, ...first } = JSON.parse(line)
    assert.equal(typeof at, 'number')
    assert.ok(port > 0)
    assert.deepEqual(first, {
      kind: 'listening',
      seq: 1,
      socket: 'server',
      transport: 'udp',
      local: { address: '127.0.0.1', port, family: 'IPv4' },
      reach: 'loopback',
      service: 'none',
    })
    const mailbox = await openMailbox(t)
    await mailbox.send('to the port that was told', port)
    await untilTold(server, 'received', 1)
  })

  test('line one of JSON is where it listens, whatever else there is to tell', async (t) => {
    const server = start(t, ['udp-server', '0', '--json', '--receive-buffer', '64KiB'])
    await server.event('listening')
    assert.equal(server.events[0]?.kind, 'listening')
  })

  for (const [name, args, expected] of [
    ['a newline after each', [], 'one\n\n\xff\n\n\x00\n'],
    ['--split none: nothing after any', ['--split', 'none'], 'one\xff\n\x00'],
    ['--split nul: a NUL after each', ['--split', 'nul'], 'one\x00\x00\xff\n\x00\x00\x00'],
  ] as const) {
    test(`to a pipe, raw, which is every payload byte for byte; ${name}`, async (t) => {
      const server = start(t, ['udp-server', '0', '-n', '4', ...args])
      const [, port] = await server.said(/listening on 127\.0\.0\.1:(\d+) \(UDP\)/)
      const mailbox = await openMailbox(t)
      for (const payload of ['one', '', '\xff\n', '\x00']) {
        await mailbox.send(Buffer.from(payload, 'latin1'), Number(port))
      }
      const { code, stdout } = await server.exit
      assert.deepEqual([code, stdout.toString('latin1')], [0, expected])
    })
  }

  test('--view log to a pipe: the whole screen of a short talk', async (t) => {
    const port = await freeDatagramPort(t)
    const args = ['udp-server', String(port), '--echo', '--view', 'log', '--time', 'none', '--show', '5']
    const server = start(t, args, { env: { COLUMNS: '200' } })
    await server.printed('service echo')
    const mailbox = await openMailbox(t)
    await mailbox.send('\x1b[2Jhello', port)
    await mailbox.send('', port)
    await mailbox.at(1)
    const { code, stdout, stderr } = await server.interrupt()
    assert.deepEqual([code, stderr], [130, ''])
    const screen = stdout
      .toString()
      .replaceAll(`:${port}`, ':HERE')
      .replaceAll(`:${mailbox.port}`, ':THERE')
      .replace(/after \S+ m?s/, 'after SOME TIME')
      .replace(/\(2 datagrams, [^)]+\/s\)/g, '(2 datagrams)')
    assert.deepEqual(
      screen.split('\n').map((line) => line.trim().replace(/ {2,}/g, '  ')),
      [
        'server  ●  listening on 127.0.0.1:HERE (UDP), this machine only, service echo',
        '#1  +  new peer: the address 127.0.0.1:THERE',
        '#1  ←  9 B  datagram  \\x1b[2Jh',
        '… 4 B more',
        '#1  →  9 B  datagram  \\x1b[2Jh',
        '… 4 B more',
        '#1  ←  0 B  datagram  empty: a datagram of no bytes',
        '#1  →  0 B  datagram  empty: a datagram of no bytes',
        'server  -  closed after SOME TIME: UDP has no goodbye',
        'in 9 B (2 datagrams)',
        'out 9 B (2 datagrams)',
        'the kernel dropped none here',
        'whether each of ours arrived, UDP does not say',
        '',
      ],
    )
  })

  test('peers get numbers as they first speak; /to, /all and a plain line find them', async (t) => {
    const { server, peers } = await serveScripted(t, [], 3)
    await peers[0].send('again', Number(server.eventsOf('listening')[0]?.local.port))
    await untilTold(server, 'received', 4)
    assert.deepEqual(
      told(server, 'received').map(({ socket, remote }) => [socket, remote.port]),
      [
        ['server#1', peers[0].port],
        ['server#2', peers[1].port],
        ['server#3', peers[2]?.port],
        ['server#1', peers[0].port],
      ],
    )
    assert.equal(server.eventsOf('peer').length, 3)
    server.write(
      'to all of you\n/to 2 only you\n/to 3\nand you\n/to all\n//last\n/all /hex ff00\n/send ""\n/quit\n',
    )
    assert.equal((await server.exit).code, 0)
    const expected = (own: readonly string[]) => ['to all of you', ...own, '/last', '\xff\x00', '']
    for (const [index, own] of [[], ['only you'], ['and you']].entries()) {
      await peers[index]?.at(expected(own).length - 1)
      const got = peers[index]?.letters.map(({ payload }) => payload.toString('latin1'))
      assert.deepEqual(got, expected(own), `peer ${index + 1}`)
    }
  })

  test('/peers and /stats tell who has spoken and what went each way', async (t) => {
    const { server, port, peers } = await serveScripted(t, ['--echo'], 2)
    await peers[1].send('1234567', port)
    await peers[1].at(1)
    server.write('/peers\n/stats\n/quit\n')
    assert.equal((await server.exit).code, 0)
    const [asked, stats] = server.eventsOf('stats').map(overUdp)
    assert.deepEqual([asked?.asked, stats?.asked], ['peers', 'stats'])
    const counts = stats?.peers.map(({ socket, remote, sent, received }) => [
      [socket, remote.port],
      [sent.bytes, sent.datagrams],
      [received.bytes, received.datagrams],
    ])
    assert.deepEqual(counts, [
      [
        ['server#1', peers[0].port],
        [5, 1],
        [5, 1],
      ],
      [
        ['server#2', peers[1].port],
        [12, 2],
        [12, 2],
      ],
    ])
    const { sent, received, unsent, refused } = stats?.total ?? {}
    assert.deepEqual([sent?.bytes, sent?.datagrams, received?.bytes, received?.datagrams], [17, 3, 17, 3])
    assert.deepEqual([unsent, refused, stats?.total.dropped], [0, 0, onLinux === false ? 0 : undefined])
  })

  test('a number that nobody has is told in one line, with those that are known', async (t) => {
    const { server } = await serveScripted(t, [], 2)
    server.write('/to 9 hello\n')
    const { code, stderr } = await server.exit
    assert.equal(code, 2)
    assert.match(stderr, /^sockpit: standard input:1: there is no peer #9: known: #1 #2$/m)
    assert.equal(stderr.match(/^sockpit: /gm)?.length, 1)
  })

  test('lines of standard input wait for the first peer, then go to every known one', async (t) => {
    const { server, port } = await serveDatagrams(t, [], { stdin: 'pipe' })
    server.write('early one\nearly two\n')
    // Time to read them; were it too short, it would hide a fault, not make one.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const [first, second] = [await openMailbox(t), await openMailbox(t)]
    await first.send('first', port)
    await first.at(1)
    await second.send('second', port)
    await server.event('peer', ({ socket }) => socket === 'server#2')
    server.end('/kick 1 is no verb here\n\nno final newline')
    await Promise.all([first.at(4), second.at(2)])
    const late = ['/kick 1 is no verb here', '', 'no final newline']
    assert.deepEqual([first.texts, second.texts], [['early one', 'early two', ...late], late])
    await first.send('the end of standard input ends nothing', port)
    await untilTold(server, 'received', 3)
    assert.equal((await server.interrupt()).code, 130)
  })

  const streamVerbs = [
    ['/fin', /UDP has no FIN/],
    ['/close', /UDP has no connection to close/],
    ['/reset', /there is no RST/],
    ['/pause', /UDP has no flow control/],
    ['/resume', /UDP has no flow control/],
    ['/kick 1', /nobody is connected/],
    ['/ping', /UDP has no ping/],
    ['/frame', /UDP has no frames/],
    ['/wait fin', /UDP has no connection that could be in that state/],
    ['/set no-delay on', /no-delay is for TCP/],
  ] as const

  test('verbs of streams in a script: why not, exit 2, and nothing is done', async (t) => {
    for (const [line, why] of [streamVerbs[0], streamVerbs[8]]) {
      const { code, stdout, stderr } = await run(t, ['udp-server', '0', '-e', '/stats', '-e', line])
      assert.deepEqual([line, code, stdout.length], [line, 2, 0])
      assert.match(stderr, /^sockpit: --enter: [^\n]+\n$/)
      assert.match(stderr, why)
    }
  })

  test('verbs of streams at the prompt: why not, and the server goes on', {
    skip: missing('script'),
  }, async (t) => {
    const port = await freeDatagramPort(t)
    const command = `stty cols 400; ${sockpitCommand} udp-server ${port} --echo --no-color`
    const env = { XDG_STATE_HOME: temporaryFolder(t), SHELL: '/bin/sh' }
    const server = startProgram(t, 'script', ['-qfec', command, '/dev/null'], { stdin: 'pipe', env })
    await server.printed('> ')
    for (const [line, why] of streamVerbs) {
      server.write(`${line}\r`)
      await server.until(String(why), () => why.exec(server.stdout.toString()) ?? undefined)
    }
    await assertEchoes(t, port)
    server.write('/quit\r')
    assert.equal((await server.exit).code, 0)
  })

  test('--truncate tells what a recv of that size would have kept; the payload is whole', async (t) => {
    const { server, port } = await serveDatagrams(t, ['--truncate', '5', '-n', '3'])
    const mailbox = await openMailbox(t)
    for (const payload of ['1234', '12345', '123456']) await mailbox.send(payload, port)
    assert.equal((await server.exit).code, 0)
    assert.deepEqual(
      told(server, 'received').map(({ size, kept, payload }) => [size, kept, payload.length]),
      [
        [4, undefined, 4],
        [5, undefined, 5],
        [6, 5, 6],
      ],
    )
  })

  test('--receive-buffer and --send-buffer tell what the kernel gave', async (t) => {
    const args = ['--receive-buffer', '64KiB', '--send-buffer', '32KiB']
    const { server } = await serveDatagrams(t, args)
    await server.event('note', ({ text }) => text.startsWith('send buffer'))
    const notes = server.eventsOf('note').map(({ text }) => text)
    assert.equal(notes.length, 2)
    for (const [index, asked] of ['receive buffer: 65,536', 'send buffer: 32,768'].entries()) {
      const note = notes[index] ?? ''
      assert.ok(note.startsWith(`${asked} B asked, `), note)
      const given = Number(/ ([\d,]+) B given by the kernel$/.exec(note)?.[1]?.replaceAll(',', ''))
      assert.ok(given >= 4_096 && given <= 2 ** 18, note)
    }
  })

  test('IPv6: -6 and [::1] listen on ::1, and echo there', { skip: withoutIpv6 }, async (t) => {
    for (const [address, args] of [
      ['0', ['-6']],
      ['[::1]:0', []],
    ] as const) {
      const { server, port } = await serveDatagrams(t, ['--echo', ...args], { address })
      const { local, reach } = await server.event('listening')
      assert.deepEqual([local.address, local.family, reach], ['::1', 'IPv6', 'loopback'])
      const mailbox = await openMailbox(t, { address: '::1' })
      await mailbox.send('six', port)
      assert.equal((await mailbox.at(0)).payload.toString(), 'six')
      const { remote } = await server.event('peer')
      assert.deepEqual(remote, { address: '::1', port: mailbox.port, family: 'IPv6' })
    }
  })

  test('others can reach 0.0.0.0, and that is said plainly', async (t) => {
    const { server, port } = await serveDatagrams(t, ['--echo'], { address: '0.0.0.0:0' })
    assert.equal((await server.event('listening')).reach, 'network')
    await server.said(/others\s+on\s+the\s+network/)
    await assertEchoes(t, port)
  })

  test('a port in use is told with how to mend it, exit 1', async (t) => {
    const { port } = await serveDatagrams(t)
    const { code, stdout, stderr } = await run(t, ['udp-server', String(port)])
    assert.deepEqual([code, stdout.length], [1, 0])
    assert.equal(
      stderr,
      `sockpit: Cannot listen on 127.0.0.1:${port}: the port is in use (EADDRINUSE). Use port 0 for a free one, or stop the process that holds it.\n`,
    )
  })

  test('two servers with --reuse-address share a port', async (t) => {
    const { server, port } = await serveDatagrams(t, ['--reuse-address'])
    const second = await serveDatagrams(t, ['--reuse-address'], { address: String(port) })
    assert.equal(second.port, port)
    const mailbox = await openMailbox(t)
    await mailbox.send('to one of you', port)
    await Promise.race([untilTold(server, 'received', 1), untilTold(second.server, 'received', 1)])
  })

  test('a value out of range or of the wrong form is told in one line, exit 2', async (t) => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    const hasReusePort = major > 22 || (major === 22 && minor >= 12)
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['udp-server', '0', '--ttl', '0'], /--ttl: "0"/],
      [['udp-server', '0', '--join', '10.0.0.1'], /"10\.0\.0\.1" is not a multicast address/],
      [['udp-server', '0', '--interface', 'nosuch'], /"nosuch" is no IPv4 interface[^\n]*127\.0\.0\.1/],
      [['udp-server', '0', '--chunk', '0'], /--chunk: "0"/],
      [['udp-server', '0', '--split', 'x'], /"x" is not one of line, nul, none/],
      ...(hasReusePort ? [] : [[['udp-server', '0', '--reuse-port'], /Node 22\.12/] as const]),
      [['udp-server', '0', '--service', 'chat'], /"chat" is not one of none, echo/],
      [['udp-client', '127.0.0.1', '0'], /"0" is not a port/],
      [['udp-client', '127.0.0.1', '9', '--multicast-ttl', '256'], /--multicast-ttl: "256"/],
      [['udp-client', '127.0.0.1', '9', '--interface', 'nosuch'], /"nosuch" is no IPv4 interface/],
      [['udp-client', '127.0.0.1', '9', '--on-eof', 'fin'], /"fin" is not one of close, stay/],
    ]
    for (let at = 0; at < cases.length; at += 4) {
      await Promise.all(
        cases.slice(at, at + 4).map(async ([args, why]) => {
          const { code, stdout, stderr } = await run(t, args)
          assert.deepEqual([args, code, stdout.length], [args, 2, 0])
          assert.match(stderr, /^sockpit: [^\n]+\n$/)
          assert.match(stderr, why)
        }),
      )
    }
  })
})
