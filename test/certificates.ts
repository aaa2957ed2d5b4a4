/** Certificates for tests: an authority of their own, and what it has issued, good and bad. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { generate } from 'selfsigned'
import { temporaryFolder } from './e2e/sockpit.ts'

export interface Pem {
  readonly cert: string
  readonly key: string
}

const day = 24 * 3_600_000

export interface Wishes {
  readonly commonName?: string
  /** Days from now. */
  readonly from?: number
  readonly to?: number
  readonly names?: readonly string[]
  readonly isAuthority?: boolean
  readonly passphrase?: string
}

/** A certificate, by its issuer or by itself. */
export async function issue(wishes: Wishes = {}, issuer?: Pem): Promise<Pem> {
  const { commonName = 'localhost', from = -1, to = 30, names = ['localhost'] } = wishes
  const { isAuthority = false, passphrase } = wishes
  const { cert, private: key } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() + from * day),
    notAfterDate: new Date(Date.now() + to * day),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: isAuthority, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          { type: 7 as const, ip: names.includes('localhost') ? '127.0.0.1' : '192.0.2.1' },
        ],
      },
    ],
    ...(issuer !== undefined && { ca: issuer }),
    ...(passphrase !== undefined && { passphrase }),
  })
  return { cert, key }
}

/** As files, for an option of ours or of others. */
export function saved(t: TestContext, { cert, key }: Pem): { readonly cert: string; readonly key: string } {
  const folder = temporaryFolder(t)
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  writeFileSync(paths.cert, cert)
  writeFileSync(paths.key, key)
  return paths
}
