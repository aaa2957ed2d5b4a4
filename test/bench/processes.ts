/** Servers and loads as processes of their own, on a processor that they have to themselves where the system allows it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { sockpitPath } from '../e2e/sockpit.ts'
import { portOf } from '../net/loopback.ts'

/** The command line of the script beside this one. */
export function scriptOf(name: string, ...words: readonly (string | number)[]): readonly string[] {
  return [process.execPath, fileURLToPath(new URL(`${name}.js`, import.meta.url)), ...words.map(String)]
}

export function sockpit(...words: readonly (string | number)[]): readonly string[] {
  return [process.execPath, sockpitPath, ...words.map(String)]
}

/** Who is measured has processor 0, and this process, the load, processor 1. */
const canPin = pinThis()

function pinThis(): boolean {
  try {
    execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface Streams {
  readonly stdin?: 'ignore' | 'pipe' | number
  readonly stdout?: 'ignore' | 'pipe' | number
}

/** Starts who is measured; `beside`: on the processor of the load. */
export function begin(
  command: readonly string[],
  { stdin = 'ignore', stdout = 'ignore' }: Streams = {},
  beside = false,
): ChildProcess {
  const [program = '', ...words] = canPin ? ['taskset', '-c', beside ? '1' : '0', ...command] : command
  return spawn(program, words, { stdio: [stdin, stdout, 'pipe'] })
}

export interface Started {
  readonly child: ChildProcess
  readonly port: number
}

/** Starts a server of ours, or one of `peer.ts`: the port is the last number that it says to the person. */
export async function startServer(command: readonly string[], streams: Streams = {}): Promise<Started> {
  const child = begin(command, streams)
  let said = ''
  while (child.stderr !== null) {
    const [chunk] = await once(child.stderr, 'data')
    said += String(chunk)
    const [, port] = /:(\d+)\b/.exec(said) ?? []
    if (port !== undefined) return { child, port: Number(port) }
  }
  throw new Error(`no port was told: ${said}`)
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

/** Settles with how long the process took, milliseconds. @throws where it fails */
export async function timed(child: ChildProcess, startedAt = performance.now()): Promise<number> {
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${code}`)
  return performance.now() - startedAt
}

/** Memory of a process that is resident, KiB; what Linux tells of it. */
export function residentKiB({ pid }: ChildProcess): number {
  const [, size] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Number(size)
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
