import assert from 'node:assert/strict'
import { openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { decodeEvent } from '../../src/views/json.ts'
import { connectTo, freePort, keepPeers, listenHere, type Peer } from './sockets.ts'
import { run, serve, serveRaw, start, temporaryFolder, text } from './sockpit.ts'

// Side by side: most of these wait for something.
describe('streams', { concurrency: 3 }, () => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

  function echo(peer: Peer): void {
    peer.socket.pipe(peer.socket)
  }

  /** The numbers that no run repeats, as words. */
  function steady(text: string): string {
    return text
      .replace(/127\.0\.0\.1:\d+/g, 'HERE')
      .replace(/\d+(?:\.\d+)? m?s\b/g, 'SOME ms')
      .replace(/at +\d+\.\d{3}/g, 'at TIME')
      .replace(/ +\n/g, '\n')
  }

  test('to a pipe: raw, which is what was received and nothing else', async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.end('received\x1b[31m, as it is'))
    const outcome = await run(t, ['tcp-client', '127.0.0.1', String(port)], { stdin: 'sent' })
    assert.deepEqual([outcome.code, text(outcome), outcome.stderr], [0, 'received\x1b[31m, as it is', ''])
  })

  test('a server writes what all its clients send to stdout, byte for byte', async (t) => {
    const { server, port } = await serveRaw(t, ['--once'])
    const peer = await connectTo(t, port)
    peer.socket.end(Buffer.concat([everyByte, everyByte]))
    const { code, stdout } = await server.exit
    assert.deepEqual([code, stdout.equals(Buffer.concat([everyByte, everyByte]))], [0, true])
  })

  test('a standard output that nobody reads holds the sender back, and nothing is lost', async (t) => {
    const bytes = Buffer.alloc(48 * 2 ** 20, everyByte)
    for (const view of ['--raw', '--json']) {
      const { peerAt, port } = await keepPeers(t)
      const client = start(t, ['tcp-client', '127.0.0.1', String(port), view], {
        stdin: 'ignore',
        unread: true,
      })
      const { socket } = await peerAt(0)
      const sent = new Promise((resolve) => socket.end(bytes, () => resolve('all was taken')))
      const patience = new Promise((resolve) => setTimeout(() => resolve('it waits'), 1_000))
      assert.equal(await Promise.race([sent, patience]), 'it waits', view)
      client.readOutput()
      const { code, stdout } = await client.exit
      assert.equal(code, 0)
      if (view === '--raw') assert.ok(stdout.equals(bytes))
      else assert.equal(decodeEvent(stdout.toString().trimEnd().split('\n').at(-1) ?? '').kind, 'closed')
    }
  })

  test('a standard output that nobody reads holds our own sending back, where it has to tell of it', async (t) => {
    const { peerAt, port } = await keepPeers(t)
    const size = 48 * 2 ** 20
    const path = join(temporaryFolder(t), 'file')
    writeFileSync(path, Buffer.alloc(size, everyByte))
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--json', '--on-eof', 'close'], {
      stdin: openSync(path, 'r'),
      unread: true,
    })
    const peer = await peerAt(0)
    const { socket } = peer
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    assert.ok(socket.bytesRead < size, `${socket.bytesRead} B were sent although nobody heard of it`)
    client.readOutput()
    assert.equal((await client.exit).code, 0)
    await peer.fin
    assert.equal(socket.bytesRead, size)
  })

  test('json: every line is an event, and seq counts without a gap, on both sides', async (t) => {
    const { server, port } = await serve(t, ['--echo'])
    const client = start(t, ['tcp-client', 'localhost', String(port), '-4', '--json', '-v'], {
      stdin: Buffer.concat([everyByte, Buffer.from('\u2028 ümlaut \x1b]0;x\x07\n')]),
    })
    const { code, stdout } = await client.exit
    assert.equal(code, 0)
    await server.event('closed')
    const serverOut = (await server.interrupt()).stdout
    for (const [out, kinds] of [
      [stdout, ['resolved', 'connecting', 'opened', 'bytes', 'ended', 'closed']],
      [serverOut, ['listening', 'opened', 'bytes', 'ended', 'closed']],
    ] as const) {
      assert.match(out.toString('latin1'), /^[ -~\n\x80-\xff]+$/)
      const lines = out.toString().split('\n')
      assert.equal(lines.pop(), '')
      const events = lines.map(decodeEvent)
      assert.deepEqual(
        events.map(({ seq }) => seq),
        lines.map((_, index) => index + 1),
      )
      assert.deepEqual([...new Set(events.map(({ kind }) => kind))].sort(), [...kinds].sort())
      assert.ok(events.every(({ at }, index) => at >= (events[index - 1]?.at ?? 0)))
    }
  })

  test('hex: rows of offset, bytes and text for each write and read', async (t) => {
    const port = await listenHere(t, (peer) => {
      peer.socket.on('end', () => peer.socket.end(`bye\0${'\xe9'}`))
    })
    const outcome = await run(t, ['tcp-client', '127.0.0.1', String(port), '-x'], {
      stdin: 'hello, sockets\n1234',
    })
    assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
    assert.equal(
      steady(text(outcome)),
      [
        '→ client  write 19 B  at TIME',
        '→ 00000000  68 65 6c 6c 6f 2c 20 73  6f 63 6b 65 74 73 0a 31  |hello, sockets.1|',
        '→ 00000010  32 33 34                                          |234|',
        '← client  read 6 B  at TIME',
        '← 00000000  62 79 65 00 c3 a9                                 |bye...|',
        '',
      ].join('\n'),
    )
  })

  test('log: the whole screen of a short talk', async (t) => {
    const port = await listenHere(t, (peer) => {
      peer.socket.on('end', () => peer.socket.end('\x1b[2Jgone\n'))
    })
    const outcome = await run(
      t,
      ['tcp-client', '127.0.0.1', String(port), '--view', 'log', '--time', 'none'],
      {
        stdin: 'hello\n',
      },
    )
    assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
    assert.deepEqual(
      steady(text(outcome))
        .replace(/HERE in SOME ms, from\s+HERE/, 'HERE')
        .split('\n')
        .map((line) => line.trim()),
      [
        'client  +             connected to HERE',
        'client  →        6 B  write  hello\\n',
        'client  ⇥             we ended our side (FIN): no more will go out',
        'client  ←        9 B  read   \\x1b[2Jgone\\n',
        'client  ⇤             they ended their side (FIN): no more to come',
        'client  -             closed after SOME ms: we ended first (FIN), and they',
        'answered',
        'in 9 B (1 read), out 6 B (1 write)',
        'nothing lost here',
        '',
      ],
    )
  })

  test('--show cuts a long payload and tells its true size; --time changes the first column', async (t) => {
    const port = await listenHere(t, echo)
    const args = ['tcp-client', '127.0.0.1', String(port), '--view', 'log', '--show', '4']
    const cut = text(await run(t, [...args, '--time', 'clock'], { stdin: 'abcdefgh' }))
    assert.match(cut, /^\d\d:\d\d:\d\d\.\d{3} {2}client {2}→ {8}8 B {2}write {2}abcd\n\s+… 4 B more\n/m)
    const delta = text(await run(t, [...args, '--time', 'delta'], { stdin: 'abcdefgh' }))
    assert.match(delta, /^ *\+\d+\.\d{3} {2}client {2}→/m)
    const all = text(await run(t, [...args.slice(0, -1), 'all'], { stdin: 'Q'.repeat(1_000) }))
    assert.equal(all.split('Q').length - 1, 2_000)
  })

  test('colour only where it is asked for: not to a pipe, --color yes, --no-color and NO_COLOR no', async (t) => {
    const port = await listenHere(t, echo)
    const colorOf = async (more: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const args = ['tcp-client', '127.0.0.1', String(port), '--view', 'log', ...more]
      return text(await run(t, args, { stdin: 'x', env })).includes('\x1b[')
    }
    assert.deepEqual(
      await Promise.all([
        colorOf([]),
        colorOf(['--color']),
        colorOf(['--no-color']),
        colorOf(['--color', '--no-color']),
        colorOf([], { NO_COLOR: '1', FORCE_COLOR: '3' }),
      ]),
      [false, true, false, false, false],
    )
  })

  test('-q says nothing but errors; -v tells of attempts, on stderr in raw', async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.end('data'))
    const args = ['tcp-client', 'localhost', String(port), '-4']
    const quiet = await run(t, [...args, '-q', '-w', '5s'])
    assert.deepEqual([quiet.code, text(quiet), quiet.stderr], [0, 'data', ''])
    const loud = await run(t, [...args, '-v', '--time', 'none'])
    assert.deepEqual([loud.code, text(loud)], [0, 'data'])
    const said = steady(loud.stderr).replace(/\s+/g, ' ')
    assert.match(
      said,
      /^client · localhost is 127\.0\.0\.1, looked up in SOME ms client · connecting to HERE, attempt 1 of 1 client \+ connected to HERE in SOME ms, from HERE /,
    )
    assert.match(said, /client - closed after SOME ms: .* in 4 B \(1 read\), out 0 B/)
    const refused = await freePort(t)
    const wrong = await run(t, ['tcp-client', '127.0.0.1', String(refused), '-q'])
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /^sockpit: [^\n]+\n$/)
  })

  test('-q on a server: not even the port is said', async (t) => {
    const port = await freePort(t)
    const server = start(t, ['tcp-server', String(port), '-q', '--once'])
    const client = await run(t, ['tcp-client', '127.0.0.1', String(port), '--retry', '8'], { stdin: 'quiet' })
    assert.equal(client.code, 0)
    const { code, stdout, stderr } = await server.exit
    assert.deepEqual([code, stdout.toString(), stderr], [0, 'quiet', ''])
  })

  test('what goes wrong inside is one line, with DEBUG=sockpit a stack too', async (t) => {
    const port = await freePort(t)
    const plain = await run(t, ['tcp-client', '127.0.0.1', String(port)], { env: { DEBUG: '' } })
    assert.doesNotMatch(plain.stderr, /\n {4}at /)
    const help = await run(t, ['tcp-client', '--help'])
    assert.equal(help.code, 0)
    assert.match(text(help), /--on-eof <what>/)
    const nothing = await run(t, [])
    assert.equal(nothing.code, 2)
    const unknown = await run(t, ['tcp-sever'])
    assert.deepEqual([unknown.code, text(unknown)], [2, ''])
    assert.match(unknown.stderr, /^sockpit: [^\n]*tcp-server[^\n]*\n$/)
  })

  test('/file is written in pieces of the chunk that was asked for, smaller or larger than usual', async (t) => {
    const folder = temporaryFolder(t)
    writeFileSync(join(folder, 'file.bin'), Buffer.alloc(300_000, 'x'))
    for (const [chunk, writes] of [
      ['100000', [100_000, 100_000, 100_000]],
      ['1MiB', [300_000]],
      ['200000', [200_000, 100_000]],
    ] as const) {
      const { peerAt, port } = await keepPeers(t)
      const words = ['127.0.0.1', String(port), '--chunk', chunk, '--json', '--on-eof', 'close']
      const client = start(t, ['tcp-client', ...words, '-e', `/file ${join(folder, 'file.bin')}`], {
        stdin: 'ignore',
      })
      const peer = await peerAt(0)
      peer.socket.resume()
      assert.equal((await client.exit).code, 0)
      assert.deepEqual(
        client.eventsOf('bytes').map(({ size }) => size),
        writes,
      )
    }
  })
})
