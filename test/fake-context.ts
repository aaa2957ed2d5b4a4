/** A Context without a process: what goes in is given, what comes out is kept. */
import { Readable, Writable } from 'node:stream'
import type { Context, Output } from '../src/context.ts'
import type { EndingSignal } from '../src/exit-code.ts'

export interface FakeContext extends Context {
  /** Everything that was written so far. */
  readonly written: { readonly stdout: string; readonly stderr: string }
  /** As if the process had got it. */
  signal(signal: EndingSignal): void
}

export interface FakeOptions {
  readonly width?: number
  readonly isTerminal?: boolean
  readonly color?: boolean
  readonly input?: string
}

export function fakeContext(options: FakeOptions = {}): FakeContext {
  const { input = '' } = options
  const [stdout, stderr] = [fakeOutput(options), fakeOutput(options)]
  const callbacks: ((signal: EndingSignal) => void)[] = []
  const signal = (name: EndingSignal) => {
    for (const callback of callbacks) callback(name)
  }
  return {
    stdin: { kind: 'pipe', stream: () => Readable.from([Buffer.from(input)]), readNow: () => 0, close() {} },
    stdout: stdout.output,
    stderr: stderr.output,
    now: () => performance.now(),
    date: () => new Date('2026-01-02T03:04:05Z'),
    randomBytes: (size) => new Uint8Array(size).fill(7),
    env: () => undefined,
    platform: 'linux',
    home: '/nowhere',
    openFiles: () => ({ limit: Number.POSITIVE_INFINITY, open: 0 }),
    self: ['sockpit'],
    onSignal: (callback) => void callbacks.push(callback),
    interrupt: () => signal('SIGINT'),
    get written() {
      return { stdout: stdout.text(), stderr: stderr.text() }
    },
    signal,
  }
}

function fakeOutput({ width = 80, isTerminal = false, color = false }: FakeOptions): {
  output: Output
  text(): string
} {
  const chunks: Buffer[] = []
  const keep = (bytes: Uint8Array) => {
    chunks.push(Buffer.from(bytes))
    return bytes.length
  }
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      keep(chunk)
      done()
    },
  })
  const output = {
    stream,
    isTerminal,
    color,
    width: () => width,
    writeNow: keep,
    watchReader: () => () => false,
  }
  return { output, text: () => Buffer.concat(chunks).toString('latin1') }
}
