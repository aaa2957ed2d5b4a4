import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fire, freeDatagramPort, kernelQueue, onLinux, openMailbox, peakMiB } from './datagrams.ts'
import { type Running, run, sockpitCommand, start, startProgram, temporaryFolder } from './sockpit.ts'

// Side by side, but not many: they keep the machine busy by themselves.
describe('many datagrams, and outputs that take few', { concurrency: 2 }, () => {
  const burst = 20_000

  test('our client’s burst: every datagram is sent, whatever becomes of it', { skip: onLinux }, async (t) => {
    const port = await freeDatagramPort(t)
    const env = { COLUMNS: '200' }
    const server = start(t, ['udp-server', String(port), '--split', 'none', '-v'], { env })
    await server.said(/listening on/)
    const input = Buffer.alloc(50 * burst, 'burst ')
    const args = ['udp-client', '127.0.0.1', String(port), '--chunk', '50', '-v']
    const { code, stderr } = await run(t, args, { stdin: input, env })
    assert.equal(code, 0)
    assert.equal(numberIn(/^ *out 1,000,000 B \(([\d,]+) datagrams/m, stderr), burst, stderr)
    await server.until('all that waited', () => (kernelQueue(port) === 0 ? true : undefined))
    const outcome = await server.interrupt()
    const received = outcome.stdout.length / 50
    const dropped = numberIn(/the kernel dropped ([\d,]+) datagrams/, outcome.stderr) || 0
    assert.equal(numberIn(/^ *in [^\n]* \(([\d,]+) datagrams/m, outcome.stderr), received, outcome.stderr)
    assert.equal(received + dropped, burst)
  })

  for (const view of ['--json', '--raw'] as const) {
    test(`200,000 datagrams and ${view} that nobody reads: little memory, and nothing is lost silently`, {
      skip: onLinux,
    }, async (t) => {
      const port = await freeDatagramPort(t)
      const args = ['udp-server', String(port), view, '-v', '--time', 'none']
      const server = start(t, args, { unread: true, env: { COLUMNS: '200' } })
      await server.said(/listening on/)
      await fire(t, port, 200_000, Buffer.alloc(1_000, 'x'))
      assert.ok(peakMiB(server) < 150, `${peakMiB(server)} MiB`)
      server.readOutput()
      await server.until('all that waited', () => (kernelQueue(port) === 0 ? true : undefined))
      const { code, stdout, stderr } = await server.interrupt()
      assert.equal(code, 130)
      const received = numberIn(/^ *in [^\n]* \(([\d,]+) datagrams/m, stderr)
      const dropped = numberIn(/the kernel dropped ([\d,]+) datagrams/, stderr)
      assert.equal(received + dropped, 200_000, stderr)
      const told =
        view === '--raw' ? stdout.length / 1_001 : stdout.toString().split('"kind":"datagram"').length - 1
      assert.ok(told === received && received > 100, `${told} told, ${received} received`)
    })
  }

  function numberIn(pattern: RegExp, text: string): number {
    return Number(pattern.exec(text)?.[1]?.replaceAll(',', ''))
  }

  test('/dev/full: one line that says so, exit 1', {
    skip: !existsSync('/dev/full') && 'no /dev/full',
  }, async (t) => {
    const mailbox = await openMailbox(t, {
      onLetter: ({ from }, { socket }) => socket.send('answer', from.port, from.address),
    })
    for (const view of ['--raw', '--json', '--hex', '--view=log']) {
      const full = openSync('/dev/full', 'w')
      t.after(() => closeSync(full))
      const args = ['udp-client', '127.0.0.1', String(mailbox.port), view, '--on-eof', 'stay', '-e', 'x']
      const { code, stderr } = await run(t, args, { stdout: full })
      assert.deepEqual(
        [view, code, stderr],
        [view, 1, 'sockpit: Cannot write to standard output: no space is left (ENOSPC)\n'],
      )
    }
  })
})

/** What a command printed that was piped into `head -1`, and what it said; it must not outlive its reader. */
async function intoHead(t: TestContext, command: string, whenStarted = async (_: Running) => {}) {
  const code = join(temporaryFolder(t), 'code')
  const script = `{ ${sockpitCommand} ${command} </dev/null; echo $? >'${code}'; } | { head -1; date +%s%N >&2; }`
  const piped = startProgram(t, 'sh', ['-c', script], { limitMs: 8_000, env: { COLUMNS: '200' } })
  await whenStarted(piped)
  const { code: ended, stdout, stderr } = await piped.exit
  assert.equal(ended, 0, 'it had to be killed')
  const [, said, at] = /^((?:.*\n)?)(\d+)\n$/.exec(stderr) ?? []
  const sinceMs = Date.now() - Number(at) / 1e6
  assert.equal(readFileSync(code, 'utf8'), '141\n')
  // A second, and what a busy machine adds.
  assert.ok(sinceMs < 2_500, `it ended ${sinceMs} ms after its reader`)
  return [stdout.toString(), said]
}

test('| head -1 ends a server within a second, silently, with 141, though nothing more comes', {
  skip: onLinux,
}, async (t) => {
  const port = await freeDatagramPort(t)
  const [printed, said] = await intoHead(t, `udp-server ${port} --time none`, async (piped) => {
    await piped.said(/listening on/)
    await (await openMailbox(t)).send('one line', port)
  })
  assert.equal(printed, 'one line\n')
  assert.match(said ?? '', /^server {2}● +listening on [^\n]*\n$/)
})

test('| head -1 ends a client whose server falls silent, too', { skip: onLinux }, async (t) => {
  const mailbox = await openMailbox(t, {
    onLetter: ({ from }, { socket }) => socket.send('one\nand a half', from.port, from.address),
  })
  const args = `udp-client 127.0.0.1 ${mailbox.port} --on-eof stay -e hello`
  assert.deepEqual(await intoHead(t, args), ['one\n', ''])
})
