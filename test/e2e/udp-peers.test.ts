import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { freeDatagramPort, serveDatagrams, told, toldTexts, untilTold, withoutIpv6 } from './datagrams.ts'
import { missing, type Tool, tools } from './peers.ts'
import { overUdp, type Running, run, start, startProgram } from './sockpit.ts'

/** How each tool is told what it has to do. */
interface Commands {
  /** Send standard input, write what comes to standard output. */
  talk(host: string, port: number): readonly string[]
  /** Wait for the first datagram, then talk with whoever sent it. */
  listen(host: string, port: number): readonly string[]
  /** What the tool says on standard error once it listens. */
  readonly listening: RegExp
}

const commands: Readonly<Record<Exclude<Tool, 'script'>, Commands>> = {
  nc: {
    talk: (host, port) => ['-u', host, String(port)],
    listen: (host, port) => ['-v', '-u', '-l', host, String(port)],
    listening: /Bound on/,
  },
  ncat: {
    talk: (host, port) => ['-u', host, String(port)],
    listen: (host, port) => ['-v', '-u', '-l', host, String(port)],
    listening: /Listening on/,
  },
  socat: {
    talk: (host, port) => ['STDIO', `UDP:${bracketed(host)}:${port}`],
    listen: (host, port) => {
      const [family, bind] = host.includes(':') ? ['UDP6', bracketed(host)] : ['UDP4', host]
      return ['-d', '-d', 'STDIO', `${family}-LISTEN:${port},bind=${bind}`]
    },
    listening: /listening on/,
  },
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

// Side by side: most of these wait for something.
describe('peers that we did not write', { concurrency: 4 }, () => {
  for (const tool of tools) {
    const peer = commands[tool]
    for (const host of ['127.0.0.1', '::1']) {
      const skip = missing(tool) || (host === '::1' && withoutIpv6)
      const address = bracketed(host)

      test(`${tool} talks to our echo on ${host}: every byte, one datagram a write`, { skip }, async (t) => {
        const { server, port } = await serveDatagrams(t, ['--echo'], { address: `${address}:0` })
        const asking = startProgram(t, tool, peer.talk(host, port), { stdin: 'pipe' })
        asking.write(everyByte)
        await hasPrinted(asking, everyByte)
        asking.write('and again\n')
        await hasPrinted(asking, Buffer.concat([everyByte, Buffer.from('and again\n')]))
        await untilTold(server, 'received', 2)
        assert.deepEqual(
          told(server, 'received').map(({ size }) => size),
          [256, 10],
        )
        assert.equal(server.eventsOf('peer').length, 1)
      })

      test(`${tool} hears what our server says on ${host}, by number`, { skip }, async (t) => {
        const options = { address: `${address}:0`, stdin: 'pipe' } as const
        const { server, port } = await serveDatagrams(t, ['--script', '-'], options)
        const asking = startProgram(t, tool, peer.talk(host, port), { stdin: 'pipe' })
        asking.write('hello\n')
        await untilTold(server, 'received', 1)
        server.write('/to 1 /send first\\n\n/all second\n/quit\n')
        await hasPrinted(asking, Buffer.from('first\nsecond'))
        assert.equal((await server.exit).code, 0)
      })

      test(`${tool} listens on ${host}, gets every byte from our client, and answers it`, {
        skip,
      }, async (t) => {
        const { running, port } = await listen(t, tool, host)
        const args = ['udp-client', host, String(port), '--split', 'none', '-n', '1', '--on-eof', 'stay']
        const client = start(t, args, { stdin: everyByte })
        await hasPrinted(running, everyByte)
        running.write(everyByte)
        const { code, stdout, stderr } = await client.exit
        assert.deepEqual([code, stdout.equals(everyByte), stderr], [0, true, ''])
      })

      test(`${tool} on ${host} leaves: our client is told that nobody listens any more`, {
        skip,
      }, async (t) => {
        const { running, port } = await listen(t, tool, host)
        const options = { stdin: 'pipe' } as const
        const client = start(t, ['udp-client', host, String(port), '--json', '--on-eof', 'stay'], options)
        client.write('one\n')
        await hasPrinted(running, Buffer.from('one'))
        running.kill('SIGKILL')
        await running.exit
        client.write('two\n')
        assert.equal((await client.event('refused')).remote.port, port)
        client.end('/quit is no verb here\n')
        await untilTold(client, 'sent', 3)
        assert.equal((await client.interrupt()).code, 130)
        assert.equal(client.eventsOf('refused').length, 1)
      })
    }
  }

  /** A listening tool, and where it listens. */
  async function listen(t: TestContext, tool: Exclude<Tool, 'script'>, host: string) {
    const port = await freeDatagramPort(t)
    const running = startProgram(t, tool, commands[tool].listen(host, port), { stdin: 'pipe' })
    await running.said(commands[tool].listening)
    return { running, port }
  }

  /** Settles when a tool has printed this and nothing else. */
  async function hasPrinted(running: Running, bytes: Buffer): Promise<void> {
    await running.until(`${bytes.length} B`, () => (running.stdout.length >= bytes.length ? true : undefined))
    assert.ok(running.stdout.equals(bytes), running.stdout.toString())
  }

  const group = '239.255.77.77'
  const skip = missing('socat')

  /** Our member of the group. */
  async function joinGroup(t: TestContext, port: number) {
    const args = ['--join', group, '--interface', '127.0.0.1']
    const { server } = await serveDatagrams(t, args, { address: String(port) })
    await server.event('note', ({ text }) => text.startsWith('joined'))
    return server
  }

  test('socat sends to a group: both of our members get it', { skip }, async (t) => {
    const port = await freeDatagramPort(t)
    const members = [await joinGroup(t, port), await joinGroup(t, port)]
    const address = `UDP4-DATAGRAM:${group}:${port},ip-multicast-if=127.0.0.1`
    const sending = startProgram(t, 'socat', ['-u', 'STDIN', address], { stdin: 'from socat' })
    assert.equal((await sending.exit).code, 0)
    for (const member of members) {
      await untilTold(member, 'received', 1)
      assert.deepEqual(toldTexts(member, 'received'), ['from socat'])
    }
  })

  test('socat is a member of a group beside ours: both get what our client sends', { skip }, async (t) => {
    const port = await freeDatagramPort(t)
    const ours = await joinGroup(t, port)
    const address = `UDP4-RECV:${port},reuseaddr,ip-add-membership=${group}:127.0.0.1`
    const theirs = startProgram(t, 'socat', ['-d', '-d', '-u', address, 'STDOUT'])
    await theirs.said(/starting data transfer loop/)
    const args = [
      'udp-client',
      group,
      String(port),
      '--interface',
      '127.0.0.1',
      '-e',
      'to all',
      '-e',
      '/quit',
    ]
    assert.equal((await run(t, args)).code, 0)
    await hasPrinted(theirs, Buffer.from('to all'))
    await untilTold(ours, 'received', 1)
    assert.deepEqual(toldTexts(ours, 'received'), ['to all'])
  })

  test('socat is a stranger to our client, and is heard where that is not connected', {
    skip,
  }, async (t) => {
    const port = await freeDatagramPort(t)
    const client = start(
      t,
      ['udp-client', '127.0.0.1', '9', '--no-connect', '--local-port', String(port), '--json'],
      {
        stdin: 'pipe',
      },
    )
    await client.event('opened')
    const stranger = startProgram(t, 'socat', ['-u', 'STDIN', `UDP4-SENDTO:127.0.0.1:${port}`], {
      stdin: 'from elsewhere',
    })
    assert.equal((await stranger.exit).code, 0)
    await untilTold(client, 'received', 1)
    const [heard] = told(client, 'received')
    assert.ok(heard !== undefined && heard.remote.port !== 9 && heard.remote.address === '127.0.0.1')
    assert.equal(overUdp(await client.event('opened')).local.port, port)
  })
})
