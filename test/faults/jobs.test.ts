/** What a shell and its terminal do to their jobs: stop and continue them, and go away; and a crash at the prompt. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { onLinux, openMailbox } from '../e2e/datagrams.ts'
import { connectTo, keepPeers } from '../e2e/sockets.ts'
import { type Running, serve, sockpitCommand, start, temporaryFolder } from '../e2e/sockpit.ts'
import { onTerminal, screenOf, shows, skip as withoutScript } from '../e2e/terminals.ts'
import { openTheirs, serveEcho, serveTheirs } from '../e2e/web-sockets.ts'

/** Looks until it is so, for some seconds. */
async function until(what: string, look: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_500; tries++) {
    if (look()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`waited in vain until ${what}`)
}

/** State and process group of a process (proc_pid_stat(5)); its name may hold anything, and stands in brackets. */
function processOf(pid: number | string): { readonly state: string; readonly group: number } | undefined {
  try {
    const [, rest = ''] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? []
    const [state = '', , group] = rest.split(' ')
    return { state, group: Number(group) }
  } catch {
    return undefined
  }
}

/** A job whose shell says which process it is before it becomes sockpit. */
function saysItsPid(words: string): string {
  return `sh -c "echo pid \\$\\$; exec ${sockpitCommand} ${words}"`
}

async function pidOf(terminal: Running): Promise<number> {
  await terminal.printed('pid ')
  const [, pid] = await terminal.until(
    'a pid',
    () => /pid (\d+)\s/.exec(terminal.stdout.toString()) ?? undefined,
  )
  return Number(pid)
}

/** What `stty -g` printed, in order. */
function modesIn({ stdout }: Running): string[] {
  return stdout.toString().match(/[0-9a-f]+(?::[0-9a-f]+){10,}/g) ?? []
}

function marksPastes(text: string): boolean {
  return text.lastIndexOf('\x1b[?2004h') > text.lastIndexOf('\x1b[?2004l')
}

/** Settles when the prompt has the terminal again. */
async function isBack(client: Running): Promise<void> {
  await client.until('the prompt again', () =>
    marksPastes(client.stdout.toString().split('it stopped')[1] ?? '') ? true : undefined,
  )
}

describe('stopped at the prompt', { concurrency: 3, skip: withoutScript || onLinux }, () => {
  for (const [how, stop] of [
    ['Ctrl-Z', (client: Running) => client.write('\x1a')],
    ['SIGTSTP from outside', (_: Running, pid: number) => process.kill(pid, 'SIGTSTP')],
  ] as const) {
    test(`SIGTSTP and back → the terminal is as it was; ${how}`, async (t) => {
      const { peerAt, port } = await keepPeers(t, (peer) => peer.socket.on('end', () => peer.socket.end()))
      const job = saysItsPid(`tcp-client 127.0.0.1 ${port} --time none --no-color`)
      const client = onTerminal(
        t,
        `set -m; stty -g; ${job}; stty -g; echo it stopped; fg; stty -g; echo it ended`,
      )
      const pid = await pidOf(client)
      await client.printed('open> ')
      client.write('half')
      await shows(client, 'half')
      stop(client, pid)
      await client.printed('it stopped')
      assert.equal(marksPastes(client.stdout.toString().split('it stopped')[0] ?? ''), false)
      await isBack(client)
      client.write(' a line\r')
      await (await peerAt(0)).has('half a line\n')
      client.write('/quit\r')
      await client.printed('it ended')
      const modes = modesIn(client)
      assert.deepEqual(modes, [modes[0], modes[0], modes[0]])
    })
  }

  test('SIGSTOP, a terminal that others have set, and back → the keys are the prompt’s again', async (t) => {
    const { port } = await keepPeers(t)
    const job = saysItsPid(`tcp-client 127.0.0.1 ${port} --time none --no-color`)
    const client = onTerminal(t, `set -m; ${job}; stty sane; echo it stopped; fg`)
    const pid = await pidOf(client)
    await client.printed('open> ')
    client.write('/st')
    await shows(client, '/st')
    process.kill(pid, 'SIGSTOP')
    await client.printed('it stopped')
    await isBack(client)
    client.write('\t')
    await shows(client, '/stats')
  })
})

test('crash → the terminal is as it was', { skip: withoutScript || onLinux }, async (t) => {
  const { peerAt, port } = await keepPeers(t)
  const preload = join(temporaryFolder(t), 'crash.cjs')
  writeFileSync(preload, `process.on('SIGUSR2', () => { throw new Error('it breaks') })`)
  const job = saysItsPid(`tcp-client 127.0.0.1 ${port} --time none --no-color`)
  const client = onTerminal(
    t,
    `stty -g; NODE_OPTIONS='--require ${preload}' ${job}; echo "code $?"; stty -g; echo it ended`,
  )
  const pid = await pidOf(client)
  await client.printed('open> ')
  client.write('half a line')
  await shows(client, 'half a line')
  process.kill(pid, 'SIGUSR2')
  await client.printed('it ended')
  await (await peerAt(0)).fin
  const modes = modesIn(client)
  assert.deepEqual(modes, [modes[0], modes[0]])
  assert.equal(marksPastes(client.stdout.toString()), false)
  const screen = screenOf(client.stdout.toString()).filter((row) => row !== '')
  const [error, code] = screen.slice(screen.indexOf('code 1') - 1)
  assert.equal(error, 'sockpit: Something went wrong inside sockpit: it breaks')
  assert.equal(code, 'code 1')
})

/** A command on a terminal that will be lost, and what its peer sees of that. */
interface Doomed {
  readonly terminal: Running
  afterwards(): Promise<void>
}

const noPeer = async () => {}

/** Every command, run in a shell that outlives its terminal and writes down how the command ended. */
const doomed: Readonly<Record<string, (t: TestContext, run: (words: string) => Running) => Promise<Doomed>>> =
  {
    'tcp-server': async (t, run) => {
      const terminal = run('tcp-server 0')
      const peer = await connectTo(t, await portOn(terminal))
      await terminal.printed('client')
      // Whether by FIN or by RST depends on whether it was accepted before the terminal went.
      return { terminal, afterwards: () => peer.fin.catch(() => {}) }
    },
    'udp-server': async (_, run) => {
      const terminal = run('udp-server 0')
      await portOn(terminal)
      return { terminal, afterwards: noPeer }
    },
    'ws-echo': async (t, run) => {
      const terminal = run('ws-echo 0')
      const their = await openTheirs(t, `ws://127.0.0.1:${await portOn(terminal)}/`)
      const afterwards = async () => assert.deepEqual(await their.closed(), [1001, ''])
      return { terminal, afterwards }
    },
    'tcp-client': async (t, run) => {
      const { peerAt, port } = await keepPeers(t)
      const terminal = run(`tcp-client 127.0.0.1 ${port}`)
      await terminal.printed('open> ')
      return { terminal, afterwards: async () => (await peerAt(0)).fin }
    },
    'udp-client': async (t, run) => {
      const terminal = run(`udp-client 127.0.0.1 ${(await openMailbox(t)).port}`)
      await terminal.printed('udp> ')
      return { terminal, afterwards: noPeer }
    },
    'ws-client': async (t, run) => {
      const { url, theirs } = await serveTheirs(t)
      const terminal = run(`ws-client ${url}`)
      await terminal.printed('open> ')
      const afterwards = async () => assert.deepEqual(await theirs[0]?.closed(), [1001, ''])
      return { terminal, afterwards }
    },
    'the menu': async (_, run) => {
      const terminal = run('')
      await terminal.printed('?')
      return { terminal, afterwards: noPeer }
    },
    compare: async (_, run) => {
      const terminal = run('compare boundaries --repeat 200')
      await terminal.printed('2 of 200')
      return { terminal, afterwards: noPeer }
    },
  }

/** Where a server on a terminal listens, once its prompt is there. */
async function portOn(terminal: Running): Promise<number> {
  await terminal.printed('> ')
  const [, port] = /listening on (?:ws:\/\/)?127\.0\.0\.1:(\d+)/.exec(terminal.stdout.toString()) ?? []
  return Number(port)
}

describe('a terminal that is lost', { concurrency: 3, skip: withoutScript || onLinux }, () => {
  for (const [command, open] of Object.entries(doomed)) {
    for (const isTold of [true, false]) {
      // Who neither reads nor writes there learns of it by the signal alone.
      if (command === 'compare' && !isTold) continue
      const how = isTold ? 'SIGHUP of the shell and of the kernel' : 'what is read and written alone'
      test(`${command} ends with 129, told by ${how}, and leaves nothing behind`, async (t) => {
        const codePath = join(temporaryFolder(t), 'code')
        let pid = 0
        const { terminal, afterwards } = await open(t, (words) =>
          onTerminal(t, `trap : HUP; echo "pid $$"; ${sockpitCommand} ${words}; echo $? >'${codePath}'`),
        )
        pid = await pidOf(terminal)
        const isOurs = (one: string) => processOf(one)?.group === pid && Number(one) !== pid
        const jobs = readdirSync('/proc').filter((one) => /^\d+$/.test(one) && isOurs(one))
        assert.ok(jobs.length > 0)
        terminal.kill('SIGKILL')
        if (isTold) for (const _ of [1, 2]) hangUp(pid)
        await until('it has ended', () => existsSync(codePath) && readFileSync(codePath, 'latin1') !== '')
        assert.equal(readFileSync(codePath, 'latin1'), '129\n')
        await afterwards()
        await until('all are gone', () => [...jobs, pid].every((one) => isGone(one)))
      })
    }
  }

  function isGone(pid: number | string): boolean {
    const { state } = processOf(pid) ?? {}
    return state === undefined || state === 'Z' || state === 'X'
  }

  function hangUp(group: number): void {
    try {
      process.kill(-group, 'SIGHUP')
    } catch {
      // It has ended already.
    }
  }
})

describe('stopped in the middle of a transfer', { concurrency: 2, skip: onLinux }, () => {
  async function stopped(running: Running): Promise<void> {
    running.kill('SIGSTOP')
    await until('it is stopped', () => processOf(running.child.pid ?? 0)?.state === 'T')
  }

  /** Server and client are stopped in turn, while the client's output is held back, and then while it is read. */
  async function stopInTurn(server: Running, client: Running): Promise<void> {
    await stopped(server)
    client.readOutput()
    await stopped(client)
    server.kill('SIGCONT')
    client.kill('SIGCONT')
    await client.until('the first bytes', () => (client.stdout.length > 0 ? true : undefined))
    await stopped(client)
    await stopped(server)
    client.kill('SIGCONT')
    server.kill('SIGCONT')
  }

  const lines = Array.from({ length: 2_000 }, (_, index) => `${index} ${'x'.repeat(4_000)}\n`).join('')

  test('SIGSTOP and SIGCONT of server and client → nothing is lost, over TCP', async (t) => {
    const { server, port } = await serve(t, ['--echo'])
    const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--raw'], {
      stdin: lines,
      unread: true,
    })
    await server.event('bytes')
    await stopInTurn(server, client)
    const { code, stdout } = await client.exit
    assert.deepEqual([code, stdout.equals(Buffer.from(lines))], [0, true])
  })

  test('SIGSTOP and SIGCONT of server and client → nothing is lost, over WebSocket', async (t) => {
    const { server, url } = await serveEcho(t)
    const words = ['ws-client', url, '--raw', '--no-compress', '-n', '2000']
    const client = start(t, words, { stdin: lines, unread: true })
    await server.event('message')
    await stopInTurn(server, client)
    const { code, stdout } = await client.exit
    assert.deepEqual([code, stdout.equals(Buffer.from(lines))], [0, true])
  })
})
