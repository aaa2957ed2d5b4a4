/** The options of TLS, resolved: files are read at once, and TLS itself is loaded once it is needed. */
import { readFileSync } from 'node:fs'
import type { Context } from '../context.ts'
import { describeSystemError, UsageError } from '../errors.ts'
import type { Teller } from '../event.ts'
import { readsRecords, type TlsOptions, type TlsPlan } from '../net/tls.ts'
import { KeyLog } from './key-log.ts'
import { longFlag, type OptionRow, type Values } from './options/row.ts'
import { tlsClientOptions, type tlsOptions, tlsServerOptions } from './options/tls.ts'

type Shared = Values<typeof tlsOptions>
type ServerValues = Values<typeof tlsServerOptions>
type ClientValues = Values<typeof tlsClientOptions>

/** How a command comes to TLS, and where its secrets are kept. */
export interface PlannedTls extends TlsPlan {
  readonly keyLog: KeyLog | undefined
}

/** A server's TLS: from the start, or for `/tls`. @throws UsageError */
export async function planServerTls(
  context: Context,
  values: ServerValues,
  fromStart: boolean,
): Promise<PlannedTls> {
  const { clientCa } = values
  const keyLog = openKeyLog(values)
  const shared = await resolveShared(context, values, keyLog)
  const own =
    shared.cert === undefined ? undefined : { ...shared, cert: shared.cert, key: shared.key ?? shared.cert }
  const more = { clientCa: readPem('--client-ca', clientCa) }
  return planned(fromStart, keyLog, async () => {
    const { createTlsServer } = await import('../net/tls-server.ts')
    if (own !== undefined) return createTlsServer({ ...own, ...more, isMade: false })
    const { makeCertificate } = await import('./certificate.ts')
    return createTlsServer({ ...shared, ...more, ...(await makeCertificate(context.date())), isMade: true })
  })
}

/** A client's TLS: from the start, or for `/tls`. @throws UsageError */
export async function planClientTls(
  context: Context,
  values: ClientValues,
  { host, fromStart }: { readonly host: string; readonly fromStart: boolean },
): Promise<PlannedTls> {
  const keyLog = openKeyLog(values)
  const options = {
    ...(await resolveShared(context, values, keyLog)),
    host,
    servername: values.servername,
    ca: readPem('--ca', values.ca),
    pins: values.pin ?? [],
    insecure: values.insecure === true,
  }
  return planned(fromStart, keyLog, async () => {
    const { createTlsClient } = await import('../net/tls-client.ts')
    return createTlsClient(options)
  })
}

/** Options of TLS that were given, though there is none. @throws UsageError that names the first */
export function refuseTlsOptions(values: ClientValues & ServerValues, why: string): void {
  const rows: Readonly<Record<string, OptionRow>> = { ...tlsServerOptions, ...tlsClientOptions }
  const given = Object.entries(rows).find(([name]) => Object.hasOwn(values, name))
  if (given !== undefined) throw new UsageError(`${longFlag(given[1])}: ${why}`)
}

/** Says what TLS makes of other options, and warns of a file that opens everything to whoever has it. */
export function tellOfTls(
  teller: Teller,
  socket: 'client' | 'server',
  { keyLog, tls, readSize }: Shared & { readonly tls?: boolean; readonly readSize?: number },
  planned: PlannedTls,
): void {
  const tell = (text: string): void => teller.tell(socket, { kind: 'note', text })
  if (keyLog !== undefined)
    tell(
      `--key-log: the secrets of every TLS connection go to ${keyLog}; whoever has them can read what was sent`,
    )
  if (planned.keyLog !== undefined) planned.keyLog.onBroken = tell
  if (tls === true && readSize !== undefined) tell(`--read-size: ${readsRecords}`)
}

function planned(fromStart: boolean, keyLog: KeyLog | undefined, make: TlsPlan['load']): PlannedTls {
  let loaded: ReturnType<typeof make> | undefined
  return {
    fromStart,
    keyLog,
    load: () => {
      loaded ??= make()
      return loaded
    },
  }
}

function openKeyLog({ keyLog }: Shared): KeyLog | undefined {
  return keyLog === undefined ? undefined : new KeyLog(keyLog)
}

async function resolveShared(
  context: Context,
  values: Shared,
  keyLog: KeyLog | undefined,
): Promise<TlsOptions> {
  const cert = readPem('--cert', values.cert)
  const key = readPem('--key', values.key)
  if (key !== undefined && cert === undefined)
    throw new UsageError('--key: its certificate is missing: --cert FILE')
  if (cert !== undefined && key === undefined && !/PRIVATE KEY/.test(cert))
    throw new UsageError('--cert: its private key is missing: --key FILE')
  return {
    cert,
    key: key ?? cert,
    passphrase: values.passphrase ?? (await askPassphrase(context, key ?? cert)),
    alpn: values.alpn ?? [],
    keyLog: keyLog === undefined ? undefined : (line) => keyLog.add(line),
  }
}

/** @throws UsageError where nobody can be asked */
async function askPassphrase(context: Context, key: string | undefined): Promise<string | undefined> {
  if (key === undefined || !/ENCRYPTED/.test(key)) return undefined
  if (context.stdin.kind !== 'terminal' || !context.stderr.isDrawable)
    throw new UsageError('--key: it is encrypted, and nobody can be asked here: --passphrase TEXT opens it')
  const { askSecret } = await import('../menu/secret.ts')
  return askSecret(context, 'The passphrase of the key')
}

function readPem(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    throw new UsageError(`${option}: "${path}" cannot be read: ${describeSystemError(error)}`, {
      cause: error,
    })
  }
}
