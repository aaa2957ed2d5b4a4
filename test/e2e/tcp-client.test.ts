import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { freePort, keepPeers, listenHere, type Peer } from './sockets.ts'
import { overTcp, run, start, temporaryFolder, text } from './sockpit.ts'
import { resolveTo, spyOnSockets } from './stand-ins.ts'

// Side by side: most of these wait for something.
describe('tcp-client', { concurrency: 3 }, () => {
  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  )
  const withoutIpv6 = hasIpv6 ? false : 'this machine has no ::1'

  /** What a server here does with a client: sends everything back, and ends when the client ends. */
  function echo(peer: Peer): void {
    peer.socket.pipe(peer.socket)
  }

  test('a reply is printed whether it comes at once, after a second, or only after our FIN', async (t) => {
    const atOnce = await listenHere(t, ({ socket }) => socket.end('at once\n'))
    const later = await listenHere(t, ({ socket }) => setTimeout(() => socket.end('later\n'), 1_200))
    const afterFin = await listenHere(t, (peer) => {
      void peer.whole().then((question) => peer.socket.end(`you said ${question}`))
    })
    const outcomes = await Promise.all(
      [atOnce, later, afterFin].map((port) =>
        run(t, ['tcp-client', '127.0.0.1', String(port)], { stdin: 'hi\n' }),
      ),
    )
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.code, text(outcome), outcome.stderr]),
      [
        [0, 'at once\n', ''],
        [0, 'later\n', ''],
        [0, 'you said hi\n', ''],
      ],
    )
  })

  test('a client that neither reads nor sends stays until it is told to go', async (t) => {
    const { port } = await keepPeers(t)
    const args = ['tcp-client', '127.0.0.1', String(port), '--hold', '--json', '-w', '500ms']
    const client = start(t, args, { stdin: 'ignore' })
    await client.event('ended', ({ by }) => by === 'us')
    const { code } = await client.exit
    assert.equal(code, 0)
    const [closed] = client.eventsOf('closed').map(overTcp)
    assert.ok(closed !== undefined && closed.openMs >= 450, JSON.stringify(closed))
    assert.equal(closed.answered, false)
  })

  test('-4 and -6 choose among the addresses of a name', { skip: withoutIpv6 }, async (t) => {
    const both = resolveTo(t, ['::1', '127.0.0.1'])
    const port = await listenHere(t, echo)
    const six = await run(t, ['tcp-client', 'localhost', String(port), '-6'], both)
    assert.equal(six.code, 1)
    assert.match(six.stderr, /^sockpit: Cannot connect to localhost:\d+: connection refused[^\n]+\n$/)
    const four = start(t, ['tcp-client', 'localhost', String(port), '-4', '--json'], both)
    assert.equal((await four.exit).code, 0)
    assert.deepEqual((await four.event('resolved')).addresses, ['127.0.0.1'])
  })

  test('--retry tries again with a longer pause each time, until a server is there', async (t) => {
    const port = await freePort(t)
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--retry', '6', '--json'], {
      stdin: 'late',
    })
    await client.event('note', (note) => note.text.includes('(2 of 6)'))
    await listenHere(t, echo, { port })
    const { code } = await client.exit
    assert.equal(code, 0)
    assert.equal(client.receivedBy('client'), 'late')
    const pauses = client
      .eventsOf('note')
      .map((note) => /Trying again in (\S+ \S+) \((\d) of 6\)\.$/.exec(note.text)?.slice(1))
    assert.deepEqual(pauses.slice(0, 2), [
      ['250 ms', '1'],
      ['500 ms', '2'],
    ])
    const [first, second] = client.eventsOf('connecting')
    assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= 245)
  })

  test('--retry gives up after so many times, with the last reason', async (t) => {
    const port = await freePort(t)
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--retry', '1', '--json'])
    const { code, stderr } = await client.exit
    assert.equal(code, 1)
    assert.equal(client.eventsOf('connecting').length, 2)
    assert.match(stderr, /^sockpit: [^\n]*ECONNREFUSED[^\n]*$/m)
  })

  test('--local-address and --local-port choose our end', async (t) => {
    const { peers, port } = await keepPeers(t, echo)
    const localPort = await freePort(t)
    const args = ['--local-address', '127.0.0.9', '--local-port', String(localPort), '--json']
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), ...args])
    const { local } = await client.event('opened')
    assert.deepEqual([local.address, local.port], ['127.0.0.9', localPort])
    assert.equal((await client.exit).code, 0)
    assert.deepEqual(peers.length, 1)
    const foreign = await run(t, ['tcp-client', '127.0.0.1', String(port), '--local-address', '203.0.113.7'])
    assert.equal(foreign.code, 1)
    assert.match(foreign.stderr, /^sockpit: [^\n]*\(EADDRNOTAVAIL\)\. --local-address takes [^\n]*\n$/)
    const taken = await run(t, [
      'tcp-client',
      '127.0.0.1',
      String(port),
      '--local-port',
      String(port),
      '--local-address',
      '127.0.0.1',
    ])
    assert.equal(taken.code, 1)
    assert.match(taken.stderr, /^sockpit: [^\n]*\(EADDRINUSE\)\. Choose another --local-port[^\n]*\n$/)
  })

  test('-z tells how long connecting took and leaves, having sent nothing', async (t) => {
    const { peerAt, port } = await keepPeers(t)
    const outcome = await run(t, ['tcp-client', '127.0.0.1', String(port), '-z'], { stdin: 'not sent' })
    assert.deepEqual([outcome.code, text(outcome)], [0, ''])
    const words = outcome.stderr.replace(/\s+/g, ' ')
    assert.match(words, new RegExp(`127\\.0\\.0\\.1:${port} accepts connections: connected in [\\d.]+ ms $`))
    assert.equal((await (await peerAt(0)).whole()).length, 0)
  })

  test('--on-eof fin half-closes and reads on; close leaves; stay keeps both directions', async (t) => {
    const { peers, peerAt, port } = await keepPeers(t)
    const [fin, close, stay] = ['fin', 'close', 'stay'].map((onEof, index) => {
      const args = ['tcp-client', '127.0.0.1', String(port), '--on-eof', onEof, '--json']
      return start(t, args, { stdin: `client ${index}` })
    })
    assert.ok(fin && close && stay)
    const closed = await close.exit
    assert.equal(closed.code, 0)
    const { first, how } = overTcp(await close.event('closed'))
    assert.deepEqual([first, how], ['us', 'fin'])

    await stay.event('bytes')
    await fin.event('ended', ({ by }) => by === 'us')
    const peerOf = async (index: number) => {
      await Promise.all([0, 1, 2].map(async (place) => (await peerAt(place)).has('client ')))
      const found = peers.find((peer) => peer.text === `client ${index}`)
      assert.ok(found)
      return found
    }
    const ended = await peerOf(0)
    await ended.fin
    ended.socket.end('after your FIN')
    assert.equal((await fin.exit).code, 0)
    assert.equal(fin.receivedBy('client'), 'after your FIN')

    const staying = await peerOf(2)
    staying.socket.write('you are still there')
    await stay.received('client', 'you are still there')
    assert.deepEqual(stay.eventsOf('ended'), [])
    assert.equal((await stay.interrupt()).code, 130)
    await staying.fin
  })

  test('-n ends after so many reads', async (t) => {
    const { peerAt, port } = await keepPeers(t)
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '-n', '2', '--json'], { stdin: 'pipe' })
    await client.event('opened')
    const peer = await peerAt(0)
    peer.socket.write('one')
    await client.received('client', 'one')
    peer.socket.write('two')
    assert.equal((await client.exit).code, 0)
    assert.equal(client.eventsOf('bytes').length, 2)
    await peer.fin
  })

  test('-w ends after so long with nothing happening, and not before', async (t) => {
    const { peerAt, port } = await keepPeers(t)
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '-w', '1200ms', '--json'], {
      stdin: 'pipe',
    })
    await client.event('opened')
    const peer = await peerAt(0)
    const ticking = setInterval(() => peer.socket.write('.'), 100)
    t.after(() => clearInterval(ticking))
    await client.received('client', '........')
    clearInterval(ticking)
    assert.equal((await client.exit).code, 0)
    const reads = client.eventsOf('bytes')
    const { openMs } = await client.event('closed')
    const { at } = await client.event('opened')
    const quietMs = at + openMs - (reads.at(-1)?.at ?? 0)
    assert.ok(quietMs >= 1_190 && quietMs < 10_000, `${quietMs} ms`)
  })

  test('--eol chooses what ends a typed line; piped bytes are left alone', async (t) => {
    for (const [eol, sent] of [
      ['lf', 'typed\n/verb\npiped'],
      ['crlf', 'typed\r\n/verb\r\npiped'],
      ['none', 'typed/verbpiped'],
    ]) {
      const port = await listenHere(t, echo)
      const args = [
        'tcp-client',
        '127.0.0.1',
        String(port),
        '--eol',
        eol ?? '',
        '-e',
        'typed',
        '-e',
        '//verb',
      ]
      const outcome = await run(t, args, { stdin: 'piped' })
      assert.deepEqual([outcome.code, text(outcome)], [0, sent])
    }
  })

  test('--chunk and --delay cut what is piped into writes with pauses', async (t) => {
    const port = await listenHere(t, echo)
    const args = ['tcp-client', '127.0.0.1', String(port), '--chunk', '3', '--delay', '80ms', '--json']
    const client = start(t, args, { stdin: '12345678' })
    assert.equal((await client.exit).code, 0)
    assert.equal(client.receivedBy('client'), '12345678')
    const writes = client.eventsOf('bytes').filter(({ direction }) => direction === 'sent')
    assert.deepEqual(
      writes.map(({ size }) => size),
      [3, 3, 2],
    )
    const gaps = writes.slice(1).map(({ at }, index) => at - (writes[index]?.at ?? 0))
    assert.ok(
      gaps.every((gap) => gap >= 78),
      `${gaps}`,
    )
  })

  test('--no-delay and --keep-alive reach the socket, and /set changes them', async (t) => {
    const port = await listenHere(t, echo)
    const client = start(
      t,
      [
        'tcp-client',
        '127.0.0.1',
        String(port),
        '--no-delay',
        '--keep-alive',
        '9s',
        '-e',
        '/set no-delay off',
        '-e',
        '/set keep-alive 11s',
        '-e',
        '/set keep-alive off',
      ],
      spyOnSockets(t),
    )
    const { code, stderr } = await client.exit
    assert.equal(code, 0)
    assert.deepEqual(
      stderr.split('\n').filter((line) => line.startsWith('spy ')),
      [
        'spy setNoDelay true',
        'spy setKeepAlive true 9000',
        'spy setNoDelay false',
        'spy setKeepAlive true 11000',
        'spy setKeepAlive false 0',
      ],
    )
  })

  test('without an option no socket option is set', async (t) => {
    const port = await listenHere(t, echo)
    const { stderr } = await run(t, ['tcp-client', '127.0.0.1', String(port)], spyOnSockets(t))
    assert.ok(!stderr.includes('spy setKeepAlive') && !stderr.includes('spy setNoDelay true'), stderr)
  })

  test('/set chunk, delay, read-size, rate, half-open and eol act from then on', async (t) => {
    const { port } = await keepPeers(t, echo)
    const script = [
      '/set chunk 2',
      '/set delay 30ms',
      '/set read-size 1',
      '/set eol none',
      'abcd',
      '/expect abcd',
      '/set chunk off',
      '/set delay off',
      '/set eol crlf',
      'whole',
      '/expect whole\\r\\n',
      '/set rate 20',
      '12345678',
      '/expect 78',
    ]
    const client = start(t, [
      'tcp-client',
      '127.0.0.1',
      String(port),
      '--json',
      ...script.flatMap((line) => ['-e', line]),
    ])
    assert.equal((await client.exit).code, 0)
    const told = client.eventsOf('bytes')
    const writes = told.filter(({ direction }) => direction === 'sent')
    const reads = told.filter(({ direction }) => direction === 'received')
    assert.deepEqual(
      writes.map(({ payload }) => Buffer.from(payload).toString()),
      ['ab', 'cd', 'whole\r\n', '12345678\r\n'],
    )
    assert.ok(
      reads.every(({ size }) => size === 1),
      `${reads.map(({ size }) => size)}`,
    )
    const rated = reads.slice(11)
    const tookMs = (rated.at(-1)?.at ?? 0) - (rated[0]?.at ?? 0)
    assert.ok(tookMs >= 9 * 45, `10 B at 20 B/s took ${tookMs} ms`)
  })

  test('--half-open, or /set half-open on, leaves the FIN of the peer unanswered', async (t) => {
    const { peerAt, port } = await keepPeers(t, ({ socket }) => socket.end('bye'))
    const ways = [['--half-open'], ['-e', '/set half-open on']]
    for (const [index, way] of ways.entries()) {
      const args = ['tcp-client', '127.0.0.1', String(port), '--json', '--on-eof', 'stay', ...way]
      const client = start(t, [
        ...args,
        '-e',
        '/wait fin',
        // A script that goes on holds our FIN back for a second by itself.
        '-e',
        '/wait 1300ms',
        '-e',
        '/peers',
        '-e',
        'after your FIN',
        '-e',
        '/fin',
      ])
      assert.equal((await client.exit).code, 0)
      assert.equal(overTcp(await client.event('stats')).peers[0]?.state, 'they ended')
      assert.equal((await (await peerAt(index)).whole()).toString(), 'after your FIN\n')
    }
  })

  test('--hold reads nothing until /resume, --read-size and --rate bound each read', async (t) => {
    const { port } = await keepPeers(t, ({ socket }) => socket.end('0123456789'))
    const args = [
      '--hold',
      '--read-size',
      '4',
      '--rate',
      '1KiB',
      '-e',
      '/wait 150ms',
      '-e',
      '/stats',
      '-e',
      '/resume',
    ]
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--json', ...args])
    assert.equal((await client.exit).code, 0)
    assert.deepEqual((await client.event('stats')).total.received, { bytes: 0, reads: 0 })
    assert.deepEqual(
      client.eventsOf('bytes').map(({ size }) => size),
      [4, 4, 2],
    )
    assert.ok((await client.event('resumed')).seq < (await client.event('bytes')).seq)
  })

  test('/pause stops reading, /reset aborts: the peer sees RST, and that is no failure of ours', async (t) => {
    // libuv takes a reset right behind data for a FIN: the data has to be read before.
    const { peerAt, port } = await keepPeers(t, ({ socket }) => {
      socket.once('data', () => socket.write('heard\n'))
    })
    const lines = ['last words', '/expect heard', '/pause', '/reset']
    const enter = lines.flatMap((line) => ['-e', line])
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--json', ...enter])
    assert.equal((await client.exit).code, 0)
    const { first, how } = overTcp(await client.event('closed'))
    assert.deepEqual([first, how], ['us', 'reset'])
    assert.equal(await (await peerAt(0)).closed, 'ECONNRESET')
    assert.equal(client.eventsOf('paused').length, 1)
  })

  test('/expect that is met goes on; one that is not says what came instead, exit 7', async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.write('220 ready\r\n550 no \x1bsuch box\r\n'))
    const args = [
      'tcp-client',
      '127.0.0.1',
      String(port),
      '--json',
      '-e',
      '/expect 220',
      '-e',
      '/expect "250 ok" within 200ms',
      '-e',
      'never sent',
    ]
    const client = start(t, args)
    const { code, stderr } = await client.exit
    assert.equal(code, 7)
    assert.match(
      stderr,
      /^sockpit: --enter: Expected "250 ok" within 200 ms: received instead: " ready\\r\\n550 no \\x1bsuch box\\r\\n"$/m,
    )
    const [met, failed] = client.eventsOf('expected')
    assert.deepEqual([met?.met, failed?.met], [true, false])
    assert.equal(Buffer.from(failed?.instead ?? []).toString(), ' ready\r\n550 no \x1bsuch box\r\n')
    assert.ok((failed?.tookMs ?? 0) >= 195)
    assert.equal(client.eventsOf('bytes').filter(({ direction }) => direction === 'sent').length, 0)
  })

  test('/expect fails at once where the connection is over, exit 7', async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.end('bye'))
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '-e', '/expect welcome within 30s'])
    const { code, stdout, stderr } = await client.exit
    assert.deepEqual([code, stdout.toString()], [7, 'bye'])
    assert.match(stderr, /^sockpit: --enter: Expected "welcome" [^\n]*received instead: "bye"$/m)
  })

  test('/wait waits for a time, for fin, closed and drained, and says when it does not come: exit 3', async (t) => {
    const port = await listenHere(t, (peer) => {
      peer.has('now\n').then(
        () => peer.socket.end('done'),
        () => {},
      )
    })
    const script = [
      '/wait connected',
      '/wait 200ms',
      'now',
      '/wait fin within 10s',
      '/wait drained',
      '/fin',
      '/wait closed',
    ]
    const client = start(t, [
      'tcp-client',
      '127.0.0.1',
      String(port),
      '--json',
      '--half-open',
      ...script.flatMap((line) => ['-e', line]),
    ])
    assert.equal((await client.exit).code, 0)
    const { at } = await client.event('opened')
    const sent = await client.event('bytes', ({ direction }) => direction === 'sent')
    assert.ok(sent.at - at >= 195, `${sent.at - at} ms`)
    assert.deepEqual(
      client.eventsOf('ended').map(({ by }) => by),
      ['peer', 'us'],
    )
    const vain = await run(t, ['tcp-client', '127.0.0.1', String(port), '-e', '/wait fin within 100ms'])
    assert.equal(vain.code, 3)
    assert.match(vain.stderr, /^sockpit: --enter: \/wait fin: it did not come to that within 100 ms$/m)
  })

  test('--script runs the lines of a file after --enter; # and empty lines say nothing', async (t) => {
    const { peerAt, port } = await keepPeers(t, echo)
    const path = join(temporaryFolder(t), 'script')
    writeFileSync(
      path,
      '\ufeff# a comment\r\n\r\n   \n  # indented\nfrom the script\n//slash\n/send no end\n/expect no end\n',
    )
    const args = ['tcp-client', '127.0.0.1', String(port), '--script', path, '-e', '# entered is payload']
    const outcome = await run(t, args, { stdin: ' then stdin' })
    const whole = '# entered is payload\nfrom the script\n/slash\nno end then stdin'
    assert.deepEqual([outcome.code, text(outcome)], [0, whole])
    assert.equal((await peerAt(0)).text, whole)
  })

  test('--script - reads the lines from standard input', async (t) => {
    const port = await listenHere(t, echo)
    const outcome = await run(t, ['tcp-client', '127.0.0.1', String(port), '--script', '-'], {
      stdin: '# comment\nhello\n/expect hello\n/send last',
    })
    assert.deepEqual(
      [outcome.code, text(outcome), outcome.stderr.includes('sockpit: ')],
      [0, 'hello\nlast', false],
    )
  })

  test('a line that cannot be understood is found before anything is connected or sent, exit 2', async (t) => {
    const { peers, port } = await keepPeers(t)
    const path = join(temporaryFolder(t), 'script')
    writeFileSync(path, 'first\n# fine\n/expct 250\n')
    const outcome = await run(t, ['tcp-client', '127.0.0.1', String(port), '--script', path])
    assert.deepEqual([outcome.code, text(outcome)], [2, ''])
    assert.equal(
      outcome.stderr,
      `sockpit: ${path}:3: "/expct" is no verb: did you mean /expect? (a payload that starts with / is written //)\n`,
    )
    writeFileSync(path, Buffer.from('fine\nnot \xff fine\n', 'latin1'))
    const bytes = await run(t, ['tcp-client', '127.0.0.1', String(port), '--script', path])
    assert.equal(bytes.code, 2)
    assert.match(
      bytes.stderr,
      /script:2: the line is not UTF-8; write other bytes as \/hex, or \/send \\xff\n$/,
    )
    const missing = await run(t, ['tcp-client', '127.0.0.1', String(port), '--script', `${path}.missing`])
    assert.equal(missing.code, 2)
    assert.equal(missing.stderr, `sockpit: Cannot read the script "${path}.missing": no such file (ENOENT)\n`)
    const server = await run(t, ['tcp-client', '127.0.0.1', String(port), '-e', '/kick 1'])
    assert.equal(server.code, 2)
    assert.equal(peers.length, 0)
  })

  test('closed cleanly is 0, whoever ends first', async (t) => {
    const theyFirst = await listenHere(t, ({ socket }) => socket.end())
    const weFirst = await listenHere(t, echo)
    for (const [port, side] of [
      [theyFirst, 'peer'],
      [weFirst, 'us'],
    ] as const) {
      const stdin = side === 'peer' ? 'pipe' : 'ignore'
      const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--json'], { stdin })
      assert.equal((await client.exit).code, 0)
      const { first, how } = overTcp(await client.event('closed'))
      assert.deepEqual([first, how], [side, 'fin'])
    }
  })

  test('every form of the address is understood', async (t) => {
    const port = await listenHere(t, echo)
    const forms = [
      ['127.0.0.1', String(port)],
      [`127.0.0.1:${port}`],
      ['localhost', String(port), '-4'],
      [String(port), '-4'],
    ]
    const outcomes = await Promise.all(forms.map((form) => run(t, ['tcp-client', ...form], { stdin: 'x' })))
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.code, text(outcome)]),
      forms.map(() => [0, 'x']),
    )
  })

  test('what cannot be meant is told in one line, exit 2, and nothing is connected', async (t) => {
    const { peers, port } = await keepPeers(t)
    const cases: readonly (readonly string[])[] = [
      ['127.0.0.1', '0'],
      ['', String(port)],
      ['a b', String(port)],
      ['host\nname', String(port)],
      ['::1:x:9', '-4'],
      ['127.0.0.1', String(port), '-6'],
      ['127.0.0.1', String(port), '-4', '-6'],
      ['127.0.0.1', String(port), '--connect-timeout', '0'],
      ['127.0.0.1', String(port), '--connect-timeout', 'soon'],
      ['127.0.0.1', String(port), '--retry', '-1'],
      ['127.0.0.1', String(port), '--local-address', 'here'],
      ['127.0.0.1', String(port), '--local-port', '65536'],
      ['127.0.0.1', String(port), '--on-eof', 'leave'],
      ['127.0.0.1', String(port), '-n', '0'],
      ['127.0.0.1', String(port), '-w', '-1'],
      ['127.0.0.1', String(port), '--show', 'some'],
      ['127.0.0.1', String(port), '--time', 'now'],
      ['127.0.0.1', String(port), '--prob'],
    ]
    for (let at = 0; at < cases.length; at += 4) {
      const some = cases.slice(at, at + 4)
      const outcomes = await Promise.all(some.map((args) => run(t, ['tcp-client', ...args])))
      for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
        const args = some[index]?.join(' ')
        assert.deepEqual([args, code, stdout.length], [args, 2, 0])
        assert.match(stderr, /^sockpit: [^\n]+\n$/, args)
      }
    }
    assert.equal(peers.length, 0)
  })
})
