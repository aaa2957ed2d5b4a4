/** What the kernel threw away. Only Linux tells it, in /proc; see proc_pid_net(5) and proc_pid_fd(5). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Endpoint } from '../event.ts'

/**
 * How many datagrams the kernel has thrown away since they were opened for the UDP sockets that this process
 * has on the local port, because nobody read them in time; undefined where that cannot be known.
 */
export function readKernelDrops(local: Endpoint): number | undefined {
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const drops = readOnce(local)
    if (drops !== undefined) return drops
  }
  return undefined
}

/** While sockets of others come and go, the kernel may leave out a row. */
const mostAttempts = 3

function readOnce(local: Endpoint): number | undefined {
  try {
    const table = readFileSync(`/proc/self/net/${local.family === 'IPv6' ? 'udp6' : 'udp'}`, 'latin1')
    const rows = table.split('\n').map(parseRow)
    const onPort = rows.filter((row) => row.port === local.port)
    if (onPort.length === 0) return undefined
    const inodes = ownSockets()
    const own = onPort.filter((row) => inodes.has(row.inode))
    return own.length === 0 ? undefined : own.reduce((sum, row) => sum + row.drops, 0)
  } catch {
    return undefined
  }
}

interface Row {
  readonly port: number
  readonly inode: string
  readonly drops: number
}

/** A row of the table: `slot: address:port …`, both in hex; the 10th column is the inode, the 13th the drops. */
function parseRow(line: string): Row {
  const columns = line.trim().split(/\s+/)
  const [, port = ''] = columns[1]?.split(':') ?? []
  return { port: Number.parseInt(port, 16), inode: columns[9] ?? '', drops: Number(columns[12]) }
}

/** The inodes of all sockets of this process: their descriptors are links to `socket:[inode]`. */
function ownSockets(): ReadonlySet<string> {
  const inodes = new Set<string>()
  for (const fd of readdirSync('/proc/self/fd')) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/self/fd/${fd}`)) ?? []
    if (inode !== undefined) inodes.add(inode)
  }
  return inodes
}

/** Where a link leads; a descriptor may be closed by now, as that of the folder itself is. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
