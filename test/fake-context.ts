/** A Context without a process: what goes in is given, what comes out is kept. */
import { Readable, Writable } from 'node:stream'
import type { Context, Input, InputKind, Output } from '../src/context.ts'
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
  /** What comes on standard input, or the pieces in which it comes. */
  readonly input?: string | readonly string[]
  readonly inputKind?: InputKind
  readonly platform?: NodeJS.Platform
  readonly nodeVersion?: string
}

export function fakeContext(options: FakeOptions = {}): FakeContext {
  const { input = '', inputKind = 'pipe', platform = 'linux', nodeVersion = '20.20.2' } = options
  const [stdout, stderr] = [fakeOutput(options), fakeOutput(options)]
  const callbacks: ((signal: EndingSignal) => void)[] = []
  const signal = (name: EndingSignal) => {
    for (const callback of callbacks) callback(name)
  }
  return {
    stdin: fakeInput(inputKind, typeof input === 'string' ? [input] : input),
    stdout: stdout.output,
    stderr: stderr.output,
    now: () => performance.now(),
    date: () => new Date('2026-01-02T03:04:05Z'),
    randomBytes: (size) => new Uint8Array(size).fill(7),
    env: () => undefined,
    platform,
    version: '1.2.3',
    nodeVersion,
    home: '/nowhere',
    openFiles: () => ({ limit: Number.POSITIVE_INFINITY, open: 0 }),
    saveMemory: () => {},
    self: ['sockpit'],
    onSignal: (callback) => void callbacks.push(callback),
    onCrash: () => () => {},
    interrupt: () => signal('SIGINT'),
    suspend: () => {},
    onStop: () => () => {},
    get written() {
      return { stdout: stdout.text(), stderr: stderr.text() }
    },
    signal,
  }
}

/** One byte a character. A file is read as far as the buffer goes, whatever its pieces were. */
function fakeInput(kind: InputKind, pieces: readonly string[]): Input {
  let left = Buffer.from(pieces.join(''), 'latin1')
  return {
    kind,
    stream: () => Readable.from(pieces.map((piece) => Buffer.from(piece, 'latin1'))),
    readNow(buffer) {
      const size = left.copy(buffer)
      left = left.subarray(size)
      return size
    },
    close() {},
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
    isDrawable: isTerminal,
    isDiscarded: false,
    color,
    width: () => width,
    print: (text: string) => void keep(Buffer.from(text)),
    writeNow: keep,
    watchReader: () => () => false,
  }
  return { output, text: () => Buffer.concat(chunks).toString('latin1') }
}
