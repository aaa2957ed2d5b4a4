/** A line that never ends, wherever one is read: it costs no memory. */
import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { onLinux, openMailbox } from '../e2e/datagrams.ts'
import { keepPeers, listenHere } from '../e2e/sockets.ts'
import { run, sockpitCommand, startProgram, temporaryFolder } from '../e2e/sockpit.ts'
import { serveTheirs } from '../e2e/web-sockets.ts'

/** A command of the shell, whose pipes are real pipes. */
function shell(t: TestContext, script: string) {
  return startProgram(t, 'sh', ['-c', script])
}

/** Twice as long as may be kept: what proves the bound for this proves it for any length, bytes. */
const longLine = 2 ** 28

describe('a 1 GiB line → memory +128 MiB at most', { concurrency: 3, skip: onLinux }, () => {
  /** How a process ended, with this code, and what it says of the most memory that it ever had, KiB. */
  async function peakOf(t: TestContext, words: string, { from = '', expected = 0 }) {
    const folder = temporaryFolder(t)
    const preload = join(folder, 'peak.cjs')
    const status = `require('node:fs').readFileSync('/proc/self/status', 'latin1')`
    const peak = `${status}.match(/VmHWM:\\s+(\\d+)/)[1]`
    writeFileSync(preload, `process.on('exit', () => process.stderr.write('\\npeak ' + ${peak} + '\\n'))`)
    const piped = from === '' ? '</dev/null' : from
    const command = `NODE_OPTIONS='--require ${preload}' ${sockpitCommand} ${words}`
    const script = piped.startsWith('<') ? `${command} ${piped}` : `${piped} | ${command}`
    const { code, stderr } = await shell(t, script).exit
    assert.equal(code, expected, stderr)
    const [, peakKiB] = /^peak (\d+)$/m.exec(stderr) ?? []
    return { peakKiB: Number(peakKiB), stderr }
  }

  /** That of a process that does next to nothing. */
  let baseline: ReturnType<typeof peakOf> | undefined

  const leftOut = /a\s+message\s+of\s+268,?435,?456\s+(?:B\s+was\s+left\s+out|bytes\s+was\s+not\s+sent)/

  const piped = `head -c ${longLine} /dev/zero`

  async function countingServer(t: TestContext) {
    const counted = { bytes: 0 }
    const port = await listenHere(t, ({ socket }) => {
      socket.removeAllListeners('data').on('data', ({ length }) => {
        counted.bytes += length
      })
      socket.on('end', () => socket.end('all'))
    })
    return { counted, port }
  }

  /** A file that is one long line, without taking up any room. */
  function lineFile(t: TestContext): string {
    const path = join(temporaryFolder(t), 'line')
    writeFileSync(path, '')
    truncateSync(path, longLine)
    return path
  }

  async function assertSmall(t: TestContext, words: string, from: string, expected = 0) {
    baseline ??= peakOf(t, 'help', {})
    const { peakKiB, stderr } = await peakOf(t, words, { from, expected })
    const grownKiB = peakKiB - (await baseline).peakKiB
    assert.ok(grownKiB < 128 * 1024, `${grownKiB} KiB more`)
    return stderr
  }

  for (const [where, source] of [
    ['a pipe', () => piped],
    ['a file', (t: TestContext) => `<'${lineFile(t)}'`],
  ] as const) {
    test(`tcp-client, from ${where}: every byte is sent`, async (t) => {
      const { counted, port } = await countingServer(t)
      await assertSmall(t, `tcp-client 127.0.0.1 ${port} --raw`, source(t))
      assert.equal(counted.bytes, longLine)
    })

    test(`ws-client, from ${where}: it is left out, and told`, async (t) => {
      const { url, theirs } = await serveTheirs(t)
      const stderr = await assertSmall(t, `ws-client ${url} --raw`, source(t))
      assert.match(stderr, leftOut)
      assert.deepEqual([theirs[0]?.messages.length, await theirs[0]?.closed()], [0, [1000, '']])
    })

    test(`udp-client, from ${where}: it is left out, and told, exit 1`, async (t) => {
      const mailbox = await openMailbox(t)
      const stderr = await assertSmall(t, `udp-client 127.0.0.1 ${mailbox.port} --raw`, source(t), 1)
      assert.match(stderr, leftOut)
      assert.equal(mailbox.letters.length, 0)
    })
  }

  test('--script: no such line is taken, exit 2, nothing is connected', async (t) => {
    const { peers, port } = await keepPeers(t)
    const path = lineFile(t)
    await assertSmall(t, `tcp-client 127.0.0.1 ${port} --script '${path}'`, '', 2)
    assert.equal(peers.length, 0)
    const { stderr } = await run(t, ['tcp-client', '127.0.0.1', String(port), '--script', path])
    assert.equal(stderr, 'sockpit: a line of the script is longer than 1048576 bytes\n')
  })

  for (const [name, line, refusal] of [
    ['of short lines', 'x', 'a script has more than 100000 lines'],
    ['of long lines', 'x'.repeat(900), 'a script is longer than 16777216 bytes'],
  ] as const) {
    test(`--script: no file without end is taken either, exit 2; ${name}`, async (t) => {
      const endless = join(temporaryFolder(t), 'endless')
      const source = `mkfifo '${endless}'; yes ${line} >'${endless}' 2>/dev/null </dev/null &`
      const script = `${source} ${sockpitCommand} tcp-client 127.0.0.1 1 --script '${endless}'`
      const { code, stderr } = await shell(t, script).exit
      assert.deepEqual([code, stderr], [2, `sockpit: ${endless}: ${refusal}\n`])
    })
  }

  test('--script -: no such line is taken, exit 2', async (t) => {
    const { port } = await keepPeers(t, ({ socket }) => socket.on('end', () => socket.end()))
    await assertSmall(t, `tcp-client 127.0.0.1 ${port} --script -`, piped, 2)
  })
})
