/**
 * `npm run bench`: echoes a second of sockpit, side by side with `ws` and with a bare echo on node:net, in one
 * run: servers in processes of their own, in turn within every round, on another processor than the load where
 * the system allows it. Figures are ratios to the peer of the same round: minimum, median and maximum.
 *
 * `npm run bench -- 5 125` makes five rounds of the scenarios whose name begins with 125.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sockpitPath } from '../e2e/sockpit.ts'
import { type Load, measure } from './load.ts'

const peerPath = fileURLToPath(new URL('peer.js', import.meta.url))
const seconds = 1.5

const scenarios: Readonly<Record<string, Load>> = {
  '16 B': { payload: 16, depth: 2_048, connections: 1 },
  '125 B': { payload: 125, depth: 1_024, connections: 1 },
  '1 KiB': { payload: 1_024, depth: 512, connections: 1 },
  '1 KiB text': { payload: 1_024, depth: 512, connections: 1, text: true },
  '1 KiB compressed': { payload: 1_024, depth: 64, connections: 1, text: true, deflate: true },
  '64 KiB': { payload: 65_536, depth: 16, connections: 1 },
  '1 MiB': { payload: 2 ** 20, depth: 4, connections: 1 },
  'round trip': { payload: 16, depth: 1, connections: 1 },
  '100 connections': { payload: 125, depth: 1, connections: 100 },
}

const sockpit = [sockpitPath, 'ws-echo', '127.0.0.1:0']
const peers = (load: Load): Readonly<Record<string, readonly string[]>> => ({
  sockpit,
  ws: [peerPath, load.deflate === true ? 'ws-deflate' : 'ws'],
  ...(load.deflate !== true && { floor: [peerPath, 'floor'] }),
})

/** Servers on processor 0 and this process, the load, on processor 1; where there is no taskset, anywhere. */
const canPin = pinThis()

function pinThis(): boolean {
  try {
    execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function start(words: readonly string[]): Promise<{ child: ChildProcess; port: number }> {
  const command = [...(canPin ? ['taskset', '-c', '0'] : []), process.execPath, ...words]
  const [program = '', ...rest] = command
  const isOurs = words[0] === sockpitPath
  // Nobody looks at what is echoed: standard output is /dev/null, and sockpit tells its port on standard error.
  const child = spawn(program, rest, {
    stdio: ['ignore', isOurs ? 'ignore' : 'pipe', isOurs ? 'pipe' : 'inherit'],
  })
  const output = isOurs ? child.stderr : child.stdout
  const [line] = output === null ? [''] : await once(output, 'data')
  const [, port] = /(\d+)\/?(?:,|\s*$)/m.exec(String(line)) ?? []
  return { child, port: Number(port) }
}

async function run(name: string, load: Load, rounds: number): Promise<void> {
  const rates = new Map<string, number[]>()
  for (let round = 0; round < rounds; round += 1) {
    for (const [peer, words] of Object.entries(peers(load))) {
      const { child, port } = await start(words)
      rates.set(peer, [...(rates.get(peer) ?? []), await measure(port, load, seconds)])
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  const ours = rates.get('sockpit') ?? []
  const others = [...rates].filter(([peer]) => peer !== 'sockpit')
  const ratios = others.map(
    ([peer, theirs]) =>
      `${peer} × ${spread(ours.map((rate, index) => rate / (theirs[index] ?? Number.NaN)))}`,
  )
  console.log(
    `${name.padEnd(18)}${Math.round(median(ours)).toLocaleString('en').padStart(12)}/s   ${ratios.join('   ')}`,
  )
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** `3.1 (2.9 to 3.4)` */
function spread(values: readonly number[]): string {
  const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)].map((value) =>
    value.toPrecision(3),
  )
  return `${middle} (${least} to ${most})`
}

const [rounds = '3', only = ''] = process.argv.slice(2)
for (const [name, load] of Object.entries(scenarios)) {
  if (name.startsWith(only)) await run(name, load, Number(rounds))
}
