/** Disks that take nothing more. */
import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { echo, openMailbox } from '../e2e/datagrams.ts'
import { keepPeers, listenHere } from '../e2e/sockets.ts'
import { run, serve, sockpitCommand, start, text } from '../e2e/sockpit.ts'
import { onTerminal, skip as withoutTerminal } from '../e2e/terminals.ts'
import { serveTheirs } from '../e2e/web-sockets.ts'
import { honestStream, served } from './honest.ts'

const withoutFull = existsSync('/dev/full') ? false : 'no /dev/full'

/** /dev/full, open for the length of a test. */
function fullDisk(t: TestContext): number {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  return full
}

describe('/dev/full', { concurrency: 3, skip: withoutFull }, () => {
  const said = 'sockpit: Cannot write to standard output: no space is left (ENOSPC)\n'

  const talking = [
    ...['--raw', '--json', '--hex', '--view=log'].map((view) => `tcp-client ${view}`),
    ...['--raw', '--json'].map((view) => `udp-client ${view}`),
    ...['--raw', '--json'].map((view) => `ws-client ${view}`),
    ...['tcp-server 0', 'udp-server 0', 'ws-echo 0'].map((server) => `${server} --json`),
  ]

  /** Somebody of this kind who answers. */
  async function answering(t: TestContext, command: string): Promise<readonly string[]> {
    if (command === 'tcp-client') return ['127.0.0.1', String(await listenHere(t, greet))]
    if (command === 'ws-client') return [(await serveTheirs(t, ({ socket }) => socket.send('hello'))).url]
    if (command !== 'udp-client') return []
    const { port } = await openMailbox(t, { onLetter: echo })
    return ['127.0.0.1', String(port)]
  }

  function greet({ socket }: { readonly socket: { write(text: string): unknown } }): void {
    socket.write('something to print\n')
  }

  for (const line of talking) {
    test(`\`/dev/full\` as stdout → one error line, exit 1; ${line}`, async (t) => {
      const [command = '', ...options] = line.split(' ')
      const stay = command.endsWith('client') ? ['--on-eof', 'stay'] : []
      const words = [command, ...(await answering(t, command)), ...options, ...stay]
      const { code, stderr } = await run(t, words, { stdin: 'x\n', stdout: fullDisk(t) })
      // What is said to the person is not in question.
      assert.deepEqual([code, stderr.replace(/^ .*\n/gm, '')], [1, said])
    })
  }

  for (const words of [
    '--help',
    '--version',
    'help man',
    'completion zsh',
    'tcp-client --like',
    'compare --list',
    'compare',
  ]) {
    test(`\`/dev/full\` as stdout → one error line, exit 1; ${words}`, async (t) => {
      const { code, stderr } = await run(t, words.split(' '), { stdout: fullDisk(t) })
      assert.deepEqual([code, stderr], [1, said])
    })
  }

  test('`/dev/full` as stderr → the exit code and stdout are what they were', async (t) => {
    const port = await listenHere(t, ({ socket }) => socket.end('received'))
    const well = await run(t, ['tcp-client', '127.0.0.1', String(port), '-vv'], { stderr: fullDisk(t) })
    assert.deepEqual([well.code, text(well)], [0, 'received'])
    const wrong = await run(t, ['tcp-client', '127.0.0.1', '65536'], { stderr: fullDisk(t) })
    assert.deepEqual([wrong.code, text(wrong)], [2, ''])
  })

  test('`/dev/full` as --key-log → told once, and everybody is served', async (t) => {
    const { server, port } = await serve(t, ['--echo'])
    const honest = await honestStream(t, port)
    const logging = ['--tls', '--echo', '--key-log', '/dev/full']
    const tls = await serve(t, logging)
    await served(honest, async () => {
      for (const stdin of ['one', 'two']) {
        const words = ['tcp-client', '127.0.0.1', String(tls.port), '--tls', '-k', '--json']
        const client = start(t, [...words, '--key-log', '/dev/full'], { stdin })
        assert.equal((await client.exit).code, 0)
        assert.equal(client.receivedBy('client'), stdin)
      }
    })
    const notes = tls.server.eventsOf('note').map(({ text }) => text)
    assert.deepEqual(notes.slice(1), [
      '--key-log: "/dev/full" cannot be written: no space is left (ENOSPC); no more secrets are kept',
    ])
    assert.equal((await tls.server.interrupt()).code, 130)
    assert.equal((await server.interrupt()).code, 130)
  })

  test('`/dev/full` as --report → the comparison is whole, and one error line, exit 2', async (t) => {
    const { code, stdout, stderr } = await run(t, ['compare', 'boundaries', '--report', '/dev/full'])
    assert.deepEqual(
      [code, stderr],
      [2, 'sockpit: Cannot write the report "/dev/full": no space is left (ENOSPC)\n'],
    )
    assert.match(stdout.toString(), /TCP · stream[\s\S]*sockpit compare boundaries --seed/)
  })

  test('a history that cannot be written → the prompt works', { skip: withoutTerminal }, async (t) => {
    const { peerAt, port } = await keepPeers(t)
    // No file may grow by a byte.
    const client = onTerminal(t, `ulimit -f 0; ${sockpitCommand} tcp-client 127.0.0.1 ${port}; echo code $?`)
    await client.printed('> ')
    client.write('a line\r')
    const peer = await peerAt(0)
    await peer.has('a line\n')
    client.write('\x1b[A\r')
    await peer.has('a line\na line\n')
    client.write('/quit\r')
    await client.printed('code 0')
  })
})
