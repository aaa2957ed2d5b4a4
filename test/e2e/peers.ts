/** Peers that we did not write: programs of this machine that speak TCP, or what goes over it. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

export type Tool = 'nc' | 'ncat' | 'socat' | 'script'

/** What else tests use: WebSocket's other ends and what stands between, what shows a manual page, and shells. */
type Program =
  | Tool
  | 'openssl'
  | 'nginx'
  | 'haproxy'
  | 'chromium'
  | 'groff'
  | 'mandoc'
  | 'bash'
  | 'zsh'
  | 'fish'

export const tools: readonly Exclude<Tool, 'script'>[] = ['nc', 'ncat', 'socat']

/** Where servers live, whether or not a person's shell looks there. */
const foldersOfServers = ['/usr/local/sbin', '/usr/sbin']

/** A program of this machine, by its whole path where it has one. */
export function pathOf(tool: Program): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), ...foldersOfServers]
  const folder = folders.find((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  return folder === undefined ? undefined : join(folder, tool)
}

/** Why a test with this tool cannot run here; in CI it runs all the same, and fails. */
export function missing(tool: Program): string | false {
  return pathOf(tool) === undefined ? whereAllowed(`${tool} is not on this machine`) : false
}

/** Debian's own Python: the one for which python3-websockets is installed. */
export const pythonPath = '/usr/bin/python3'

/** The same of a library of Python's, whose package is to be named. */
export function missingPython(library: 'ssl' | 'websockets'): string | false {
  const { status } = spawnSync(pythonPath, ['-c', `import ${library}`])
  const name = library === 'ssl' ? 'python3' : `python3-${library}`
  return status === 0 ? false : whereAllowed(`${name} is not on this machine`)
}

function whereAllowed(reason: string): string | false {
  const { CI = '' } = process.env
  return CI === '' ? reason : false
}
