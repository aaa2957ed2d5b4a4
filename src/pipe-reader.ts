/**
 * Whether somebody still reads a pipe that we write to. No system call that Node offers tells it without a
 * write, but Linux shows in /proc who has which end of a pipe open.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process, and who started it. */
type Process = Pick<NodeJS.Process, 'pid' | 'ppid'>

/**
 * Looks for a reader of the pipe now; the answer is a check that is true once that reader and every other one
 * that can be seen has gone. Where none could be seen at first (another user's, outside this container, no
 * Linux) nothing is known, and the check stays false.
 */
export function watchReader(fd: number, own: Process): () => boolean {
  const pipe = linkOf(`/proc/self/fd/${fd}`)
  let reader = pipe === undefined ? undefined : findReader(pipe, own)
  return () => {
    if (pipe === undefined || reader === undefined || linkOf(reader) === pipe) return false
    const other = findReader(pipe, own)
    reader = other ?? reader
    return other === undefined
  }
}

/** A path in /proc of a descriptor that reads the pipe. */
function findReader(pipe: string, own: Process): string | undefined {
  for (const pid of likelyReaders(own)) {
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${fd}`
      if (linkOf(path) === pipe && isForReading(`/proc/${pid}/fdinfo/${fd}`)) return path
    }
  }
  return undefined
}

/** Who started us reads what we say, or the next in a pipeline, or else somebody who was started about then. */
function* likelyReaders({ pid: own, ppid }: Process): Generator<number> {
  yield own + 1
  yield ppid
  const pids = namesIn('/proc').map(Number).filter(Number.isInteger)
  yield* pids.sort((a, b) => Math.abs(a - own) - Math.abs(b - own))
}

/** The access mode is the low two bits of the flags, octal; 0 is reading (proc_pid_fdinfo(5)). */
function isForReading(fdinfo: string): boolean {
  try {
    const [, flags = '1'] = /^flags:\s*([0-7]+)/m.exec(readFileSync(fdinfo, 'latin1')) ?? []
    return (Number.parseInt(flags, 8) & 3) === 0
  } catch {
    return false
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
