/** `-w` waits while anything comes or goes, also where nobody is shown it, and no event is built. */
import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { openMailbox } from './datagrams.ts'
import { connectTo, keepPeers } from './sockets.ts'
import { portSaid, type Running, start } from './sockpit.ts'

const quietMs = 1_500
const betweenMs = 100
const steps = (2 * quietMs) / betweenMs

/** Starts sockpit with an output that nobody sees. */
function startUnseen(t: TestContext, args: readonly string[]): Running {
  const stdout = openSync('/dev/null', 'w')
  try {
    return start(t, [...args, '-w', `${quietMs}ms`], { stdin: 'pipe', stdout })
  } finally {
    closeSync(stdout)
  }
}

/** Does something again and again, for longer than the quiet that would end it. */
async function keepBusy({ child }: Running, act: () => unknown): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    await act()
    await new Promise((resolve) => setTimeout(resolve, betweenMs))
  }
  assert.equal(child.exitCode, null, 'it took for quiet what was not')
}

const rows: readonly [name: string, carry: (t: TestContext) => Promise<Running>][] = [
  [
    'bytes of a stream that come',
    async (t) => {
      const server = startUnseen(t, ['tcp-server', '127.0.0.1:0', '--service', 'discard'])
      const { socket } = await connectTo(t, await portSaid(server))
      await keepBusy(server, () => socket.write('x'))
      return server
    },
  ],
  [
    'bytes of a stream that go',
    async (t) => {
      const { port } = await keepPeers(t)
      const client = startUnseen(t, ['tcp-client', '127.0.0.1', String(port)])
      await keepBusy(client, () => client.child.stdin?.write('x'))
      return client
    },
  ],
  [
    'datagrams that come',
    async (t) => {
      const server = startUnseen(t, ['udp-server', '127.0.0.1:0', '--service', 'discard'])
      const [port, mailbox] = [await portSaid(server), await openMailbox(t)]
      await keepBusy(server, () => mailbox.send('x', port))
      return server
    },
  ],
  [
    'datagrams that go',
    async (t) => {
      const mailbox = await openMailbox(t)
      const client = startUnseen(t, ['udp-client', '127.0.0.1', String(mailbox.port)])
      await keepBusy(client, () => client.child.stdin?.write('x\n'))
      return client
    },
  ],
]

describe('-w, where nobody sees what happens, waits for the end of', { concurrency: true }, () => {
  for (const [name, carry] of rows) {
    test(name, async (t) => {
      const { code } = await (await carry(t)).exit
      assert.equal(code, 0)
    })
  }
})
