/** How long a whole process takes, beside one of Node that does nothing. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { portOf } from '../net/loopback.ts'
import { begin, sockpit, timed } from './processes.ts'
import type { Part } from './trial.ts'

/** Runs of each in one round: a single one is too short to be fair. */
const runs = 5

const node = () => whole([process.execPath, '-e', '0'])

export const starting: Part = {
  title: 'start-up, milliseconds of a whole process (of: so much of what the peer takes)',
  trials: [
    start('--version', () => whole(sockpit('--version'))),
    start('--help', () => whole(sockpit('--help'))),
    start('tcp-client, one answer', oneShot),
  ],
}

function start(name: string, ours: () => Promise<number>): Part['trials'][number] {
  return { name, unit: 'ms', better: 'less', contestants: { sockpit: ours, 'node -e 0': node } }
}

async function whole(command: readonly string[]): Promise<number> {
  let sum = 0
  for (let run = 0; run < runs; run += 1) sum += await timed(begin(command), performance.now())
  return sum / runs
}

/** Connects, reads the answer, and leaves. */
async function oneShot(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end('one answer\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ms = await whole(sockpit('tcp-client', '127.0.0.1', portOf(server)))
  server.close()
  return ms
}
