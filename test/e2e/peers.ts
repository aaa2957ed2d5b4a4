/** Peers that we did not write: programs of this machine that speak TCP. */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

export type Tool = 'nc' | 'ncat' | 'socat' | 'script'

export const tools: readonly Exclude<Tool, 'script'>[] = ['nc', 'ncat', 'socat']

function isOnPath(tool: Tool): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Why a test with this tool cannot run here; in CI it runs all the same, and fails. */
export function missing(tool: Tool): string | false {
  const { CI = '' } = process.env
  return isOnPath(tool) || CI !== '' ? false : `${tool} is not on this machine`
}
