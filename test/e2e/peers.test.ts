import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { missing, type Tool, tools } from './peers.ts'
import { freePort } from './sockets.ts'
import {
  overTcp,
  type Running,
  serve,
  sockpitCommand,
  start,
  startProgram,
  temporaryFolder,
} from './sockpit.ts'

const onLinux = process.platform === 'linux' ? false : 'memory is read from /proc'

/** How each tool is told what it has to do, as words of a shell. */
interface Commands {
  /** Connect, send standard input, end. */
  send(port: number): string
  /** Connect, write what comes to standard output. */
  receive(port: number): string
  /** Connect, send standard input, half-close, write the answer to standard output. */
  ask(port: number): string
  listenAndSend(port: number): string
  listenAndReceive(port: number): string
  /** What the tool says on standard error once it listens. */
  readonly listening: RegExp
}

const commands: Readonly<Record<Exclude<Tool, 'script'>, Commands>> = {
  nc: {
    send: (port) => `nc -N 127.0.0.1 ${port}`,
    receive: (port) => `nc -d 127.0.0.1 ${port}`,
    ask: (port) => `nc -N 127.0.0.1 ${port}`,
    listenAndSend: (port) => `nc -v -l -N 127.0.0.1 ${port}`,
    listenAndReceive: (port) => `nc -v -l -d 127.0.0.1 ${port}`,
    listening: /Listening on/,
  },
  ncat: {
    send: (port) => `ncat --send-only 127.0.0.1 ${port}`,
    receive: (port) => `ncat --recv-only 127.0.0.1 ${port}`,
    ask: (port) => `ncat 127.0.0.1 ${port}`,
    listenAndSend: (port) => `ncat -v -l --send-only 127.0.0.1 ${port}`,
    listenAndReceive: (port) => `ncat -v -l --recv-only 127.0.0.1 ${port}`,
    listening: /Listening on/,
  },
  socat: {
    send: (port) => `socat -u STDIN TCP:127.0.0.1:${port}`,
    receive: (port) => `socat -u TCP:127.0.0.1:${port} STDOUT`,
    ask: (port) => `socat -t 10 STDIO TCP:127.0.0.1:${port}`,
    listenAndSend: (port) => `socat -d -d -u STDIN TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr`,
    listenAndReceive: (port) => `socat -d -d -u TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr STDOUT`,
    listening: /listening on/,
  },
}

const folder = mkdtempSync(join(tmpdir(), 'sockpit-files-'))
const everyByte = join(folder, 'every-byte')
const large = join(folder, 'large')
/** More than the kernel and the two programs hold between them. */
const largeMiB = 20

before(() => {
  writeFileSync(
    everyByte,
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  )
  writeFileSync(large, randomFillSync(Buffer.allocUnsafe(largeMiB * 2 ** 20)))
})
after(() => rmSync(folder, { recursive: true, force: true }))

function shell(t: TestContext, script: string): Running {
  return startProgram(t, 'sh', ['-c', script])
}

/** Both have to end well. */
async function bothEnd(one: Running, other: Running): Promise<void> {
  const [{ code, stderr }, second] = await Promise.all([one.exit, other.exit])
  assert.deepEqual([code, second.code], [0, 0], `${stderr}\n${second.stderr}`)
}

function sameFile(sent: string, received: string): void {
  const [wanted, got] = [readFileSync(sent), readFileSync(received)]
  assert.equal(got.length, wanted.length)
  assert.ok(got.equals(wanted), 'other bytes')
}

for (const tool of tools) {
  const skip = missing(tool)
  const peer = commands[tool]

  /** A listening tool, and where it listens. */
  const listen = async (t: TestContext, command: (port: number) => string, redirection: string) => {
    const port = await freePort(t)
    const running = shell(t, `exec ${command(port)} ${redirection}`)
    await running.said(peer.listening)
    return { running, port }
  }

  for (const [size, file] of [
    ['every byte value', everyByte],
    [`${largeMiB} MiB`, large],
  ] as const) {
    test(`${tool} sends ${size} to our server`, { skip }, async (t) => {
      const out = join(temporaryFolder(t), 'out')
      const server = shell(t, `exec ${sockpitCommand} tcp-server 0 --once --raw >'${out}'`)
      const [, port] = await server.said(/listening on 127\.0\.0\.1:(\d+)/)
      await bothEnd(server, shell(t, `exec ${peer.send(Number(port))} <'${file}'`))
      sameFile(file, out)
    })

    test(`${tool} receives ${size} from our server`, { skip }, async (t) => {
      const out = join(temporaryFolder(t), 'out')
      const server = shell(t, `exec ${sockpitCommand} tcp-server 0 --once --raw <'${file}'`)
      const [, port] = await server.said(/listening on 127\.0\.0\.1:(\d+)/)
      await bothEnd(server, shell(t, `exec ${peer.receive(Number(port))} </dev/null >'${out}'`))
      sameFile(file, out)
    })

    test(`${tool} listens and sends ${size} to our client`, { skip }, async (t) => {
      const out = join(temporaryFolder(t), 'out')
      const { running, port } = await listen(t, peer.listenAndSend, `<'${file}'`)
      await bothEnd(
        running,
        shell(t, `exec ${sockpitCommand} tcp-client 127.0.0.1 ${port} --on-eof stay </dev/null >'${out}'`),
      )
      sameFile(file, out)
    })

    test(`${tool} listens and receives ${size} from our client`, { skip }, async (t) => {
      const out = join(temporaryFolder(t), 'out')
      const { running, port } = await listen(t, peer.listenAndReceive, `</dev/null >'${out}'`)
      await bothEnd(running, shell(t, `exec ${sockpitCommand} tcp-client 127.0.0.1 ${port} <'${file}'`))
      sameFile(file, out)
    })
  }

  test(`${tool} half-closes, and our echo still answers`, { skip }, async (t) => {
    const { server, port } = await serve(t, ['--echo', '--delay', '300ms', '--chunk', '3'])
    const asking = shell(t, `printf 'question' | ${peer.ask(port)}`)
    const { code, stdout } = await asking.exit
    assert.deepEqual([code, stdout.toString()], [0, 'question'])
    const { first, how } = overTcp(await server.event('closed'))
    assert.deepEqual([first, how], ['peer', 'fin'])
  })

  test(`we half-close, and what ${tool} says after that still arrives`, { skip }, async (t) => {
    const { server, port } = await serve(t, ['-e', '/wait connected', '-e', '/send bye', '-e', '/fin'])
    const talking = startProgram(t, 'sh', ['-c', `exec ${peer.ask(port)}`], { stdin: 'pipe' })
    await talking.printed('bye')
    await server.event('ended', ({ by }) => by === 'us')
    talking.end('late')
    const { first, how, received } = overTcp(await server.event('closed'))
    assert.deepEqual([first, how, received.bytes], ['us', 'fin', 4])
    assert.equal((await talking.exit).code, 0)
  })

  test(`${tool} stops reading from our server: told, bounded, and its death is a reset`, {
    skip: skip || onLinux,
  }, async (t) => {
    const { server, port } = await serve(t, ['--service', 'chargen', '--stall-timeout', '0'])
    const stopped = shell(t, `exec ${peer.receive(port)} </dev/null`)
    await server.event('opened')
    stopped.kill('SIGSTOP')
    const { seq, queued } = await server.event('stalled', () => isStuck(server))
    assert.ok(queued > 0 && seq > 0)
    assert.ok(residentMiB(server) < 160, `${residentMiB(server)} MiB`)
    stopped.kill('SIGKILL')
    const { first, how, unsent } = overTcp(await server.event('closed'))
    assert.deepEqual([first, how], ['peer', 'reset'])
    assert.ok(unsent > 0)
  })

  test(`${tool} stops reading from our client: told, bounded, and its death is exit 1`, {
    skip: skip || onLinux,
  }, async (t) => {
    const { running, port } = await listen(t, peer.listenAndReceive, '</dev/null')
    const zeros = openSync('/dev/zero', 'r')
    t.after(() => closeSync(zeros))
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '-v', '--time', 'none'], {
      stdin: zeros,
    })
    await client.said(/connected to/)
    running.kill('SIGSTOP')
    await client.said(/a write says stop[^▸]*$/)
    assert.ok(residentMiB(client) < 160, `${residentMiB(client)} MiB`)
    running.kill('SIGKILL')
    const { code, stderr } = await client.exit
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^sockpit: The connection to 127\.0\.0\.1:\d+ was reset by the peer \(E[A-Z]+\) after \d+ B sent, 0 B received, [1-9]\d* B unsent$/m,
    )
  })
}

/** The last thing that happened is that a write said stop. */
function isStuck(server: Running): boolean {
  return server.events.at(-1)?.kind === 'stalled'
}

function residentMiB({ child }: Running): number {
  const [, kiB] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1')) ?? []
  return Number(kiB) / 1024
}

test('socat resets with SO_LINGER 0: told with the bytes, and the server serves on', {
  skip: missing('socat'),
}, async (t) => {
  const { server, port } = await serve(t, ['--echo'])
  const resetting = startProgram(t, 'socat', ['-u', 'STDIN', `TCP:127.0.0.1:${port},linger=0,shut-none`], {
    stdin: 'pipe',
  })
  resetting.write('12345')
  await server.received('server#1', '12345')
  await server.event('bytes', ({ direction }) => direction === 'sent')
  resetting.kill('SIGKILL')
  const { first, how, code, received } = overTcp(await server.event('closed'))
  assert.match(code ?? '', /^(?:ECONNRESET|EPIPE)$/)
  assert.deepEqual([first, how, received.bytes], ['peer', 'reset', 5])
  const next = shell(t, `printf next | socat -t 10 STDIO TCP:127.0.0.1:${port}`)
  assert.equal((await next.exit).stdout.toString(), 'next')
})

test('we half-close, and socat begins its answer only then', { skip: missing('socat') }, async (t) => {
  const port = await freePort(t)
  const listening = shell(
    t,
    `exec socat -d -d -t 10 TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr SYSTEM:'wc -c'`,
  )
  await listening.said(/listening on/)
  const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--json'], { stdin: 'question' })
  assert.equal((await client.exit).code, 0)
  assert.equal(client.receivedBy('client').trim(), '8')
  assert.deepEqual(
    client.eventsOf('ended').map(({ by }) => by),
    ['us', 'peer'],
  )
})
