/** `node hostile-load.js <peer> <port> <count>`: so many of them at once, in a process of their own; prints how it went. */
import { type HostileName, hostilePeers } from './hostile-peers.ts'

/** What all of them did together. */
export interface Load {
  /** Bytes that they got rid of. */
  readonly sent: number
  /** How often each end was met. */
  readonly ends: Readonly<Record<string, number>>
}

function isHostile(name: string): name is HostileName {
  return Object.hasOwn(hostilePeers, name)
}

async function press(name: HostileName, port: number, count: number): Promise<Load> {
  const went = await Promise.all(Array.from({ length: count }, () => hostilePeers[name](port)))
  const ends: Record<string, number> = {}
  for (const { end } of went) ends[end] = (ends[end] ?? 0) + 1
  return { sent: went.reduce((sum, { sent }) => sum + sent, 0), ends }
}

const [name = '', port, count] = process.argv.slice(2)
if (!isHostile(name)) throw new Error(`there is no hostile peer "${name}"`)
console.log(JSON.stringify(await press(name, Number(port), Number(count))))
