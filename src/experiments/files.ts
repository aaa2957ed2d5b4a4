import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Writes the files into a new folder, whose path is the answer. */
export function writeFiles(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sockpit-'))
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return folder
}

/** Removes a folder that {@link writeFiles} made, with everything in it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
