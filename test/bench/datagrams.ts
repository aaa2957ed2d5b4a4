/** Datagrams of 64 bytes, received, sent and echoed a second, beside bare scripts on node:dgram. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileOf } from './files.ts'
import { begin, end, pause, scriptOf, sockpit, startServer, timed } from './processes.ts'
import type { Part } from './trial.ts'

const host = '127.0.0.1'
const size = 64
const floodCount = 300_000
const sentCount = 300_000
const windowSize = 32
const seconds = 1.5

export const datagrams: Part = {
  title: 'UDP, 64 B, datagrams a second (× : so many times the peer)',
  trials: [
    {
      name: 'received under a flood',
      unit: '/s',
      better: 'more',
      contestants: {
        sockpit: () => received(sockpit('udp-server', `${host}:0`, '--raw', '--split', 'none'), sizeOf),
        dgram: () => received(scriptOf('peer', 'udp-count'), Number),
      },
    },
    {
      name: 'sent',
      unit: '/s',
      better: 'more',
      contestants: {
        sockpit: () => sent((port) => sockpit('udp-client', host, port, '--chunk', size, '-w', '50ms'), true),
        dgram: () => sent((port) => scriptOf('peer', 'udp-send', port, size, sentCount), false),
      },
    },
    {
      name: `echoed, ${windowSize} under way`,
      unit: '/s',
      better: 'more',
      contestants: {
        sockpit: () => echoed(sockpit('udp-server', `${host}:0`, '--echo')),
        dgram: () => echoed(scriptOf('peer', 'udp-echo')),
      },
    },
  ],
}

/** How many datagrams as many bytes are. */
function sizeOf(output: string | number): number {
  return Number(output) / size
}

/** How many came through while as many were sent as can be. */
async function received(
  command: readonly string[],
  countOf: (output: string | number) => number,
): Promise<number> {
  const { child, port } = await startServer(command, { stdout: 'pipe' })
  let bytes = 0
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    text = chunk.toString('latin1')
  })
  const ms = await timed(begin(scriptOf('peer', 'udp-send', port, size, floodCount), {}, true))
  await pause(200)
  child.kill('SIGINT')
  await once(child, 'close')
  return (countOf(countOf === Number ? text : bytes) * 1e3) / ms
}

/** How fast a fixed number went out, from start to end; `fromFile`: what is sent stands on standard input. */
async function sent(command: (port: number) => readonly string[], fromFile: boolean): Promise<number> {
  const sink = await openSink()
  const stdin = fromFile ? openSync(fileOf(sentCount * size), 'r') : undefined
  const time = timed(begin(command(sink.address().port), { stdin: stdin ?? 'ignore' }))
  if (stdin !== undefined) closeSync(stdin)
  const ms = await time
  sink.close()
  return (sentCount * 1e3) / ms
}

async function openSink(): Promise<Socket> {
  const sink = createSocket('udp4').on('message', () => {})
  sink.bind(0, host)
  await once(sink, 'listening')
  return sink
}

/** Round trips with so many always under way; a window that was lost is sent anew. */
async function echoed(command: readonly string[]): Promise<number> {
  const { child, port } = await startServer(command)
  const socket = createSocket({ type: 'udp4', lookup: (address, _, done) => done(null, address, 4) })
  let count = 0
  const send = (number: number): void => {
    // Each is another one: a client that sends the same for ever looks like a loop.
    const payload = Buffer.alloc(size)
    payload.writeUInt32BE(number)
    socket.send(payload, port, host)
  }
  socket.on('message', () => {
    count += 1
    send(count + windowSize)
  })
  for (let index = 0; index < windowSize; index += 1) send(index)
  await pause(500)
  const [before, startedAt] = [count, performance.now()]
  await pause(seconds * 1_000)
  const rate = ((count - before) * 1e3) / (performance.now() - startedAt)
  socket.close()
  await end(child)
  return rate
}
