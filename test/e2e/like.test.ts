/** What --like prints is typed into a shell, and has to do what it says. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { runProgram } from '../../src/program.ts'
import { issue, saved } from '../certificates.ts'
import { fakeContext } from '../fake-context.ts'
import { refused } from '../refused.ts'
import { serveDatagrams } from './datagrams.ts'
import { missing, tools } from './peers.ts'
import { connectTo, freePort } from './sockets.ts'
import { type Running, run, serve, startProgram } from './sockpit.ts'

type Tool = (typeof tools)[number]

/** The line that `--like` prints for a tool. */
async function lineFor(tool: Tool, args: readonly string[]): Promise<string> {
  const context = fakeContext()
  assert.equal(await runProgram(context, [...args, '--like']), 0)
  const { stdout } = context.written
  const [, line] = new RegExp(`^  ${tool} +(.*)$`, 'm').exec(stdout) ?? []
  assert.ok(line !== undefined && !line.startsWith('no such'), stdout)
  return line
}

async function startLike(t: TestContext, tool: Tool, args: readonly string[]): Promise<Running> {
  return startProgram(t, 'sh', ['-c', await lineFor(tool, args)], { stdin: 'pipe' })
}

for (const tool of tools) {
  describe(`the command line of ${tool}`, { skip: missing(tool) }, () => {
    test('connects to TCP, sends what was to be entered, and ends with the answer', async (t) => {
      const { port } = await serve(t, ['--echo'])
      const args = ['tcp-client', '127.0.0.1', String(port), '-e', "it's 100 %", '-e', '//back\\new']
      const outcome = await (await startLike(t, tool, args)).exit
      assert.deepEqual([outcome.code, outcome.stdout.toString()], [0, "it's 100 %\n/back\\new\n"])
    })

    test('connects from a port, with CRLF', async (t) => {
      const { server, port } = await serve(t, ['--echo'])
      const local = await freePort(t)
      const args = ['tcp-client', '127.0.0.1', String(port), '--local-port', String(local), '--eol', 'crlf']
      const client = await startLike(t, tool, args)
      client.write('typed\n')
      await server.received('server#1', 'typed\r\n')
      assert.equal((await server.event('opened')).remote.port, local)
    })

    test('probes a port', async (t) => {
      const { server, port } = await serve(t)
      const there = await startLike(t, tool, ['tcp-client', '127.0.0.1', String(port), '-z'])
      there.end()
      assert.equal((await there.exit).code, 0)
      await server.event('closed')
      const nowhere = await startLike(t, tool, ['tcp-client', '127.0.0.1', String(await freePort(t)), '-z'])
      nowhere.end()
      assert.notEqual((await nowhere.exit).code, 0)
    })

    test('serves TCP once and shows what comes', async (t) => {
      const port = await freePort(t)
      const server = await startLike(t, tool, ['tcp-server', String(port), '--once'])
      const args = ['tcp-client', '127.0.0.1', String(port), '--retry', '20', '--on-eof', 'close']
      assert.equal((await run(t, args, { stdin: 'shown' })).code, 0)
      await server.printed('shown')
      server.end()
      await server.exit
    })

    test('sends datagrams, and shows the answer', async (t) => {
      const { port } = await serveDatagrams(t, ['--echo'])
      const args = ['udp-client', '127.0.0.1', String(port), '-e', 'hello', '-w', '1s']
      const client = await startLike(t, tool, args)
      await client.printed('hello')
    })

    test('receives datagrams', async (t) => {
      const port = await freePort(t)
      const server = await startLike(t, tool, ['udp-server', String(port)])
      await untilPrinted(t, server, port, 'received')
    })
  })
}

test('the command lines of ncat and socat speak TLS, and trust whom they are told to', {
  skip: missing('ncat') || missing('socat'),
}, async (t) => {
  const authority = await issue({ commonName: 'Test Root', isAuthority: true })
  const root = saved(t, authority)
  const own = saved(t, await issue({}, authority))
  const { port } = await serve(t, ['--tls', '--cert', own.cert, '--key', own.key, '--echo'])
  const args = ['tcp-client', 'localhost', String(port), '-4', '--tls', '-e', 'hello']
  for (const tool of ['ncat', 'socat'] as const) {
    const good = await (await startLike(t, tool, [...args, '--ca', root.cert])).exit
    assert.equal(good.stdout.toString(), 'hello\n', `${tool}: ${good.stderr}`)
    const anybody = await (await startLike(t, tool, [...args, '-k'])).exit
    assert.equal(anybody.stdout.toString(), 'hello\n', `${tool}: ${anybody.stderr}`)
    const nobody = await (await startLike(t, tool, args)).exit
    assert.deepEqual([nobody.stdout.toString(), nobody.code === 0], ['', false], tool)
  }
  for (const tool of ['ncat', 'socat'] as const) {
    const other = await freePort(t)
    const server = await startLike(t, tool, [
      ...['tcp-server', String(other), '--once', '--tls', '--cert', own.cert, '--key', own.key],
    ])
    const client = ['tcp-client', 'localhost', String(other), '-4', '--retry', '20', '--on-eof', 'close']
    const sent = await run(t, [...client, '--tls', '--ca', root.cert], { stdin: 'shown' })
    assert.ok(sent.code === 0 || sent.code === 4, sent.stderr)
    await server.printed('shown')
    server.end()
    await server.exit
  }
})

/** Datagrams until one has arrived: nothing says when a receiver of others is ready. */
async function untilPrinted(t: TestContext, server: Running, port: number, text: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    await run(t, ['udp-client', '127.0.0.1', String(port), '--no-connect', '-e', text, '-w', '1ms'])
    if (server.stdout.includes(text)) return
  }
  assert.fail(`${text} was not received`)
}

for (const tool of ['ncat', 'socat'] as const) {
  test(`the command line of ${tool} echoes, to several clients`, { skip: missing(tool) }, async (t) => {
    const port = await freePort(t)
    await startLike(t, tool, ['tcp-server', String(port), '--echo'])
    assert.equal((await run(t, ['tcp-client', '127.0.0.1', String(port), '--retry', '20', '-z'])).code, 0)
    const peers = [await connectTo(t, port), await connectTo(t, port)]
    for (const peer of peers) {
      // Not half-closed: Ncat ends its program at a FIN, whatever that had still to say.
      peer.socket.write('both')
      await peer.has('both')
    }
  })

  test(`the command line of ${tool} echoes datagrams`, { skip: missing(tool) }, async (t) => {
    const port = await freePort(t)
    await startLike(t, tool, ['udp-server', String(port), '--echo'])
    for (let tries = 0; tries < 20; tries += 1) {
      const args = [
        'udp-client',
        '127.0.0.1',
        String(port),
        '--no-connect',
        '-e',
        'back',
        '-w',
        '300ms',
        '-n',
        '1',
      ]
      if ((await run(t, args)).stdout.toString() === 'back\n') return
    }
    assert.fail('nothing came back')
  })
}

test('what a tool cannot do is said, with the option', async (t) => {
  const args = ['tcp-server', '7000', '--service', 'chat', '--rate', '1MB', '--json', '--like']
  const { stdout } = await run(t, args)
  assert.equal(
    stdout.toString(),
    `  nc     no such command: it has no services and starts no program (no -e in this build)
  ncat   ncat -lk --chat 127.0.0.1 7000
         without --rate: it reads as fast as it can (pv -L slows a pipe)
         without --json: it shows payload and nothing else
  socat  no such command: it would need a program that does chat

None of them shows which writes came out in one read, who ended which direction
and how, or what was lost.
`,
  )
})

test('WebSocket has other counterparts', async (t) => {
  const args = [
    'ws-client',
    'localhost:9001/chat',
    '-H',
    'X-Room: 7',
    '--auth',
    'a:b',
    '-e',
    'hi',
    '-e',
    '/ping',
  ]
  const { stdout } = await run(t, [...args, '--like'])
  assert.equal(
    stdout.toString(),
    `  websocat  websocat '-H=X-Room: 7' --basic-auth YTpi ws://localhost:9001/chat
            without --enter: it knows no verbs, only payload
  wscat     wscat -H 'X-Room: 7' --auth a:b --slash -x hi -x /ping -c ws://localhost:9001/chat

None of them shows the upgrade and its proof, the frames that carry a message,
or why a close was not clean.
`,
  )
})

test('a wrong address is refused as the command itself would', async (t) => {
  for (const args of [
    ['tcp-client', 'localhost', '80x'],
    ['tcp-server', '65536'],
    ['ws-client', 'http://localhost'],
    ['udp-client', '-4', '-6'],
  ]) {
    const [like, itself] = [await refused([...args, '--like']), await refused(args)]
    assert.equal(like.message, itself.message)
  }
  const { code, stdout } = await run(t, ['tcp-server', '65536', '--like'])
  assert.deepEqual([code, stdout.length], [2, 0])
})

test('nc and ncat have no command for a group: they would listen to something else', async () => {
  const context = fakeContext()
  assert.equal(await runProgram(context, ['udp-server', '5000', '--join', '239.1.1.1', '--like']), 0)
  const { stdout } = context.written
  for (const tool of ['nc', 'ncat'])
    assert.match(stdout, new RegExp(`^  ${tool} +no such command: it joins no groups$`, 'm'))
  assert.match(stdout, /^ {2}socat .*ip-add-membership=239\.1\.1\.1/m)
})
