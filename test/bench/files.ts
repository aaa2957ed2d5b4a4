/** Files that are sent. */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made = new Map<number, string>()

/** The path of a file of so many bytes: in memory where there is such a folder, and gone at the end. */
export function fileOf(bytes: number): string {
  const known = made.get(bytes)
  if (known !== undefined) return known
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sockpit-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  const block = Buffer.alloc(2 ** 16, 'sockets ')
  const descriptor = openSync(path, 'w')
  for (let left = bytes; left > 0; left -= block.length)
    writeSync(descriptor, block, 0, Math.min(left, block.length))
  closeSync(descriptor)
  made.set(bytes, path)
  return path
}
