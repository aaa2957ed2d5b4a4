/** Echoes of a WebSocket server a second, beside `ws` and a bare echo on node:net, and what idle connections cost. */
import { closeSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilListening } from '../e2e/sockets.ts'
import { begin, end, freePort, pause, residentKiB, scriptOf, sockpit, startServer } from './processes.ts'
import type { Part, Trial } from './trial.ts'
import { type Load, measure, openAll } from './websocket-load.ts'

const seconds = 1.5

const one = { connections: 1 }
const pipelined: Readonly<Record<string, Load>> = {
  '16 B': { payload: 16, depth: 2_048, ...one },
  '125 B': { payload: 125, depth: 1_024, ...one },
  '1 KiB': { payload: 1_024, depth: 512, ...one },
  '1 KiB text': { payload: 1_024, depth: 512, ...one, text: true },
  '64 KiB': { payload: 65_536, depth: 16, ...one },
  '1 MiB': { payload: 2 ** 20, depth: 4, ...one },
  'round trip': { payload: 16, depth: 1, ...one },
  '100 connections': { payload: 125, depth: 1, connections: 100 },
}

const compressed: Readonly<Record<string, Load>> = {
  '125 B compressed': { payload: 125, depth: 64, ...one, text: true, deflate: true },
  '1 KiB compressed': { payload: 1_024, depth: 64, ...one, text: true, deflate: true },
  '64 KiB compressed': { payload: 65_536, depth: 16, ...one, text: true, deflate: true },
  '100 connections compressed': { payload: 1_024, depth: 1, connections: 100, text: true, deflate: true },
}

const growth: Readonly<Record<string, Load>> = {
  '125 B, 1 under way': { payload: 125, depth: 1, ...one },
  '125 B, 16 under way': { payload: 125, depth: 16, ...one },
  '125 B, 256 under way': { payload: 125, depth: 256, ...one },
  '10 connections': { payload: 125, depth: 1, connections: 10 },
  '500 connections': { payload: 125, depth: 1, connections: 500 },
}

const echo = sockpit('ws-echo', '127.0.0.1:0', '--max-connections', 20_000)

export const webSockets: Part = {
  title: 'WebSocket echo, messages a second (× : so many times the peer)',
  trials: trials({ ...pipelined, ...compressed }),
}

export const growing: Part = {
  title: 'how the cost of an echo grows with depth and connections',
  trials: trials(growth),
}

/** What a view costs: it writes all that it shows to a file; where standard output is nothing, nothing is shown. */
export const viewing: Part = {
  title: 'echoes of 125 B a second while a view shows them in a file',
  trials: ['raw', 'hex', 'json', 'log'].map((view) => ({
    name: view,
    unit: '/s',
    better: 'more',
    contestants: {
      sockpit: () => watchedEchoes(view),
      'unseen echo': () => echoes(echo, watched),
    },
  })),
}

const watched: Load = { payload: 125, depth: 64, ...one }

export const idling: Part = {
  title: 'memory of idle WebSockets, KiB a connection (of: so much of what the peer takes)',
  trials: [1_000, 10_000].map((connections) => ({
    name: `${connections.toLocaleString('en')} connections`,
    unit: 'KiB',
    better: 'less',
    contestants: {
      sockpit: () => idleKiB(echo, connections),
      ws: () => idleKiB(scriptOf('peer', 'ws'), connections),
      net: () => idleKiB(scriptOf('peer', 'floor'), connections),
    },
  })),
  ...(process.platform !== 'linux' && { skipped: 'the memory of a process is read from /proc' }),
}

function trials(loads: Readonly<Record<string, Load>>): readonly Trial[] {
  return Object.entries(loads).map(([name, load]) => {
    const rate = (command: readonly string[]) => () => echoes(command, load)
    const isDeflated = load.deflate === true
    return {
      name,
      unit: '/s',
      better: 'more',
      contestants: {
        sockpit: rate(echo),
        ws: rate(scriptOf('peer', isDeflated ? 'ws-deflate' : 'ws')),
        ...(!isDeflated && { net: rate(scriptOf('peer', 'floor')) }),
      },
    }
  })
}

async function echoes(command: readonly string[], load: Load): Promise<number> {
  const { child, port } = await startServer(command)
  try {
    return await measure(port, load, seconds)
  } finally {
    await end(child)
  }
}

async function watchedEchoes(view: string): Promise<number> {
  const path = join(tmpdir(), `sockpit-bench-${process.pid}`)
  const output = openSync(path, 'w')
  // A log says its port where we do not read.
  const port = await freePort()
  const child = begin(sockpit('ws-echo', `127.0.0.1:${port}`, '--view', view), { stdout: output })
  try {
    await untilListening(port)
    return await measure(port, watched, seconds)
  } finally {
    await end(child)
    closeSync(output)
    rmSync(path)
  }
}

async function idleKiB(command: readonly string[], connections: number): Promise<number> {
  const { child, port } = await startServer(command)
  try {
    await pause(300)
    const before = residentKiB(child)
    const sockets = await openAll(port, connections)
    await pause(1_500)
    const perConnection = (residentKiB(child) - before) / connections
    for (const socket of sockets) socket.destroy()
    return perConnection
  } finally {
    await end(child)
  }
}
