/** Files and pipes: readers that leave or are slow, disks that are full, streams that were never there. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { decodeEvent } from '../../src/views/json.ts'
import { freeDatagramPort, onLinux, openMailbox } from '../e2e/datagrams.ts'
import { connectTo, freePort, keepPeers, listenHere, type Peer, untilListening } from '../e2e/sockets.ts'
import {
  run,
  serveRaw,
  sockpitCommand,
  sockpitPath,
  start,
  startProgram,
  temporaryFolder,
  text,
} from '../e2e/sockpit.ts'
import { echoTheirs, everyByte, openTheirs, serveTheirs } from '../e2e/web-sockets.ts'

/** A command of the shell, whose pipes are real pipes. */
function shell(t: TestContext, script: string) {
  return startProgram(t, 'sh', ['-c', script])
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A pipe that does not block and is full; then it is read, slowly, until all who write to it have left. */
function fullPipe(t: TestContext) {
  const path = join(temporaryFolder(t), 'pipe')
  execFileSync('mkfifo', [path])
  const [reader = 0, writer = 0] = [constants.O_RDONLY, constants.O_WRONLY].map((way) =>
    openSync(path, way | constants.O_NONBLOCK),
  )
  const unlessItWouldBlock = (work: () => number): number | undefined => {
    try {
      return work()
    } catch (error) {
      assert.match(String(error), /EAGAIN/)
      return undefined
    }
  }
  let filled = 0
  while (unlessItWouldBlock(() => writeSync(writer, Buffer.alloc(4_096))) !== undefined) filled += 4_096
  const rest = async (left: Promise<void>) => {
    const all: Buffer[] = []
    for (let size: number | undefined; size !== 0; await pause(10)) {
      const piece = Buffer.alloc(2_048)
      size = unlessItWouldBlock(() => readSync(reader, piece))
      all.push(piece.subarray(0, size ?? 0))
    }
    await left
    closeSync(reader)
    return Buffer.concat(all).subarray(filled)
  }
  return { path, writer, rest }
}

/** What a client said that was piped into `head -1`, and how long it outlived its reader. */
async function intoHead(t: TestContext, port: number, view: string) {
  const code = join(temporaryFolder(t), 'code')
  const client = `${sockpitCommand} tcp-client 127.0.0.1 ${port} ${view} --on-eof stay </dev/null`
  const script = `{ ${client}; echo $? >'${code}'; } | { head -1; date +%s%N >&2; }`
  const piped = startProgram(t, 'sh', ['-c', script], { limitMs: 8_000 })
  const { code: ended, stdout, stderr } = await piped.exit
  assert.equal(ended, 0, 'it had to be killed')
  const sinceMs = Date.now() - Number(stderr.trim()) / 1e6
  assert.match(stderr, /^\d+\n$/, 'nothing is said')
  assert.equal(readFileSync(code, 'utf8'), '141\n')
  assert.ok(sinceMs < 1_800, `it ended ${sinceMs} ms after its reader`)
  return stdout.toString()
}

describe('readers', { concurrency: 3, skip: onLinux }, () => {
  for (const [view, line] of [
    ['--raw', /^ !"#\$[^\n]+\r\n$/],
    ['--view log', /^ +\d+\.\d+ {2}client {2}\+ [^\n]+\n$/],
    ['--hex', /^← client {2}read [^\n]+\n$/],
    ['--json', /^\{"kind":"connecting"[^\n]+\n$/],
  ] as const) {
    test(`\`| head -1\` → ends within 1 s, silent, 141; ${view}`, async (t) => {
      const { port } = await serveRaw(t, ['--service', 'chargen'])
      assert.match(await intoHead(t, port, view), line)
    })
  }

  test('`| head -1` → the same where the peer falls silent', async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.write('one line\nand a half'))
    assert.equal(await intoHead(t, port, '--raw'), 'one line\n')
  })

  for (const words of ['help man', 'completion zsh', 'compare --list', 'compare boundaries --json']) {
    test(`a reader that has gone → silent, 141; ${words}`, async (t) => {
      const line = `(sleep 0.2; ${sockpitCommand} ${words}; echo "code $?" >&2) | true`
      assert.equal((await shell(t, line).exit).stderr, 'code 141\n')
    })
  }

  test('nobody reads standard error → all goes on without it', async (t) => {
    const { peerAt, port } = await keepPeers(t)
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '-v'], { stdin: 'pipe' })
    await client.said(/connected to/)
    client.child.stderr?.destroy()
    const peer = await peerAt(0)
    client.end('sent')
    assert.equal((await peer.whole()).toString(), 'sent')
    peer.socket.end('received')
    const outcome = await client.exit
    assert.deepEqual([outcome.code, text(outcome)], [0, 'received'])
  })

  for (const view of ['--raw', '--json']) {
    test(`3 MiB into a slow pipe, then exit → every byte; ${view}`, async (t) => {
      const bytes = Buffer.alloc(3 * 2 ** 20, everyByte)
      const port = await listenHere(t, ({ socket }) => socket.end(bytes))
      const file = join(temporaryFolder(t), 'out')
      const client = `${sockpitCommand} tcp-client 127.0.0.1 ${port} ${view} </dev/null`
      assert.equal((await shell(t, `${client} | (sleep 0.7; cat >'${file}')`).exit).code, 0)
      const out = readFileSync(file)
      assert.equal(hash(view === '--raw' ? out : receivedIn(out)), hash(bytes))
    })
  }

  /** The payload that JSON tells was received, up to the end that it tells, too. */
  function receivedIn(json: Buffer): Buffer {
    const events = json.toString().trimEnd().split('\n').map(decodeEvent)
    assert.equal(events.at(-1)?.kind, 'closed')
    const received = events.flatMap((event) =>
      event.kind === 'bytes' && event.direction === 'received' ? [event.payload] : [],
    )
    return Buffer.concat(received)
  }
})

describe('standard input', { concurrency: 3 }, () => {
  test('all 256 byte values, stdin → echo → stdout → identical, from a pipe and from a file', async (t) => {
    const { port } = await serveRaw(t, ['--echo'])
    const path = join(temporaryFolder(t), 'bytes')
    writeFileSync(path, everyByte)
    const file = openSync(path, 'r')
    t.after(() => closeSync(file))
    for (const stdin of [everyByte, file]) {
      const { code, stdout } = await run(t, ['tcp-client', '127.0.0.1', String(port)], { stdin })
      assert.deepEqual([code, stdout.equals(everyByte)], [0, true])
    }
  })

  test('no final newline → still sent, over TCP', async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.pipe(socket))
    for (const input of ['one\ntwo', 'x', '\n', '']) {
      const outcome = await run(t, ['tcp-client', '127.0.0.1', String(port)], { stdin: input })
      assert.deepEqual([outcome.code, text(outcome)], [0, input])
    }
  })

  test('no final newline → still sent, over UDP', async (t) => {
    const mailbox = await openMailbox(t)
    const words = ['udp-client', '127.0.0.1', String(mailbox.port), '-w', '100ms']
    assert.equal((await run(t, words, { stdin: 'one\ntwo' })).code, 0)
    assert.equal((await mailbox.at(1)).payload.toString(), 'two')
    assert.deepEqual(mailbox.texts, ['one', 'two'])
  })

  test('no final newline → still sent, over WebSocket', async (t) => {
    const { url, theirs } = await serveTheirs(t, echoTheirs)
    const outcome = await run(t, ['ws-client', url, '-n', '2'], { stdin: 'one\ntwo' })
    assert.deepEqual([outcome.code, text(outcome)], [0, 'one\ntwo\n'])
    assert.deepEqual(theirs[0]?.texts, ['one', 'two'])
  })
})

describe('fds 0, 1, 2 closed at start → no crash', { concurrency: 3, skip: onLinux }, () => {
  const [single, pairs, all] = [
    ['0<&-', '1>&-', '2>&-'],
    ['0<&- 1>&-', '0<&- 2>&-', '1>&- 2>&-'],
    '0<&- 1>&- 2>&-',
  ]

  for (const [name, words] of [
    ['tcp-server', async () => 'tcp-server 0 -w 50ms'],
    ['udp-server', async () => 'udp-server 0 -w 50ms'],
    ['ws-echo', async () => 'ws-echo 0 -w 50ms'],
    ['tcp-client', async (t) => `tcp-client 127.0.0.1 ${await listenHere(t, answerFin)}`],
    ['udp-client', async (t) => `udp-client 127.0.0.1 ${(await openMailbox(t)).port} -w 50ms`],
    ['ws-client', async (t) => `ws-client ${(await serveTheirs(t)).url} -w 50ms`],
    ['help', async () => 'help'],
  ] satisfies readonly [string, (t: TestContext) => Promise<string>][]) {
    test(name, async (t) => {
      const line = `${sockpitCommand} ${await words(t)} -q`.replace(/ -q$/, name.includes('-') ? ' -q' : '')
      // One by one, and all of them, is for a server that serves.
      for (const closed of name.endsWith('server') || name === 'ws-echo'
        ? pairs
        : [...single, ...pairs, all]) {
        const { code, stdout, stderr } = await shell(t, `${line} ${closed}`).exit
        assert.deepEqual([closed, code, stderr], [closed, 0, ''])
        const isSaid = name === 'tcp-client' || !name.includes('-')
        assert.equal(stdout.length > 0, isSaid && !closed.includes('1>'), closed)
      }
    })
  }

  function answerFin({ socket }: Peer) {
    socket.on('end', () => socket.end('answer'))
  }

  for (const words of ['tcp-server PORT --echo', 'udp-server PORT --echo', 'ws-echo PORT']) {
    const [command = ''] = words.split(' ')
    test(`${command} serves, and SIGTERM ends it with 143`, async (t) => {
      for (const closed of [...single, all]) {
        const port = command === 'udp-server' ? await freeDatagramPort(t) : await freePort(t)
        const server = shell(t, `exec ${sockpitCommand} ${words.replace('PORT', String(port))} ${closed}`)
        await answers(t, command, port)
        server.kill('SIGTERM')
        const { code, stderr } = await server.exit
        assert.deepEqual([closed, code], [closed, 143])
        assert.doesNotMatch(stderr, /sockpit: |at /)
      }
    })
  }

  /** Settles as soon as it has echoed something. */
  async function answers(t: TestContext, command: string, port: number): Promise<void> {
    if (command === 'udp-server') {
      const mailbox = await openMailbox(t)
      const asking = setInterval(() => void mailbox.send('still there', port).catch(() => {}), 50)
      assert.equal((await mailbox.at(0)).payload.toString(), 'still there')
      clearInterval(asking)
      return
    }
    await untilListening(port)
    if (command === 'ws-echo') {
      const their = await openTheirs(t, `ws://127.0.0.1:${port}/`)
      assert.equal((await their.echo('still there'))?.bytes.toString(), 'still there')
      return
    }
    const peer = await connectTo(t, port)
    peer.socket.end('still there')
    assert.equal((await peer.whole()).toString(), 'still there')
  }
})

test('what is said at once goes on, whole, where a pipe that does not block has no room', async (t) => {
  const { path, writer, rest } = fullPipe(t)
  const said = run(t, ['help', 'man'])
  // What Node hands on to a program of its own is made to block.
  const handOn = 'sysopen STDOUT, shift, O_WRONLY | O_NONBLOCK or die; exec @ARGV'
  const words = ['-MFcntl', '-e', handOn, path, process.execPath, sockpitPath, 'help', 'man']
  const child = startProgram(t, 'perl', words)
  const came = rest(child.exit.then(() => closeSync(writer)))
  assert.equal((await child.exit).code, 0)
  assert.equal((await came).toString(), text(await said))
})
