/** Standard streams that are closed, full, slow or without end: nothing is lost, and memory stays bounded. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { decodeEvent } from '../../src/views/json.ts'
import { freeDatagramPort, onLinux, openMailbox, serveDatagrams } from '../e2e/datagrams.ts'
import { connectTo, freePort, listenHere, type Peer, untilListening } from '../e2e/sockets.ts'
import { run, serveRaw, sockpitCommand, start, startProgram, temporaryFolder, text } from '../e2e/sockpit.ts'
import { openTheirs, serveEcho } from '../e2e/web-sockets.ts'

// Side by side: most of these wait for something.
describe('files and standard streams', { concurrency: 3 }, () => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

  function echo(peer: Peer): void {
    peer.socket.pipe(peer.socket)
  }

  /** A command of the shell, whose pipes are real pipes. */
  function shell(t: TestContext, script: string) {
    return startProgram(t, 'sh', ['-c', script])
  }

  test('all 256 byte values, stdin → echo → stdout → identical, from a pipe and from a file', async (t) => {
    const { port } = await serveRaw(t, ['--echo'])
    const piped = await run(t, ['tcp-client', '127.0.0.1', String(port)], { stdin: everyByte })
    assert.deepEqual([piped.code, piped.stdout.equals(everyByte)], [0, true])
    const path = join(temporaryFolder(t), 'bytes')
    writeFileSync(path, everyByte)
    const file = openSync(path, 'r')
    t.after(() => closeSync(file))
    const filed = await run(t, ['tcp-client', '127.0.0.1', String(port)], { stdin: file })
    assert.deepEqual([filed.code, filed.stdout.equals(everyByte)], [0, true])
  })

  test('no final newline → still sent', async (t) => {
    const port = await listenHere(t, echo)
    for (const input of ['one\ntwo', 'x', '\n', '']) {
      const outcome = await run(t, ['tcp-client', '127.0.0.1', String(port)], { stdin: input })
      assert.deepEqual([outcome.code, text(outcome)], [0, input])
    }
  })

  test('3 MiB into a slow pipe, then exit → every byte', async (t) => {
    const bytes = Buffer.alloc(3 * 2 ** 20, everyByte)
    const port = await listenHere(t, ({ socket }) => socket.end(bytes))
    for (const view of ['--raw', '--json']) {
      const folder = temporaryFolder(t)
      const slow = shell(
        t,
        `${sockpitCommand} tcp-client 127.0.0.1 ${port} ${view} </dev/null | (sleep 0.7; cat >'${folder}/out')`,
      )
      assert.equal((await slow.exit).code, 0)
      const out = readFileSync(join(folder, 'out'))
      if (view === '--raw') {
        assert.equal(hash(out), hash(bytes))
        continue
      }
      const events = out.toString().trimEnd().split('\n').map(decodeEvent)
      const payloads = events.flatMap((event) =>
        event.kind === 'bytes' && event.direction === 'received' ? [event.payload] : [],
      )
      assert.equal(hash(Buffer.concat(payloads)), hash(bytes))
      assert.equal(events.at(-1)?.kind, 'closed')
    }
  })

  function hash(bytes: Buffer): string {
    return createHash('sha256').update(bytes).digest('hex')
  }

  /** What a client said that was piped into `head -1`, and how long it outlived its reader. */
  async function intoHead(t: TestContext, port: number) {
    const code = join(temporaryFolder(t), 'code')
    const client = `${sockpitCommand} tcp-client 127.0.0.1 ${port} --on-eof stay </dev/null`
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

  test('| head -1 → ends within 1 s, silent, 141', { skip: onLinux }, async (t) => {
    const { port } = await serveRaw(t, ['--service', 'chargen'])
    assert.match(await intoHead(t, port), /^ !"#\$[^\n]+\r\n$/)
  })

  test('| head -1, where the peer falls silent → so it does', { skip: onLinux }, async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.write('one line\nand a half'))
    assert.equal(await intoHead(t, port), 'one line\n')
  })

  test('/dev/full as stdout → one error line, exit 1', {
    skip: !existsSync('/dev/full') && 'no /dev/full',
  }, async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.write('something to print\n'))
    for (const view of ['--raw', '--json', '--hex', '--view=log']) {
      const full = openSync('/dev/full', 'w')
      t.after(() => closeSync(full))
      const args = ['tcp-client', '127.0.0.1', String(port), view, '--on-eof', 'stay']
      const { code, stderr } = await run(t, args, { stdout: full })
      assert.deepEqual(
        [view, code, stderr],
        [view, 1, 'sockpit: Cannot write to standard output: no space is left (ENOSPC)\n'],
      )
    }
  })

  test('fds 0, 1, 2 closed at start → no crash', { skip: onLinux }, async (t) => {
    for (const closed of ['0<&-', '1>&-', '2>&-', '0<&- 1>&- 2>&-']) {
      const port = await listenHere(t, (peer) => {
        void peer.fin.then(() => peer.socket.end('answer'))
      })
      const { code, stdout, stderr } = await shell(
        t,
        `${sockpitCommand} tcp-client 127.0.0.1 ${port} ${closed}`,
      ).exit
      assert.deepEqual([closed, code, stderr], [closed, 0, ''])
      assert.equal(stdout.toString(), closed.includes('1>') ? '' : 'answer')
    }
  })

  for (const words of ['tcp-server PORT --echo', 'udp-server PORT --echo', 'ws-echo PORT']) {
    const [command = ''] = words.split(' ')
    test(`fds 0, 1, 2 closed at start of ${command} → it serves, and SIGTERM ends it with 143`, {
      skip: onLinux,
    }, async (t) => {
      for (const closed of ['0<&-', '1>&-', '2>&-', '0<&- 1>&- 2>&-']) {
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

  test('a 1 GiB line → memory +128 MiB at most, from a pipe and from a file', {
    skip: onLinux,
  }, async (t) => {
    let bytes = 0
    const port = await listenHere(t, ({ socket }) => {
      socket.removeAllListeners('data').on('data', (chunk) => {
        bytes += chunk.length
      })
      socket.on('end', () => socket.end('all'))
    })
    const size = 2 ** 30
    const path = join(temporaryFolder(t), 'line')
    writeFileSync(path, '')
    truncateSync(path, size)
    const client = `exec ${sockpitCommand} tcp-client 127.0.0.1 ${port}`
    const peak = `require('node:fs').readFileSync('/proc/self/status','latin1').match(/VmHWM:\\s+(\\d+)/)[1]`
    const preload = join(temporaryFolder(t), 'peak.cjs')
    writeFileSync(preload, `process.on('exit', () => process.stderr.write('peak ' + ${peak} + '\\n'))`)
    const baseline = await peakOf(
      shell(t, `export NODE_OPTIONS='--require ${preload}'; ${client} </dev/null`),
    )
    for (const input of [
      `head -c ${size} /dev/zero | { export NODE_OPTIONS='--require ${preload}'; ${client}; }`,
      `export NODE_OPTIONS='--require ${preload}'; ${client} <'${path}'`,
    ]) {
      bytes = 0
      const grownKiB = (await peakOf(shell(t, input))) - baseline
      assert.equal(bytes, size)
      assert.ok(grownKiB < 128 * 1024, `${grownKiB} KiB more`)
    }
  })

  async function peakOf({ exit }: ReturnType<typeof shell>): Promise<number> {
    const { code, stdout, stderr } = await exit
    assert.deepEqual([code, stdout.toString()], [0, 'all'])
    const [, peakKiB] = /^peak (\d+)$/m.exec(stderr) ?? []
    return Number(peakKiB)
  }

  test('a line of 256 MiB in a script, a script without end → 2, and little memory', {
    skip: onLinux,
  }, async (t) => {
    const path = join(temporaryFolder(t), 'script')
    writeFileSync(path, '')
    truncateSync(path, 2 ** 28)
    for (const script of [path, '/dev/zero']) {
      const client = start(t, ['tcp-client', '127.0.0.1', '1', '--script', script])
      const { code, stderr } = await client.exit
      assert.equal(code, 2)
      assert.equal(stderr, `sockpit: Cannot read the script "${script}": it is longer than 16777216 bytes\n`)
    }
    writeFileSync(path, `short\n${'x'.repeat(2 ** 20 + 1)}\n`)
    const { code, stderr } = await run(t, ['tcp-client', '127.0.0.1', '1', '--script', path])
    assert.deepEqual(
      [code, stderr],
      [2, `sockpit: ${path}:2: a line of the script is longer than 1048576 bytes\n`],
    )
  })

  test('a line of 256 MiB that no message and no datagram can be → told, the next one is sent', {
    skip: onLinux,
  }, async (t) => {
    const script = 'head -c 268435456 /dev/zero; printf "\\nnext\\n"'
    const echo = await serveEcho(t)
    const udp = await serveDatagrams(t, ['--echo'])
    for (const [words, told] of [
      [`ws-client ${echo.url} --hex`, /a message of 268435456 bytes was not sent/],
      [`udp-client 127.0.0.1 ${udp.port} --hex`, /a message of 268,435,456 B was left out/],
    ] as const) {
      const client = shell(t, `{ ${script}; } | exec ${sockpitCommand} ${words}`)
      const { stdout, stderr } = await client.exit
      assert.match(stderr.replace(/\s+/g, ' '), told)
      assert.match(stdout.toString(), /next/)
      for (const { server } of [echo, udp]) assert.ok(server.events.every(({ kind }) => kind !== 'failed'))
    }
  })
})
