/** A server under observation: a process of its own whose memory, files and timers are sampled from outside. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sockpitPath } from '../e2e/sockpit.ts'

/** What was seen at one moment. */
export interface Sample {
  /** Milliseconds since the soak began. */
  readonly at: number
  readonly residentMiB: number
  /** What JavaScript holds when all garbage is gone, with the memory of its buffers. */
  readonly liveMiB: number
  readonly files: number
  readonly timers: number
}

export interface Watched {
  readonly name: string
  readonly port: number
  readonly samples: Sample[]
  sample(at: number): Promise<Sample>
  /** Interrupts it; settles with its exit code. */
  end(): Promise<number | null>
}

const sampler = fileURLToPath(new URL('sampler.js', import.meta.url))

export async function watchServer(name: string, words: readonly string[]): Promise<Watched> {
  const child = spawn(process.execPath, ['--expose-gc', '--import', sampler, sockpitPath, ...words], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const port = await portOf(child)
  child.stderr?.resume()
  const samples: Sample[] = []
  const sample = async (at: number) => {
    child.send('how are you?')
    const [told] = await once(child, 'message')
    const { timers, liveMiB } = told as Pick<Sample, 'timers' | 'liveMiB'>
    const one = { at, residentMiB: residentMiB(child), liveMiB, files: filesOf(child), timers }
    samples.push(one)
    return one
  }
  const end = async () => {
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    return code
  }
  return { name, port, samples, sample, end }
}

async function portOf(child: ChildProcess): Promise<number> {
  let said = ''
  while (child.stderr !== null) {
    const [chunk] = await once(child.stderr, 'data')
    said += String(chunk)
    const [, port] = /listening on \S*127\.0\.0\.1:(\d+)/.exec(said) ?? []
    if (port !== undefined) return Number(port)
  }
  throw new Error('nothing can be read of it')
}

function residentMiB({ pid }: ChildProcess): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Number(kib) / 1_024
}

function filesOf({ pid }: ChildProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
