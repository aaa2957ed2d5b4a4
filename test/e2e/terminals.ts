/** sockpit on a terminal, typed at and looked at. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Vt } from '../vt.ts'
import { missing } from './peers.ts'
import { keepPeers } from './sockets.ts'
import { type Running, sockpitCommand, startProgram, temporaryFolder } from './sockpit.ts'

export const skip = missing('script')

const columns = 80

/** A shell command on a terminal; what is written to it is typed. */
export function onTerminal(t: TestContext, command: string, state = temporaryFolder(t)): Running {
  return startProgram(t, 'script', ['-qfec', `stty cols ${columns} rows 24; ${command}`, '/dev/null'], {
    stdin: 'pipe',
    env: { XDG_STATE_HOME: state, SHELL: '/bin/sh' },
  })
}

/** A server of the test and our client on a terminal, connected, with its prompt. */
export async function promptWithPeer(t: TestContext, options = '', state?: string) {
  const { peerAt, port } = await keepPeers(t)
  const client = onTerminal(
    t,
    `${sockpitCommand} tcp-client 127.0.0.1 ${port} --time none --no-color ${options}`,
    state,
  )
  await client.printed('> ')
  return { client, peer: await peerAt(0), port }
}

/** What stands on the screen, and what would if nothing ever scrolled away, after all this was written to it. */
export function screenOf(output: string): readonly string[] {
  return new Vt({ columns }).write(output).text
}

/** Settles when the last line of the screen is this, prompt and all. */
export async function shows(client: Running, line: string | RegExp): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const screen = screenOf(client.stdout.toString()).filter((one) => one !== '')
    const last = screen.at(-1) ?? ''
    if (typeof line === 'string' ? last.endsWith(`> ${line}`) : line.test(last)) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`${line} is not the last line of\n${screenOf(client.stdout.toString()).join('\n')}`)
}
