/** What package-lock.json says of the packages that are installed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'

interface LockedPackage {
  readonly version: string
  readonly license?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
}

const lock: {
  readonly lockfileVersion: number
  readonly packages: Readonly<Record<string, LockedPackage>>
} = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))

export const { lockfileVersion } = lock

/** Every package by its path. */
export const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

/** What is installed with sockpit, its dependencies and theirs, by licence. */
export function licences(): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, Set<string>>()
  for (const [path, { license = 'none', dev }] of locked) {
    if (dev === true) continue
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    names.set(license, (names.get(license) ?? new Set()).add(name))
  }
  return new Map([...names].map(([licence, packages]) => [licence, [...packages].sort()]))
}
