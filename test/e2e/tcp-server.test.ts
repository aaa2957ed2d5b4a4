import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connectTo, freePort, type Peer } from './sockets.ts'
import { overTcp, run, serve, start } from './sockpit.ts'
import { spyOnSockets } from './stand-ins.ts'

// Side by side: most of these wait for something.
describe('tcp-server', { concurrency: 3 }, () => {
  /** A server that takes its script from standard input, and its first clients, in order. */
  async function serveScripted(t: Parameters<typeof serve>[0], args: readonly string[], clients: number) {
    const { server, port } = await serve(t, [...args, '--script', '-'], { stdin: 'pipe' })
    const peers: Peer[] = []
    for (let number = 1; number <= clients; number++) {
      peers.push(await connectTo(t, port))
      await server.event('opened', (event) => event.socket === `server#${number}`)
    }
    return { server, port, peers: peers as [Peer, ...Peer[]] }
  }

  test('echo sends everything back, and the verdict counts it', async (t) => {
    const { server, port } = await serve(t, ['--echo'])
    const peer = await connectTo(t, port)
    peer.socket.end('hello\n')
    assert.equal((await peer.whole()).toString(), 'hello\n')
    const { first, how, sent, received, unsent } = overTcp(await server.event('closed'))
    assert.deepEqual(
      { first, how, sent, received, unsent },
      {
        first: 'peer',
        how: 'fin',
        sent: { bytes: 6, writes: 1 },
        received: { bytes: 6, reads: 1 },
        unsent: 0,
      },
    )
    const { code, stderr } = await server.interrupt()
    assert.equal(code, 130)
    assert.match(stderr, /^ {3}\d\.\d{3} {2}server {2}● {13}listening on 127\.0\.0\.1:\d+,/)
  })

  test('--service echo is --echo, and contradicts no other service', async (t) => {
    const { server, port } = await serve(t, ['--service', 'echo', '--echo'])
    assert.equal((await server.event('listening')).service, 'echo')
    const peer = await connectTo(t, port)
    peer.socket.end('x')
    assert.equal((await peer.whole()).toString(), 'x')
    const { code, stdout, stderr } = await run(t, ['tcp-server', '0', '--echo', '--service', 'chat'])
    assert.deepEqual([code, stdout.length], [2, 0])
    assert.match(stderr, /^sockpit: --echo is short for --service echo, but --service chat [^\n]*\n$/)
  })

  test('discard takes everything and says nothing', async (t) => {
    const { server, port } = await serve(t, ['--service', 'discard'])
    const peer = await connectTo(t, port)
    peer.socket.end('a'.repeat(10_000))
    assert.equal((await peer.whole()).length, 0)
    const { received, sent } = await server.event('closed')
    assert.deepEqual([received.bytes, sent.bytes], [10_000, 0])
  })

  test('none answers a FIN with a FIN', async (t) => {
    const { server, port } = await serve(t)
    const peer = await connectTo(t, port)
    peer.socket.end('a')
    assert.equal((await peer.whole()).length, 0)
    assert.equal((await server.event('listening')).service, 'none')
  })

  test('chargen sends the pattern of RFC 864 until the peer leaves, and then serves the next', async (t) => {
    const { server, port } = await serve(t, ['--service', 'chargen'])
    const peer = await connectTo(t, port)
    await peer.has(74 * 96)
    const lines = peer.text.split('\r\n')
    const ring = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
    for (const start of [0, 1, 2, 93, 94, 95]) {
      assert.equal(lines[start], (ring + ring).slice(start % 95, (start % 95) + 72))
    }
    peer.socket.resetAndDestroy()
    const { first, how } = overTcp(await server.event('closed'))
    assert.deepEqual([first, how], ['peer', 'reset'])
    await (await connectTo(t, port)).has(74)
  })

  test('daytime tells the date in one line and ends', async (t) => {
    const { port } = await serve(t, ['--service', 'daytime'])
    const line = (await (await connectTo(t, port)).whole()).toString()
    assert.match(line, /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n$/)
    const awayMs = Math.abs(Date.parse(line.trim()) - Date.now())
    assert.ok(awayMs < 30_000, `${awayMs} ms away`)
  })

  test('time tells the seconds since 1900 in four bytes and ends', async (t) => {
    const { port } = await serve(t, ['--service', 'time'])
    const bytes = await (await connectTo(t, port)).whole()
    assert.equal(bytes.length, 4)
    const away = Math.abs(
      bytes.readUInt32BE() - (Date.parse('1970-01-01') - Date.parse('1900-01-01')) / 1000 - Date.now() / 1000,
    )
    assert.ok(away < 30, `${away} s away`)
  })

  test('chat carries each line to all the others, with who said it', async (t) => {
    const { server, peers } = await serveScripted(t, ['--service', 'chat'], 3)
    const [ann, bob, cleo] = peers
    assert.ok(bob && cleo)
    ann.socket.write('he')
    ann.socket.write('llo\nsecond\n')
    await Promise.all([bob.has('#1: second\n'), cleo.has('#1: second\n')])
    bob.socket.write('steer \x1b[2J\rme\n')
    await Promise.all([ann.has('\n'), cleo.has('#2:')])
    bob.socket.end('without line end')
    await Promise.all([ann.has('without line end\n'), cleo.has('without line end\n')])
    ann.socket.end()
    cleo.socket.end()
    const steered = '#2: steer \\x1b[2J\\x0dme\n'
    assert.equal((await ann.whole()).toString(), `${steered}#2: without line end\n`)
    assert.equal((await bob.whole()).toString(), '#1: hello\n#1: second\n')
    assert.equal((await cleo.whole()).toString(), `#1: hello\n#1: second\n${steered}#2: without line end\n`)
    await server.event('closed', ({ socket }) => socket === 'server#3')
  })

  test('--once serves one client, listens no longer, and ends with 0', async (t) => {
    const { server, port } = await serve(t, ['--once', '--echo'])
    const peer = await connectTo(t, port)
    await server.event('opened')
    await assert.rejects(connectTo(t, port), /ECONNREFUSED/)
    peer.socket.end('bye')
    assert.equal((await peer.whole()).toString(), 'bye')
    const { code } = await server.exit
    assert.equal(code, 0)
    assert.equal(server.eventsOf('opened').length, 1)
  })

  test('a reset is told also where bytes before it were still to be read', async (t) => {
    const { server, port } = await serve(t, ['--hold'], { stdin: 'pipe' })
    const peer = await connectTo(t, port)
    await server.event('opened')
    peer.socket.write('unread', () => peer.socket.resetAndDestroy())
    await peer.closed
    server.write('/resume\n')
    // Whether the bytes can still be read once the reset is there is for the kernel to say.
    const { first, how } = overTcp(await server.event('closed'))
    assert.deepEqual([first, how], ['peer', 'reset'])
    assert.equal((await server.interrupt()).code, 130)
  })

  test('--once ends with 1 where its client resets', async (t) => {
    const { server, port } = await serve(t, ['--once'])
    const peer = await connectTo(t, port)
    peer.socket.write('abc')
    await server.received('server#1', 'abc')
    peer.socket.resetAndDestroy()
    const { code, stderr } = await server.exit
    assert.equal(code, 1)
    assert.match(stderr, /^sockpit: [^\n]*ECONNRESET[^\n]*3 B received[^\n]*$/m)
  })

  test('--max-connections refuses more, counts and tells them, and serves again when there is room', async (t) => {
    const { server, port } = await serve(t, ['--max-connections', '2', '--echo'])
    const one = await connectTo(t, port)
    const two = await connectTo(t, port)
    await server.event('opened', ({ socket }) => socket === 'server#2')
    for (const count of [1, 2, 3]) {
      const refused = await connectTo(t, port)
      assert.equal((await refused.whole()).length, 0)
      refused.socket.destroy()
      const limit = await server.event('limit', (event) => event.count === count)
      assert.deepEqual([limit.what, limit.limit, limit.remote?.port !== 0], ['connections', 2, true])
      assert.match(limit.detail, /--max-connections/)
    }
    one.socket.end()
    await server.event('closed', ({ socket }) => socket === 'server#1')
    const later = await connectTo(t, port)
    for (const peer of [two, later]) {
      peer.socket.end('still served')
      assert.equal((await peer.whole()).toString(), 'still served')
    }
    assert.equal(server.eventsOf('limit').length, 3)
  })

  test('--backlog bounds the connections that wait to be accepted', async (t) => {
    const small = await serve(t, ['--backlog', '1', '--echo'])
    const large = await serve(t, ['--backlog', '50', '--echo'])
    for (const { server } of [small, large]) server.kill('SIGSTOP')
    const letIn: Peer[] = []
    for (let number = 0; number < 8; number++) {
      connectTo(t, small.port).then(
        (peer) => letIn.push(peer),
        () => {},
      )
    }
    await Promise.all(Array.from({ length: 8 }, () => connectTo(t, large.port)))
    assert.ok(letIn.length >= 1 && letIn.length < 8, `${letIn.length} of 8 were let in`)
    for (const { server } of [small, large]) server.kill('SIGCONT')
    const [first] = letIn
    first?.socket.end('in')
    assert.equal((await first?.whole())?.toString(), 'in')
  })

  test('--idle-timeout closes a silent client, and only that one', async (t) => {
    const { server, port } = await serve(t, ['--idle-timeout', '1200ms', '--echo'])
    const silent = await connectTo(t, port)
    const busy = await connectTo(t, port)
    const ticking = setInterval(() => busy.socket.write('.'), 50)
    t.after(() => clearInterval(ticking))
    const timeout = await server.event('timeout')
    assert.deepEqual([timeout.socket, timeout.what, timeout.afterMs], ['server#1', 'idle', 1_200])
    await silent.fin
    const { first, socket } = overTcp(await server.event('closed'))
    assert.deepEqual([first, socket], ['us', 'server#1'])
    const already = busy.received.length
    await busy.has(already + 3)
    clearInterval(ticking)
    const second = await server.event('timeout', (event) => event.socket === 'server#2')
    assert.ok(second.at - timeout.at >= 100, 'the busy one outlived the silent one')
  })

  test('--hold leaves everything in the kernel until /resume: several writes become one read', async (t) => {
    const { server, peers } = await serveScripted(t, ['--hold'], 1)
    const [peer] = peers
    peer.socket.setNoDelay(true)
    for (const part of ['one ', 'two ', 'three']) {
      await new Promise((resolve) => peer.socket.write(part, resolve))
    }
    server.write('/stats\n')
    const { peers: states } = overTcp(await server.event('stats'))
    assert.deepEqual([states[0]?.paused, states[0]?.received], [true, { bytes: 0, reads: 0 }])
    server.write('/resume\n')
    await server.received('server#1', 'one two three')
    const reads = server.eventsOf('bytes')
    assert.deepEqual(
      reads.map(({ size }) => size),
      [13],
    )
    const resumed = await server.event('resumed')
    assert.ok(resumed.seq < (reads[0]?.seq ?? 0))
  })

  test('--read-size takes no more than so many bytes a read', async (t) => {
    const { server, port } = await serve(t, ['--read-size', '5'])
    const peer = await connectTo(t, port)
    peer.socket.end('0123456789abc')
    await server.event('closed')
    const sizes = server.eventsOf('bytes').map(({ size }) => size)
    assert.ok(sizes.length >= 3 && sizes.every((size) => size <= 5), `${sizes}`)
    assert.equal(server.receivedBy('server#1'), '0123456789abc')
  })

  test('--rate bounds the bytes read a second', async (t) => {
    const { server, port } = await serve(t, ['--rate', '2000'])
    const peer = await connectTo(t, port)
    peer.socket.end(Buffer.alloc(2_000, 'r'))
    const { received } = await server.event('closed')
    const reads = server.eventsOf('bytes')
    const tookMs = (reads.at(-1)?.at ?? 0) - (reads[0]?.at ?? 0)
    assert.equal(received.bytes, 2_000)
    assert.ok(tookMs >= 700 && tookMs < 10_000, `2,000 B took ${tookMs} ms`)
  })

  test('--half-open leaves a FIN unanswered: our bytes still go out, until /fin', async (t) => {
    const { server, peers } = await serveScripted(t, ['--half-open'], 1)
    const [peer] = peers
    peer.socket.end('question')
    await server.event('ended', ({ by }) => by === 'peer')
    // A script that goes on holds our FIN back for a second by itself.
    server.write('/wait 1300ms\n/peers\nthe answer\n')
    const { peers: states } = overTcp(await server.event('stats'))
    assert.equal(states[0]?.state, 'they ended')
    await peer.has('the answer\n')
    server.write('/fin\n')
    assert.equal((await peer.whole()).toString(), 'the answer\n')
    const { first, how } = overTcp(await server.event('closed'))
    assert.deepEqual([first, how], ['peer', 'fin'])
  })

  test('--chunk and --delay write in pieces with a pause between them', async (t) => {
    const { server, port } = await serve(t, ['--echo', '--chunk', '4', '--delay', '60ms'])
    const peer = await connectTo(t, port)
    peer.socket.end('0123456789')
    assert.equal((await peer.whole()).toString(), '0123456789')
    await server.event('closed')
    const writes = server.eventsOf('bytes').filter(({ direction }) => direction === 'sent')
    assert.deepEqual(
      writes.map(({ payload }) => Buffer.from(payload).toString()),
      ['0123', '4567', '89'],
    )
    const tookMs = (writes[2]?.at ?? 0) - (writes[0]?.at ?? 0)
    assert.ok(tookMs >= 115, `two pauses of 60 ms took ${tookMs} ms`)
  })

  test('--no-delay and --keep-alive reach every socket', async (t) => {
    const spy = spyOnSockets(t)
    const { server, port } = await serve(t, ['--no-delay', '--keep-alive', '7s'], spy)
    await connectTo(t, port)
    await server.event('opened')
    await server.said(/spy setNoDelay true\n/)
    await server.said(/spy setKeepAlive true 7000\n/)
  })

  test('a plain line goes to all, and to one after /to', async (t) => {
    const { server, peers } = await serveScripted(t, [], 3)
    server.write('to all of you\n/to 2 only you\n/to 3\nand you\n/to all\n//last\n/all /fin\n')
    const texts = await Promise.all(peers.map(async (peer) => (await peer.whole()).toString()))
    assert.deepEqual(texts, [
      'to all of you\n/last\n',
      'to all of you\nonly you\n/last\n',
      'to all of you\nand you\n/last\n',
    ])
    const notes = server.eventsOf('note').map((note) => note.text)
    assert.deepEqual(notes, ['lines mean #3 now; /to all ends that', 'lines mean every client now'])
  })

  test('/kick, /reset, /fin and /close end one connection each, in their own way', async (t) => {
    const { server, peers } = await serveScripted(t, [], 5)
    const [kicked, reset, ended, closed, untouched] = peers
    assert.ok(reset && ended && closed && untouched)
    server.write('/kick 1\n/reset 2\n/fin 3\n/close 4\n/to 5 still here\n')
    await untouched.has('still here\n')
    await kicked.fin
    assert.equal(await reset.closed, 'ECONNRESET')
    await Promise.all([ended.fin, closed.fin])
    // A half-close: the other direction still carries.
    ended.socket.end('after your FIN')
    const verdicts: Record<string, readonly string[]> = {}
    for (const number of [1, 2, 3]) {
      const { first, how } = overTcp(
        await server.event('closed', ({ socket }) => socket === `server#${number}`),
      )
      verdicts[number] = [first, how]
    }
    assert.deepEqual(verdicts, { 1: ['us', 'fin'], 2: ['us', 'reset'], 3: ['us', 'fin'] })
    assert.equal(server.receivedBy('server#3'), 'after your FIN')
    server.write('/peers\n')
    const { peers: left } = await server.event('stats')
    assert.deepEqual(
      left.map(({ socket }) => socket).filter((socket) => socket !== 'server#4'),
      ['server#5'],
    )
  })

  test('/pause and /resume stop and start the reading of one client', async (t) => {
    const { server, peers } = await serveScripted(t, ['--echo'], 2)
    const [one, two] = peers
    assert.ok(two)
    server.write('/pause 1\n')
    await server.event('paused', ({ socket }) => socket === 'server#1')
    one.socket.write('held')
    two.socket.write('passes')
    await two.has('passes')
    assert.equal(server.receivedBy('server#1'), '')
    server.write('/resume 1\n')
    await one.has('held')
    const { seq } = await server.event('resumed')
    assert.ok((await server.event('bytes', ({ socket }) => socket === 'server#1')).seq > seq)
  })

  test('/peers and /stats tell who is connected and what went each way', async (t) => {
    const { server, peers } = await serveScripted(t, ['--echo'], 2)
    const [one, two] = peers
    assert.ok(two)
    one.socket.end('12345')
    await one.whole()
    await server.event('closed')
    two.socket.write('1234567')
    await two.has('1234567')
    server.write('/peers\n/stats\n')
    const told = overTcp(await server.event('stats', ({ asked }) => asked === 'stats'))
    assert.deepEqual(
      told.peers.map(({ socket, state, sent, received, queued }) => ({
        socket,
        state,
        sent,
        received,
        queued,
      })),
      [
        {
          socket: 'server#2',
          state: 'open',
          sent: { bytes: 7, writes: 1 },
          received: { bytes: 7, reads: 1 },
          queued: 0,
        },
      ],
    )
    assert.equal(told.peers[0]?.remote.port, two.socket.localPort)
    assert.deepEqual(told.total, {
      opened: 2,
      closed: 1,
      refused: 0,
      sent: { bytes: 12, writes: 2 },
      received: { bytes: 12, reads: 2 },
    })
    assert.equal((await server.event('stats')).asked, 'peers')
  })

  test('/file sends a file, /send knows escapes, /hex bytes, and /set eol changes what ends a line', async (t) => {
    const { server, peers } = await serveScripted(t, ['--eol', 'none'], 1)
    const [peer] = peers
    server.write(
      'plain\\n\n/send a\\tb\\x00\\u{e9}\n/hex 00 ff\n/set eol crlf\nline\n/file /proc/self/comm\n/fin\n',
    )
    const whole = await peer.whole()
    const start = Buffer.concat([
      Buffer.from('plain\\na\tb\0é'),
      Buffer.from([0, 255]),
      Buffer.from('line\r\n'),
    ])
    assert.deepEqual(whole.subarray(0, start.length), start)
    assert.match(whole.subarray(start.length).toString(), /^\S+\n$/)
  })

  test('/expect and /wait steer a scripted server, and /quit ends it with 0', async (t) => {
    const script = [
      '/wait connected',
      '/expect "HELO" within 10s',
      '/send 250 ok\\r\\n',
      '/wait fin',
      '/quit',
    ]
    const { server, port } = await serve(
      t,
      script.flatMap((line) => ['-e', line]),
    )
    const peer = await connectTo(t, port)
    peer.socket.write('HELO there\n')
    await peer.has('250 ok\r\n')
    peer.socket.end()
    assert.equal((await server.exit).code, 0)
    assert.equal((await server.event('expected')).met, true)
  })

  test('a number that nobody has is told, with those that are there', async (t) => {
    const { server, peers } = await serveScripted(t, [], 2)
    server.write('/kick 7\n')
    const { code, stderr } = await server.exit
    assert.equal(code, 2)
    assert.match(stderr, /^sockpit: standard input:1: there is no client #7: connected: #1 #2\n/m)
    await Promise.all(peers.map((peer) => peer.fin))
  })

  test('standard input goes to every client as it is, and its end ends their side', async (t) => {
    const { server, port } = await serve(t, [], { stdin: 'pipe' })
    const one = await connectTo(t, port)
    const two = await connectTo(t, port)
    await server.event('opened', ({ socket }) => socket === 'server#2')
    server.end('/kick 1 is no verb here\nno final newline')
    for (const peer of [one, two]) {
      assert.equal((await peer.whole()).toString(), '/kick 1 is no verb here\nno final newline')
    }
  })

  test('a foreign address cannot be listened on: told, exit 1', async (t) => {
    const { code, stderr } = await run(t, ['tcp-server', '203.0.113.77:0'])
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^sockpit: Cannot listen on 203\.0\.113\.77:0: this machine has no such address [^\n]*\n$/,
    )
  })

  test('loopback by default; the network can reach 0.0.0.0, and that is said plainly', async (t) => {
    const { server } = await serve(t)
    assert.equal((await server.event('listening')).reach, 'loopback')
    const open = start(t, ['tcp-server', '0.0.0.0:0', '--json'])
    const { reach, local } = await open.event('listening')
    assert.deepEqual([reach, local.address], ['network', '0.0.0.0'])
    await open.said(/others\s+on\s+the\s+network\s+can\s+connect/)
    const peer = await connectTo(t, local.port)
    peer.socket.end()
    await peer.fin
  })

  test('-6 listens on ::1, -4 on 127.0.0.1, and neither takes the other’s address', async (t) => {
    const six = start(t, ['tcp-server', '0', '-6', '--json'])
    assert.deepEqual((await six.event('listening')).local.address, '::1')
    const four = start(t, ['tcp-server', '0', '-4', '--json'])
    assert.deepEqual((await four.event('listening')).local.address, '127.0.0.1')
    const wrong = await run(t, ['tcp-server', '[::1]:0', '-4'])
    assert.deepEqual([wrong.code, wrong.stderr.split('\n').length], [2, 2])
    assert.match(wrong.stderr, /^sockpit: "::1" is an IPv6 address, but -4 asks for IPv4\n$/)
  })

  test('the default port is 9000, unless that is taken', async (t) => {
    const server = start(t, ['tcp-server', '--json'])
    const listening = server.event('listening').then(({ local }) => local.port)
    const ended = server.exit.then(({ stderr }) => /127\.0\.0\.1:(\d+): the port is in use/.exec(stderr)?.[1])
    assert.equal(Number(await Promise.race([listening.catch(() => ended), ended])), 9000)
  })

  test('a value out of range or of the wrong form is told in one line, exit 2', async (t) => {
    const cases: readonly (readonly string[])[] = [
      ['127.0.0.1:'],
      ['--max-connections', '0'],
      ['--max-connections', '1e3'],
      ['--backlog', '0'],
      ['--backlog', '65536'],
      ['--idle-timeout', '1 week'],
      ['--idle-timeout', '-5'],
      ['--service', 'ech'],
      ['--read-size', '0'],
      ['--rate', 'fast'],
      ['--chunk', '0'],
      ['--delay', '5x'],
      ['--keep-alive', '1ms'],
      ['--view', 'xml'],
      ['--json', '--hex'],
      ['--eol', 'cr'],
      ['--ech'],
      ['0', 'superfluous'],
    ]
    const outcomes = await inTurn(cases, (args) => run(t, ['tcp-server', ...args]))
    for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
      const args = cases[index]?.join(' ')
      assert.deepEqual([args, code, stdout.length], [args, 2, 0])
      assert.match(stderr, /^sockpit: [^\n]+\n$/, args)
    }
    assert.match(outcomes[16]?.stderr ?? '', /--echo/)
  })

  /** A few at a time: the machine has few cores. */
  async function inTurn<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
    const results: Result[] = []
    for (let at = 0; at < items.length; at += 4) {
      results.push(...(await Promise.all(items.slice(at, at + 4).map(work))))
    }
    return results
  }

  test('the port of the free-port helper is free', async (t) => {
    const port = await freePort(t)
    const server = start(t, ['tcp-server', String(port), '--json'])
    assert.equal((await server.event('listening')).local.port, port)
  })
})
